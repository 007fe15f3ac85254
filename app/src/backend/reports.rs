//! Reports for auditors.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::audit::Event;
use domain::audit::query::Query;
use domain::holding::Holding;
use domain::person::PersonRef;
use domain::report::{Days, Table};

use super::{Answer, Caller};
use crate::error::FieldError;

/// What auditors ask for first; for auditors and administrators.
#[async_trait]
pub trait Reports: Send + Sync {
    /// The report on a period.
    async fn period(&self, caller: &Caller, typed: &TypedPeriod) -> Answer<PeriodView>;
}

/// A period and a scope, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedPeriod {
    /// The first day; nothing is that of this quarter.
    pub from: String,
    /// The last day; nothing is that of this quarter.
    pub to: String,
    /// A system's slug; nothing is every system.
    pub system: String,
    /// An environment; nothing is all.
    pub environment: String,
    /// A tag; nothing is all.
    pub tag: String,
    /// The least sensitivity; nothing is all.
    pub sensitivity: String,
}

/// The report's page.
#[derive(Debug, Clone)]
pub struct PeriodView {
    /// What the report can be narrowed to: slug and name of systems.
    pub systems: Vec<(String, String)>,
    /// And to which environments.
    pub environments: Vec<String>,
    /// And to which tags.
    pub tags: Vec<String>,
    /// The report, or what is wrong with what was typed.
    pub report: Result<PeriodReport, Vec<FieldError>>,
}

/// The report.
#[derive(Debug, Clone)]
pub struct PeriodReport {
    /// Of which days.
    pub days: Days,
    /// “Payments database, sensitivity high and above”; `None` is everything.
    pub scope: Option<String>,
    /// Up to which position the book was read about who held what.
    pub read_to: usize,
    /// How many newer events of the book are still to be read.
    pub unread: usize,
    /// In the order of the page.
    pub tables: Vec<PeriodTable>,
}

/// One table of it.
#[derive(Debug, Clone)]
pub struct PeriodTable {
    /// Which.
    pub table: Table,
    /// What it counts, shows and exports.
    pub query: Query,
    /// How many events, counted to 10,000.
    pub total: usize,
    /// Whether there are more than were counted.
    pub is_more: bool,
    /// The newest, at most 200.
    pub rows: Vec<PeriodRow>,
}

/// One row: an event with what the book says besides.
#[derive(Debug, Clone)]
pub struct PeriodRow {
    /// The event.
    pub event: Event,
    /// The access that it is about, where that was ever open.
    pub holding: Option<Holding>,
    /// Whether the book was read up to this event about who held what.
    pub is_read: bool,
    /// Whether the caller may see the request.
    pub sees_request: bool,
    /// Who acted, where a report names somebody who is known.
    pub person: Option<PersonRef>,
    /// Of somebody who left.
    pub left: Option<LeftBehind>,
}

/// What became of the access of somebody who left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftBehind {
    /// How much they held then.
    pub held: usize,
    /// How much of it is open still.
    pub open: usize,
    /// When the last of what is closed was closed.
    pub last_closed_at: Option<DateTime<Utc>>,
}
