//! The query language of the audit log.
//!
//! `ana resource:ledger -outcome:success (action:request.* OR after:7d)`: words, "phrases" and `field:value` pairs next
//! to each other must all match; `OR` binds looser than that, `-` (or `NOT`) directly before something tighter than
//! anything; `AND` says nothing new. These three are upper case: a small `or` is a word like any other. What is special
//! loses that in quotation marks.
//!
//! *Invariant:* a query is a value without text of any other language in it: who asks a database with it passes
//! parameters. *Invariant:* [`Query::matches`] says what a query means; whatever else answers one agrees with it.

mod actions;
mod ast;
mod complete;
mod error;
mod field;
mod form;
#[cfg(test)]
mod generated;
mod lexer;
mod matching;
mod network;
mod parse;
#[cfg(test)]
mod parse_tests;
mod print;
mod range;
mod time;
mod value;
mod words;

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use ast::{ActionPattern, Comparison, Expr, Moment, Period, Term, Text, folded};
pub use complete::{Candidate, Completion, complete};
pub use error::{Fix, QueryError};
pub use field::Field;
pub use form::{FormFault, FormQuery};
pub use matching::Matchable;
pub use network::{Network, NetworkError};
pub use parse::parse;
pub use print::value_text;
pub use words::words;

/// Longest query, in characters. It is a part of its page's address.
pub const QUERY_MAX_CHARS: usize = 1_000;
/// Most words, phrases and pairs in a query.
pub const TERMS_MAX: usize = 50;
/// Most brackets within each other.
pub const NESTING_MAX: usize = 10;
/// Longest word, phrase or value, in characters, quotation marks not counted.
pub const VALUE_MAX_CHARS: usize = 200;
/// First year that can be looked for.
pub const YEAR_MIN: i32 = 1990;
/// Last year that can be looked for.
pub const YEAR_MAX: i32 = 9998;

/// What times in a query are resolved against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// What `7d` and `yesterday` count from.
    pub now: DateTime<Utc>,
    /// In which days begin, and clocks show what is written without an offset.
    pub zone: Tz,
}

/// What is looked for in the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    root: Expr,
}

impl Query {
    /// The whole of it.
    pub fn expr(&self) -> &Expr {
        &self.root
    }

    /// Whether it is every event.
    pub fn is_all(&self) -> bool {
        self.root == Expr::All
    }

    /// What must all match, each by itself: what a page shows as so many filters.
    pub fn parts(&self) -> &[Expr] {
        match &self.root {
            Expr::All => &[],
            Expr::And(parts) => parts,
            one => std::slice::from_ref(one),
        }
    }

    /// With this to match, too; unchanged where it is one of the parts already.
    #[must_use]
    pub fn with(&self, part: impl Into<Expr>) -> Self {
        let part = part.into();
        if self.parts().contains(&part) {
            return self.clone();
        }
        Self { root: Expr::all_of(self.parts().iter().cloned().chain([part])) }
    }

    /// Without this one of its parts.
    #[must_use]
    pub fn without(&self, part: &Expr) -> Self {
        Self { root: Expr::all_of(self.parts().iter().filter(|other| *other != part).cloned()) }
    }

    /// Whether a field is used somewhere: some are not for everybody to use.
    pub fn uses(&self, field: Field) -> bool {
        self.root.terms().iter().any(|term| term.field() == Some(field))
    }

    /// The canonical text, with moments resolved, so that it means the same for ever. It is read back as an equal
    /// query while it keeps [`QUERY_MAX_CHARS`]: resolved moments are longer than what was typed.
    pub fn to_text(&self) -> String {
        print::text(&self.root, print::Times::Resolved)
    }

    /// The canonical text, with times as they were typed: `after:7d` stays that. For addresses of pages.
    pub fn as_written(&self) -> String {
        print::text(&self.root, print::Times::Written)
    }
}

impl From<Expr> for Query {
    fn from(root: Expr) -> Self {
        Self { root }
    }
}

impl fmt::Display for Query {
    /// As [`Query::to_text`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}
