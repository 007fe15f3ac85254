//! What is known of a part of a query: the terms that its matches have.

use super::super::terms::of_name;

/// What no event has.
pub(super) const NOTHING: &str = "':0'";

/// What is known of a part of a query.
pub(super) struct Node {
    pub(super) index: Option<String>,
    pub(super) check: Option<String>,
    /// Whether `check` says all of it.
    pub(super) is_exact: bool,
}

impl Node {
    pub(super) fn all() -> Self {
        Self { index: None, check: None, is_exact: true }
    }

    pub(super) fn unknown() -> Self {
        Self { index: None, check: None, is_exact: false }
    }

    pub(super) fn exact(term: String) -> Self {
        Self { index: Some(term.clone()), check: Some(term), is_exact: true }
    }

    /// One or more of these; of none, nothing.
    pub(super) fn any_of(terms: Vec<String>) -> Self {
        Self::exact(match terms.as_slice() {
            [] => NOTHING.to_owned(),
            [one] => one.clone(),
            many => format!("({})", many.join(" | ")),
        })
    }

    pub(super) fn or_more(self) -> Self {
        Self { is_exact: false, ..self }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            index: joined([self.index, other.index].into_iter().flatten(), " & "),
            check: joined([self.check, other.check].into_iter().flatten(), " & "),
            is_exact: self.is_exact && other.is_exact,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        let either = |one: Option<String>, two: Option<String>| Some(format!("({} | {})", one?, two?));
        Self {
            is_exact: self.is_exact && other.is_exact,
            index: either(self.index, other.index),
            check: either(self.check, other.check),
        }
    }

    pub(super) fn not(self) -> Self {
        match self.check {
            Some(check) if self.is_exact => {
                Self { index: None, check: Some(format!("!({check})")), is_exact: true }
            }
            _ => Self::unknown(),
        }
    }
}

pub(super) fn joined(parts: impl Iterator<Item = String>, joint: &str) -> Option<String> {
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(joint))
}

/// As a term of `tsquery`.
pub(super) fn lexeme(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

pub(super) fn named(letter: char, name: &str) -> String {
    lexeme(&of_name(letter, name))
}
