//! What people and machines do in other systems, as those systems report it.
//!
//! *Invariant:* what comes from outside is `resource.*` or `session.*` and nothing else: no report can pass for a
//! decision or a grant.

pub mod scrub;

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::audit::Outcome;
use crate::text::{self, LINE_MAX_CHARS, PROSE_MAX_CHARS};

/// Longest verb behind the dot of an action, in characters.
pub const VERB_MAX_CHARS: usize = 40;
/// Longest description of a browser or program, in characters.
pub const USER_AGENT_MAX_CHARS: usize = 500;
/// Largest original record that is kept, in bytes of JSON.
pub const ORIGINAL_MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of an original record that is kept.
pub const ORIGINAL_DEPTH_MAX: usize = 32;
/// So far may a source's clock be ahead of ours.
pub const AHEAD_MAX: TimeDelta = TimeDelta::hours(24);
/// Years before this one are a wrong clock or a wrong unit.
const YEAR_MIN: &str = "1990-01-01T00:00:00Z";

/// What was done: `resource.VERB` or `session.VERB`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UsageAction(String);

impl UsageAction {
    /// Read, listed, queried, used.
    pub const ACCESSED: &str = "resource.accessed";
    /// Written to or configured.
    pub const CHANGED: &str = "resource.changed";
    /// Made.
    pub const CREATED: &str = "resource.created";
    /// Removed.
    pub const DELETED: &str = "resource.deleted";
    /// Who may do what there was changed.
    pub const PERMISSIONS_CHANGED: &str = "resource.permissions_changed";
    /// A kind that is not known; the original says what.
    pub const OTHER: &str = "resource.other";
    /// Signed in, connected; or tried to.
    pub const SESSION_OPENED: &str = "session.opened";
    /// Signed out, disconnected.
    pub const SESSION_CLOSED: &str = "session.closed";
    /// Something else about signing in.
    pub const SESSION_OTHER: &str = "session.other";

    /// The words that mean something here, with a phrase that continues “NAME …” and a name that stands alone. Verbs
    /// of a source's own say themselves.
    const WORDS: [(&str, &str, &str); 9] = [
        (Self::ACCESSED, "used", "Read, listed, queried or used"),
        (Self::CHANGED, "changed", "Written to or configured"),
        (Self::CREATED, "made", "Made in the system"),
        (Self::DELETED, "removed", "Removed in the system"),
        (Self::PERMISSIONS_CHANGED, "changed who may do what at", "Changed who may do what in the system"),
        (Self::OTHER, "did something at", "Something else in the system"),
        (Self::SESSION_OPENED, "signed in at", "Signed in at the system"),
        (Self::SESSION_CLOSED, "signed out of", "Signed out of the system"),
        (
            Self::SESSION_OTHER,
            "did something about signing in at",
            "Something else about signing in at the system",
        ),
    ];

    /// The words that mean something here, each with a name that stands alone.
    pub fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
        Self::WORDS.into_iter().map(|(word, _, label)| (word, label))
    }

    /// “signed in at”: continues a sentence that begins with who did it. Of a verb of a source's own, the verb.
    pub fn phrase_of(word: &str) -> String {
        let known = Self::WORDS.iter().find(|(known, ..)| *known == word);
        known.map_or_else(|| own_verb(word), |(_, phrase, _)| (*phrase).to_owned())
    }

    /// The name that stands alone.
    pub fn label_of(word: &str) -> String {
        let known = Self::WORDS.iter().find(|(known, ..)| *known == word);
        known.map_or_else(|| word.to_owned(), |(.., label)| (*label).to_owned())
    }

    /// The dotted word.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The action of a dotted word.
    ///
    /// # Errors
    /// When it is about neither resources nor sessions, or its verb is not one.
    pub fn parse(word: &str) -> Result<Self, UsageError> {
        let refused = || UsageError::new("action", UsageFault::NotUsage(word.chars().take(80).collect()));
        let (noun, verb) = word.split_once('.').ok_or_else(refused)?;
        let is_verb = (1..=VERB_MAX_CHARS).contains(&verb.len())
            && verb.starts_with(|c: char| c.is_ascii_lowercase())
            && verb.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if matches!(noun, "resource" | "session") && is_verb {
            Ok(Self(word.to_owned()))
        } else {
            Err(refused())
        }
    }
}

/// `resource.put_on_hold` is “put on hold”; anything else is itself.
fn own_verb(word: &str) -> String {
    match word.split_once('.') {
        Some(("resource" | "session", verb)) => verb.replace('_', " "),
        _ => word.to_owned(),
    }
}

impl TryFrom<String> for UsageAction {
    type Error = UsageError;

    fn try_from(word: String) -> Result<Self, UsageError> {
        Self::parse(&word)
    }
}

impl From<UsageAction> for String {
    fn from(action: UsageAction) -> Self {
        action.0
    }
}

