//! Everybody at once, for bringing people in from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::id::{JobRoleId, PersonId, SystemId};
use domain::person::{PersonRef, PersonStatus};
use sqlx::PgConnection;

use crate::lock_number::LockNumber;
use crate::{Result, StoreError, explanation};

/// What can be brought in about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub id: PersonId,
    /// May be missing for people who came by signing in.
    pub email: Option<String>,
    /// For people.
    pub name: String,
    /// May be empty.
    pub title: String,
    /// May be empty.
    pub department: String,
    /// Their manager.
    pub manager: Option<PersonId>,
    /// An IANA name.
    pub time_zone: Option<String>,
    /// Whether the zone comes from the sign-in provider, which then goes before.
    pub time_zone_given: bool,
    /// Whether they work here.
    pub status: PersonStatus,
    /// Their job roles.
    pub job_roles: BTreeSet<JobRoleId>,
    /// What they go by on each system.
    pub accounts: BTreeMap<SystemId, String>,
}

impl Entry {
    /// For events.
    pub fn person(&self) -> PersonRef {
        PersonRef { id: self.id, name: self.name.clone() }
    }
}

/// Lets one import in at a time; the others wait. Ends with the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock_imports(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock($1) as "locked: ()""#, LockNumber::Imports.get())
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Everybody.
///
/// # Errors
/// When the database cannot be reached.
pub async fn all(conn: &mut PgConnection) -> Result<Vec<Entry>> {
    let rows = sqlx::query!(
        r#"select id, email, name, title, department, manager_id, time_zone, time_zone_given, status,
             array(select job_role_id from person_job_role where person_id = p.id) as "job_roles!",
             array(select system_id from account where person_id = p.id order by system_id) as "systems!",
             array(select name from account where person_id = p.id order by system_id) as "accounts!"
           from person p order by id"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Entry {
                id: PersonId(row.id),
                email: row.email,
                name: row.name,
                title: row.title,
                department: row.department,
                manager: row.manager_id.map(PersonId),
                time_zone: row.time_zone,
                time_zone_given: row.time_zone_given,
                status: PersonStatus::parse(&row.status)
                    .ok_or_else(|| StoreError::corrupt("person", &row.status))?,
                job_roles: row.job_roles.into_iter().map(JobRoleId).collect(),
                accounts: row.systems.into_iter().map(SystemId).zip(row.accounts).collect(),
            })
        })
        .collect()
}

/// Adds somebody who has not signed in yet; their status, job roles and accounts follow.
///
/// # Errors
/// When the database refuses it, as a second person with this address.
pub async fn insert(conn: &mut PgConnection, entry: &Entry, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into person (id, email, name, title, department, manager_id, time_zone, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        entry.id.0,
        entry.email,
        entry.name,
        entry.title,
        entry.department,
        entry.manager.map(|id| id.0),
        entry.time_zone,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes what is known about somebody, but for status, job roles and accounts.
///
/// # Errors
/// When the database refuses it.
pub async fn update(conn: &mut PgConnection, entry: &Entry) -> Result<()> {
    sqlx::query!(
        "update person set email = $2, name = $3, title = $4, department = $5, manager_id = $6, time_zone = $7
         where id = $1",
        entry.id.0,
        entry.email,
        entry.name,
        entry.title,
        entry.department,
        entry.manager.map(|id| id.0),
        entry.time_zone
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the job roles of somebody to exactly these, and notes what they explained and no longer do.
///
/// # Errors
/// When the database refuses it.
pub async fn set_job_roles(
    conn: &mut PgConnection,
    id: PersonId,
    job_roles: &BTreeSet<JobRoleId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<_> = job_roles.iter().map(|id| id.0).collect();
    explanation::note_lost_by_person(conn, id, &ids, now).await?;
    sqlx::query!("delete from person_job_role where person_id = $1 and job_role_id <> all($2)", id.0, &ids)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "insert into person_job_role (person_id, job_role_id) select $1, unnest($2::uuid[]) on conflict do nothing",
        id.0,
        &ids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the accounts of somebody to exactly these.
///
/// # Errors
/// When the database refuses it, as an account that is somebody else's.
pub async fn set_accounts(
    conn: &mut PgConnection,
    id: PersonId,
    accounts: &BTreeMap<SystemId, String>,
) -> Result<()> {
    let systems: Vec<_> = accounts.keys().map(|id| id.0).collect();
    let names: Vec<String> = accounts.values().cloned().collect();
    sqlx::query!("delete from account where person_id = $1 and system_id <> all($2)", id.0, &systems)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "insert into account (person_id, system_id, name)
         select $1, n.system_id, n.name from unnest($2::uuid[], $3::text[]) n(system_id, name)
         on conflict (person_id, system_id) do update set name = excluded.name",
        id.0,
        &systems,
        &names
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Frees the account names that are about to change hands.
///
/// # Errors
/// When the database refuses it.
pub async fn remove_accounts(conn: &mut PgConnection, id: PersonId) -> Result<()> {
    sqlx::query!("delete from account where person_id = $1", id.0).execute(conn).await?;
    Ok(())
}
