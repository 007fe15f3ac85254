//! What could come next while a query is typed.

use std::ops::Range;

use super::actions;
use super::field::Field;
use super::lexer::{is_quote, is_separator, looks_like_field, read_quoted, word_end};
use crate::audit::Outcome;
use crate::catalogue::Sensitivity;

/// What could stand where the cursor is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// Which characters (not bytes) a candidate replaces.
    pub replace: Range<usize>,
    /// Best first; maybe many.
    pub candidates: Vec<Candidate>,
    /// The field whose values are not in a closed list: the caller can ask for those that contain `typed`, and puts
    /// [`value_text`](super::value_text) of one into `replace`.
    pub values_of: Option<Field>,
    /// The value up to the cursor, without quotation marks.
    pub typed: String,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is put in: `actor:`, `denied`.
    pub text: String,
    /// One line on what it means.
    pub explanation: String,
}

impl Candidate {
    fn new(text: impl Into<String>, explanation: impl Into<String>) -> Self {
        Self { text: text.into(), explanation: explanation.into() }
    }
}

/// What could stand at the cursor, which is before the character with this number; behind the end is at the end.
/// Never an error: whatever is typed may be half done.
pub fn complete(text: &str, cursor: usize) -> Completion {
    let text: Vec<char> = text.chars().collect();
    let cursor = cursor.min(text.len());
    let word = word_around(&text, cursor);
    let slice = |at: Range<usize>| text.iter().skip(at.start).take(at.len()).collect::<String>();
    if text.get(word.start).copied().is_some_and(is_quote) && cursor > word.start {
        // In a phrase, everything is what it says.
        return Completion { replace: cursor..cursor, ..Completion::default() };
    }
    let whole = slice(word.clone());
    let field = whole.split_once(':').filter(|(name, _)| looks_like_field(name));
    // The name is ASCII.
    let after_colon = field.map(|(name, _)| word.start + name.len() + 1);
    match (field, after_colon) {
        (Some((name, _)), Some(start)) if cursor >= start => match Field::parse(name) {
            Some(field) => values(field, &slice(start..cursor), start..word.end),
            None => Completion { replace: cursor..cursor, ..Completion::default() },
        },
        (_, after_colon) => {
            let replace = word.start..after_colon.unwrap_or(word.end);
            fields(slice(word.start..cursor), replace)
        }
    }
}

/// The word, pair or phrase that the cursor stands in or behind, without what negates it; else nothing, there.
fn word_around(text: &[char], cursor: usize) -> Range<usize> {
    let mut position = 0;
    while let Some(c) = text.get(position).copied() {
        if position > cursor {
            break;
        }
        if is_separator(c) || matches!(c, '(' | ')' | '-') {
            position += 1;
            continue;
        }
        let end = piece_end(text, position);
        if (position..=end).contains(&cursor) {
            return position..end;
        }
        position = end;
    }
    cursor..cursor
}

/// Where the word, pair or phrase that begins at `start` ends.
fn piece_end(text: &[char], start: usize) -> usize {
    let end = word_end(text, start);
    let ends_open = end == start || text.get(end - 1).is_some_and(|c| matches!(c, ':' | '='));
    let quote_follows = text.get(end).copied().is_some_and(is_quote);
    if ends_open && quote_follows { read_quoted(text, end).end } else { end }
}

fn fields(typed: String, replace: Range<usize>) -> Completion {
    let lower = typed.to_lowercase();
    let candidates = Field::ALL
        .into_iter()
        .filter(|field| field.as_str().starts_with(&lower))
        .map(|field| Candidate::new(format!("{}:", field.as_str()), field.explanation()))
        .collect();
    Completion { replace, candidates, values_of: None, typed }
}

