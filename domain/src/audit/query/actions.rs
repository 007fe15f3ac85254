//! The actions that can be looked for.

use crate::audit::{Action, GROUPS};
use crate::usage::UsageAction;

/// What other systems report, and what it is called among choices.
const USAGE: [(&str, &str); 9] = [
    (UsageAction::ACCESSED, "Read, listed, queried or used"),
    (UsageAction::CHANGED, "Written to or configured"),
    (UsageAction::CREATED, "Made in the system"),
    (UsageAction::DELETED, "Removed in the system"),
    (UsageAction::PERMISSIONS_CHANGED, "Changed who may do what in the system"),
    (UsageAction::OTHER, "Something else in the system"),
    (UsageAction::SESSION_OPENED, "Signed in at the system"),
    (UsageAction::SESSION_CLOSED, "Signed out of the system"),
    (UsageAction::SESSION_OTHER, "Something else about signing in at the system"),
];

/// An action's word and what it is called.
pub(super) fn all() -> impl Iterator<Item = (&'static str, String)> {
    let own = Action::ALL.iter().map(|action| (action.as_str(), action.label()));
    own.chain(USAGE.iter().map(|(word, label)| (*word, (*label).to_owned())))
}

/// The dotted words.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    Action::ALL.iter().map(|action| action.as_str()).chain(USAGE.iter().map(|(word, _)| *word))
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
