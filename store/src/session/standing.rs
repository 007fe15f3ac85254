//! What has become of sessions that something goes on under: looked at without marking them as seen, as nobody comes in.

use chrono::{DateTime, TimeDelta, Utc};
use domain::caller::Roles;
use domain::id::SessionId;

use super::seconds;
use crate::{Result, Store};

/// A session that is live.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Which.
    pub id: SessionId,
    /// What the provider said at `roles_read_at`.
    pub roles: Roles,
    /// When roles were read.
    pub roles_read_at: Option<DateTime<Utc>>,
    /// The time of this look.
    pub now: DateTime<Utc>,
}

/// Those of these sessions that are live and whose person may still come in.
///
/// # Errors
/// When the database cannot be reached.
pub async fn standing(store: &Store, ids: &[SessionId], idle: TimeDelta) -> Result<Vec<Standing>> {
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"with moment as materialized (select coalesce($2::timestamptz, clock_timestamp()) as now)
           select s.id, s.administrator, s.auditor, s.roles_read_at, moment.now as "now!"
           from moment, session s join person p on p.id = s.person_id
           where s.id = any($1) and s.ended_at is null and s.expires_at > moment.now
             and s.seen_at > moment.now - make_interval(secs => $3) and p.status = 'active'"#,
        &ids,
        store.clock().given(),
        seconds(idle),
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Standing {
            id: SessionId(row.id),
            roles: Roles { administrator: row.administrator, auditor: row.auditor },
            roles_read_at: row.roles_read_at,
            now: row.now,
        })
        .collect())
}
