//! What people see of their own sessions: devices, and forms that failed.

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::{PersonId, SessionId};
use serde_json::Value;

use super::seconds;
use crate::{Result, Store};

/// How many drafts a browser keeps.
const DRAFTS: i64 = 5;
/// Together with the last one, which alone may take more.
const DRAFTS_MAX_BYTES: i64 = 1024 * 1024;

/// A live session in the list of one's own devices.
#[derive(Debug, Clone)]
pub struct LiveSession {
    /// Which.
    pub id: SessionId,
    /// As the browser named itself.
    pub user_agent: Option<String>,
    /// The address it was last seen from.
    pub ip: Option<String>,
    /// When it signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last seen.
    pub seen_at: DateTime<Utc>,
}

/// The live sessions of a person, last seen first, at most 100.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list_live(
    store: &Store,
    person: PersonId,
    now: DateTime<Utc>,
    idle: TimeDelta,
) -> Result<Vec<LiveSession>> {
    let rows = sqlx::query!(
        "select id, user_agent, ip, created_at, seen_at from session
         where person_id = $1 and ended_at is null and expires_at > $2
           and seen_at > $2 - make_interval(secs => $3)
         order by seen_at desc limit 100",
        person.0,
        now,
        seconds(idle),
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| LiveSession {
            id: SessionId(row.id),
            user_agent: row.user_agent,
            ip: row.ip,
            created_at: row.created_at,
            seen_at: row.seen_at,
        })
        .collect())
}

/// Keeps a draft in a live session, however long it is, and of the four before it what does not take too much with it.
/// `draft` is an object with an `id`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn keep_draft(store: &Store, session: SessionId, draft: &Value) -> Result<()> {
    sqlx::query!(
        "update session set drafts = (
             select jsonb_agg(kept.draft order by kept.n)
             from (select draft, n, sum(octet_length(draft::text)) over (order by n) as bytes
               from jsonb_array_elements(jsonb_build_array($2::jsonb) || drafts) with ordinality one (draft, n)) kept
             where kept.n = 1 or (kept.n <= $3 and kept.bytes <= $4))
         where id = $1 and ended_at is null",
        session.0,
        draft,
        DRAFTS,
        DRAFTS_MAX_BYTES,
    )
    .execute(store.pool())
    .await?;
    Ok(())
}

/// The draft with this id, if this session keeps it.
///
/// # Errors
/// When the database cannot be reached.
pub async fn draft(store: &Store, session: SessionId, id: &str) -> Result<Option<Value>> {
    let draft = sqlx::query_scalar!(
        r#"select kept.draft as "draft!" from session, jsonb_array_elements(drafts) kept (draft)
         where session.id = $1 and ended_at is null and kept.draft ->> 'id' = $2 limit 1"#,
        session.0,
        id,
    )
    .fetch_optional(store.pool())
    .await?;
    Ok(draft)
}
