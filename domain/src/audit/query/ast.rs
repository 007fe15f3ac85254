//! What a query says, as a tree.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use super::field::Field;
use super::network::Network;
use crate::audit::Outcome;
use crate::catalogue::Sensitivity;
use crate::id::{GrantId, RequestId};

/// One or more conditions. Made by [`Expr::all_of`], [`Expr::any_of`] and [`Expr::negated`] it is canonical: no `And`
/// directly in an `And`, no `Or` in an `Or`, none with fewer than two parts, no doubled `Not`, and [`Expr::All`] only
/// by itself. The parser makes no other, and only a canonical tree is read back from its text as the same tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expr {
    /// Every event.
    #[default]
    All,
    /// Where each of these matches.
    And(Vec<Self>),
    /// Where one or more of these match.
    Or(Vec<Self>),
    /// Where this does not match; what an event does not say, it does not match either, so that its `Not` does.
    Not(Box<Self>),
    /// One condition.
    Term(Term),
}

/// One condition. Each says which part of an event it looks at; [`Matchable`](super::Matchable) says what stands
/// there. An event that says nothing there (`None`) does not match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Stands somewhere in the event's text as a word or the beginning of one ([`words`](super::words)); several
    /// that signs divide, one after the other.
    Word(String),
    /// The same for several words one after the other.
    Phrase(String),
    /// The name of who acted.
    Actor(Text),
    /// The name of who acted, of whose access it is, or of a person whom the event was matched to.
    Person(Text),
    /// The name of the resource, or that of the entitlement; each by itself.
    Resource(Text),
    /// The name of the system.
    System(Text),
    /// The environment of the resource.
    Environment(Text),
    /// A tag of the resource.
    Tag(Text),
    /// What it is about is on the system of this slug, whatever that is called in it.
    On(String),
    /// What it is about is owned by a person of this name today: by itself, or with the rest of its resource or system.
    Owner(Text),
    /// The sensitivity of the resource.
    Sensitivity(Comparison, Sensitivity),
    /// What was done or tried.
    Action(ActionPattern),
    /// How it came out.
    Outcome(Outcome),
    /// Where it was recorded: the whole origin, whatever its case ([`folded`]).
    Source(String),
    /// The address that it came from lies in this network.
    Ip(Network),
    /// It belongs to this request.
    Request(RequestId),
    /// It belongs to this grant, or was matched to it.
    Grant(GrantId),
    /// Whether somebody's access covered it; neither matches where that is no question.
    Covered(bool),
    /// It happened in a window of this whole name, whatever its case ([`folded`]).
    Window(String),
    /// It happened before this moment.
    Before(Moment),
    /// It happened at this moment or after it.
    After(Moment),
    /// It happened in this time.
    During(Period),
}

/// A name that is looked for, compared [`folded`]: as a part of a name (`actor:ana`), or the whole of it
/// (`actor:="Ana Ruiz"`). There are no wildcards: every character stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What is looked for.
    pub value: String,
    /// Whether it is the whole name.
    pub is_whole: bool,
}

/// How a sensitivity is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `sensitivity:high`
    Exactly,
    /// `sensitivity:>=high`
    AtLeast,
    /// `sensitivity:<=high`
    AtMost,
}

/// Which actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionPattern {
    /// This one: `request.approved`.
    Exact(String),
    /// All whose word begins with this noun and a dot: `request.*` has the noun `request`.
    Noun(String),
}

/// A moment, resolved when the query was read. Two are equal where `at` is.
#[derive(Debug, Clone)]
pub struct Moment {
    /// In whole microseconds, as the database keeps time.
    pub at: DateTime<Utc>,
    /// As it was typed: `7d`.
    pub written: String,
}

/// A stretch of time, resolved when the query was read. Two are equal where both ends are.
#[derive(Debug, Clone)]
pub struct Period {
    /// Its first moment; `None` is always.
    pub from: Option<DateTime<Utc>>,
    /// The first moment after it; `None` is for ever. Not both are `None`, and it is later than `from`.
    pub until: Option<DateTime<Utc>>,
    /// As it was typed: `2026-11-01..2026-11-07`.
    pub written: String,
}