fn values(field: Field, typed: &str, replace: Range<usize>) -> Completion {
    let bare = if field.is_name() { typed.trim_start_matches('=') } else { typed };
    let bare = match bare.chars().next() {
        Some(quote) if is_quote(quote) => read_quoted(&bare.chars().collect::<Vec<_>>(), 0).value,
        _ => bare.to_owned(),
    };
    let lower = bare.to_lowercase();
    let is_near = |candidate: &Candidate| {
        let explained = field == Field::Action && candidate.explanation.to_lowercase().contains(&lower);
        candidate.text.starts_with(&lower) || explained
    };
    let mut candidates: Vec<Candidate> = closed_values(field).into_iter().filter(is_near).collect();
    // What begins as it is typed comes before what is only called so.
    candidates.sort_by_key(|candidate| !candidate.text.starts_with(&lower));
    let is_open = field.is_name()
        || matches!(field, Field::On | Field::Source | Field::Request | Field::Grant | Field::Window);
    Completion { replace, candidates, values_of: is_open.then_some(field), typed: bare }
}

fn closed_values(field: Field) -> Vec<Candidate> {
    let listed = |values: &[(&str, &str)]| -> Vec<Candidate> {
        values.iter().map(|(text, explanation)| Candidate::new(*text, *explanation)).collect()
    };
    match field {
        Field::Sensitivity => sensitivities(),
        Field::Action => {
            let groups = actions::nouns()
                .into_iter()
                .map(|(noun, label)| Candidate::new(format!("{noun}.*"), format!("{label}: all")));
            groups.chain(actions::all().map(|(word, label)| Candidate::new(word, label))).collect()
        }
        Field::Outcome => listed(&[
            (Outcome::Success.as_str(), "done"),
            (Outcome::Denied.as_str(), "refused by a rule"),
            (Outcome::Failure.as_str(), "tried, and went wrong"),
        ]),
        Field::Covered => listed(&[
            ("no", "nobody’s access covered it when it happened"),
            ("yes", "somebody’s access covered it when it happened"),
        ]),
        Field::Source => listed(&[
            ("web", "on a page"),
            ("job", "by Gatebook itself"),
            ("command", "at the machine’s command line"),
            ("imported", "brought in from before Gatebook"),
        ]),
        Field::Before | Field::After => listed(&[
            ("today", "the beginning of today"),
            ("yesterday", "the beginning of yesterday"),
            ("24h", "24 hours ago"),
            ("7d", "7 days ago"),
            ("30d", "30 days ago"),
            ("90d", "90 days ago"),
        ]),
        Field::During => listed(&[
            ("today", "all of today"),
            ("yesterday", "all of yesterday"),
            ("24h", "the last 24 hours"),
            ("7d", "the last 7 days"),
            ("30d", "the last 30 days"),
            ("90d", "the last 90 days"),
        ]),
        _ => Vec::new(),
    }
}

