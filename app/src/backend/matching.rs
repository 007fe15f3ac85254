//! Who and what the words of sources mean here.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::audit::Event;
use domain::id::GrantId;
use domain::person::PersonRef;
use serde::{Deserialize, Serialize};

use super::{Answer, Caller, Saved};

/// What administrators are asked about reports from outside.
#[async_trait]
pub trait Matching: Send + Sync {
    /// What waits for an answer, and what was answered; administrators only.
    async fn waiting(&self, caller: &Caller) -> Answer<Waiting>;
    /// Says who or what is meant by a key, or takes that back; administrators only.
    async fn answer(&self, caller: &Caller, typed: &TypedAlias) -> Answer<Saved>;
}

/// Everything that the page shows.
#[derive(Debug, Clone, Default)]
pub struct Waiting {
    /// Who acted, as far as nobody knows: by source, most frequent first, at most 100.
    pub actors: Vec<Asked>,
    /// On what, likewise.
    pub targets: Vec<Asked>,
    /// Whether there are more than are shown.
    pub is_more: bool,
    /// What was answered, newest first, at most 200.
    pub said: Vec<Said>,
    /// Emails that a form suggests, at most 500.
    pub people: Vec<String>,
    /// Resources and entitlements that a form suggests, at most 500.
    pub things: Vec<String>,
}

/// Reports that wait for one answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Whose reports.
    pub source: String,
    /// Under which key.
    pub key: String,
    /// How many, at most 10,000.
    pub reports: usize,
    /// Whether there are more.
    pub is_more: bool,
    /// When the first of them came in.
    pub first_at: DateTime<Utc>,
    /// The last one.
    pub last: Event,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Said {
    /// `actor` or `target`.
    pub side: &'static str,
    /// Of which source.
    pub source: String,
    /// Under which key.
    pub key: String,
    /// “Ben Okafor”, “read on payments-prod”, “nobody here”.
    pub meaning: String,
    /// Who said so.
    pub by: PersonRef,
    /// When.
    pub at: DateTime<Utc>,
}

/// An answer as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedAlias {
    /// `actor` or `target`.
    pub side: String,
    /// Of which source.
    pub source: String,
    /// Under which key.
    pub key: String,
    /// An email or a name; a resource's slug, with `/` and an entitlement's name behind it or not.
    pub meaning: String,
    /// `is` what is typed, `nobody` here, or `forget` what was said.
    pub choice: String,
}

/// How a grant was used, as far as sources report it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// When last.
    pub last_at: DateTime<Utc>,
    /// How often, as far as was counted.
    pub times: usize,
    /// Whether it was more often.
    pub is_more: bool,
}

/// The use of a request's grant, for those who may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantUsage {
    /// Which grant.
    pub grant: GrantId,
    /// How it was used; `None` where no use is reported.
    pub used: Option<Use>,
}

/// Of those who hold an entitlement, who used it in the last 90 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedBy {
    /// How many did.
    pub users: usize,
    /// How many hold it.
    pub holders: usize,
}

/// What is reported of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceUsage {
    /// Whether anything is.
    pub is_reported: bool,
    /// What no grant covered in the last 90 days, at most 10,000.
    pub uncovered: usize,
    /// Whether there is more.
    pub is_more: bool,
}
