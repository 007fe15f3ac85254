//! Deciding.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::id::RequestId;
use domain::person::PersonRef;
use domain::policy::Deciders;
use domain::request::{Pressing, Window};
use serde::{Deserialize, Serialize};

use super::{Answer, Caller, What};

/// The queue of one approver.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// How many requests wait for the caller, counted to 100.
    async fn count(&self, caller: &Caller) -> Answer<usize>;
    /// What waits for the caller, oldest first, at most 100.
    async fn queue(&self, caller: &Caller) -> Answer<Vec<QueueRow>>;
    /// Everything needed to decide one of them; not found unless it waits for the caller.
    async fn item(&self, caller: &Caller, id: RequestId) -> Answer<QueueItem>;
    /// Approves or denies.
    async fn decide(&self, caller: &Caller, typed: &TypedDecision) -> Answer<()>;
}

/// One row of the queue.
#[derive(Debug, Clone)]
pub struct QueueRow {
    /// Which request.
    pub id: RequestId,
    /// Who would get the access.
    pub beneficiary: PersonRef,
    /// What is asked for.
    pub what: What,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When it must be decided.
    pub decide_by: DateTime<Utc>,
    /// Why it should be decided soon.
    pub pressing: Option<Pressing>,
    /// Whether it goes on with access that is held.
    pub is_renewal: bool,
    /// For how long.
    pub asked: Window,
}

/// One open request with what speaks for and against it.
#[derive(Debug, Clone)]
pub struct QueueItem {
    /// The row that the list shows.
    pub row: QueueRow,
    /// Who filed it.
    pub requester: PersonRef,
    /// Their title; may be empty.
    pub title: String,
    /// Their department; may be empty.
    pub department: String,
    /// Their manager.
    pub manager: Option<PersonRef>,
    /// Their zone, where it is not the caller's.
    pub their_time_zone: Option<chrono_tz::Tz>,
    /// Why.
    pub rationale: Option<String>,
    /// A ticket elsewhere.
    pub ticket: Option<String>,
    /// When the access would end if approved now.
    pub would_end_at: DateTime<Utc>,
    /// Other access of theirs on the same system: “admin on ledger-prod, until …”.
    pub holds: Vec<HeldLine>,
    /// The job roles of theirs that explain this.
    pub explained_by: Vec<String>,
    /// Whether they have any job role at all, so that “not explained” means something.
    pub has_job_roles: bool,
    /// How many of the same department hold it; `None` under five.
    pub peers: Option<usize>,
    /// Since when they have held it without a break.
    pub held_since: Option<DateTime<Utc>>,
    /// The end of the access that this renews.
    pub renewed_until: Option<DateTime<Utc>>,
    /// Their earlier requests for the same, newest first, at most 5.
    pub earlier: Vec<EarlierRequest>,
    /// Who else could decide.
    pub deciders: Deciders,
    /// Whether an approval, too, needs a summary.
    pub summary_required: bool,
    /// Whether the sign-in is too old to decide this.
    pub sign_in_again: bool,
}

/// Something held.
#[derive(Debug, Clone)]
pub struct HeldLine {
    /// The entitlement's name.
    pub entitlement: String,
    /// The resource's name.
    pub resource: String,
    /// Its end.
    pub until: Option<DateTime<Utc>>,
}

/// How an earlier request for the same came out.
#[derive(Debug, Clone)]
pub struct EarlierRequest {
    /// Which.
    pub id: RequestId,
    /// `approved`, `denied`, …
    pub state: String,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// What the decision said.
    pub summary: Option<String>,
}

/// What was typed, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedDecision {
    /// The request.
    pub id: String,
    /// `approve` or `deny`.
    pub verdict: String,
    /// Why.
    pub summary: String,
    /// A shorter end (local date and time) or duration; empty is as asked.
    pub shorter: String,
}
