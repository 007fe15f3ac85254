//! Alerts: what is out of the ordinary, and what becomes of it.

pub mod overdue;
pub mod question;
pub mod suppression;
pub mod trend;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::caller::Caller;
use crate::id::{GrantId, PersonId, ResourceId, SystemId};

/// The longest that something is accepted for without being looked at again, in days.
pub const ACCEPTED_MAX_DAYS: i64 = 366;
/// The longest reason or comment, in characters.
pub const WORDS_MAX_CHARS: usize = 2_000;
/// An event that comes in this much after it occurred is late, and the alert says so.
pub const LATE: TimeDelta = TimeDelta::minutes(15);

/// How bad it is if it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// To be looked at this week.
    Medium,
    /// To be looked at today.
    High,
    /// To be looked at now.
    Critical,
}

impl Severity {
    /// All, least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word that the database, rules and the interface use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }
}

/// What somebody found an alert to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It was what the rule looks for.
    True,
    /// It was not: the rule was wrong.
    False,
    /// It was, and may go on until then without being told again.
    Accepted {
        /// The first moment at which it is told again.
        until: DateTime<Utc>,
    },
}

impl Verdict {
    /// The words of all, in the order in which they are offered.
    pub const WORDS: [&'static str; 3] = ["true", "false", "accepted"];

    /// The word that the database and the interface use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Accepted { .. } => "accepted",
        }
    }
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Nobody has taken it up.
    Open,
    /// Somebody looks at it.
    Acknowledged,
    /// Somebody has said what it was.
    Resolved {
        /// What it was.
        verdict: Verdict,
        /// When that was said.
        at: DateTime<Utc>,
    },
}

/// Why an alert does not go on as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It was resolved before.
    #[error("This alert is resolved.")]
    Resolved,
    /// It was taken up before.
    #[error("Somebody has taken up this alert already.")]
    Acknowledged,
    /// Nothing is accepted for good, nor for the past.
    #[error("Choose an end that is to come, and at most {ACCEPTED_MAX_DAYS} days away.")]
    AcceptedUntil,
}

impl State {
    /// The words of all, in their order.
    pub const WORDS: [&'static str; 3] = ["open", "acknowledged", "resolved"];

    /// The word that the database and the interface use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved { .. } => "resolved",
        }
    }

    /// Somebody looks at it.
    ///
    /// # Errors
    /// When somebody does already, or it is resolved.
    pub fn acknowledged(self) -> Result<Self, Refusal> {
        match self {
            Self::Open => Ok(Self::Acknowledged),
            Self::Acknowledged => Err(Refusal::Acknowledged),
            Self::Resolved { .. } => Err(Refusal::Resolved),
        }
    }

    /// Somebody says what it was.
    ///
    /// # Errors
    /// When it is resolved already, or accepted until a moment that is past or too far away.
    pub fn resolved(self, verdict: Verdict, now: DateTime<Utc>) -> Result<Self, Refusal> {
        if matches!(self, Self::Resolved { .. }) {
            return Err(Refusal::Resolved);
        }
        if let Verdict::Accepted { until } = verdict
            && (until <= now || until - now > TimeDelta::days(ACCEPTED_MAX_DAYS))
        {
            return Err(Refusal::AcceptedUntil);
        }
        Ok(Self::Resolved { verdict, at: now })
    }

    /// What becomes of it when the same happens again.
    pub fn again(self, now: DateTime<Utc>) -> Again {
        match self {
            Self::Open | Self::Acknowledged => Again::Counts,
            Self::Resolved { verdict: Verdict::Accepted { until }, .. } if now < until => Again::Counts,
            Self::Resolved { verdict: Verdict::Accepted { .. }, .. } => Again::Reopens,
            Self::Resolved { .. } => Again::IsAnother,
        }
    }
}

/// What becomes of an alert when the same happens again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It counts, and nobody is told.
    Counts,
    /// What was accepted for a time is open again.
    Reopens,
    /// It was dealt with: this is a new one.
    IsAnother,
}

/// What somebody has to do with an alert.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relation {
    /// Whether it is about what they did.
    pub is_about_them: bool,
    /// Whether they own the resource or system that it is about.
    pub owns: bool,
    /// Whether it was handed to them.
    pub is_assigned: bool,
}

/// Whether somebody sees an alert: whoever takes care of it, and those to whom the whole book is open. Nobody is told
/// of an alert about themselves by being an owner.
pub fn may_see(caller: &Caller, relation: Relation) -> bool {
    caller.roles.sees_all() || ((relation.owns || relation.is_assigned) && !relation.is_about_them)
}

/// Whether somebody may say what becomes of an alert: never of one about themselves, whatever they are.
pub fn may_act(caller: &Caller, relation: Relation) -> bool {
    !relation.is_about_them && (caller.roles.administrator || relation.owns || relation.is_assigned)
}

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name in its address.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// How bad it is if it is true.
    pub severity: Severity,
    /// What of it is one alert.
    pub key: String,
    /// What was found, for people.
    pub sentence: String,
    /// Whose doing.
    pub person: Option<PersonId>,
    /// Of two who did it together, the other.
    pub other: Option<PersonId>,
    /// In which system.
    pub system: Option<SystemId>,
    /// On what.
    pub resource: Option<ResourceId>,
    /// Under which grant, or of which.
    pub grant: Option<GrantId>,
    /// Positions of the events that it is made of.
    pub positions: Vec<i64>,
    /// The first of them, by when it occurred.
    pub first_at: DateTime<Utc>,
    /// The last of them.
    pub last_at: DateTime<Utc>,
    /// How long after it occurred the latest of it came in, where that was long.
    pub late: Option<TimeDelta>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn an_alert_is_taken_up_once_and_resolved_once() {
        let taken_up = State::Open.acknowledged().unwrap();
        assert_eq!(taken_up.acknowledged(), Err(Refusal::Acknowledged));
        let resolved = taken_up.resolved(Verdict::True, at(1)).unwrap();
        assert_eq!(resolved.acknowledged(), Err(Refusal::Resolved));
        assert_eq!(resolved.resolved(Verdict::False, at(2)), Err(Refusal::Resolved));
        assert!(State::Open.resolved(Verdict::False, at(1)).is_ok(), "without taking it up first");
    }

    #[test]
    fn something_is_accepted_for_a_time_that_is_to_come_and_at_most_a_year_and_a_day() {
        let accepted = |until| State::Open.resolved(Verdict::Accepted { until }, at(0));
        assert_eq!(accepted(at(0)), Err(Refusal::AcceptedUntil));
        assert!(accepted(at(1)).is_ok());
        assert!(accepted(at(ACCEPTED_MAX_DAYS * 24 * 60)).is_ok());
        assert_eq!(accepted(at(ACCEPTED_MAX_DAYS * 24 * 60 + 1)), Err(Refusal::AcceptedUntil));
    }

    #[test]
    fn what_happens_again_counts_while_it_is_open_or_accepted_and_reopens_when_that_has_run_out() {
        assert_eq!(State::Open.again(at(5)), Again::Counts);
        assert_eq!(State::Acknowledged.again(at(5)), Again::Counts);
        let accepted = State::Open.resolved(Verdict::Accepted { until: at(10) }, at(0)).unwrap();
        assert_eq!(accepted.again(at(9)), Again::Counts);
        assert_eq!(accepted.again(at(10)), Again::Reopens);
        let found_true = State::Open.resolved(Verdict::True, at(0)).unwrap();
        assert_eq!(found_true.again(at(1)), Again::IsAnother);
    }
}
