//! Making systems, resources, bundles and job roles.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, PersonId};
use domain::person::PersonRef;
use serde::{Deserialize, Serialize, Serializer};

use super::{Answer, Caller, Proposal, Saved, TypedResource};

/// Making what can be asked for: for administrators, and resources for the owners of their system, too.
#[async_trait]
pub trait Administration: Send + Sync {
    /// What there is, and what has lost its owners.
    async fn overview(&self, caller: &Caller) -> Answer<Overview>;
    /// Every system, by name.
    async fn systems(&self, caller: &Caller) -> Answer<Vec<SystemRow>>;
    /// A system as administrators edit it and its owners see it; an empty `id` is one to be added.
    async fn system(&self, caller: &Caller, id: &str) -> Answer<SystemEdit>;
    /// Saves a system or adds one; answers its id besides.
    async fn save_system(&self, caller: &Caller, typed: &TypedSystem) -> Answer<(Saved, String)>;
    /// Deletes a system that has nothing on it any more.
    async fn delete_system(&self, caller: &Caller, typed: &TypedRemoval) -> Answer<()>;
    /// The form for a new resource, on the system with this slug where one is given.
    async fn new_resource(&self, caller: &Caller, system: &str) -> Answer<ResourceNew>;
    /// Adds a resource; answers its slug.
    async fn add_resource(&self, caller: &Caller, typed: &TypedResource) -> Answer<String>;
    /// Whether the caller may add resources to any system.
    async fn may_add_resources(&self, caller: &Caller) -> Answer<bool>;
    /// Every bundle or job role, by name.
    async fn groups(&self, caller: &Caller, kind: GroupKind) -> Answer<Vec<GroupRow>>;
    /// A bundle or job role; an empty `id` is one to be added.
    async fn group(&self, caller: &Caller, kind: GroupKind, id: &str) -> Answer<GroupEdit>;
    /// Saves a bundle or job role, or adds one; answers its id besides.
    async fn save_group(&self, caller: &Caller, typed: &TypedGroup) -> Answer<(Saved, String)>;
    /// Deletes a bundle or job role.
    async fn delete_group(&self, caller: &Caller, typed: &TypedRemoval) -> Answer<()>;
    /// Which job roles somebody has, of all there are; `None` where the caller may not set them.
    async fn job_roles(&self, caller: &Caller, person: PersonId) -> Answer<Option<JobRolesEdit>>;
    /// Sets the job roles of somebody; administrators only, never their own.
    async fn set_job_roles(&self, caller: &Caller, typed: &TypedJobRoles) -> Answer<Saved>;
    /// Gives up owners who do not work here any more: the next level decides.
    async fn give_up_owners(&self, caller: &Caller, typed: &TypedGiveUp) -> Answer<()>;
    /// Live access of the caller's reports, and on what they own, that a job role explained and none does now.
    async fn unexplained(&self, caller: &Caller) -> Answer<Vec<Unexplained>>;
}

/// The start page of administrators.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// How many systems there are.
    pub systems: usize,
    /// How many bundles.
    pub bundles: usize,
    /// How many job roles.
    pub job_roles: usize,
    /// How many open sources of events.
    pub sources: usize,
    /// How many tokens that read the book work.
    pub reading_tokens: usize,
    /// How many words of reports wait for an answer, at most 1,000 of a kind.
    pub unmatched: usize,
    /// What lost its last active owner, at most 200.
    pub unowned: Vec<Unowned>,
}

/// A system, resource or entitlement whose owners do not work here any more.
#[derive(Debug, Clone)]
pub struct Unowned {
    /// “Ledger”, “payments-prod” or “read on payments-prod”.
    pub label: String,
    /// `system`, `resource` or `entitlement`.
    pub kind: &'static str,
    /// The system's name, unless it is one.
    pub system: String,
    /// Where it gets an owner.
    pub path: String,
    /// Who owned it, by name.
    pub owned_by: Vec<String>,
    /// What the form that gives them up sends.
    pub typed: TypedGiveUp,
}

