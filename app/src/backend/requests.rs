//! Asking for access.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::catalogue::Sensitivity;
use domain::id::{EntitlementId, GrantId, RequestId, SubmissionId};
use domain::person::PersonRef;
use domain::policy::Deciders;
use domain::request::{Limit, Window};
use serde::{Deserialize, Serialize};

use super::{Answer, Caller, GrantUsage, UsualTime};

/// Filing, following and taking back requests.
#[async_trait]
pub trait Requests: Send + Sync {
    /// What the form needs to know about what is to be asked for.
    async fn form(&self, caller: &Caller, wanted: &Wanted) -> Answer<RequestForm>;
    /// Files one request per entitlement, all or none; each has its own deciders.
    async fn submit(&self, caller: &Caller, typed: &TypedRequest) -> Answer<SubmissionId>;
    /// The caller's own requests, newest first. `before` is the cursor of the page before.
    async fn mine(&self, caller: &Caller, before: Option<RequestId>) -> Answer<RequestList>;
    /// One request with its thread. Not allowed to see is not found.
    async fn show(&self, caller: &Caller, id: RequestId) -> Answer<RequestView>;
    /// The requests of one submission of the caller's.
    async fn submission(&self, caller: &Caller, id: SubmissionId) -> Answer<Vec<RequestRow>>;
    /// Takes back an own pending request.
    async fn cancel(&self, caller: &Caller, id: RequestId) -> Answer<()>;
}

/// What is to be asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Single entitlements.
    pub entitlements: Vec<EntitlementId>,
    /// A bundle's slug, or empty.
    pub bundle: String,
    /// The running grant to renew.
    pub renew: Option<GrantId>,
}

/// What the form shows beside its fields.
#[derive(Debug, Clone)]
pub struct RequestForm {
    /// What is asked for, each with its own rules.
    pub items: Vec<RequestFormItem>,
    /// The strictest limit over all items.
    pub limit: Option<Limit>,
    /// Whether any item needs a rationale.
    pub rationale_required: bool,
    /// The bundle's name, if one is asked for.
    pub bundle: Option<String>,
    /// What is renewed, and from when the new access would count.
    pub renewal: Option<Renewal>,
}

/// What a renewal continues.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// The running grant.
    pub grant: GrantId,
    /// Where it ends and the renewal would start.
    pub starts_at: DateTime<Utc>,
    /// Since when it has been held without a break.
    pub held_since: DateTime<Utc>,
    /// What was said the last time.
    pub rationale: Option<String>,
}

/// One entitlement on the form.
#[derive(Debug, Clone)]
pub struct RequestFormItem {
    /// Which.
    pub entitlement_id: EntitlementId,
    /// Its name.
    pub entitlement: String,
    /// What it is for; may be empty.
    pub purpose: String,
    /// In addresses.
    pub resource_slug: String,
    /// For people.
    pub resource: String,
    /// For people.
    pub system: String,
    /// How much harm wrong access can do.
    pub sensitivity: Sensitivity,
    /// Who would decide.
    pub deciders: Deciders,
    /// Its limit.
    pub limit: Option<Limit>,
    /// How long decisions usually take.
    pub usual: Option<UsualTime>,
    /// What stands in the way of asking for it, with where to go instead.
    pub obstacle: Option<Obstacle>,
}

/// What stands in the way, and the way round it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// A sentence.
    pub message: String,
    /// A path with what the link to it says.
    pub way_out: Option<(String, String)>,
}

/// What was typed, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedRequest {
    /// Entitlement ids, separated by commas.
    pub entitlements: String,
    /// The bundle they came from; may be empty.
    pub bundle: String,
    /// The grant to renew; may be empty.
    pub renew: String,
    /// Why.
    pub rationale: String,
    /// A ticket elsewhere; may be empty.
    pub ticket: String,
    /// `duration` or `until`.
    pub ends: String,
    /// “4 hours”.
    pub duration: String,
    /// A local date, or date and time.
    pub until: String,
    /// A local date, or date and time; empty is as soon as possible.
    pub start: String,
}

/// A page of requests.
#[derive(Debug, Clone, Default)]
pub struct RequestList {
    /// At most 50.
    pub rows: Vec<RequestRow>,
    /// The cursor for the next page, if there is one.
    pub next: Option<RequestId>,
}

/// One request in a list.
#[derive(Debug, Clone)]
pub struct RequestRow {
    /// Which.
    pub id: RequestId,
    /// What was asked for.
    pub what: What,
    /// Whose access it would be.
    pub beneficiary: PersonRef,
    /// `pending`, `approved`, …
    pub state: String,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When it must be decided; `None` of history, which does not say.
    pub decide_by: Option<DateTime<Utc>>,
    /// Whether it was brought in as history: decided elsewhere, and nothing more is recorded.
    pub is_imported: bool,
    /// When it was decided or closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Who decides, while it is pending.
    pub deciders: Option<Deciders>,
    /// Its grant, once approved.
    pub grant: Option<GrantBrief>,
    /// Whether it goes on with access that was held.
    pub is_renewal: bool,
}

/// An entitlement with its resource and system, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct What {
    /// The entitlement's name.
    pub entitlement: String,
    /// The resource's name.
    pub resource: String,
    /// In addresses.
    pub resource_slug: String,
    /// The system's name.
    pub system: String,
    /// How much harm wrong access can do.
    pub sensitivity: Sensitivity,
}

/// A grant where only its standing matters.
#[derive(Debug, Clone)]
pub struct GrantBrief {
    /// Which.
    pub id: GrantId,
    /// `active`, `ended`, …
    pub state: String,
    /// Its end, once known.
    pub until: Option<DateTime<Utc>>,
}

/// A request's page.
#[derive(Debug, Clone)]
pub struct RequestView {
    /// The row that lists show.
    pub row: RequestRow,
    /// Who filed it.
    pub requester: PersonRef,
    /// Why.
    pub rationale: Option<String>,
    /// A ticket elsewhere.
    pub ticket: Option<String>,
    /// What was asked for; `None` of history, which does not say.
    pub asked: Option<Window>,
    /// What was given, if it was approved.
    pub given: Option<Window>,
    /// Since when the beneficiary has held this without a break; told of renewals.
    pub held_since: Option<DateTime<Utc>>,
    /// The end of the access that this renews.
    pub renewed_until: Option<DateTime<Utc>>,
    /// Others of the same submission.
    pub siblings: Vec<RequestRow>,
    /// What has happened, oldest first.
    pub thread: Vec<ThreadStep>,
    /// What comes next, in words; empty when nothing does.
    pub next: Vec<String>,
    /// How its grant is used, for those who may see that.
    pub usage: Option<GrantUsage>,
    /// Whether the caller may take it back.
    pub may_cancel: bool,
    /// Whether the caller may decide it now.
    pub may_decide: bool,
    /// Whether the caller may end the grant as its holder.
    pub may_give_back: bool,
    /// Whether the caller may take the grant away as owner or administrator.
    pub may_revoke: bool,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct ThreadStep {
    /// When.
    pub at: DateTime<Utc>,
    /// When it began, where that was a step before.
    pub began_at: Option<DateTime<Utc>>,
    /// How often, one after the other.
    pub times: usize,
    /// A dotted action, for its mark.
    pub action: String,
    /// `success`, `denied` or `failure`.
    pub outcome: String,
    /// “Ana Ruiz approved”.
    pub sentence: String,
    /// What was said, quoted as written.
    pub said: Option<String>,
    /// `imported` where it was not recorded by Gatebook itself.
    pub origin: String,
}