/// What kind of somebody acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutsideKind {
    /// Somebody in person.
    Person,
    /// A program, a service account, a role that programs take.
    Machine,
    /// The source does not say.
    #[default]
    Unknown,
}

impl OutsideKind {
    /// The word that the database uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Machine => "machine",
            Self::Unknown => "unknown",
        }
    }
}

/// Who acted, in the words of the source. What is known of them is kept, for finding out who they are here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct OutsideActor {
    /// What kind of somebody.
    pub kind: OutsideKind,
    /// For people; empty where the source names nobody.
    pub name: String,
    /// Their mail address.
    pub email: Option<String>,
    /// Their account at the source: a login, an ARN, a database role. Never a key or a session.
    pub account: Option<String>,
    /// Their subject at the sign-in provider (`sub`).
    pub subject: Option<String>,
}

/// On what, in the words of the source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct OutsideTarget {
    /// The system; `None` is the one that the source stands for.
    pub system: Option<String>,
    /// A table, a repository, a bucket.
    pub resource: Option<String>,
    /// Which permission was used.
    pub entitlement: Option<String>,
}

/// One report of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct OutsideEvent {
    /// What the source calls it, unique there: what comes again under it is the same.
    pub external_id: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The source gave no time: `occurred_at` is when the report came in.
    pub undated: bool,
    /// What was done.
    pub action: UsageAction,
    /// How it came out.
    pub outcome: Outcome,
    /// Who.
    pub actor: OutsideActor,
    /// On what.
    pub target: OutsideTarget,
    /// From where.
    pub ip: Option<IpAddr>,
    /// With what.
    pub user_agent: Option<String>,
    /// The source's own word for what was done: `GetSecretValue`, `repo.create`.
    pub operation: Option<String>,
    /// In somebody's own words, or an error's.
    pub reason: Option<String>,
    /// The record as it came, without secrets.
    pub original: Value,
}

/// Why a report was refused: a field and a fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {fault}")]
pub struct UsageError {
    /// The field, as the source writes it.
    pub field: String,
    /// What is wrong with it.
    pub fault: UsageFault,
}

impl UsageError {
    /// A fault of a field.
    pub fn new(field: impl Into<String>, fault: UsageFault) -> Self {
        Self { field: field.into(), fault }
    }
}

/// What can be wrong with a report.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UsageFault {
    /// Governance, or no action at all.
    #[error("“{0}” is neither resource.… nor session.…; nothing else comes in from outside.")]
    NotUsage(String),
    /// It must be there.
    #[error("This is missing.")]
    Missing,
    /// Too long, or with characters that cannot be seen.
    #[error(transparent)]
    Text(#[from] text::TextError),
    /// Not a time with an offset.
    #[error("“{0}” is not a time with an offset (RFC 3339).")]
    NotATime(String),
    /// Before 1990.
    #[error("This is before 1990: a wrong clock, or a wrong unit.")]
    TooEarly,
    /// Further ahead than [`AHEAD_MAX`].
    #[error("This is more than 24 hours ahead of our clock.")]
    TooLate,
    /// Larger than [`ORIGINAL_MAX_BYTES`].
    #[error("This is {0} bytes large; at most 65,536 fit.")]
    TooLarge(usize),
    /// Deeper than [`ORIGINAL_DEPTH_MAX`].
    #[error("This is nested more than 32 deep.")]
    TooDeep,
    /// Anything else, in a sentence.
    #[error("{0}")]
    Other(String),
}

impl OutsideEvent {
    /// The report with its texts trimmed, where all of it keeps the bounds as of `now`.
    ///
    /// # Errors
    /// Names the first field that does not.
    pub fn checked(mut self, now: DateTime<Utc>) -> Result<Self, UsageError> {
        self.external_id =
            line("id", Some(&self.external_id))?.ok_or_else(|| UsageError::new("id", UsageFault::Missing))?;
        if YEAR_MIN.parse::<DateTime<Utc>>().is_ok_and(|earliest| self.occurred_at < earliest) {
            return Err(UsageError::new("time", UsageFault::TooEarly));
        }
        if self.occurred_at > now + AHEAD_MAX {
            return Err(UsageError::new("time", UsageFault::TooLate));
        }
        self.actor.name = line("actor.name", Some(&self.actor.name))?.unwrap_or_default();
        for (field, value) in [
            ("actor.email", &mut self.actor.email),
            ("actor.account", &mut self.actor.account),
            ("actor.subject", &mut self.actor.subject),
            ("system", &mut self.target.system),
            ("resource", &mut self.target.resource),
            ("entitlement", &mut self.target.entitlement),
            ("operation", &mut self.operation),
        ] {
            *value = line(field, value.as_deref())?;
        }
        self.user_agent = bounded("user_agent", self.user_agent.as_deref(), USER_AGENT_MAX_CHARS)?;
        self.reason = bounded("reason", self.reason.as_deref(), PROSE_MAX_CHARS)?;
        check_original(&self.original)?;
        Ok(self)
    }
}