/// One row of systems.
#[derive(Debug, Clone)]
pub struct SystemRow {
    /// In addresses.
    pub id: String,
    /// For people.
    pub name: String,
    /// `manual`, `postgresql`, …
    pub connector: String,
    /// How many resources it has.
    pub resources: usize,
    /// Its active owners, by name.
    pub owners: Vec<PersonRef>,
}

/// A system as typed. All optional parts may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSystem {
    /// Which; empty for a new one.
    pub id: String,
    /// How it stood when the form was opened; empty for a new one.
    pub version: String,
    /// A slug for a new one; empty is one made of the name.
    pub address: String,
    /// For people.
    pub name: String,
    /// What it is.
    pub description: String,
    /// A connector's word.
    pub connector: String,
    /// Where the connector goes. Kept in a draft only without a password in it.
    #[serde(serialize_with = "write_address")]
    pub url: String,
    /// A reference to the password. Anything else is never kept, not even in a draft.
    #[serde(serialize_with = "write_reference")]
    pub password: String,
    /// The folder that its own log is written to, on this machine; empty where it is not followed.
    pub log: String,
    /// A span; empty is without a limit of its own.
    pub access_max: String,
    /// Emails, one to a line.
    pub owners: String,
}

#[expect(clippy::ptr_arg, reason = "serde passes the field as it is")]
pub(super) fn write_reference<S: Serializer>(typed: &String, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if domain::text::is_reference(typed) { typed } else { "" })
}

#[expect(clippy::ptr_arg, reason = "serde passes the field as it is")]
fn write_address<S: Serializer>(typed: &String, serializer: S) -> Result<S::Ok, S::Error> {
    let after_scheme = typed.split_once("://").map_or(typed.as_str(), |(_, rest)| rest);
    let has_password = after_scheme.rsplit_once('@').is_some_and(|(who, _)| who.contains(':'))
        || typed.to_lowercase().contains("pass");
    serializer.serialize_str(if has_password { "" } else { typed })
}

/// A system to be edited or added.
#[derive(Debug, Clone)]
pub struct SystemEdit {
    /// For people; empty for a new one.
    pub name: String,
    /// In import files; empty for a new one.
    pub slug: String,
    /// As it stands.
    pub typed: TypedSystem,
    /// Its owners, by name.
    pub owners: Vec<PersonRef>,
    /// Its resources, by name: slug and name.
    pub resources: Vec<(String, String)>,
    /// Live access on it that has begun.
    pub live: usize,
    /// Whether the caller may edit it; its owners only see it.
    pub may_edit: bool,
    /// The words of all connectors, `manual` first.
    pub connectors: Vec<String>,
    /// Whether the sign-in is too old for rules and owners.
    pub sign_in_again: bool,
    /// Looser rules that wait for a second person.
    pub proposal: Option<Proposal>,
    /// Who could confirm looser rules, the caller aside.
    pub seconds: Vec<PersonRef>,
}

/// What is deleted, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedRemoval {
    /// `system`, or a group's kind.
    pub kind: String,
    /// Which.
    pub id: String,
    /// Why; it stands in the book.
    pub reason: String,
}

/// The form for a new resource.
#[derive(Debug, Clone)]
pub struct ResourceNew {
    /// The systems that the caller may add to, by name: slug and name.
    pub systems: Vec<(String, String)>,
    /// The form, blank.
    pub typed: TypedResource,
    /// Whether the sign-in is too old.
    pub sign_in_again: bool,
}

/// Several entitlements under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// Asked for together.
    Bundle,
    /// Justified by a responsibility.
    JobRole,
}

impl GroupKind {
    /// The word that forms use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::JobRole => "job-role",
        }
    }

    /// The kind with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Bundle, Self::JobRole].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One row of bundles or job roles.
