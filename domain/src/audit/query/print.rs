//! A query as text.

use std::fmt;

use super::ast::{Expr, Moment, Period, Term, Text, rfc3339};
use super::field::Field;
use super::lexer::{is_delimiter, looks_like_field};

/// A value as it can stand after a field: in quotation marks where it would end early, or mean something, without.
pub fn value_text(value: &str) -> String {
    let is_plain = !value.is_empty() && !value.starts_with('=') && !value.chars().any(is_delimiter);
    if is_plain { value.to_owned() } else { quoted(value) }
}

/// In quotation marks.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether it is read as one plain word.
pub(super) fn is_plain_word(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with('-')
        && !word.chars().any(is_delimiter)
        && !matches!(word, "OR" | "AND" | "NOT")
        && !word.split_once(':').is_some_and(|(name, _)| looks_like_field(name))
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// As moments, which mean the same for ever.
    Resolved,
    /// As they were typed, which may mean something else tomorrow.
    Written,
}

/// The text of a tree.
pub(super) fn text(expr: &Expr, times: Times) -> String {
    let mut out = String::new();
    write(&mut out, expr, times, Around::Nothing);
    out
}

/// What a part stands in, which decides about brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    And,
    Not,
}

fn write(out: &mut String, expr: &Expr, times: Times, around: Around) {
    let needs_brackets = match expr {
        Expr::And(_) | Expr::Not(_) => around == Around::Not,
        Expr::Or(_) => around != Around::Nothing,
        Expr::Term(_) => false,
        // Not canonical anywhere but alone, and there nothing is written.
        Expr::All => around != Around::Nothing,
    };
    if needs_brackets {
        out.push('(');
    }
    match expr {
        Expr::All => {}
        Expr::And(parts) => write_joined(out, parts, " ", times, Around::And),
        Expr::Or(parts) => write_joined(out, parts, " OR ", times, Around::Nothing),
        Expr::Not(inner) => {
            out.push('-');
            write(out, inner, times, Around::Not);
        }
        Expr::Term(term) => out.push_str(&term_text(term, times)),
    }
    if needs_brackets {
        out.push(')');
    }
}

fn write_joined(out: &mut String, parts: &[Expr], joint: &str, times: Times, around: Around) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push_str(joint);
        }
        write(out, part, times, around);
    }
}

fn term_text(term: &Term, times: Times) -> String {
    let value = match term {
        Term::Word(word) if is_plain_word(word) => return word.clone(),
        Term::Word(words) | Term::Phrase(words) => return quoted(words),
        Term::Actor(text)
        | Term::Person(text)
        | Term::Resource(text)
        | Term::System(text)
        | Term::Environment(text)
        | Term::Tag(text)
        | Term::Owner(text) => text.to_string(),
        Term::Sensitivity(comparison, level) => format!("{}{}", comparison.sign(), level.as_str()),
        Term::Action(pattern) => pattern.to_string(),
        Term::Outcome(outcome) => outcome.as_str().to_owned(),
        Term::On(name) | Term::Source(name) | Term::Window(name) => value_text(name),
        Term::Ip(network) => network.to_string(),
        Term::Request(id) => id.to_string(),
        Term::Grant(id) => id.to_string(),
        Term::Covered(true) => "yes".to_owned(),
        Term::Covered(false) => "no".to_owned(),
        Term::Before(moment) | Term::After(moment) => moment_text(moment, times),
        Term::During(period) => period_text(period, times),
    };
    format!("{}:{value}", term.field().map(Field::as_str).unwrap_or_default())
}

fn moment_text(moment: &Moment, times: Times) -> String {
    match times {
        Times::Resolved => rfc3339(moment.at),
        Times::Written => value_text(&moment.written),
    }
}

fn period_text(period: &Period, times: Times) -> String {
    match times {
        Times::Resolved => Period::between(period.from, period.until).written,
        Times::Written => value_text(&period.written),
    }
}

impl fmt::Display for Text {
    /// As it stands after its field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_whole { "=" } else { "" }, value_text(&self.value))
    }
}

impl fmt::Display for Term {
    /// With moments resolved.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&term_text(self, Times::Resolved))
    }
}

impl fmt::Display for Expr {
    /// With moments resolved.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self, Times::Resolved))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::generated::{context, expr};
    use super::super::{Query, parse};
    use super::*;

    fn read(text: &str) -> Query {
        parse(text, &context()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    #[test]
    fn brackets_stand_only_where_they_are_needed() {
        for text in [
            "a b OR c",
            "(a OR b) c",
            "-(a b)",
            "-(a OR b) -c",
            "a OR -b",
            "actor:=\"Ana Ruiz\" sensitivity:>=high",
        ] {
            assert_eq!(read(text).to_text(), text);
        }
        assert_eq!(read("((a) AND (b c)) OR (d)").to_text(), "a b c OR d");
        assert_eq!(read("NOT (a) -(-b)").to_text(), "-a b");
        assert_eq!(read("  ").to_text(), "");
    }

    #[test]
    fn values_are_quoted_where_they_need_it() {
        for (value, text) in [
            ("ana", "ana"),
            ("Ana Ruiz", "\"Ana Ruiz\""),
            ("=x", "\"=x\""),
            ("a(b)", "\"a(b)\""),
            ("", "\"\""),
            ("a\\b", "a\\b"),
            ("a \"b\\", "\"a \\\"b\\\\\""),
        ] {
            assert_eq!(value_text(value), text);
        }
        let built = Expr::from(Term::Word("OR".to_owned()));
        assert_eq!(built.to_string(), "\"OR\"");
    }

    #[test]
    fn times_are_resolved_or_as_typed() {
        let query = read("after:yesterday during:2026-11-01..2026-11-07");
        assert_eq!(
            query.to_text(),
            "after:2026-11-21T23:00:00Z during:2026-10-31T23:00:00Z..2026-11-07T23:00:00Z"
        );
        assert_eq!(query.as_written(), "after:yesterday during:2026-11-01..2026-11-07");
        assert_eq!(read("during:..2026").as_written(), "during:..2026");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back_as_the_same_query(expr in expr()) {
            let query = Query::from(expr);
            prop_assert_eq!(&read(&query.to_text()), &query);
            prop_assert_eq!(&read(&query.as_written()), &query);
        }
    }
}
