//! Making grants and moving them on. [`mark`] expects the state that it leaves, and says whether it was so.

use chrono::{DateTime, Utc};
use domain::grant::{GrantState, Removal};
use domain::id::{EntitlementId, GrantId, PersonId, SystemId};
use domain::request::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// A grant to be made with its request's approval.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// Which.
    pub id: GrantId,
    /// Who will hold it.
    pub person: PersonId,
    /// What.
    pub entitlement: EntitlementId,
    /// From when and for how long.
    pub window: Window,
    /// Where it starts out.
    pub state: GrantState,
    /// Whether people open it: then only its deadline is the job's.
    pub is_manual: bool,
}

/// When the job first looks at a grant that has come into `state`: at once where a connector opens it, at its
/// deadline where people do, and not before it is due where it only waits.
pub fn first_try(state: &GrantState, is_manual: bool, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match state {
        GrantState::Activating { deadline, .. } if is_manual => Some(*deadline),
        GrantState::Activating { .. } => Some(now),
        _ => None,
    }
}

/// Access that was found beforehand.
#[derive(Debug, Clone)]
pub struct NewImported {
    /// Which.
    pub id: GrantId,
    /// Who holds it.
    pub person: PersonId,
    /// What.
    pub entitlement: EntitlementId,
    /// Since when, as far as it is known.
    pub active_since: DateTime<Utc>,
    /// Its end, if it has one.
    pub ends_at: Option<DateTime<Utc>>,
    /// When it is brought in.
    pub created_at: DateTime<Utc>,
}

/// Brings in access that was found beforehand, as active and without a decision.
///
/// # Errors
/// When the database refuses it.
pub async fn insert_imported(conn: &mut PgConnection, new: &NewImported) -> Result<()> {
    sqlx::query!(
        "insert into access_grant (id, person_id, entitlement_id, origin, state, created_at, active_since, ends_at)
         values ($1, $2, $3, 'imported', 'active', $4, $5, $6)",
        new.id.0,
        new.person.0,
        new.entitlement.0,
        new.created_at,
        new.active_since,
        new.ends_at
    )
    .execute(&mut *conn)
    .await?;
    keep_opened(conn, new.id).await
}

/// What a try at a target left behind.
#[derive(Debug, Clone, Default)]
pub struct Tried {
    /// Tries in vain so far at the present step.
    pub attempts: i32,
    /// Why the last one failed.
    pub error: Option<String>,
    /// When the next one is due.
    pub next_try_at: Option<DateTime<Utc>>,
    /// Whether the target was found changed by somebody else.
    pub is_externally_modified: bool,
    /// Who attested a manual step.
    pub attested_by: Option<PersonId>,
    /// Whether it certainly was not opened by any try so far; where nothing is known, it stays as it was.
    pub is_surely_closed: bool,
}

/// Moves a grant from `from` (the state's word that was read) to `to`. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn mark(
    conn: &mut PgConnection,
    id: GrantId,
    from: &str,
    to: &GrantState,
    tried: &Tried,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (mut deadline, mut active_since, mut ends_at, mut cause, mut known) = (None, None, None, None, None);
    let mut why = None;
    match to {
        GrantState::Activating { deadline: by, .. } => deadline = Some(*by),
        GrantState::Active { until } => (active_since, ends_at) = (Some(now), *until),
        GrantState::Removing { why: removal, .. } => why = Some(*removal),
        GrantState::Closed { why: removal, known: how } => {
            (why, known) = (Some(*removal), Some(how.as_str()))
        }
        GrantState::Scheduled { .. } | GrantState::Failed => {}
    }
    if let Some(Removal::Revoked(by)) = why {
        cause = Some(by.as_str());
    }
    let done = sqlx::query!(
        "update access_grant set state = $3, activation_deadline = coalesce($4, activation_deadline),
            active_since = coalesce(active_since, $5), ends_at = coalesce(ends_at, $6), cause = coalesce($7, cause),
            removal_known = $8, closed_at = $9, attempts = $10, last_error = $11, next_try_at = $12,
            externally_modified = externally_modified or $13, attested_by = coalesce($14, attested_by),
            opening_unclear = opening_unclear and not $15
         where id = $1 and state = $2",
        id.0,
        from,
        to.as_str(),
        deadline,
        active_since,
        ends_at,
        cause,
        known,
        (!to.is_live()).then_some(now),
        tried.attempts,
        tried.error,
        tried.next_try_at,
        tried.is_externally_modified,
        tried.attested_by.map(Uuid::from),
        tried.is_surely_closed
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 1 && matches!(to, GrantState::Active { .. }) {
        keep_opened(conn, id).await?;
    }
    Ok(done.rows_affected() == 1)
}

/// Notes that a try to open it begins: until it has a clear answer, the system is not led elsewhere. Waits while
/// somebody does that; the grant is to be read again afterwards.
///
/// # Errors
/// When the database refuses it.
pub async fn note_opening(conn: &mut PgConnection, id: GrantId, system: SystemId) -> Result<()> {
    sqlx::query!(
        "with led as (select id from system where id = $2 for share)
         update access_grant set opening_unclear = true where id = $1 and exists (select 1 from led)",
        id.0,
        system.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what it was opened with: it is to be closed there, whatever is renamed or moved meanwhile.
async fn keep_opened(conn: &mut PgConnection, id: GrantId) -> Result<()> {
    sqlx::query!(
        "update access_grant g set opened_account = a.name, opened_target = e.target,
            opened_settings = s.connector_settings
         from entitlement e
         join resource o on o.id = e.resource_id
         join system s on s.id = o.system_id
         left join account a on a.system_id = s.id and a.person_id = (select person_id from access_grant where id = $1)
         where g.id = $1 and e.id = g.entitlement_id and s.connector <> 'manual'",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes the next try of a failed grant due now. `false` when it is not failed any more.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_to_try(conn: &mut PgConnection, id: GrantId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update access_grant set next_try_at = $2 where id = $1 and state in ('activation_failed', 'removal_failed')",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
