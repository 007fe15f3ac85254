//! The whole catalogue at once, for bringing it in from elsewhere.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::catalogue::Sensitivity;
use domain::id::{BundleId, EntitlementId, JobRoleId, PersonId, ResourceId, SystemId};
use domain::span::Span;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

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

/// A bundle, or a job role (which has no description).
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
        r#"select id, slug, name,
             array(select entitlement_id from job_role_entitlement where job_role_id = j.id) as "entitlements!"
           from job_role j order by slug"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Group {
            id: JobRoleId(row.id),
            slug: row.slug,
            name: row.name,
            description: String::new(),
            entitlements: row.entitlements.into_iter().map(EntitlementId).collect(),
        })
        .collect())
}

/// Adds a system or changes the one with this id; its owners follow.
///
/// # Errors
/// When the database refuses it.
pub async fn save_system(conn: &mut PgConnection, system: &System, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into system (id, slug, name, description, connector, connector_settings, access_max_seconds,
            created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (id) do update set name = excluded.name, description = excluded.description,
            connector = excluded.connector, connector_settings = excluded.connector_settings,
            access_max_seconds = excluded.access_max_seconds",
        system.id.0,
        system.slug,
        system.name,
        system.description,
        system.connector,
        system.connector_settings,
        system.access_max.map(Span::seconds),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a resource or changes the one with this id; its owners follow.
///
/// # Errors
/// When the database refuses it.
pub async fn save_resource(conn: &mut PgConnection, resource: &Resource, now: DateTime<Utc>) -> Result<()> {
    let tags: Vec<String> = resource.tags.iter().cloned().collect();
    sqlx::query!(
        "insert into resource (id, system_id, slug, name, description, environment, sensitivity, tags,
            access_max_seconds, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (id) do update set name = excluded.name, description = excluded.description,
            environment = excluded.environment, sensitivity = excluded.sensitivity, tags = excluded.tags,
            access_max_seconds = excluded.access_max_seconds",
        resource.id.0,
        resource.system.0,
        resource.slug,
        resource.name,
        resource.description,
        resource.environment,
        resource.sensitivity.as_str(),
        &tags,
        resource.access_max.map(Span::seconds),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds an entitlement or changes the one with this id; its owners and its policy follow.
///
/// # Errors
/// When the database refuses it.
pub async fn save_entitlement(conn: &mut PgConnection, new: &Entitlement, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into entitlement (id, resource_id, name, purpose, target, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do update set name = excluded.name, purpose = excluded.purpose,
            target = excluded.target",
        new.id.0,
        new.resource.0,
        new.name,
        new.purpose,
        new.target,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a bundle or changes the one with this id, with exactly what is in it.
///
/// # Errors
/// When the database refuses it.
pub async fn save_bundle(conn: &mut PgConnection, new: &Group<BundleId>, now: DateTime<Utc>) -> Result<()> {
    let ids: Vec<Uuid> = new.entitlements.iter().map(|id| id.0).collect();
    sqlx::query!(
        "insert into bundle (id, slug, name, description, created_at) values ($1, $2, $3, $4, $5)
         on conflict (id) do update set name = excluded.name, description = excluded.description",
        new.id.0,
        new.slug,
        new.name,
        new.description,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from bundle_entitlement where bundle_id = $1 and entitlement_id <> all($2)",
        new.id.0,
        &ids
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into bundle_entitlement (bundle_id, entitlement_id) select $1, unnest($2::uuid[])
         on conflict do nothing",
        new.id.0,
        &ids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a job role or changes the one with this id, with exactly what it justifies.
///
/// # Errors
/// When the database refuses it.
pub async fn save_job_role(conn: &mut PgConnection, new: &Group<JobRoleId>) -> Result<()> {
    let ids: Vec<Uuid> = new.entitlements.iter().map(|id| id.0).collect();
    sqlx::query!(
        "insert into job_role (id, slug, name) values ($1, $2, $3)
         on conflict (id) do update set name = excluded.name",
        new.id.0,
        new.slug,
        new.name
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from job_role_entitlement where job_role_id = $1 and entitlement_id <> all($2)",
        new.id.0,
        &ids
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into job_role_entitlement (job_role_id, entitlement_id) select $1, unnest($2::uuid[])
         on conflict do nothing",
        new.id.0,
        &ids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What can be owned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owned {
    /// A whole system.
    System(SystemId),
    /// A resource.
    Resource(ResourceId),
    /// A single entitlement.
    Entitlement(EntitlementId),
}

/// Sets the owners to exactly these.
///
/// # Errors
/// When the database refuses it.
pub async fn set_owners(conn: &mut PgConnection, owned: Owned, owners: &BTreeSet<PersonId>) -> Result<()> {
    let (system, resource, entitlement) = match owned {
        Owned::System(id) => (Some(id.0), None, None),
        Owned::Resource(id) => (None, Some(id.0), None),
        Owned::Entitlement(id) => (None, None, Some(id.0)),
    };
    let people: Vec<Uuid> = owners.iter().map(|id| id.0).collect();
    sqlx::query!(
        "delete from owner where (system_id = $1 or resource_id = $2 or entitlement_id = $3)
            and person_id <> all($4)",
        system,
        resource,
        entitlement,
        &people
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into owner (person_id, system_id, resource_id, entitlement_id)
         select unnest($4::uuid[]), $1, $2, $3 on conflict do nothing",
        system,
        resource,
        entitlement,
        &people
    )
    .execute(conn)
    .await?;
    Ok(())
}
