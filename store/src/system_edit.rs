//! Systems as their editors see and change them.
//!
//! Editors of one system come one after the other: each write begins with [`lock`].

use chrono::{DateTime, Utc};
use domain::audit::About;
use domain::connection::Live;
use domain::editable::SystemFacts;
use domain::id::{PersonId, ResourceId, SystemId};
use domain::person::PersonRef;
use domain::span::Span;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;
use crate::owner_edit::{self, Owned, OwnerRecord};

/// The name of the constraint that keeps two systems from one address.
pub const ONE_AT_AN_ADDRESS: &str = "system_slug";

/// A system as its editors see it.
#[derive(Debug, Clone)]
pub struct EditedSystem {
    /// Which.
    pub id: SystemId,
    /// In addresses and import files; it stays as it is.
    pub slug: String,
    /// What can be edited.
    pub facts: SystemFacts,
    /// Its owners, with how they are written into a form.
    pub owners: Vec<OwnerRecord>,
}

impl EditedSystem {
    /// For events.
    pub fn about(&self) -> About {
        About { system_id: Some(self.id), system: Some(self.facts.name.clone()), ..About::default() }
    }
}

/// One row of a list of systems.
#[derive(Debug, Clone)]
pub struct SystemRecord {
    /// Which.
    pub id: SystemId,
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Which connector opens and closes access there.
    pub connector: String,
    /// How many resources it has.
    pub resources: i64,
    /// Its active owners, by name.
    pub owners: Vec<PersonRef>,
}

/// All systems or, where somebody is named, those that they own; by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut PgConnection, owned_by: Option<PersonId>) -> Result<Vec<SystemRecord>> {
    let rows = sqlx::query!(
        r#"select s.id, s.slug, s.name, s.connector,
             (select count(*) from resource o where o.system_id = s.id and o.deleted_at is null) as "resources!",
             array(select p.id from owner w join person p on p.id = w.person_id and p.status = 'active'
               where w.system_id = s.id order by p.name, p.id) as "owner_ids!",
             array(select p.name from owner w join person p on p.id = w.person_id and p.status = 'active'
               where w.system_id = s.id order by p.name, p.id) as "owners!"
           from system s where s.deleted_at is null
             and ($1::uuid is null or exists (select 1 from owner w where w.system_id = s.id and w.person_id = $1))
           order by s.name, s.id"#,
        owned_by.map(Uuid::from)
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| SystemRecord {
            id: SystemId(row.id),
            slug: row.slug,
            name: row.name,
            connector: row.connector,
            resources: row.resources,
            owners: (row.owner_ids.into_iter().zip(row.owners))
                .map(|(id, name)| PersonRef { id: PersonId(id), name })
                .collect(),
        })
        .collect())
}

/// One system.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, id: SystemId) -> Result<Option<EditedSystem>> {
    let row = sqlx::query!(
        "select slug, name, description, connector, connector_settings, access_max_seconds from system
         where id = $1 and deleted_at is null",
        id.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let owners = owner_edit::of(conn, Owned::System(id)).await?;
    let facts = SystemFacts {
        name: row.name,
        description: row.description,
        connector: row.connector,
        settings: row.connector_settings,
        access_max: row.access_max_seconds.and_then(Span::from_seconds),
        owners: owners.iter().map(|owner| owner.person.clone()).collect(),
    };
    Ok(Some(EditedSystem { id, slug: row.slug, facts, owners }))
}

/// Lets nobody else edit the system, add to it, or begin to open access there, until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, id: SystemId) -> Result<Option<EditedSystem>> {
    sqlx::query!("select id from system where id = $1 and deleted_at is null for update", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    find(conn, id).await
}

/// The system at this address, that something is to be added to: it stays until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn keep(conn: &mut PgConnection, slug: &str) -> Result<Option<EditedSystem>> {
    let id =
        sqlx::query_scalar!("select id from system where slug = $1 and deleted_at is null for share", slug)
            .fetch_optional(&mut *conn)
            .await?;
    match id {
        Some(id) => find(conn, SystemId(id)).await,
        None => Ok(None),
    }
}

