//! The book.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use domain::audit::query::{Context, Query};
use domain::audit::{Event, Outcome};
use domain::id::{EventId, RequestId};
use domain::person::PersonRef;

use super::{Answer, Caller};

/// Reading the book. Everybody sees what concerns themselves; auditors and administrators see all.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Newest first, 50 a page.
    async fn search(&self, caller: &Caller, query: &Query, page: &AuditPage) -> Answer<AuditList>;
    /// One event. Not allowed to see is not found.
    async fn event(&self, caller: &Caller, id: EventId) -> Answer<EventView>;
}

/// What times in a query of this caller's are resolved against.
pub fn context_of(caller: &Caller) -> Context {
    Context { now: caller.called_at, zone: caller.time_zone }
}

/// Which page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AuditPage {
    /// What was recorded last.
    #[default]
    Newest,
    /// Behind the last event of another page: its `next`.
    OlderThan(String),
    /// Before the first event of another page: its `previous`.
    NewerThan(String),
}

/// A page of the book.
#[derive(Debug, Clone, Default)]
pub struct AuditList {
    /// At most 50, newest first.
    pub events: Vec<Event>,
    /// How many match, counted to 10,000.
    pub total: usize,
    /// Whether there are more than were counted.
    pub is_more: bool,
    /// The cursor of the next page, older; empty at the end.
    pub next: String,
    /// The cursor of the page before, newer; empty at the beginning.
    pub previous: String,
    /// The same by day, kind and outcome; only with the newest page.
    pub tally: Option<Tally>,
    /// The position up to which all that matches is there; only with the newest page.
    pub position: i64,
    /// How far was looked, where that was not enough to fill the page; from there it goes on.
    pub looked_to: Option<DateTime<Utc>>,
    /// So many events have come in and are not found yet.
    pub unfound: usize,
    /// How far behind it was read, where it was read of a copy; 0 where nothing is missing.
    pub behind_seconds: u64,
}

/// What matches, of the newest 10,000.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Days in the reader's zone, oldest first, without gaps; at most the last 90 of what is looked for.
    pub days: Vec<DayTally>,
    /// By what stands before the dot of the action, most first.
    pub groups: Vec<(String, usize)>,
    /// By how they came out, most first.
    pub outcomes: Vec<(Outcome, usize)>,
    /// By who acted, the most frequent first.
    pub actors: Vec<(String, usize)>,
    /// By system, the most frequent first.
    pub systems: Vec<(String, usize)>,
}

/// One day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTally {
    /// Which.
    pub day: NaiveDate,
    /// How many events.
    pub count: usize,
}

/// An event's page.
#[derive(Debug, Clone)]
pub struct EventView {
    /// The event.
    pub event: Event,
    /// Others of the same request or grant, oldest first, at most 100, this one among them.
    pub thread: Vec<Event>,
    /// The request that it belongs to, or of the grant that covered it; where the caller may see it.
    pub request: Option<RequestId>,
    /// Its position in the book; `None` for the moment until it has one.
    pub position: Option<i64>,
    /// Who acted, where a report names somebody who is known.
    pub person: Option<PersonRef>,
    /// Whether a grant covered it, where that is a question.
    pub covered: Option<bool>,
    /// The row as it stands in the book, as indented JSON.
    pub json: String,
}
