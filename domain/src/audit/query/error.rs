//! What is wrong with a query, where, and what to write instead.

use std::ops::Range;

use thiserror::Error;

/// The first thing that is wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct QueryError {
    /// Which characters (not bytes) of the query; always within it, and empty where something is missing.
    pub at: Range<usize>,
    /// A sentence or two.
    pub message: String,
    /// What to write instead, where that can be told.
    pub fix: Option<Fix>,
}

/// What to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The part that changes, as it would stand: `actor:`. Empty where it is to be left out.
    pub offer: String,
    /// The whole query with it. Something else may still be wrong with it.
    pub query: String,
}

impl QueryError {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), fix: None }
    }

    /// With this instead of what the error points at.
    pub(super) fn offering(self, text: &[char], offer: impl Into<String>) -> Self {
        let at = self.at.clone();
        self.replacing(text, at, offer)
    }

    /// With this instead of that range.
    pub(super) fn replacing(mut self, text: &[char], at: Range<usize>, offer: impl Into<String>) -> Self {
        let offer = offer.into();
        let before = text.iter().take(at.start);
        let after = text.iter().skip(at.end);
        let query: String = before.copied().chain(offer.chars()).chain(after.copied()).collect();
        self.fix = Some(Fix { offer, query: query.trim().to_owned() });
        self
    }
}

/// Of these words the one that was probably meant: one that begins like it, or is at most two slips of the finger
/// away (a letter wrong, missing, too many, or two swapped).
pub(super) fn closest<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = typed.chars().flat_map(char::to_lowercase).take(60).collect();
    let start: String = typed.iter().collect();
    let slips_max = if typed.len() < 4 { 1 } else { 2 };
    let near = words.into_iter().filter_map(|word| {
        let begins_like_it = typed.len() >= 2 && word.starts_with(&start);
        let slips = if begins_like_it { 0 } else { slips(&typed, word) };
        (slips <= slips_max).then_some((slips, word))
    });
    near.min_by_key(|(slips, _)| *slips).map(|(_, word)| word)
}

/// Optimal string alignment distance.
fn slips(typed: &[char], word: &str) -> usize {
    let word: Vec<char> = word.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=word.len()).collect();
    let mut typed_before = None;
    for (row, letter) in typed.iter().enumerate() {
        let mut this = vec![row + 1];
        let mut word_before = None;
        for (column, other) in word.iter().enumerate() {
            let cell = |cells: &[usize], column: usize| cells.get(column).copied().unwrap_or(usize::MAX / 2);
            let changed = cell(&last, column) + usize::from(letter != other);
            let mut least = changed.min(cell(&last, column + 1) + 1).min(cell(&this, column) + 1);
            if column > 0 && typed_before == Some(other) && word_before == Some(letter) {
                least = least.min(cell(&before_last, column - 1) + 1);
            }
            this.push(least);
            word_before = Some(other);
        }
        typed_before = Some(letter);
        before_last = std::mem::replace(&mut last, this);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_count_wrong_missing_extra_and_swapped_letters() {
        let of = |typed: &str, word: &str| slips(&typed.chars().collect::<Vec<_>>(), word);
        for (typed, word, count) in [
            ("actor", "actor", 0),
            ("actr", "actor", 1),
            ("acctor", "actor", 1),
            ("aktor", "actor", 1),
            ("acotr", "actor", 1),
            ("", "ip", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(of(typed, word), count, "{typed} {word}");
        }
    }

    #[test]
    fn the_closest_word_is_offered_and_a_far_one_is_not() {
        let words = ["actor", "action", "environment", "ip"];
        assert_eq!(closest("actr", words), Some("actor"));
        assert_eq!(closest("env", words), Some("environment"));
        assert_eq!(closest("ENVIROMENT", words), Some("environment"));
        assert_eq!(closest("i", words), Some("ip"));
        assert_eq!(closest("https", words), None);
        assert_eq!(closest("", ["x"]), Some("x"));
    }

    #[test]
    fn a_fix_is_the_whole_query_with_the_part_replaced() {
        let text: Vec<char> = "über actr:ana x".chars().collect();
        let error = QueryError::new(5..10, "no").offering(&text, "actor:");
        let fix = error.fix.expect("a fix");
        assert_eq!((fix.offer.as_str(), fix.query.as_str()), ("actor:", "über actor:ana x"));
    }
}