fn line(field: &str, value: Option<&str>) -> Result<Option<String>, UsageError> {
    bounded(field, value, LINE_MAX_CHARS)
}

fn bounded(field: &str, value: Option<&str>, max: usize) -> Result<Option<String>, UsageError> {
    match value {
        None => Ok(None),
        Some(value) => text::prose(value, max).map_err(|error| UsageError::new(field, error.into())),
    }
}

/// Whether an original keeps its bounds as it is.
///
/// # Errors
/// When it is too deep or too large, or has the character NUL.
pub fn check_original(original: &Value) -> Result<(), UsageError> {
    let refuse = |fault| Err(UsageError::new("original", fault));
    if is_deeper_than(original, ORIGINAL_DEPTH_MAX) {
        return refuse(UsageFault::TooDeep);
    }
    if has_nul(original) {
        return refuse(UsageFault::Other(
            "This contains the character NUL, which cannot be kept.".to_owned(),
        ));
    }
    match serde_json::to_vec(original) {
        Ok(bytes) if bytes.len() > ORIGINAL_MAX_BYTES => refuse(UsageFault::TooLarge(bytes.len())),
        _ => Ok(()),
    }
}

fn is_deeper_than(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(values) => depth == 0 || values.iter().any(|value| is_deeper_than(value, depth - 1)),
        Value::Object(fields) => depth == 0 || fields.values().any(|value| is_deeper_than(value, depth - 1)),
        _ => false,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().expect("a date")
    }

    fn event() -> OutsideEvent {
        OutsideEvent {
            external_id: "e-1".to_owned(),
            occurred_at: now(),
            undated: false,
            action: UsageAction::parse(UsageAction::ACCESSED).expect("usage"),
            outcome: Outcome::Success,
            actor: OutsideActor::default(),
            target: OutsideTarget::default(),
            ip: None,
            user_agent: None,
            operation: None,
            reason: None,
            original: json!({}),
        }
    }

    fn fault(event: OutsideEvent) -> String {
        event.checked(now()).expect_err("refused").to_string()
    }

    #[test]
    fn only_resources_and_sessions_come_in_and_only_with_a_plain_verb() {
        for word in ["resource.accessed", "session.opened", "resource.read_2"] {
            assert_eq!(UsageAction::parse(word).expect("usage").as_str(), word);
        }
        for word in [
            "request.approved",
            "grant.ended",
            "resource",
            "resource.",
            "resource.A",
            "resource.a.b",
            "",
            ".",
        ] {
            assert!(UsageAction::parse(word).is_err(), "{word}");
        }
        let longest = format!("resource.{}", "a".repeat(VERB_MAX_CHARS));
        assert!(UsageAction::parse(&longest).is_ok());
        assert!(UsageAction::parse(&format!("{longest}a")).is_err());
    }

    #[test]
    fn a_wrong_clock_is_named() {
        let at = |text: &str| OutsideEvent { occurred_at: text.parse().expect("a date"), ..event() };
        assert!(at("1990-01-01T00:00:00Z").checked(now()).is_ok());
        assert!(fault(at("1989-12-31T23:59:59Z")).starts_with("time: This is before 1990"));
        assert!(fault(at("0001-01-01T00:00:00Z")).starts_with("time: "));
        assert!(at("2026-11-24T10:00:00Z").checked(now()).is_ok());
        assert!(fault(at("2026-11-24T10:00:01Z")).starts_with("time: This is more than 24 hours ahead"));
    }

    #[test]
    fn every_text_has_a_bound_and_none_is_cut_off() {
        assert_eq!(fault(OutsideEvent { external_id: " ".to_owned(), ..event() }), "id: This is missing.");
        let long = OutsideEvent { operation: Some("x".repeat(201)), ..event() };
        assert_eq!(fault(long), "operation: This is 201 characters long; at most 200 fit.");
        let nul = OutsideEvent { reason: Some("a\0b".to_owned()), ..event() };
        assert_eq!(fault(nul), "reason: This contains a control character at position 2.");
    }

    #[test]
    fn an_original_that_is_too_deep_too_large_or_carries_nul_is_refused() {
        let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        let with = |original| OutsideEvent { original, ..event() };
        assert!(with(nested(ORIGINAL_DEPTH_MAX)).checked(now()).is_ok());
        assert_eq!(
            fault(with(nested(ORIGINAL_DEPTH_MAX + 1))),
            "original: This is nested more than 32 deep."
        );
        assert!(with(json!("x".repeat(ORIGINAL_MAX_BYTES - 2))).checked(now()).is_ok());
        assert!(fault(with(json!("x".repeat(ORIGINAL_MAX_BYTES - 1)))).contains("65537 bytes"));
        assert!(fault(with(json!({ "a\0": 1 }))).contains("NUL"));
    }
}
