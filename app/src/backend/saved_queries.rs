//! Queries of the book that are kept under a name.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Answer, Caller};

/// Saved queries: one's own, and those that auditors and administrators share with each other.
#[async_trait]
pub trait SavedQueries: Send + Sync {
    /// Those that the caller sees, their own first.
    async fn list(&self, caller: &Caller) -> Answer<SavedQueryList>;
    /// Saves one, or changes the name of one's own and who sees it.
    async fn save(&self, caller: &Caller, typed: &TypedSavedQuery) -> Answer<()>;
    /// Deletes one's own; administrators delete shared ones of others, too.
    async fn delete(&self, caller: &Caller, typed: &TypedSavedQueryEnd) -> Answer<()>;
}

/// What the caller sees of them.
#[derive(Debug, Clone, Default)]
pub struct SavedQueryList {
    /// Own ones first, each by name.
    pub queries: Vec<SavedQueryRow>,
    /// Whether the caller may share with those who read the whole book.
    pub may_share: bool,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct SavedQueryRow {
    /// Which.
    pub id: String,
    /// For people.
    pub name: String,
    /// As it is written.
    pub query: String,
    /// The columns that it is looked at with; empty are sentences.
    pub columns: String,
    /// Whether all who read the whole book see it.
    pub is_shared: bool,
    /// Whose it is, where it is somebody else's.
    pub owner: Option<String>,
    /// Whether the caller may change it.
    pub may_change: bool,
    /// Whether the caller may delete it.
    pub may_delete: bool,
}

/// A query to be saved, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSavedQuery {
    /// Which one is changed; empty for another.
    pub id: String,
    /// For people.
    pub name: String,
    /// The query that the page shows: what is saved, and where the form stands.
    pub query: String,
    /// Its columns, likewise.
    pub columns: String,
    /// `on` to share it.
    pub shared: String,
}

/// A saved query to be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSavedQueryEnd {
    /// Which.
    pub id: String,
    /// The query that the page shows, where the form stands.
    pub query: String,
    /// Its columns.
    pub columns: String,
}
