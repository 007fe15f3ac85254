//! Who held what, from when until when: read from the events of the book, one after the other.
//!
//! *Invariant:* only events are read, never grants as they stand: what comes out can be held against them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use thiserror::Error;

use crate::audit::{About, Action, Actor, Event, Outcome};
use crate::grant::{Cause, Removal, RemovalKnown};
use crate::id::{GrantId, PersonId, RequestId};
use crate::local_time::{self, BareDate, LocalTimeError};
use crate::person::PersonRef;

/// Access that somebody holds or held, by its grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Which.
    pub grant: GrantId,
    /// Who, by the name as of then.
    pub person: PersonRef,
    /// What, with the names as of then.
    pub about: About,
    /// Its first moment.
    pub opened_at: DateTime<Utc>,
    /// When it is to end, as far as the book says so.
    pub ends_at: Option<DateTime<Utc>>,
    /// Why it is being taken away, where it is.
    pub cause: Option<Cause>,
    /// Its end.
    pub closed: Option<Closed>,
    /// The request it was given under.
    pub request: Option<RequestId>,
    /// Whether it was brought in: then nobody decided it here.
    pub is_imported: bool,
    /// Who approved the request.
    pub decided: Option<Decided>,
}

/// How access ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The first moment when it was not held any more.
    pub at: DateTime<Utc>,
    /// Why.
    pub why: Removal,
    /// How that is known.
    pub known: Option<RemovalKnown>,
    /// Who attested it, where somebody did.
    pub attested_by: Option<String>,
}

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Who; `None` where no person did.
    pub by: Option<PersonId>,
    /// Their name as of then.
    pub name: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Holding {
    /// Whether it was held at this moment: from its opening until just before its closing.
    pub fn is_held_at(&self, at: DateTime<Utc>) -> bool {
        self.opened_at <= at && self.closed.as_ref().is_none_or(|closed| closed.at > at)
    }
}

/// The actions that [`read`] reads.
pub const READ: [Action; 6] = [
    Action::GrantActivated,
    Action::GrantImported,
    Action::GrantShortened,
    Action::GrantRevoking,
    Action::GrantRevoked,
    Action::GrantEnded,
];

/// What is known of a grant after this event, from what was known before it. Events come in the order of their
/// positions; one that says nothing about holding changes nothing. `decided` is filled in by whoever has the request's
/// events at hand.
pub fn read(before: Option<Holding>, event: &Event) -> Option<Holding> {
    if event.outcome != Outcome::Success {
        return before;
    }
    match (Action::parse(&event.action), before) {
        (Some(Action::GrantActivated | Action::GrantImported), None) => opened(event),
        (Some(action), Some(holding)) => Some(changed(holding, action, event)),
        (_, before) => before,
    }
}

fn opened(event: &Event) -> Option<Holding> {
    Some(Holding {
        grant: event.grant_id?,
        person: event.subject.clone()?,
        about: event.resource.clone(),
        // What was found beforehand says since when, as far as that is known.
        opened_at: moment(event.detail.get("since")).unwrap_or(event.occurred_at),
        ends_at: moment(event.detail.get("until")),
        cause: None,
        closed: None,
        request: event.request_id,
        is_imported: event.source.origin == "imported",
        decided: None,
    })
}

fn changed(mut holding: Holding, action: Action, event: &Event) -> Holding {
    if holding.closed.is_some() {
        return holding;
    }
    match action {
        Action::GrantShortened => {
            let end = event.detail.get("after").and_then(|after| moment(after.get("ends_at")));
            holding.ends_at = end.or(holding.ends_at);
        }
        Action::GrantRevoking => holding.cause = Some(cause(event).unwrap_or(Cause::NotRecorded)),
        Action::GrantEnded => holding.closed = Some(closed(event, Removal::TimeRanOut)),
        Action::GrantRevoked => {
            let cause = cause(event).or(holding.cause).unwrap_or(Cause::NotRecorded);
            holding.cause = Some(cause);
            holding.closed = Some(closed(event, Removal::Revoked(cause)));
        }
        _ => {}
    }
    holding
}

fn closed(event: &Event, why: Removal) -> Closed {
    let word = event.detail.get("known").and_then(Value::as_str);
    let known = match word.and_then(RemovalKnown::parse) {
        None if event.source.origin == "imported" => Some(RemovalKnown::NotRecorded),
        known => known,
    };
    let attested_by = match (known, &event.actor) {
        (Some(RemovalKnown::Attested), Actor::Person { name, .. }) => Some(name.clone()),
        _ => None,
    };
    Closed { at: event.occurred_at, why, known, attested_by }
}

fn cause(event: &Event) -> Option<Cause> {
    event.detail.get("cause").and_then(Value::as_str).and_then(Cause::parse)
}

fn moment(value: Option<&Value>) -> Option<DateTime<Utc>> {
    value.and_then(Value::as_str)?.parse().ok()
}

/// Why nobody can say who had what then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AsOfError {
    /// No date.
    #[error(transparent)]
    Unreadable(#[from] LocalTimeError),
    /// Nobody knows the future.
    #[error("{0} has not come yet. Choose today or a day before.")]
    Future(String),
}

/// The moment that somebody means by what they typed: nothing is now, a bare date its end in their zone, or now where
/// that day is not over yet.
///
/// # Errors
/// When it is not a date, names a time that the clocks skip, or has not come yet.
pub fn moment_of(typed: &str, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, AsOfError> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(now);
    }
    let at = local_time::parse(typed, zone, BareDate::End)?;
    let Ok(day) = NaiveDate::parse_from_str(typed, "%Y-%m-%d") else {
        return if at > now { Err(AsOfError::Future(typed.to_owned())) } else { Ok(at) };
    };
    if day > now.with_timezone(&zone).date_naive() {
        return Err(AsOfError::Future(typed.to_owned()));
    }
    // To the last of what the book tells apart.
    Ok((at + TimeDelta::microseconds(999_999)).min(now))
}

#[cfg(test)]
mod tests;
