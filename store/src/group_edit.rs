//! Bundles and job roles as their editors see them; they are written by [`crate::stock`].

use chrono::{DateTime, Utc};
use domain::editable::{EntitlementLabel, GroupFacts};
use domain::id::{BundleId, EntitlementId, JobRoleId, PersonId};
use domain::person::PersonRef;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, explanation};

/// The names of the constraints that keep two bundles, or two job roles, from one address.
pub const ONE_AT_AN_ADDRESS: [&str; 2] = ["bundle_slug", "job_role_slug"];

/// Several entitlements under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Asked for together.
    Bundle,
    /// Justified by a responsibility.
    JobRole,
}

/// One row of a list of bundles or job roles.
#[derive(Debug, Clone)]
pub struct GroupRecord {
    /// Which.
    pub id: Uuid,
    /// In addresses and import files.
    pub slug: String,
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// How many entitlements are in it and still exist.
    pub entitlements: i64,
    /// How many active people have the job role; nobody has a bundle.
    pub people: i64,
}

/// All of a kind, by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut PgConnection, kind: Kind) -> Result<Vec<GroupRecord>> {
    Ok(match kind {
        Kind::Bundle => {
            sqlx::query_as!(
                GroupRecord,
                r#"select b.id, b.slug, b.name, b.description, 0::bigint as "people!",
                     (select count(*) from bundle_entitlement be
                        join entitlement e on e.id = be.entitlement_id and e.deleted_at is null
                      where be.bundle_id = b.id) as "entitlements!"
                   from bundle b where b.deleted_at is null order by b.name, b.id"#
            )
            .fetch_all(conn)
            .await?
        }
        Kind::JobRole => {
            sqlx::query_as!(
                GroupRecord,
                r#"select j.id, j.slug, j.name, j.description,
                     (select count(*) from person_job_role pj
                        join person p on p.id = pj.person_id and p.status = 'active'
                      where pj.job_role_id = j.id) as "people!",
                     (select count(*) from job_role_entitlement je
                        join entitlement e on e.id = je.entitlement_id and e.deleted_at is null
                      where je.job_role_id = j.id) as "entitlements!"
                   from job_role j where j.deleted_at is null order by j.name, j.id"#
            )
            .fetch_all(conn)
            .await?
        }
    })
}

/// A bundle or job role as its editors see it.
#[derive(Debug, Clone)]
pub struct EditedGroup {
    /// Which.
    pub id: Uuid,
    /// In addresses and import files; it stays as it is.
    pub slug: String,
    /// What can be edited.
    pub facts: GroupFacts,
}

/// One of a kind.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, kind: Kind, id: Uuid) -> Result<Option<EditedGroup>> {
    struct Row {
        slug: String,
        name: String,
        description: String,
    }
    let row = match kind {
        Kind::Bundle => {
            sqlx::query_as!(
                Row,
                "select slug, name, description from bundle where id = $1 and deleted_at is null",
                id
            )
            .fetch_optional(&mut *conn)
            .await?
        }
        Kind::JobRole => {
            sqlx::query_as!(
                Row,
                "select slug, name, description from job_role where id = $1 and deleted_at is null",
                id
            )
            .fetch_optional(&mut *conn)
            .await?
        }
    };
    let Some(Row { slug, name, description }) = row else { return Ok(None) };
    let rows = sqlx::query!(
        r#"select e.id, o.slug || '/' || e.name as "label!"
           from (select entitlement_id from bundle_entitlement where bundle_id = $1
                 union all select entitlement_id from job_role_entitlement where job_role_id = $1) held
           join entitlement e on e.id = held.entitlement_id and e.deleted_at is null
           join resource o on o.id = e.resource_id
           order by o.slug, e.name, e.id"#,
        id
    )
    .fetch_all(conn)
    .await?;
    let entitlements = rows
        .into_iter()
        .map(|row| EntitlementLabel { id: EntitlementId(row.id), label: row.label })
        .collect();
    Ok(Some(EditedGroup { id, slug, facts: GroupFacts { name, description, entitlements } }))
}

