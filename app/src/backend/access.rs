//! Holding access, giving it back, taking it away, and doing by hand what no connector does.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, GrantId, RequestId};
use domain::person::PersonRef;

use super::{Answer, BundleRow, Caller, RequestRow, What};

/// Live access.
#[async_trait]
pub trait Access: Send + Sync {
    /// What waits for the caller, what they hold, what they have asked for.
    async fn home(&self, caller: &Caller) -> Answer<Home>;
    /// Ends the caller's own access before its time.
    async fn give_back(&self, caller: &Caller, id: GrantId) -> Answer<()>;
    /// Takes somebody's access away, as owner or administrator, with a reason.
    async fn revoke(&self, caller: &Caller, id: GrantId, reason: &str) -> Answer<()>;
    /// What the caller, as an owner, has to do by hand or look into.
    async fn tasks(&self, caller: &Caller) -> Answer<Vec<Task>>;
    /// Says that a manual task is done: access was opened, or is gone. Never by its holder.
    async fn attest(&self, caller: &Caller, id: GrantId, note: &str) -> Answer<()>;
    /// Asks for the next try of a failed task now.
    async fn retry(&self, caller: &Caller, id: GrantId) -> Answer<()>;
}

/// The start page.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// Requests that wait for the caller's decision, counted to 100.
    pub to_decide: usize,
    /// Tasks that wait for the caller as an owner.
    pub tasks: usize,
    /// Access of the caller's reports, and on what they own, that no job role explains any more.
    pub unexplained: usize,
    /// What the caller holds, what ends first on top.
    pub held: Vec<HeldGrant>,
    /// The caller's pending requests, newest first.
    pub open: Vec<RequestRow>,
    /// What to begin with, for somebody who holds nothing and has asked for nothing.
    pub start: Option<Start>,
}

/// What somebody's job roles explain and they do not hold.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Their job roles.
    pub job_roles: Vec<String>,
    /// The bundle that fits best.
    pub bundle: Option<BundleRow>,
    /// What else is explained, by name.
    pub others: Vec<(EntitlementId, What)>,
}

/// A live grant of the caller's.
#[derive(Debug, Clone)]
pub struct HeldGrant {
    /// Which.
    pub id: GrantId,
    /// What.
    pub what: What,
    /// `scheduled`, `activating`, `active`, `ending`, …
    pub state: String,
    /// When it begins, while scheduled.
    pub start_at: Option<DateTime<Utc>>,
    /// Since when it is active.
    pub active_since: Option<DateTime<Utc>>,
    /// Its end, once known.
    pub until: Option<DateTime<Utc>>,
    /// The name of the account that has it.
    pub account: Option<String>,
    /// What it was granted under; `None` for imported access.
    pub request: Option<RequestId>,
    /// Whether it was found beforehand and never approved here.
    pub is_imported: bool,
    /// Why the last try failed, in words for its holder.
    pub trouble: Option<String>,
    /// Whether it can be given back now.
    pub may_give_back: bool,
    /// Whether it can be renewed now.
    pub may_renew: bool,
    /// The pending request that would renew it.
    pub renewal: Option<RequestId>,
}

/// Something for an owner to do.
#[derive(Debug, Clone)]
pub struct Task {
    /// The grant it is about.
    pub grant: GrantId,
    /// What.
    pub what: What,
    /// Whose.
    pub person: PersonRef,
    /// Their account on the system, if known.
    pub account: Option<String>,
    /// What is to be done.
    pub kind: TaskKind,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// By when it should be done.
    pub due: Option<DateTime<Utc>>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next.
    pub next_try_at: Option<DateTime<Utc>>,
    /// Whether the caller is its holder and so may not attest it.
    pub is_own: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskKind {
    /// Open access by hand.
    OpenByHand,
    /// Close access by hand.
    CloseByHand,
    /// A connector could not open it.
    OpeningFailed,
    /// A connector could not close it.
    ClosingFailed,
}
