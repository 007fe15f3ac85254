//! Change windows: named times in which systems are changed, and what was used in them.

use chrono::{DateTime, Utc};
use domain::audit::query::folded;
use domain::id::{PersonId, RequestId, SystemId, WindowId};
use domain::person::PersonRef;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// The index that keeps two windows from one name.
pub const ONE_OF_A_NAME: &str = "change_window_name";

/// A window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRecord {
    /// Which.
    pub id: WindowId,
    /// For people, and for `window:`.
    pub name: String,
    /// Its first moment.
    pub starts_at: DateTime<Utc>,
    /// The first moment after it.
    pub ends_at: DateTime<Utc>,
    /// The systems that it is of, by name; none is all of them.
    pub systems: Vec<(SystemId, String)>,
}

/// Windows, or the one that is named; the latest first, at most `limit`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut PgConnection, id: Option<WindowId>, limit: i64) -> Result<Vec<WindowRecord>> {
    select(conn, id, None, Some(limit)).await
}

/// The windows of these names, whatever their case.
///
/// # Errors
/// When the database cannot be reached.
pub async fn named(conn: &mut PgConnection, names: &[&str]) -> Result<Vec<WindowRecord>> {
    let names: Vec<String> = names.iter().map(|name| folded(name)).collect();
    select(conn, None, Some(&names), None).await
}

async fn select(
    conn: &mut PgConnection,
    id: Option<WindowId>,
    names: Option<&[String]>,
    limit: Option<i64>,
) -> Result<Vec<WindowRecord>> {
    let rows = sqlx::query!(
        r#"select w.id, w.name, w.starts_at, w.ends_at,
             coalesce(array_agg(s.id order by s.name) filter (where s.id is not null), '{}') as "systems!",
             coalesce(array_agg(s.name order by s.name) filter (where s.id is not null), '{}') as "names!"
           from change_window w
           left join change_window_system ws on ws.window_id = w.id
           left join system s on s.id = ws.system_id
           where w.deleted_at is null and ($1::uuid is null or w.id = $1)
             and ($2::text[] is null or lower(w.name) = any($2))
           group by w.id order by w.starts_at desc, w.id limit $3"#,
        id.map(Uuid::from),
        names,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| WindowRecord {
            id: WindowId(row.id),
            name: row.name,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            systems: row.systems.into_iter().map(SystemId).zip(row.names).collect(),
        })
        .collect())
}

/// Adds a window.
///
/// # Errors
/// When the database refuses it, as a second one of a name ([`ONE_OF_A_NAME`]).
pub async fn insert(conn: &mut PgConnection, new: &WindowRecord, now: DateTime<Utc>) -> Result<()> {
    let systems: Vec<Uuid> = new.systems.iter().map(|(id, _)| id.0).collect();
    sqlx::query!(
        "insert into change_window (id, name, starts_at, ends_at, created_at) values ($1, $2, $3, $4, $5)",
        new.id.0,
        new.name,
        new.starts_at,
        new.ends_at,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into change_window_system (window_id, system_id) select $1, id from unnest($2::uuid[]) id",
        new.id.0,
        &systems
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a window as deleted. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn delete(conn: &mut PgConnection, id: WindowId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update change_window set deleted_at = $2 where id = $1 and deleted_at is null",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Who used what in a time, and under which requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The name as the source wrote it.
    pub actor: String,
    /// Who that is, where it is known.
    pub person: Option<PersonRef>,
    /// The system's name.
    pub system: Option<String>,
    /// The resource's name.
    pub resource: Option<String>,
    /// Which permission.
    pub entitlement: Option<String>,
    /// How often.
    pub events: i64,
    /// How often a grant covered it.
    pub covered: i64,
    /// How often none did.
    pub uncovered: i64,
    /// The requests of those grants.
    pub requests: Vec<RequestId>,
}

/// What was used between two moments on these systems, or on any where there are none: what nothing covered first, at
/// most `limit` kinds of use.
///
/// # Errors
/// When the database cannot be reached.
pub async fn used(
    conn: &mut PgConnection,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    systems: &[SystemId],
    limit: i64,
) -> Result<Vec<Used>> {
    let systems: Vec<Uuid> = systems.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select e.actor_name as "actor!", p.id as "person_id?", p.name as "person?", e.system_name, e.resource_name,
             e.entitlement_name, count(*) as "events!", count(*) filter (where l.covered) as "covered!",
             count(*) filter (where l.covered = false) as "uncovered!",
             coalesce(array_agg(distinct g.request_id) filter (where g.request_id is not null), '{}') as "requests!"
           from event e
           left join event_link l on l.event_id = e.id
           left join person p on p.id = l.person_id
           left join access_grant g on g.id = l.grant_id
           where e.class = 'usage' and e.occurred_at >= $1 and e.occurred_at < $2
             and (cardinality($3::uuid[]) = 0 or coalesce(e.system_id, l.system_id) = any($3))
           group by e.actor_name, p.id, e.system_name, e.resource_name, e.entitlement_name
           order by count(*) filter (where l.covered = false) desc, count(*) desc, 1, 4, 5, 6 limit $4"#,
        from,
        until,
        &systems,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Used {
            actor: row.actor,
            person: row.person_id.zip(row.person).map(|(id, name)| PersonRef { id: PersonId(id), name }),
            system: row.system_name,
            resource: row.resource_name,
            entitlement: row.entitlement_name,
            events: row.events,
            covered: row.covered,
            uncovered: row.uncovered,
            requests: row.requests.into_iter().map(RequestId).collect(),
        })
        .collect())
}
