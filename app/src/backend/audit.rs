//! The book.

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::audit::{Event, Outcome};
use domain::id::EventId;
use serde::{Deserialize, Serialize};

use super::{Answer, Caller};

/// Reading the book. Everybody sees what concerns themselves; auditors and administrators see all.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Newest first, 50 a page. `cursor` is the `next` of the page before.
    async fn search(&self, caller: &Caller, query: &AuditQuery, cursor: &str) -> Answer<AuditList>;
    /// One event. Not allowed to see is not found.
    async fn event(&self, caller: &Caller, id: EventId) -> Answer<EventView>;
}

/// The filter bar, as typed. Empty is “all”.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    /// Words, looked for in everything an event says.
    pub q: String,
    /// Part of the name of who acted or whose access it is.
    pub person: String,
    /// Part of the name of a system, resource or entitlement.
    pub resource: String,
    /// A dotted action, or its noun (`grant`).
    pub action: String,
    /// A noun whose actions are left out.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub without: String,
    /// `success`, `denied` or `failure`.
    pub outcome: String,
    /// Local date or date and time.
    pub from: String,
    /// Local date or date and time.
    pub to: String,
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
    /// The cursor of the next page; empty at the end.
    pub next: String,
    /// The same by day, kind and outcome; only with the newest page.
    pub tally: Option<Tally>,
    /// Every action that can be chosen, by its word.
    pub actions: Vec<&'static str>,
    /// Whether the caller sees everything or only what concerns themselves.
    pub sees_all: bool,
}

/// What matches, of the newest 10,000.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Days in the reader's zone, oldest first, without gaps; at most the last 90 of what is looked for.
    pub days: Vec<DayTally>,
    /// By what stands before the dot of the action, most first.
    pub groups: Vec<(String, usize)>,
    /// By how they came out.
    pub outcomes: Vec<(Outcome, usize)>,
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
    /// Whether the caller may see the request that it belongs to.
    pub sees_request: bool,
    /// The row as it stands in the book, as indented JSON.
    pub json: String,
}
