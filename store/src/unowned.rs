//! What had owners of whom none works here any more. Derived from who owns what, so that it is never out of date.

use domain::audit::About;
use domain::id::{EntitlementId, PersonId, ResourceId, SystemId};
use sqlx::PgConnection;

use crate::Result;

/// A system, resource or entitlement without an active owner of its own.
#[derive(Debug, Clone)]
pub struct UnownedRecord {
    /// What it is, with the names around it.
    pub about: About,
    /// The resource in addresses; `None` for a system.
    pub resource_slug: Option<String>,
    /// Who owned it, by name.
    pub owned_by: Vec<String>,
}

/// Everything that lost its last active owner, by system and name; where somebody is named, just what they own or
/// owned themselves.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(
    conn: &mut PgConnection,
    owned_by: Option<PersonId>,
    limit: i64,
) -> Result<Vec<UnownedRecord>> {
    read(conn, owned_by, None, limit).await
}

/// The same of a resource and what can be held on it.
///
/// # Errors
/// When the database cannot be reached.
pub async fn on_resource(conn: &mut PgConnection, resource: ResourceId) -> Result<Vec<UnownedRecord>> {
    read(conn, None, Some(resource), 100).await
}

async fn read(
    conn: &mut PgConnection,
    owned_by: Option<PersonId>,
    resource: Option<ResourceId>,
    limit: i64,
) -> Result<Vec<UnownedRecord>> {
    let rows = sqlx::query!(
        r#"select s.id as "system_id!", s.name as "system!", o.id as "resource_id?", o.name as "resource?",
             o.slug as "slug?", e.id as "entitlement_id?", e.name as "entitlement?",
             array_agg(p.name order by p.name) as "owned_by!"
           from owner w
           join person p on p.id = w.person_id
           left join entitlement e on e.id = w.entitlement_id
           left join resource o on o.id = coalesce(w.resource_id, e.resource_id)
           join system s on s.id = coalesce(w.system_id, o.system_id)
           where s.deleted_at is null and o.deleted_at is null and e.deleted_at is null
             and ($2::uuid is null or o.id = $2)
           group by s.id, o.id, e.id
           having bool_and(p.status <> 'active') and ($1::uuid is null or bool_or(p.id = $1))
           order by s.name, o.name nulls first, e.name nulls first, s.id, o.id, e.id limit $3"#,
        owned_by.map(uuid::Uuid::from),
        resource.map(uuid::Uuid::from),
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| UnownedRecord {
            about: About {
                system_id: Some(SystemId(row.system_id)),
                system: Some(row.system),
                resource_id: row.resource_id.map(ResourceId),
                resource: row.resource,
                entitlement_id: row.entitlement_id.map(EntitlementId),
                entitlement: row.entitlement,
            },
            resource_slug: row.slug,
            owned_by: row.owned_by,
        })
        .collect())
}

/// Lets one at a time lose the owners of what this person owns: otherwise of two who leave at once each would still
/// count on the other.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock_owned_by(conn: &mut PgConnection, person: PersonId) -> Result<()> {
    sqlx::query!(
        "select w.id from owner w where exists (select 1 from owner mine where mine.person_id = $1
           and (mine.system_id = w.system_id or mine.resource_id = w.resource_id
             or mine.entitlement_id = w.entitlement_id))
         order by w.id for update of w",
        person.0
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// Gives up owners who do not work here any more, so that the next level decides for good. Answers their names;
/// empty where somebody active owns it (by now).
///
/// # Errors
/// When the database refuses it.
pub async fn give_up(conn: &mut PgConnection, about: &About) -> Result<Vec<String>> {
    let (system, resource, entitlement) = match (about.system_id, about.resource_id, about.entitlement_id) {
        (_, _, Some(id)) => (None, None, Some(id.0)),
        (_, Some(id), None) => (None, Some(id.0), None),
        (id, None, None) => (id.map(uuid::Uuid::from), None, None),
    };
    let names = sqlx::query_scalar!(
        "delete from owner w using person p where p.id = w.person_id
           and w.system_id is not distinct from $1 and w.resource_id is not distinct from $2
           and w.entitlement_id is not distinct from $3
           and not exists (select 1 from owner other join person active on active.id = other.person_id
             where active.status = 'active' and other.system_id is not distinct from $1
               and other.resource_id is not distinct from $2 and other.entitlement_id is not distinct from $3)
         returning p.name",
        system,
        resource,
        entitlement
    )
    .fetch_all(conn)
    .await?;
    Ok(names)
}
