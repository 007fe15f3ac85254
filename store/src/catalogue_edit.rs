//! The catalogue as its editors see and change it.
//!
//! Editors of one resource come one after the other: each write begins with [`lock_resource`].

use chrono::{DateTime, Utc};
use domain::audit::About;
use domain::catalogue::Sensitivity;
use domain::editable::{EntitlementFacts, ResourceFacts};
use domain::id::{EntitlementId, ResourceId, SystemId};
use domain::span::Span;
use sqlx::PgConnection;

use crate::owner_edit::{self, Owned, OwnerRecord};
use crate::{Result, StoreError};

/// The name of the constraint that keeps two resources from one address.
pub const ONE_AT_AN_ADDRESS: &str = "resource_slug";

/// A resource as its editors see it.
#[derive(Debug, Clone)]
pub struct EditedResource {
    /// Which.
    pub id: ResourceId,
    /// In addresses; it stays as it is.
    pub slug: String,
    /// On which system.
    pub system_id: SystemId,
    /// The system's name.
    pub system: String,
    /// Which connector opens and closes access there.
    pub connector: String,
    /// What can be edited.
    pub facts: ResourceFacts,
    /// Its owners, with how they are written into a form.
    pub owners: Vec<OwnerRecord>,
}

impl EditedResource {
    /// For events.
    pub fn about(&self) -> About {
        About {
            system_id: Some(self.system_id),
            system: Some(self.system.clone()),
            resource_id: Some(self.id),
            resource: Some(self.facts.name.clone()),
            ..About::default()
        }
    }

    /// Whether people, not a connector, open and close access here.
    pub fn is_manual(&self) -> bool {
        self.connector == "manual"
    }
}

/// The resource at this address.
///
/// # Errors
/// When the database cannot be reached.
pub async fn resource(conn: &mut PgConnection, slug: &str) -> Result<Option<EditedResource>> {
    let row = sqlx::query!(
        "select o.id, o.slug, o.name, o.description, o.environment, o.sensitivity, o.tags, o.access_max_seconds,
           s.id as system_id, s.name as system, s.connector
         from resource o join system s on s.id = o.system_id
         where o.slug = $1 and o.deleted_at is null and s.deleted_at is null",
        slug
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let id = ResourceId(row.id);
    let owners = owner_edit::of(conn, Owned::Resource(id)).await?;
    let sensitivity = Sensitivity::parse(&row.sensitivity)
        .ok_or_else(|| StoreError::corrupt("resource", &row.sensitivity))?;
    let facts = ResourceFacts {
        name: row.name,
        description: row.description,
        environment: row.environment,
        sensitivity,
        tags: row.tags,
        access_max: row.access_max_seconds.and_then(Span::from_seconds),
        owners: owners.iter().map(|owner| owner.person.clone()).collect(),
    };
    Ok(Some(EditedResource {
        id,
        slug: row.slug,
        system_id: SystemId(row.system_id),
        system: row.system,
        connector: row.connector,
        facts,
        owners,
    }))
}

/// Lets nobody else edit the resource at this address, or anything on it, until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock_resource(conn: &mut PgConnection, slug: &str) -> Result<Option<EditedResource>> {
    sqlx::query!("select id from resource where slug = $1 and deleted_at is null for update", slug)
        .fetch_optional(&mut *conn)
        .await?;
    resource(conn, slug).await
}