fn sensitivities() -> Vec<Candidate> {
    let exact = Sensitivity::ALL.map(|level| {
        let explanation = match level {
            Sensitivity::Low => "open to most",
            Sensitivity::Medium => "the usual",
            Sensitivity::High => "decisions need a summary",
            Sensitivity::Critical => "decisions need a summary and a fresh sign-in",
        };
        Candidate::new(level.as_str(), explanation)
    });
    let bounds = [
        (">=", Sensitivity::Medium, "above"),
        (">=", Sensitivity::High, "above"),
        ("<=", Sensitivity::Medium, "below"),
    ]
    .map(|(sign, level, side)| {
        let word = level.as_str();
        Candidate::new(format!("{sign}{word}"), format!("{word} and {side}"))
    });
    exact.into_iter().chain(bounds).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::generated::context;
    use super::super::parse;
    use super::*;

    /// With the cursor where the `|` is.
    fn at(text: &str) -> Completion {
        let cursor = text.chars().position(|c| c == '|').expect("a cursor");
        complete(&text.replace('|', ""), cursor)
    }

    fn texts(completion: &Completion) -> Vec<&str> {
        completion.candidates.iter().map(|candidate| candidate.text.as_str()).collect()
    }

    #[test]
    fn a_word_is_completed_to_fields() {
        for (text, replace, fields) in [
            ("ac|", 0..2, vec!["actor:", "action:"]),
            ("über -AC|", 6..8, vec!["actor:", "action:"]),
            ("(sens|", 1..5, vec!["sensitivity:"]),
            ("ac|tr:ana x", 0..5, vec!["actor:", "action:"]),
            ("sys|x", 0..4, vec!["system:"]),
            ("nothing|", 0..7, vec![]),
        ] {
            let completion = at(text);
            assert_eq!((texts(&completion), completion.replace.clone()), (fields, replace), "{text}");
        }
        for text in ["|", "a |", "-|", "(|", "a | b", "|-a"] {
            let completion = at(text);
            assert_eq!(completion.candidates.len(), Field::ALL.len(), "{text}");
            assert!(completion.replace.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_closed_field_is_completed_to_its_values() {
        for (text, replace, values) in [
            ("outcome:|", 8..8, vec!["success", "denied", "failure"]),
            ("-outcome:d|", 9..10, vec!["denied"]),
            ("outcome:|denied x", 8..14, vec!["success", "denied", "failure"]),
            ("sensitivity:>=|", 12..14, vec![">=medium", ">=high"]),
            ("covered:n|", 8..9, vec!["no"]),
            ("after:y|", 6..7, vec!["yesterday"]),
            ("action:request.a|", 7..16, vec!["request.approved"]),
            (
                "action:reque|",
                7..12,
                vec![
                    "request.*",
                    "request.submitted",
                    "request.approved",
                    "request.denied",
                    "request.cancelled",
                    "request.expired",
                ],
            ),
            ("action:\"signed in\"|", 7..18, vec!["session.signed_in", "session.opened"]),
            ("ip:1|", 3..4, vec![]),
        ] {
            let completion = at(text);
            let found = texts(&completion);
            let shown: Vec<&str> = found.into_iter().take(values.len().max(1)).collect();
            assert_eq!(
                (shown, completion.replace.clone(), completion.values_of),
                (values, replace, None),
                "{text}"
            );
        }
    }

    #[test]
    fn an_open_field_says_whose_values_are_wanted() {
        for (text, replace, field, typed) in [
            ("actor:an|", 6..8, Field::Actor, "an"),
            ("x actor:=\"Ana R|uiz\" y", 8..19, Field::Actor, "Ana R"),
            ("system:|", 7..7, Field::System, ""),
            ("window:\"code |", 7..13, Field::Window, "code "),
            ("source:w|", 7..8, Field::Source, "w"),
        ] {
            let completion = at(text);
            let found = (completion.replace.clone(), completion.values_of, completion.typed.as_str());
            assert_eq!(found, (replace, Some(field), typed), "{text}");
        }
        assert_eq!(texts(&at("source:w|")), ["web"]);
    }

    #[test]
    fn nothing_is_offered_in_a_phrase_or_after_an_unknown_field() {
        for text in ["\"act|", "\"act|or\"", "actr:a|", "\"a\"|"] {
            assert_eq!(at(text).candidates, [], "{text}");
        }
    }

    #[test]
    fn whatever_is_offered_can_be_read() {
        for field in Field::ALL {
            for candidate in closed_values(field) {
                let query = format!("{}:{}", field.as_str(), candidate.text);
                assert!(parse(&query, &context()).is_ok(), "{query}");
                assert!(!candidate.explanation.is_empty(), "{query}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_replaced_lies_within_the_text_and_around_the_cursor(
            text in "([a-z\"“(): =ä-]|actor:|outcome:|\\PC){0,20}",
            cursor in 0usize..60,
        ) {
            let completion = complete(&text, cursor);
            let length = text.chars().count();
            let cursor = cursor.min(length);
            prop_assert!(completion.replace.start <= cursor && cursor <= completion.replace.end);
            prop_assert!(completion.replace.end <= length);
        }
    }
}
