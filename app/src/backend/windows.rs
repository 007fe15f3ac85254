//! Change windows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::id::{RequestId, WindowId};
use domain::person::PersonRef;
use serde::{Deserialize, Serialize};

use super::{Answer, Caller};

/// Named times in which systems are changed: auditors and administrators read them, administrators make them.
#[async_trait]
pub trait Windows: Send + Sync {
    /// All of them, the latest first, and what can be chosen for another.
    async fn list(&self, caller: &Caller) -> Answer<WindowList>;
    /// One, with what was used in it.
    async fn show(&self, caller: &Caller, id: WindowId) -> Answer<WindowView>;
    /// Adds one; answers which.
    async fn add(&self, caller: &Caller, typed: &TypedWindow) -> Answer<WindowId>;
    /// What a file of windows would come to; nothing is kept.
    async fn check(&self, caller: &Caller, csv: &str) -> Answer<PlannedFile>;
    /// Adds all windows of a file, or none: those that are there already are left alone. Or only checks it. What comes to
    /// something else than was checked is a conflict.
    async fn take(&self, caller: &Caller, typed: &TypedWindowFile) -> Answer<Taken>;
    /// Deletes one: nothing is in it any more, and what happened stays.
    async fn delete(&self, caller: &Caller, typed: &TypedWindowEnd) -> Answer<()>;
}

/// Every window.
#[derive(Debug, Clone)]
pub struct WindowList {
    /// The latest first, at most 200.
    pub windows: Vec<WindowRow>,
    /// What can be chosen for another: slug and name of systems.
    pub systems: Vec<(String, String)>,
    /// Whether the caller may add and delete them.
    pub may_edit: bool,
}

/// One row of windows.
#[derive(Debug, Clone)]
pub struct WindowRow {
    /// Which.
    pub id: WindowId,
    /// For people.
    pub name: String,
    /// Its first moment.
    pub starts_at: DateTime<Utc>,
    /// The first moment after it.
    pub ends_at: DateTime<Utc>,
    /// The systems that it is of; none is all.
    pub systems: Vec<String>,
}

/// A window of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedWindow {
    /// For people.
    pub name: String,
    /// Its first moment.
    pub starts_at: DateTime<Utc>,
    /// The first moment after it.
    pub ends_at: DateTime<Utc>,
    /// The systems that it is of; none is all.
    pub systems: Vec<String>,
    /// Whether it is there already, just so.
    pub is_there: bool,
}

/// What became of a file of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It can be added; nothing was.
    Checked,
    /// So many were added.
    Added(usize),
}

/// A window's page.
#[derive(Debug, Clone)]
pub struct WindowView {
    /// The row that lists show.
    pub row: WindowRow,
    /// What was used in it, what nothing covered first; at most 500 kinds of use.
    pub inside: Vec<UsedRow>,
    /// What was used on the same systems within a day before and after it.
    pub around: Vec<UsedRow>,
    /// Events that have come in and are not looked at yet.
    pub unread: usize,
    /// Whether the caller may delete it.
    pub may_edit: bool,
}

/// Use of one permission by one person.
#[derive(Debug, Clone)]
pub struct UsedRow {
    /// The name as the source wrote it.
    pub actor: String,
    /// Who that is, where it is known.
    pub person: Option<PersonRef>,
    /// “read on payments-prod”, or the system alone.
    pub what: String,
    /// How often.
    pub events: usize,
    /// How often a grant covered it.
    pub covered: usize,
    /// How often none did.
    pub uncovered: usize,
    /// The requests of those grants.
    pub requests: Vec<RequestId>,
}

/// A window as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedWindow {
    /// For people.
    pub name: String,
    /// A local date, or date and time.
    pub start: String,
    /// A local date, or date and time; a bare date takes in all of its day.
    pub end: String,
    /// Slugs of systems; none is all.
    pub systems: Vec<String>,
}

/// What a file of windows would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Each, in the order of the file.
    pub windows: Vec<PlannedWindow>,
    /// Another as soon as it would come to something else.
    pub mark: String,
}

/// A file of windows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedWindowFile {
    /// CSV with a header line.
    pub csv: String,
    /// `add`; anything else only checks it.
    pub step: String,
    /// The mark of what was checked ([`PlannedFile::mark`]).
    pub checked: String,
}

/// A window to be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedWindowEnd {
    /// Which.
    pub id: String,
}
