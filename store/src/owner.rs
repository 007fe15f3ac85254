//! Who owns what.

use domain::id::{EntitlementId, PersonId, ResourceId, SystemId};
use domain::person::PersonRef;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::Result;
use crate::loosening::Of;

/// Writes ` = any(…)` of the entitlements that the person owns, be it through the resource or the system. They are
/// found from what is owned, which is little, and once: a condition on every row there is would be slower.
pub(crate) fn push_owned(query: &mut QueryBuilder<Postgres>, person: PersonId) {
    query.push(
        " = any(array(select w.entitlement_id from owner w where w.entitlement_id is not null and w.person_id = ",
    );
    query.push_bind(person.0).push(
        " union all select e.id from owner w join entitlement e on e.resource_id = w.resource_id
          where w.person_id = ",
    );
    query.push_bind(person.0).push(
        " union all select e.id from owner w join resource o on o.system_id = w.system_id
          join entitlement e on e.resource_id = o.id where w.person_id = ",
    );
    query.push_bind(person.0).push("))");
}

/// The owners of a resource itself, by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_resource(conn: &mut PgConnection, resource: ResourceId) -> Result<Vec<PersonRef>> {
    let rows = sqlx::query!(
        "select p.id, p.name from owner w join person p on p.id = w.person_id
         where w.resource_id = $1 and p.status = 'active' order by p.name, p.id",
        resource.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| PersonRef { id: PersonId(row.id), name: row.name }).collect())
}

/// Whether the person owns the entitlement, its resource or its system.
///
/// # Errors
/// When the database cannot be reached.
pub async fn owns(conn: &mut PgConnection, person: PersonId, entitlement: EntitlementId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select 1 from entitlement e join resource o on o.id = e.resource_id
             join owner w on w.entitlement_id = e.id or w.resource_id = o.id or w.system_id = o.system_id
             where e.id = $2 and w.person_id = $1) as "owns!""#,
        person.0,
        entitlement.0
    )
    .fetch_one(conn)
    .await?)
}

/// Whether the person owns the resource or its system.
///
/// # Errors
/// When the database cannot be reached.
pub async fn owns_resource(conn: &mut PgConnection, person: PersonId, resource: ResourceId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select 1 from resource o join owner w on w.resource_id = o.id or w.system_id = o.system_id
             where o.id = $2 and w.person_id = $1) as "owns!""#,
        person.0,
        resource.0
    )
    .fetch_one(conn)
    .await?)
}

/// Those of `entitlements` that the person owns, be it through the resource or the system.
///
/// # Errors
/// When the database cannot be reached.
pub async fn owned_among(
    conn: &mut PgConnection,
    person: PersonId,
    entitlements: &[EntitlementId],
) -> Result<Vec<EntitlementId>> {
    let ids: Vec<Uuid> = entitlements.iter().map(|id| id.0).collect();
    let owned = sqlx::query_scalar!(
        "select e.id from entitlement e join resource o on o.id = e.resource_id
         where e.id = any($2) and exists (select 1 from owner w where w.person_id = $1
           and (w.entitlement_id = e.id or w.resource_id = o.id or w.system_id = o.system_id))",
        person.0,
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(owned.into_iter().map(EntitlementId).collect())
}

/// Active people who may confirm looser rules: the owners of what they are of and of what it is on, and the
/// administrators; by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn eligible(conn: &mut PgConnection, of: Of) -> Result<Vec<PersonRef>> {
    let (system, resource, entitlement) = of.columns();
    let rows = sqlx::query!(
        "select p.id, p.name from person p where p.status = 'active' and (
           exists (select 1 from administrator a where a.person_id = p.id)
           or exists (select 1 from owner w where w.person_id = p.id and (w.entitlement_id = $3
             or w.resource_id = $2 or w.system_id = coalesce($1, (select system_id from resource where id = $2)))))
         order by p.name, p.id",
        system,
        resource,
        entitlement
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| PersonRef { id: PersonId(row.id), name: row.name }).collect())
}

/// Whether the person owns the system.
///
/// # Errors
/// When the database cannot be reached.
pub async fn owns_system(conn: &mut PgConnection, person: PersonId, system: SystemId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select 1 from owner where system_id = $2 and person_id = $1) as "owns!""#,
        person.0,
        system.0
    )
    .fetch_one(conn)
    .await?)
}

/// The systems on which a person owns all or some resource, by slug and name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn systems(conn: &mut PgConnection, person: PersonId) -> Result<Vec<(String, String)>> {
    let systems = sqlx::query!(
        "select distinct s.slug, s.name
         from owner w left join resource o on o.id = w.resource_id and o.deleted_at is null
         join system s on s.id = coalesce(w.system_id, o.system_id) and s.deleted_at is null
         where w.person_id = $1 order by 2, 1",
        person.0
    )
    .fetch_all(conn)
    .await?;
    Ok(systems.into_iter().map(|system| (system.slug, system.name)).collect())
}