/// The text with each character replaced by its simple lower-case mapping, as `lower()` and `ilike` do in Postgres with
/// locales of the C library: character by character, one for one. (Rust's `str::to_lowercase` looks at neighbours for
/// Σ and makes two characters of İ.) Accents count, and are compared as they are coded: nothing is normalised.
pub fn folded(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// A moment as canonical queries write it.
pub(super) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

impl Expr {
    /// Each of these, canonical where they are. None at all is every event.
    pub fn all_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::All => {}
                Self::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        single(flat, Self::And)
    }

    /// One or more of these, canonical where they are. None at all is every event.
    pub fn any_of(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::All => return Self::All,
                Self::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        single(flat, Self::Or)
    }

    /// Not this.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Each term, in order of writing, whether or not it is negated.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Self::All => Vec::new(),
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::terms).collect(),
            Self::Not(inner) => inner.terms(),
            Self::Term(term) => vec![term],
        }
    }
}

fn single(mut parts: Vec<Expr>, several: fn(Vec<Expr>) -> Expr) -> Expr {
    if parts.len() > 1 { several(parts) } else { parts.pop().unwrap_or_default() }
}

impl From<Term> for Expr {
    fn from(term: Term) -> Self {
        Self::Term(term)
    }
}

impl Term {
    /// The field that it is written with; words and phrases have none.
    pub fn field(&self) -> Option<Field> {
        Some(match self {
            Self::Word(_) | Self::Phrase(_) => return None,
            Self::Actor(_) => Field::Actor,
            Self::Person(_) => Field::Person,
            Self::Resource(_) => Field::Resource,
            Self::System(_) => Field::System,
            Self::Environment(_) => Field::Environment,
            Self::Tag(_) => Field::Tag,
            Self::On(_) => Field::On,
            Self::Owner(_) => Field::Owner,
            Self::Sensitivity(..) => Field::Sensitivity,
            Self::Action(_) => Field::Action,
            Self::Outcome(_) => Field::Outcome,
            Self::Source(_) => Field::Source,
            Self::Ip(_) => Field::Ip,
            Self::Request(_) => Field::Request,
            Self::Grant(_) => Field::Grant,
            Self::Covered(_) => Field::Covered,
            Self::Window(_) => Field::Window,
            Self::Before(_) => Field::Before,
            Self::After(_) => Field::After,
            Self::During(_) => Field::During,
        })
    }
}

impl Text {
    /// A part of a name.
    pub fn part(value: impl Into<String>) -> Self {
        Self { value: value.into(), is_whole: false }
    }

    /// A whole name.
    pub fn whole(value: impl Into<String>) -> Self {
        Self { value: value.into(), is_whole: true }
    }
}

impl Comparison {
    /// What is written before the value.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Exactly => "",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
        }
    }
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(word) => f.write_str(word),
            Self::Noun(noun) => write!(f, "{noun}.*"),
        }
    }
}

impl Moment {
    /// A moment that nobody typed.
    pub fn at(at: DateTime<Utc>) -> Self {
        Self { at, written: rfc3339(at) }
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Moment {}

impl Period {
    /// A stretch of time that nobody typed.
    pub fn between(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Self {
        let end = |at: Option<DateTime<Utc>>| at.map(rfc3339).unwrap_or_default();
        Self { from, until, written: format!("{}..{}", end(from), end(until)) }
    }
}

impl PartialEq for Period {
    fn eq(&self, other: &Self) -> bool {
        (self.from, self.until) == (other.from, other.until)
    }
}

impl Eq for Period {}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Expr {
        Term::Word(text.to_owned()).into()
    }

    #[test]
    fn trees_are_flat_and_never_hold_a_lone_part() {
        let two = Expr::all_of([word("a"), word("b")]);
        assert_eq!(Expr::all_of([two, word("c")]), Expr::And(vec![word("a"), word("b"), word("c")]));
        assert_eq!(Expr::all_of([Expr::All, word("a")]), word("a"));
        assert_eq!(Expr::any_of([word("a")]), word("a"));
        assert_eq!(Expr::any_of([word("a"), Expr::All]), Expr::All);
        assert_eq!(word("a").negated().negated(), word("a"));
        assert_eq!(Expr::all_of([]), Expr::All);
    }

    #[test]
    fn folding_is_one_for_one_as_in_postgres() {
        assert_eq!(folded("ÄRGER Ana"), "ärger ana");
        assert_eq!(folded("ΟΔΟΣ"), "οδοσ");
        assert_eq!(folded("İ"), "i");
        assert_eq!(folded("ß"), "ß");
    }
}