/// Adds a system; its owners are [`owner_edit::set`]'s.
///
/// # Errors
/// When the database refuses it, as a second one at this address ([`ONE_AT_AN_ADDRESS`]).
pub async fn insert(
    conn: &mut PgConnection,
    (id, slug): (SystemId, &str),
    facts: &SystemFacts,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into system (id, slug, name, description, connector, connector_settings, access_max_seconds,
            created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id.0,
        slug,
        facts.name,
        facts.description,
        facts.connector,
        facts.settings,
        facts.access_max.map(Span::seconds),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a system's facts down; its owners are [`owner_edit::set`]'s.
///
/// # Errors
/// When the database refuses it.
pub async fn update(conn: &mut PgConnection, id: SystemId, facts: &SystemFacts) -> Result<()> {
    sqlx::query!(
        "update system set name = $2, description = $3, connector = $4, connector_settings = $5,
            access_max_seconds = $6
         where id = $1",
        id.0,
        facts.name,
        facts.description,
        facts.connector,
        facts.settings,
        facts.access_max.map(Span::seconds)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a system as deleted. `false` where it has resources, or access there is still to be closed.
///
/// # Errors
/// When the database refuses it.
pub async fn delete(conn: &mut PgConnection, id: SystemId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update system set deleted_at = $2 where id = $1 and deleted_at is null
           and not exists (select 1 from resource o where o.system_id = $1 and o.deleted_at is null)
           and not exists (select 1 from access_grant g join entitlement e on e.id = g.entitlement_id
             join resource o on o.id = e.resource_id
             where o.system_id = $1 and g.state not in ('ended', 'revoked', 'failed'))",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Live access on a system, as far as leading it elsewhere matters to it.
///
/// # Errors
/// When the database cannot be reached.
pub async fn live(conn: &mut PgConnection, id: SystemId) -> Result<Live> {
    let row = sqlx::query!(
        r#"select count(*) filter (where g.state <> 'scheduled') as "begun!",
             count(*) filter (where g.opening_unclear and g.state in ('activating', 'activation_failed'))
               as "unclear!"
           from access_grant g join entitlement e on e.id = g.entitlement_id join resource o on o.id = e.resource_id
           where o.system_id = $1 and g.state not in ('ended', 'revoked', 'failed')"#,
        id.0
    )
    .fetch_one(conn)
    .await?;
    Ok(Live { begun: row.begun, unclear: row.unclear })
}

/// Has live access that was opened before settings were kept with it, or may have been opened, closed at the place
/// that the system leads to as of now.
///
/// # Errors
/// When the database refuses it.
pub async fn keep_place(conn: &mut PgConnection, id: SystemId) -> Result<()> {
    sqlx::query!(
        "update access_grant g set opened_settings = s.connector_settings
         from entitlement e join resource o on o.id = e.resource_id join system s on s.id = o.system_id
         where e.id = g.entitlement_id and s.id = $1 and g.opened_settings is null
           and (g.active_since is not null or g.opening_unclear)
           and g.state in ('active', 'ending', 'revoking', 'removal_failed')",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The settings that live access on a system was opened with, each once.
///
/// # Errors
/// When the database cannot be reached.
pub async fn opened_settings(conn: &mut PgConnection, id: SystemId) -> Result<Vec<Value>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct g.opened_settings as "settings!"
           from access_grant g join entitlement e on e.id = g.entitlement_id join resource o on o.id = e.resource_id
           where o.system_id = $1 and g.opened_settings is not null
             and g.state not in ('ended', 'revoked', 'failed')"#,
        id.0
    )
    .fetch_all(conn)
    .await?)
}

/// Has live access that was opened with settings which are `old` by now closed with `new` ones.
///
/// # Errors
/// When the database refuses it.
pub async fn replace_opened(conn: &mut PgConnection, id: SystemId, old: &Value, new: &Value) -> Result<()> {
    sqlx::query!(
        "update access_grant g set opened_settings = $3
         from entitlement e join resource o on o.id = e.resource_id
         where e.id = g.entitlement_id and o.system_id = $1 and g.opened_settings = $2
           and g.state not in ('ended', 'revoked', 'failed')",
        id.0,
        old,
        new
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// “read on payments-prod” for what a connector could not open: it has no name at the target, or the same as another.
///
/// # Errors
/// When the database cannot be reached.
pub async fn without_own_target(conn: &mut PgConnection, id: SystemId) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select label as "label!" from (
             select e.name || ' on ' || o.name as label, e.target, count(*) over (partition by e.target) as same
             from entitlement e join resource o on o.id = e.resource_id
             where o.system_id = $1 and e.deleted_at is null and o.deleted_at is null) named
           where target is null or same > 1 order by label"#,
        id.0
    )
    .fetch_all(conn)
    .await?)
}

/// The resources of a system.
///
/// # Errors
/// When the database cannot be reached.
pub async fn resource_ids(conn: &mut PgConnection, id: SystemId) -> Result<Vec<ResourceId>> {
    let ids = sqlx::query_scalar!(
        "select id from resource where system_id = $1 and deleted_at is null order by id",
        id.0
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(ResourceId).collect())
}

/// The resources of a system, by name: slug and name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn resources(conn: &mut PgConnection, id: SystemId) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query!(
        "select slug, name from resource where system_id = $1 and deleted_at is null order by name, id",
        id.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.slug, row.name)).collect())
}
