//! The actions that can be looked for.

use crate::audit::{Action, GROUPS};
use crate::usage::UsageAction;

/// An action's word and what it is called.
pub(super) fn all() -> impl Iterator<Item = (&'static str, String)> {
    let own = Action::ALL.iter().map(|action| (action.as_str(), action.label()));
    own.chain(UsageAction::known().map(|(word, label)| (word, label.to_owned())))
}

/// The dotted words.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    Action::ALL.iter().map(|action| action.as_str()).chain(UsageAction::known().map(|(word, _)| word))
}

/// What stands before the dots, each once, with what its group is called; the groups that people choose among first.
pub(super) fn nouns() -> Vec<(&'static str, &'static str)> {
    let mut nouns: Vec<(&str, &str)> = GROUPS.iter().map(|group| (group.noun, group.label)).collect();
    for noun in words().filter_map(|word| word.split('.').next()) {
        if !nouns.iter().any(|(known, _)| *known == noun) {
            nouns.push((noun, if noun == "resource" { "Use of resources" } else { "Other" }));
        }
    }
    nouns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_noun_stands_once_and_every_word_has_one() {
        let nouns = nouns();
        for (index, (noun, _)) in nouns.iter().enumerate() {
            assert!(!nouns[..index].iter().any(|(other, _)| other == noun), "{noun} stands twice");
        }
        for (word, _) in all() {
            assert!(nouns.iter().any(|(noun, _)| word.starts_with(&format!("{noun}."))), "{word}");
        }
        assert_eq!(all().count(), words().count());
    }
}
