//! People, their managers, job roles and accounts.

use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, PersonId, SystemId};
use domain::person::{PersonRef, PersonStatus};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Result, StoreError};

/// A person with their manager's name.
#[derive(Debug, Clone, FromRow)]
pub struct PersonRecord {
    id: Uuid,
    /// For people.
    pub name: String,
    /// May be missing.
    pub email: Option<String>,
    /// May be empty.
    pub title: String,
    /// May be empty.
    pub department: String,
    status: String,
    manager_id: Option<Uuid>,
    manager: Option<String>,
    /// The zone of theirs, an IANA name.
    pub time_zone: Option<String>,
}

impl PersonRecord {
    /// Who.
    pub fn person(&self) -> PersonRef {
        PersonRef { id: PersonId(self.id), name: self.name.clone() }
    }

    /// Whether they work here.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn status(&self) -> Result<PersonStatus> {
        PersonStatus::parse(&self.status).ok_or_else(|| StoreError::corrupt("person", &self.status))
    }

    /// Their manager.
    pub fn manager(&self) -> Option<PersonRef> {
        Some(PersonRef { id: PersonId(self.manager_id?), name: self.manager.clone()? })
    }
}

const SELECT: &str = "select p.id, p.name, p.email, p.title, p.department, p.status, p.manager_id,
    m.name as manager, p.time_zone from person p left join person m on m.id = p.manager_id where ";

/// One person.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, id: PersonId) -> Result<Option<PersonRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("p.id = ").push_bind(id.0);
    Ok(query.build_query_as().fetch_optional(conn).await?)
}

/// One person, locked until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, id: PersonId) -> Result<Option<PersonRecord>> {
    sqlx::query!("select id from person where id = $1 for update", id.0).fetch_optional(&mut *conn).await?;
    find(conn, id).await
}

/// People whose name, title, department or address contains every word, by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn search(conn: &mut PgConnection, text: &str, limit: i64) -> Result<Vec<PersonRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("true");
    for word in text.split_whitespace().take(8) {
        query.push(" and concat_ws(' ', p.name, p.title, p.department, p.email) ilike ");
        query.push_bind(format!("%{}%", crate::audit::escape_like(word)));
    }
    query.push(" order by p.status = 'active' desc, p.name, p.id limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// A person's active reports, by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn reports(conn: &mut PgConnection, manager: PersonId) -> Result<Vec<PersonRef>> {
    let rows = sqlx::query!(
        "select id, name from person where manager_id = $1 and status = 'active' order by name, id",
        manager.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| PersonRef { id: PersonId(row.id), name: row.name }).collect())
}

/// A person's job roles with the entitlements that each justifies, by name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn job_roles(
    conn: &mut PgConnection,
    person: PersonId,
) -> Result<Vec<(String, Vec<EntitlementId>)>> {
    let rows = sqlx::query!(
        r#"select j.name, array(select entitlement_id from job_role_entitlement where job_role_id = j.id)
             as "entitlements!"
           from person_job_role pj join job_role j on j.id = pj.job_role_id and j.deleted_at is null
           where pj.person_id = $1 order by j.name"#,
        person.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.name, row.entitlements.into_iter().map(EntitlementId).collect()))
        .collect())
}

/// The systems on which the person has an account, with its name.
///
/// # Errors
/// When the database cannot be reached.
pub async fn accounts(conn: &mut PgConnection, person: PersonId) -> Result<Vec<(SystemId, String)>> {
    let rows = sqlx::query!("select system_id, name from account where person_id = $1", person.0)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (SystemId(row.system_id), row.name)).collect())
}

/// Changes whether somebody works here, from `now` on. `false` when it was so already.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_status(
    conn: &mut PgConnection,
    id: PersonId,
    status: PersonStatus,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update person set status = $2, status_since = $3 where id = $1 and status <> $2",
        id.0,
        status.as_str(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
