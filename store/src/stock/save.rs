//! Writing single things of the catalogue.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::id::{BundleId, EntitlementId, JobRoleId, PersonId, ResourceId, SystemId};
use domain::span::Span;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Entitlement, Group, Resource, System};
use crate::{Result, explanation};

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

/// Adds a job role or changes the one with this id, with exactly what it justifies; notes what it explained and no
/// longer does.
///
/// # Errors
/// When the database refuses it.
pub async fn save_job_role(
    conn: &mut PgConnection,
    new: &Group<JobRoleId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<Uuid> = new.entitlements.iter().map(|id| id.0).collect();
    explanation::note_lost_by_job_role(conn, new.id, &ids, now).await?;
    sqlx::query!(
        "insert into job_role (id, slug, name, description) values ($1, $2, $3, $4)
         on conflict (id) do update set name = excluded.name, description = excluded.description",
        new.id.0,
        new.slug,
        new.name,
        new.description
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
