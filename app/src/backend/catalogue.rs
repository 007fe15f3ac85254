//! What can be asked for.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::catalogue::Sensitivity;
use domain::id::{EntitlementId, GrantId, RequestId};
use domain::person::PersonRef;
use domain::policy::Deciders;
use domain::request::Limit;
use domain::span::Span;

use super::{Answer, Caller, ResourceUsage, UsedBy};

/// The catalogue, as one person may see it.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// The resources that match, by system and name.
    async fn browse(&self, caller: &Caller, query: &CatalogueQuery) -> Answer<CatalogueList>;
    /// One resource with its entitlements. Hidden and missing ones are both not found.
    async fn resource(&self, caller: &Caller, slug: &str) -> Answer<ResourceView>;
}

/// What the filter bar of the catalogue holds. Empty is “all”.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogueQuery {
    /// Words to look for, typos forgiven.
    pub text: String,
    /// A system's slug.
    pub system: String,
    /// An environment.
    pub environment: String,
    /// A sensitivity.
    pub sensitivity: String,
    /// A tag.
    pub tag: String,
    /// Only what the caller holds.
    pub held: bool,
}

/// What matches.
#[derive(Debug, Clone, Default)]
pub struct CatalogueList {
    /// Systems that have a match, by name.
    pub systems: Vec<SystemSection>,
    /// Bundles that match, by name.
    pub bundles: Vec<BundleRow>,
    /// How many resources match.
    pub total: usize,
    /// Whether there is anything in the catalogue at all.
    pub is_empty_catalogue: bool,
    /// What the result could be narrowed to, with counts.
    pub facets: Facets,
}

/// A system and its matching resources.
#[derive(Debug, Clone)]
pub struct SystemSection {
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Its matching resources, by name.
    pub resources: Vec<ResourceRow>,
}

/// One row of the catalogue.
#[derive(Debug, Clone)]
pub struct ResourceRow {
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// One line; may be empty.
    pub description: String,
    /// `production`, `staging`, …; may be empty.
    pub environment: String,
    /// How much harm wrong access can do.
    pub sensitivity: Sensitivity,
    /// By name.
    pub tags: Vec<String>,
    /// Names of the entitlements that can be asked for.
    pub entitlements: Vec<String>,
    /// What the caller holds here.
    pub held: Vec<HeldBrief>,
}

/// What the caller holds, in brief.
#[derive(Debug, Clone)]
pub struct HeldBrief {
    /// The entitlement's name.
    pub entitlement: String,
    /// Its end; `None` has none (imported), or it is not active yet.
    pub until: Option<DateTime<Utc>>,
}

/// One row of bundles.
#[derive(Debug, Clone)]
pub struct BundleRow {
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// One line; may be empty.
    pub description: String,
    /// “read on payments-prod”, by name.
    pub entitlements: Vec<String>,
}

/// What a result can be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Facets {
    /// Systems.
    pub systems: Vec<Facet>,
    /// Environments.
    pub environments: Vec<Facet>,
    /// Sensitivities, least first.
    pub sensitivities: Vec<Facet>,
    /// Tags, most frequent first, at most 30.
    pub tags: Vec<Facet>,
    /// How many of the matching resources the caller holds something on.
    pub held: usize,
}

/// One choice of a facet.
#[derive(Debug, Clone)]
pub struct Facet {
    /// What goes into the query.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// How many resources it would leave.
    pub count: usize,
}

/// A resource's page.
#[derive(Debug, Clone)]
pub struct ResourceView {
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// The system's slug.
    pub system_slug: String,
    /// The system's name.
    pub system: String,
    /// Whether people, not a connector, open and close access here.
    pub is_manual: bool,
    /// May be empty.
    pub environment: String,
    /// How much harm wrong access can do.
    pub sensitivity: Sensitivity,
    /// By name.
    pub tags: Vec<String>,
    /// Owners of the resource, by name.
    pub owners: Vec<PersonRef>,
    /// What can be held here, by name.
    pub entitlements: Vec<EntitlementView>,
    /// Whether the caller may take away access here (owner or administrator).
    pub may_revoke: bool,
    /// Whether the caller may edit it (owner or administrator).
    pub may_edit: bool,
    /// Looser rules that nobody confirmed, newest first; told to those who see who holds what here.
    pub unconfirmed: Vec<Unconfirmed>,
    /// What is reported of it, for those who see who holds what here.
    pub usage: Option<ResourceUsage>,
    /// Whose going left it, or something on it, without an owner, for those who may change that.
    pub unowned: Vec<UnownedBrief>,
}

/// Rules that were loosened without a second person.
#[derive(Debug, Clone)]
pub struct Unconfirmed {
    /// The name of what was loosened: an entitlement, the resource, or its system.
    pub of: String,
    /// What is looser, for people: “a longer limit, another owner”.
    pub what: String,
    /// Who made it so: a person, or the operating-system user that ran a command.
    pub by: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What on a resource's page lost its last active owner.
#[derive(Debug, Clone)]
pub struct UnownedBrief {
    /// “payments-prod” or “read on payments-prod”.
    pub label: String,
    /// Who owned it, by name.
    pub owned_by: Vec<String>,
}

/// An entitlement on its resource's page.
#[derive(Debug, Clone)]
pub struct EntitlementView {
    /// Its id, for the request form.
    pub id: EntitlementId,
    /// For people.
    pub name: String,
    /// What it is for; may be empty.
    pub purpose: String,
    /// The strictest limit and where it comes from.
    pub limit: Option<Limit>,
    /// Whether whoever asks must say why.
    pub rationale_required: bool,
    /// Who would decide if the caller asked now.
    pub deciders: Deciders,
    /// How long decisions usually take.
    pub usual: Option<UsualTime>,
    /// Who holds it, as far as the caller may see.
    pub holders: Holders,
    /// How many of its holders used it; told to those who see who they are.
    pub used: Option<UsedBy>,
    /// What the caller holds of it.
    pub mine: Option<Mine>,
    /// The caller's pending request for it.
    pub pending: Option<RequestId>,
    /// Whether the caller lacks an account on this system, so that access could not be opened.
    pub account_missing: bool,
    /// Whether the caller may edit it (owner of it, of its resource or system, or administrator).
    pub may_edit: bool,
}

/// The median of the last decisions.
#[derive(Debug, Clone, Copy)]
pub struct UsualTime {
    /// From filing to decision.
    pub median: Span,
    /// Over how many decisions (at most the last 50).
    pub decisions: usize,
}

/// Who holds an entitlement.
#[derive(Debug, Clone)]
pub enum Holders {
    /// By name, for owners, auditors and administrators.
    Named(Vec<Holder>),
    /// Five and more, for everybody else.
    Count(usize),
    /// Fewer than five: the count is not told.
    FewerThanFive,
}

/// One holder.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Which grant.
    pub grant: GrantId,
    /// Who.
    pub person: PersonRef,
    /// `active`, `scheduled`, …
    pub state: String,
    /// Its end.
    pub until: Option<DateTime<Utc>>,
}

/// What the caller holds.
#[derive(Debug, Clone)]
pub struct Mine {
    /// Which grant.
    pub grant: GrantId,
    /// `active`, `scheduled`, …
    pub state: String,
    /// Its end.
    pub until: Option<DateTime<Utc>>,
}