/// Adds a resource to a system; its owners are [`owner_edit::set`]'s.
///
/// # Errors
/// When the database refuses it, as a second one at this address ([`ONE_AT_AN_ADDRESS`]).
pub async fn insert_resource(
    conn: &mut PgConnection,
    (id, slug): (ResourceId, &str),
    system: SystemId,
    facts: &ResourceFacts,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into resource (id, system_id, slug, name, description, environment, sensitivity, tags,
            access_max_seconds, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id.0,
        system.0,
        slug,
        facts.name,
        facts.description,
        facts.environment,
        facts.sensitivity.as_str(),
        &facts.tags,
        facts.access_max.map(Span::seconds),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a resource's facts down; its owners are [`owner_edit::set`]'s.
///
/// # Errors
/// When the database refuses it.
pub async fn update_resource(conn: &mut PgConnection, id: ResourceId, facts: &ResourceFacts) -> Result<bool> {
    let done = sqlx::query!(
        "update resource set name = $2, description = $3, environment = $4, sensitivity = $5, tags = $6,
            access_max_seconds = $7
         where id = $1 and deleted_at is null",
        id.0,
        facts.name,
        facts.description,
        facts.environment,
        facts.sensitivity.as_str(),
        &facts.tags,
        facts.access_max.map(Span::seconds)
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a resource and what can be held on it as deleted. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn delete_resource(conn: &mut PgConnection, id: ResourceId, now: DateTime<Utc>) -> Result<bool> {
    let done =
        sqlx::query!("update resource set deleted_at = $2 where id = $1 and deleted_at is null", id.0, now)
            .execute(&mut *conn)
            .await?;
    sqlx::query!(
        "update entitlement set deleted_at = $2 where resource_id = $1 and deleted_at is null",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An entitlement as its editors see it.
#[derive(Debug, Clone)]
pub struct EditedEntitlement {
    /// Which.
    pub id: EntitlementId,
    /// The version of its policy in force.
    pub version: i32,
    /// What can be edited.
    pub facts: EntitlementFacts,
    /// Its owners, with how they are written into a form.
    pub owners: Vec<OwnerRecord>,
}

impl EditedEntitlement {
    /// For events.
    pub fn about(&self, resource: &EditedResource) -> About {
        About {
            entitlement_id: Some(self.id),
            entitlement: Some(self.facts.name.clone()),
            ..resource.about()
        }
    }
}

/// An entitlement of this resource.
///
/// # Errors
/// When the database cannot be reached.
pub async fn entitlement(
    conn: &mut PgConnection,
    resource: ResourceId,
    id: EntitlementId,
) -> Result<Option<EditedEntitlement>> {
    let row = sqlx::query!(
        "select e.name, e.purpose, e.target, v.version, v.pending_seconds, v.access_max_seconds, v.rationale_required
         from entitlement e
         join lateral (select * from policy_version v where v.entitlement_id = e.id order by v.version desc limit 1) v
           on true
         where e.id = $2 and e.resource_id = $1 and e.deleted_at is null",
        resource.0,
        id.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let owners = owner_edit::of(conn, Owned::Entitlement(id)).await?;
    let pending_for = Span::from_seconds(row.pending_seconds)
        .ok_or_else(|| StoreError::corrupt("policy_version", row.pending_seconds.to_string()))?;
    let facts = EntitlementFacts {
        name: row.name,
        purpose: row.purpose,
        target: row.target,
        access_max: row.access_max_seconds.and_then(Span::from_seconds),
        pending_for,
        rationale_required: row.rationale_required,
        owners: owners.iter().map(|owner| owner.person.clone()).collect(),
    };
    Ok(Some(EditedEntitlement { id, version: row.version, facts, owners }))
}

/// Adds an entitlement; its policy and owners are written beside it.
///
/// # Errors
/// When the database refuses it, as a second one of the same name.
pub async fn insert_entitlement(
    conn: &mut PgConnection,
    id: EntitlementId,
    resource: ResourceId,
    facts: &EntitlementFacts,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into entitlement (id, resource_id, name, purpose, target, created_at) values ($1, $2, $3, $4, $5, $6)",
        id.0,
        resource.0,
        facts.name,
        facts.purpose,
        facts.target,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes an entitlement's words down; its policy and owners are written beside it.
///
/// # Errors
/// When the database refuses it.
pub async fn update_entitlement(
    conn: &mut PgConnection,
    id: EntitlementId,
    facts: &EntitlementFacts,
) -> Result<bool> {
    let done = sqlx::query!(
        "update entitlement set name = $2, purpose = $3, target = $4 where id = $1 and deleted_at is null",
        id.0,
        facts.name,
        facts.purpose,
        facts.target
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks an entitlement as deleted. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn delete_entitlement(
    conn: &mut PgConnection,
    id: EntitlementId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update entitlement set deleted_at = $2 where id = $1 and deleted_at is null",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What an entitlement would get in the way of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clash {
    /// Another one on the resource goes by its name.
    pub is_name_taken: bool,
    /// “read on payments-prod” opens the same at the target already.
    pub target_taken_by: Option<String>,
}

/// What an entitlement with these facts would get in the way of; `own` is the one being edited.
///
/// # Errors
/// When the database cannot be reached.
pub async fn clash(
    conn: &mut PgConnection,
    resource: &EditedResource,
    own: Option<EntitlementId>,
    name: &str,
    target: Option<&str>,
) -> Result<Clash> {
    let own = own.map(uuid::Uuid::from);
    let is_name_taken = sqlx::query_scalar!(
        r#"select exists (select 1 from entitlement where resource_id = $1 and lower(name) = lower($2)
             and deleted_at is null and id is distinct from $3) as "taken!""#,
        resource.id.0,
        name,
        own
    )
    .fetch_one(&mut *conn)
    .await?;
    let target_taken_by = sqlx::query_scalar!(
        r#"select e.name || ' on ' || o.name as "label!" from entitlement e join resource o on o.id = e.resource_id
           where o.system_id = $1 and e.target = $2 and e.deleted_at is null and o.deleted_at is null
             and e.id is distinct from $3
           order by o.name, e.name limit 1"#,
        resource.system_id.0,
        target,
        own
    )
    .fetch_optional(conn)
    .await?;
    Ok(Clash { is_name_taken, target_taken_by })
}

/// Ends an active grant earlier. `false` when it is not active any more or ends sooner by itself.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_shortened(
    conn: &mut PgConnection,
    grant: domain::id::GrantId,
    ends_at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update access_grant set ends_at = $2 where id = $1 and state = 'active' and (ends_at is null or ends_at > $2)",
        grant.0,
        ends_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
