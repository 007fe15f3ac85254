//! The whole catalogue at once, for bringing it in from elsewhere.

mod save;

use std::collections::BTreeSet;

use domain::catalogue::Sensitivity;
use domain::id::{BundleId, EntitlementId, JobRoleId, PersonId, ResourceId, SystemId};
use domain::span::Span;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

pub use save::{Owned, save_bundle, save_entitlement, save_job_role, save_resource, save_system, set_owners};

use crate::{Result, StoreError};

/// A system as it can be brought in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct System {
    /// Which.
    #[serde(skip)]
    pub id: SystemId,
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Which connector opens and closes access there.
    pub connector: String,
    /// Addresses and references to secrets.
    pub connector_settings: serde_json::Value,
    /// The longest access on it, in seconds.
    pub access_max: Option<Span>,
    /// Its owners.
    #[serde(skip)]
    pub owners: BTreeSet<PersonId>,
}

/// A resource as it can be brought in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resource {
    /// Which.
    #[serde(skip)]
    pub id: ResourceId,
    /// Its system.
    pub system: SystemId,
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// May be empty.
    pub environment: String,
    /// How much harm wrong access can do.
    pub sensitivity: Sensitivity,
    /// By name.
    pub tags: BTreeSet<String>,
    /// The longest access to it, in seconds.
    pub access_max: Option<Span>,
    /// Its owners.
    #[serde(skip)]
    pub owners: BTreeSet<PersonId>,
}

/// An entitlement as it can be brought in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entitlement {
    /// Which.
    #[serde(skip)]
    pub id: EntitlementId,
    /// What it is held on.
    pub resource: ResourceId,
    /// For people.
    pub name: String,
    /// May be empty.
    pub purpose: String,
    /// What it is called at the target.
    pub target: Option<String>,
    /// Its owners.
    #[serde(skip)]
    pub owners: BTreeSet<PersonId>,
    /// Its rules.
    #[serde(skip)]
    pub rules: Rules,
}

/// What a version of a policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// How long a request waits for its decision, in seconds.
    pub pending_for: Span,
    /// The longest access, in seconds; `None` is without a limit.
    pub access_max: Option<Span>,
    /// Whether whoever asks must say why.
    pub rationale_required: bool,
}

/// A bundle or a job role.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group<Id> {
    /// Which.
    #[serde(skip)]
    pub id: Id,
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// What is in it.
    #[serde(skip)]
    pub entitlements: BTreeSet<EntitlementId>,
}

/// Everything in the catalogue that is not deleted.
#[derive(Debug, Clone, Default)]
pub struct Stock {
    /// Connected products.
    pub systems: Vec<System>,
    /// What access can be had to.
    pub resources: Vec<Resource>,
    /// What can be held.
    pub entitlements: Vec<Entitlement>,
    /// What is asked for together.
    pub bundles: Vec<Group<BundleId>>,
    /// Responsibilities.
    pub job_roles: Vec<Group<JobRoleId>>,
}

/// Reads everything.
///
/// # Errors
/// When the database cannot be reached.
pub async fn read(conn: &mut PgConnection) -> Result<Stock> {
    Ok(Stock {
        systems: systems(conn).await?,
        resources: resources(conn).await?,
        entitlements: entitlements(conn).await?,
        bundles: bundles(conn).await?,
        job_roles: job_roles(conn).await?,
    })
}

fn people(ids: Vec<Uuid>) -> BTreeSet<PersonId> {
    ids.into_iter().map(PersonId).collect()
}

async fn systems(conn: &mut PgConnection) -> Result<Vec<System>> {
    let rows = sqlx::query!(
        r#"select id, slug, name, description, connector, connector_settings, access_max_seconds,
             array(select person_id from owner where system_id = s.id) as "owners!"
           from system s where deleted_at is null order by slug"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| System {
            id: SystemId(row.id),
            slug: row.slug,
            name: row.name,
            description: row.description,
            connector: row.connector,
            connector_settings: row.connector_settings,
            access_max: row.access_max_seconds.and_then(Span::from_seconds),
            owners: people(row.owners),
        })
        .collect())
}

async fn resources(conn: &mut PgConnection) -> Result<Vec<Resource>> {
    let rows = sqlx::query!(
        r#"select o.id, o.system_id, o.slug, o.name, o.description, o.environment, o.sensitivity, o.tags,
             o.access_max_seconds, array(select person_id from owner where resource_id = o.id) as "owners!"
           from resource o join system s on s.id = o.system_id and s.deleted_at is null
           where o.deleted_at is null order by o.slug"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Resource {
                id: ResourceId(row.id),
                system: SystemId(row.system_id),
                slug: row.slug,
                name: row.name,
                description: row.description,
                environment: row.environment,
                sensitivity: Sensitivity::parse(&row.sensitivity)
                    .ok_or_else(|| StoreError::corrupt("resource", &row.sensitivity))?,
                tags: row.tags.into_iter().collect(),
                access_max: row.access_max_seconds.and_then(Span::from_seconds),
                owners: people(row.owners),
            })
        })
        .collect()
}

async fn entitlements(conn: &mut PgConnection) -> Result<Vec<Entitlement>> {
    let rows = sqlx::query!(
        r#"select e.id, e.resource_id, e.name, e.purpose, e.target, v.pending_seconds, v.access_max_seconds,
             v.rationale_required, array(select person_id from owner where entitlement_id = e.id) as "owners!"
           from entitlement e
           join resource o on o.id = e.resource_id and o.deleted_at is null
           join system s on s.id = o.system_id and s.deleted_at is null
           join lateral (select * from policy_version v where v.entitlement_id = e.id
             order by v.version desc limit 1) v on true
           where e.deleted_at is null order by o.slug, e.name"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let rules = Rules {
                pending_for: Span::from_seconds(row.pending_seconds)
                    .ok_or_else(|| StoreError::corrupt("policy_version", row.pending_seconds.to_string()))?,
                access_max: row.access_max_seconds.and_then(Span::from_seconds),
                rationale_required: row.rationale_required,
            };
            Ok(Entitlement {
                id: EntitlementId(row.id),
                resource: ResourceId(row.resource_id),
                name: row.name,
                purpose: row.purpose,
                target: row.target,
                owners: people(row.owners),
                rules,
            })
        })
        .collect()
}

async fn bundles(conn: &mut PgConnection) -> Result<Vec<Group<BundleId>>> {
    let rows = sqlx::query!(
        r#"select id, slug, name, description,
             array(select entitlement_id from bundle_entitlement where bundle_id = b.id) as "entitlements!"
           from bundle b where deleted_at is null order by slug"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Group {
            id: BundleId(row.id),
            slug: row.slug,
            name: row.name,
            description: row.description,
            entitlements: row.entitlements.into_iter().map(EntitlementId).collect(),
        })
        .collect())
}

async fn job_roles(conn: &mut PgConnection) -> Result<Vec<Group<JobRoleId>>> {
    let rows = sqlx::query!(
        r#"select id, slug, name, description,
             array(select entitlement_id from job_role_entitlement where job_role_id = j.id) as "entitlements!"
           from job_role j where deleted_at is null order by slug"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Group {
            id: JobRoleId(row.id),
            slug: row.slug,
            name: row.name,
            description: row.description,
            entitlements: row.entitlements.into_iter().map(EntitlementId).collect(),
        })
        .collect())
}
