//! Exports that are prepared in the background.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::export::ExportState;
use serde::{Deserialize, Serialize};

use super::{Answer, Caller};

/// Exports of the book that are prepared while nobody waits. Everybody has their own.
#[async_trait]
pub trait Exports: Send + Sync {
    /// The caller's own, newest first.
    async fn list(&self, caller: &Caller) -> Answer<Vec<ExportRow>>;
    /// Asks for one, of what the caller may see.
    async fn prepare(&self, caller: &Caller, typed: &TypedExport) -> Answer<()>;
    /// Cancels one that is under way, or deletes one that is over, with its file.
    async fn end(&self, caller: &Caller, typed: &TypedExportEnd) -> Answer<ExportEnd>;
    /// What the caller has not heard of yet.
    async fn news(&self, caller: &Caller) -> Answer<ExportNews>;
}

/// One of the caller's exports.
#[derive(Debug, Clone)]
pub struct ExportRow {
    /// Which.
    pub id: String,
    /// As it is written; empty is everything.
    pub query: String,
    /// The word of its format.
    pub format: String,
    /// Whether it holds what the whole book says, or only what concerns the caller.
    pub sees_all: bool,
    /// How it is.
    pub state: ExportState,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// When the file is let go, or was.
    pub expires_at: Option<DateTime<Utc>>,
    /// Events that stand in the file so far.
    pub written: u64,
    /// How many there will be, where somebody knows.
    pub expected: Option<u64>,
    /// What was written last had been recorded then; newest come first.
    pub reached_at: Option<DateTime<Utc>>,
    /// What the file takes here, compressed.
    pub bytes: u64,
    /// Why there is no file.
    pub reason: Option<String>,
    /// When it was fetched last.
    pub fetched_at: Option<DateTime<Utc>>,
}

/// What has become of an export that nobody wants any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportEnd {
    /// It was under way.
    Cancelled,
    /// It was over.
    Deleted,
}

/// What the caller has not heard of yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportNews {
    /// Files that are there and were never fetched.
    pub ready: usize,
    /// Where there will be none.
    pub failed: usize,
}

/// An export as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedExport {
    /// The query; empty is everything.
    pub query: String,
    /// `csv`, `jsonl` or `ocsf`.
    pub format: String,
}

/// An export that nobody wants any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedExportEnd {
    /// Which.
    pub id: String,
    /// Whether it was under way when that was said: a file that is ready since is not thrown away with it.
    pub cancels: bool,
}
