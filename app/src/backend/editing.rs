//! Editing the catalogue.

use async_trait::async_trait;
use domain::id::PersonId;
use domain::person::PersonRef;
use serde::{Deserialize, Serialize};

use super::{Answer, Caller};

/// Changing what can be asked for: for owners and administrators.
#[async_trait]
pub trait Editing: Send + Sync {
    /// A resource as its editors see it. Not found, or forbidden where the caller only sees it.
    async fn resource(&self, caller: &Caller, slug: &str) -> Answer<ResourceEdit>;
    /// One of its entitlements as its editors see it; an empty `id` is one to be added.
    async fn entitlement(&self, caller: &Caller, slug: &str, id: &str) -> Answer<EntitlementEdit>;
    /// Saves a resource. A conflict where it stands otherwise than when the form was opened.
    async fn save_resource(&self, caller: &Caller, typed: &TypedResource) -> Answer<Saved>;
    /// Saves an entitlement or adds one.
    async fn save_entitlement(&self, caller: &Caller, typed: &TypedEntitlement) -> Answer<Saved>;
    /// Deletes a resource or an entitlement: pending requests are denied, and live access is taken away.
    async fn delete(&self, caller: &Caller, typed: &TypedDeletion) -> Answer<()>;
    /// What somebody is called on the systems that the caller looks after, by system; nothing for oneself.
    async fn accounts(&self, caller: &Caller, person: PersonId) -> Answer<Vec<AccountRow>>;
    /// Sets what somebody is called on a system; never for oneself.
    async fn set_account(&self, caller: &Caller, typed: &TypedAccount) -> Answer<Saved>;
    /// Looser rules of what the caller looks after that wait for a second person, oldest first.
    async fn proposals(&self, caller: &Caller) -> Answer<Vec<Proposal>>;
    /// Confirms or rejects looser rules; whoever proposed them can only withdraw them.
    async fn answer(&self, caller: &Caller, typed: &TypedAnswer) -> Answer<()>;
}

/// What came of saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is in force.
    Done,
    /// Nothing was different.
    Unchanged,
    /// It is looser than before, and waits for a second person.
    Proposed,
}

/// A resource to be edited, as typed. All optional parts may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedResource {
    /// Which; empty for a new one.
    pub slug: String,
    /// How it stood when the form was opened; empty for a new one.
    pub version: String,
    /// The slug of the system for a new one.
    pub system: String,
    /// A slug for a new one; empty is one made of the name.
    pub address: String,
    /// For people.
    pub name: String,
    /// What it is.
    pub description: String,
    /// `production`, `staging`, …
    pub environment: String,
    /// A sensitivity's word.
    pub sensitivity: String,
    /// Separated by commas.
    pub tags: String,
    /// A span; empty is without a limit of its own.
    pub access_max: String,
    /// Emails, one to a line.
    pub owners: String,
}

/// An entitlement to be edited or added, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedEntitlement {
    /// The resource's slug.
    pub slug: String,
    /// Which; empty for a new one.
    pub id: String,
    /// How it stood when the form was opened; empty for a new one.
    pub version: String,
    /// For people.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// What it is called at the target.
    pub target: String,
    /// A span; empty is without a limit of its own.
    pub access_max: String,
    /// A span.
    pub pending_for: String,
    /// `on` or empty.
    pub rationale_required: String,
    /// Emails, one to a line.
    pub owners: String,
}

/// What is deleted, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedDeletion {
    /// The resource's slug.
    pub slug: String,
    /// The entitlement; empty for the resource itself.
    pub id: String,
    /// Why; it stands in the book.
    pub reason: String,
}

/// An answer to looser rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedAnswer {
    /// The proposal.
    pub id: String,
    /// `confirm` or `reject`.
    pub verdict: String,
    /// Why; may be empty.
    pub reason: String,
    /// The page that the form stands on.
    pub back: String,
}

/// What somebody is called on a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The system's id.
    pub system_id: String,
    /// The system's name.
    pub system: String,
    /// Their account there; empty where they have none.
    pub name: String,
}

/// An account to be set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedAccount {
    /// The person's id.
    pub person: String,
    /// The system's id.
    pub system: String,
    /// What they are called there; empty takes the account away.
    pub account: String,
}

/// What deleting would end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtStake {
    /// Live grants.
    pub grants: usize,
    /// Pending requests.
    pub requests: usize,
}

/// A resource to be edited.
#[derive(Debug, Clone)]
pub struct ResourceEdit {
    /// For people.
    pub name: String,
    /// Its system's name.
    pub system: String,
    /// The system's page, for those who look after it.
    pub system_path: Option<String>,
    /// As it stands.
    pub typed: TypedResource,
    /// What can be held on it: id and name.
    pub entitlements: Vec<(String, String)>,
    /// What deleting it would end.
    pub at_stake: AtStake,
    /// Whether the sign-in is too old for rules and owners.
    pub sign_in_again: bool,
    /// Looser rules that wait for a second person.
    pub proposal: Option<Proposal>,
    /// Who could confirm looser rules, the caller aside; with nobody they are in force at once, and flagged.
    pub seconds: Vec<PersonRef>,
}

/// An entitlement to be edited or added.
#[derive(Debug, Clone)]
pub struct EntitlementEdit {
    /// The resource's name.
    pub resource: String,
    /// Its system's name.
    pub system: String,
    /// Whether people, not a connector, open and close access there.
    pub is_manual: bool,
    /// For people; empty for a new one.
    pub name: String,
    /// As it stands.
    pub typed: TypedEntitlement,
    /// What deleting it would end.
    pub at_stake: AtStake,
    /// Whether the sign-in is too old for rules and owners.
    pub sign_in_again: bool,
    /// Looser rules that wait for a second person.
    pub proposal: Option<Proposal>,
    /// Who could confirm looser rules, the caller aside; with nobody they are in force at once, and flagged.
    pub seconds: Vec<PersonRef>,
}

/// Looser rules that wait for a second person.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Which.
    pub id: String,
    /// The page with the form of what it is about.
    pub path: String,
    /// “payments-prod” or “read on payments-prod”.
    pub label: String,
    /// Who proposed it.
    pub proposed_by: PersonRef,
    /// When.
    pub proposed_at: chrono::DateTime<chrono::Utc>,
    /// “longest access: 4 hours → 8 hours”.
    pub changes: Vec<String>,
    /// Whether the caller may confirm it; whoever proposed it may only withdraw it.
    pub may_confirm: bool,
}
