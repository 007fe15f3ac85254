//! Who had what.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::holding::Holding;
use domain::id::PersonId;

use super::{Answer, Caller};
use crate::error::FieldError;

/// Who had what at a moment, as the book says. People see their own, that of those who report to them and on what they
/// own; auditors and administrators see all.
#[async_trait]
pub trait Holdings: Send + Sync {
    /// What one person had, as far as the caller may see it.
    async fn of_person(&self, caller: &Caller, id: PersonId, asked: &AsOf) -> Answer<HeldView>;
    /// Who had something on one resource, as far as the caller may see it.
    async fn of_resource(&self, caller: &Caller, slug: &str, asked: &AsOf) -> Answer<HeldView>;
    /// Everything; for auditors and administrators.
    async fn of_all(&self, caller: &Caller, asked: &AsOf) -> Answer<HeldView>;
}

/// What was asked for, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AsOf {
    /// A local date, or date and time; a bare date means its end, nothing means now.
    pub date: String,
    /// The `next` of another page.
    pub older: String,
}

/// What there was.
#[derive(Debug, Clone)]
pub struct HeldView {
    /// Of what: the name of a person or resource; `None` for everything.
    pub of: Option<String>,
    /// Whether the caller sees only a part.
    pub is_narrowed: bool,
    /// What there was, or what is wrong with the date.
    pub held: Result<Held, FieldError>,
}

/// One page of what there was.
#[derive(Debug, Clone)]
pub struct Held {
    /// The moment.
    pub at: DateTime<Utc>,
    /// At most 100, opened last first.
    pub rows: Vec<HeldRow>,
    /// How much there was, counted to 10,000.
    pub total: usize,
    /// Whether there was more than was counted.
    pub is_more: bool,
    /// The cursor of the next page, opened earlier; empty at the end.
    pub next: String,
    /// Up to which position the book was read.
    pub read_to: usize,
    /// How many newer events of the book are still to be read.
    pub unread: usize,
}

/// Access that somebody had then.
#[derive(Debug, Clone)]
pub struct HeldRow {
    /// As the book says, with the names as of its opening.
    pub holding: Holding,
    /// The resource in addresses; `None` where it is gone.
    pub resource_slug: Option<String>,
    /// Whether the caller may see the request.
    pub sees_request: bool,
}
