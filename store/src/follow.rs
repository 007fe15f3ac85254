//! The logs of systems that are followed: what they come in as, and how far each file was read.

use chrono::{DateTime, Utc};
use domain::id::{SourceId, SystemId};
use serde_json::Value;
use sqlx::PgConnection;

use crate::Result;

/// A system whose settings name the folder of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Which.
    pub system: SystemId,
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Its settings.
    pub settings: Value,
    /// What its log comes in as, once that is made: its id and slug, and whether it is open.
    pub source: Option<(SourceId, String, bool)>,
}

/// The systems of this connector whose settings name a folder.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut PgConnection, connector: &str) -> Result<Vec<Followed>> {
    let rows = sqlx::query!(
        r#"select s.id, s.slug, s.name, s.connector_settings as settings, q.id as "source_id?", q.slug as "source?",
             q.ended_at is null as "is_open!"
           from system s
           left join followed_system f on f.system_id = s.id
           left join event_source q on q.id = f.source_id
           where s.connector = $1 and s.deleted_at is null and s.connector_settings ->> 'log' <> ''
           order by s.id"#,
        connector
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Followed {
            system: SystemId(row.id),
            slug: row.slug,
            name: row.name,
            settings: row.settings,
            source: row.source_id.map(SourceId).zip(row.source).map(|(id, slug)| (id, slug, row.is_open)),
        })
        .collect())
}

/// Says what a system's log comes in as. `false` where somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn insert(conn: &mut PgConnection, system: SystemId, source: SourceId) -> Result<bool> {
    let done = sqlx::query!(
        "insert into followed_system (system_id, source_id) values ($1, $2) on conflict (system_id) do nothing",
        system.0,
        source.0
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How far a file was read, in bytes: 0 where it was not yet.
///
/// # Errors
/// When the database cannot be reached.
pub async fn position(conn: &mut PgConnection, system: SystemId, identity: &str) -> Result<u64> {
    let found = sqlx::query_scalar!(
        "select position from followed_file where system_id = $1 and identity = $2",
        system.0,
        identity
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.and_then(|position| u64::try_from(position).ok()).unwrap_or(0))
}

/// Notes how far a file was read. What was read before that is in the book already, or was known there: a crash in
/// between has it read again, and nothing stored twice.
///
/// # Errors
/// When the database refuses it.
pub async fn advance(
    conn: &mut PgConnection,
    system: SystemId,
    identity: &str,
    position: u64,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into followed_file (system_id, identity, position, seen_at) values ($1, $2, $3, $4)
         on conflict (system_id, identity) do update set position = $3, seen_at = $4",
        system.0,
        identity,
        i64::try_from(position).unwrap_or(i64::MAX),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