#[derive(Debug, Clone)]
pub struct GroupRow {
    /// In addresses.
    pub id: String,
    /// For people.
    pub name: String,
    /// One line; may be empty.
    pub description: String,
    /// How many entitlements are in it.
    pub entitlements: usize,
    /// How many people have the job role.
    pub people: usize,
}

/// A bundle or job role as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedGroup {
    /// A group's kind.
    pub kind: String,
    /// Which; empty for a new one.
    pub id: String,
    /// How it stood when the form was opened; empty for a new one.
    pub version: String,
    /// A slug for a new one; empty is one made of the name.
    pub address: String,
    /// For people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Ids of entitlements.
    pub entitlements: Vec<String>,
}

/// A bundle or job role to be edited or added.
#[derive(Debug, Clone)]
pub struct GroupEdit {
    /// For people; empty for a new one.
    pub name: String,
    /// In addresses and import files; empty for a new one.
    pub slug: String,
    /// As it stands.
    pub typed: TypedGroup,
    /// Everything that can be picked, by system, resource and name.
    pub choices: Vec<ChoiceSystem>,
    /// How many people have the job role.
    pub people: usize,
}

/// What can be picked on one system.
#[derive(Debug, Clone)]
pub struct ChoiceSystem {
    /// For people.
    pub name: String,
    /// Its resources.
    pub resources: Vec<ChoiceResource>,
}

/// What can be picked on one resource.
#[derive(Debug, Clone)]
pub struct ChoiceResource {
    /// For people.
    pub name: String,
    /// Its entitlements.
    pub entitlements: Vec<(EntitlementId, String)>,
}

/// The job roles of somebody.
#[derive(Debug, Clone)]
pub struct JobRolesEdit {
    /// As they stand.
    pub typed: TypedJobRoles,
    /// All there are, by name: id and name.
    pub all: Vec<(String, String)>,
}

/// The job roles of somebody, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedJobRoles {
    /// The person's id.
    pub person: String,
    /// Those that they had when the form was opened, by comma.
    pub version: String,
    /// Ids of job roles.
    pub job_roles: Vec<String>,
}

/// Whose owners are given up: the ids of what it is and of what it is on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedGiveUp {
    /// The system.
    pub system: String,
    /// The resource; empty where it is the system.
    pub resource: String,
    /// The entitlement; empty where it is the resource or system.
    pub entitlement: String,
}

/// Live access that a job role explained, and that none explains now.
#[derive(Debug, Clone)]
pub struct Unexplained {
    /// Who holds it.
    pub person: PersonRef,
    /// The entitlement's name.
    pub entitlement: String,
    /// The resource's name.
    pub resource: String,
    /// The resource's slug.
    pub resource_slug: String,
    /// The system's name.
    pub system: String,
    /// The job role that explained it, as it was called then.
    pub job_role: String,
    /// Since when it does not.
    pub since: DateTime<Utc>,
    /// Whether the caller sees all that they hold; otherwise the caller owns what it is on.
    pub sees_person: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_somebody_types_is_not_kept_with_what_else_they_typed() {
        for (url, password) in [
            ("postgres://me:hunter2@db/app", "env:APP"),
            ("postgres://me@db/app?password=hunter2", "file:/run/app"),
            ("postgres://me@db/app", "hunter2"),
            ("me:hunter2@db", "env:"),
        ] {
            let typed = TypedSystem { url: url.into(), password: password.into(), ..Default::default() };
            let kept = serde_json::to_string(&typed).expect("writes");
            assert!(!kept.contains("hunter2"), "{kept}");
        }
        let typed = TypedSystem {
            url: "postgres://me@db:5432/app".into(),
            password: "env:APP".into(),
            ..Default::default()
        };
        let kept = serde_json::to_string(&typed).expect("writes");
        assert_eq!(serde_json::from_str::<TypedSystem>(&kept).expect("reads"), typed);
    }
}