/// Lets nobody else edit it until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, kind: Kind, id: Uuid) -> Result<Option<EditedGroup>> {
    match kind {
        Kind::Bundle => {
            sqlx::query!("select id from bundle where id = $1 for update", id)
                .fetch_optional(&mut *conn)
                .await?;
        }
        Kind::JobRole => {
            sqlx::query!("select id from job_role where id = $1 for update", id)
                .fetch_optional(&mut *conn)
                .await?;
        }
    }
    find(conn, kind, id).await
}

/// Marks a bundle as deleted. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn delete_bundle(conn: &mut PgConnection, id: BundleId, now: DateTime<Utc>) -> Result<bool> {
    let done =
        sqlx::query!("update bundle set deleted_at = $2 where id = $1 and deleted_at is null", id.0, now)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a job role as deleted and takes it from everybody, noting what it explained. Answers who had it; `None`
/// when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn delete_job_role(
    conn: &mut PgConnection,
    id: JobRoleId,
    now: DateTime<Utc>,
) -> Result<Option<Vec<PersonRef>>> {
    let done =
        sqlx::query!("update job_role set deleted_at = $2 where id = $1 and deleted_at is null", id.0, now)
            .execute(&mut *conn)
            .await?;
    if done.rows_affected() == 0 {
        return Ok(None);
    }
    explanation::note_lost_by_job_role(conn, id, &[], now).await?;
    let rows = sqlx::query!(
        "delete from person_job_role pj using person p where p.id = pj.person_id and pj.job_role_id = $1
         returning p.id, p.name",
        id.0
    )
    .fetch_all(conn)
    .await?;
    let mut people: Vec<PersonRef> =
        rows.into_iter().map(|row| PersonRef { id: PersonId(row.id), name: row.name }).collect();
    people.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    Ok(Some(people))
}

/// How many active people have the job role.
///
/// # Errors
/// When the database cannot be reached.
pub async fn people_with(conn: &mut PgConnection, id: JobRoleId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from person_job_role pj
           join person p on p.id = pj.person_id and p.status = 'active' where pj.job_role_id = $1"#,
        id.0
    )
    .fetch_one(conn)
    .await?)
}

/// An entitlement with the names around it, to be picked from.
#[derive(Debug, Clone)]
pub struct ChoiceRecord {
    /// Which.
    pub id: EntitlementId,
    /// The entitlement's name.
    pub name: String,
    /// The resource in addresses.
    pub resource_slug: String,
    /// The resource's name.
    pub resource: String,
    /// The system's name.
    pub system: String,
}

/// Everything that can be held, by system, resource and name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn choices(conn: &mut PgConnection) -> Result<Vec<ChoiceRecord>> {
    let rows = sqlx::query!(
        "select e.id, e.name, o.slug, o.name as resource, s.name as system
         from entitlement e
         join resource o on o.id = e.resource_id and o.deleted_at is null
         join system s on s.id = o.system_id and s.deleted_at is null
         where e.deleted_at is null order by s.name, s.id, o.name, o.id, e.name"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ChoiceRecord {
            id: EntitlementId(row.id),
            name: row.name,
            resource_slug: row.slug,
            resource: row.resource,
            system: row.system,
        })
        .collect())
}

/// The job roles of somebody, by name: id and slug.
///
/// # Errors
/// When the database cannot be reached.
pub async fn job_roles_of(conn: &mut PgConnection, person: PersonId) -> Result<Vec<(JobRoleId, String)>> {
    let rows = sqlx::query!(
        "select j.id, j.slug from person_job_role pj
         join job_role j on j.id = pj.job_role_id and j.deleted_at is null
         where pj.person_id = $1 order by j.name, j.id",
        person.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (JobRoleId(row.id), row.slug)).collect())
}
