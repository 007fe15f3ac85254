//! Signed-in browsers.
//!
//! *Invariant:* a session is told by the hash of its cookie's secret; the secret never comes here.
//! *Invariant:* saving never brings a session back that has ended.
//! *Invariant:* a session with a person begins and ends in a [`Tx`], so with an event.

mod own;
mod standing;

pub use own::{LiveSession, draft, keep_draft, list_live};
pub use standing::{Standing, standing};

use chrono::{DateTime, TimeDelta, Utc};
use domain::caller::Roles;
use domain::id::{PersonId, SessionId};
use domain::person::PersonRef;
use serde_json::Value;

use crate::{Cause, Result, Store, Tx};

/// SHA-256 of the secret in the cookie.
pub type IdHash = [u8; 32];

/// A session is marked as seen at most this often, so that a page view is mostly a read.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Ended and expired sessions are kept this long, for whoever looks into an incident.
const KEEP_ENDED: TimeDelta = TimeDelta::days(30);
/// Sign-ins that never arrived are kept this long.
const KEEP_NAMELESS: TimeDelta = TimeDelta::hours(1);

/// Where a request came from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// The address as text.
    pub ip: Option<&'a str>,
    /// As the browser sent it, at most 300 characters.
    pub user_agent: Option<&'a str>,
}

/// A live session with whose it is, as the guard needs it.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The session.
    pub id: SessionId,
    /// Who is signed in.
    pub person: PersonRef,
    /// What the provider said at `roles_read_at`.
    pub roles: Roles,
    /// When roles were read.
    pub roles_read_at: Option<DateTime<Utc>>,
    /// When the provider was last asked for them without a page.
    pub roles_tried_at: Option<DateTime<Utc>>,
    /// When the person last proved who they are.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// The person's own zone, if known: an IANA name.
    pub time_zone: Option<String>,
    /// The time of this call.
    pub now: DateTime<Utc>,
}

/// The live session under this hash, if its person may still come in; marks it as seen from here, unless there is no
/// room to write that down.
///
/// # Errors
/// When the database cannot be reached.
pub async fn visit(store: &Store, hash: &IdHash, seen: Seen<'_>, idle: TimeDelta) -> Result<Option<Visit>> {
    match look(store, hash, Some(seen), idle).await {
        Err(error) if error.cause() == Cause::Full => {
            tracing::warn!(%error, "a session could not be marked as seen; it goes on");
            look(store, hash, None, idle).await
        }
        looked => looked,
    }
}

/// The same, marking it only where somebody says from where.
async fn look(
    store: &Store,
    hash: &IdHash,
    seen: Option<Seen<'_>>,
    idle: TimeDelta,
) -> Result<Option<Visit>> {
    let is_marked = seen.is_some();
    let seen = seen.unwrap_or_default();
    let row = sqlx::query!(
        r#"with moment as materialized (
             select coalesce($2::timestamptz, clock_timestamp()) as now
         ), live as (
             select s.*, p.name, p.time_zone, moment.now
             from moment, session s join person p on p.id = s.person_id
             where s.id_hash = $1 and s.ended_at is null and s.expires_at > moment.now
               and s.seen_at > moment.now - make_interval(secs => $3) and p.status = 'active'
         ), touched as (
             update session set seen_at = live.now, ip = coalesce($5, session.ip),
                    user_agent = coalesce($6, session.user_agent)
             from live
             where session.id = live.id and session.ended_at is null
               and $7 and live.seen_at <= live.now - make_interval(secs => $4)
         )
         select id, person_id as "person_id!", name, administrator, auditor, roles_read_at, roles_tried_at,
                authenticated_at, time_zone, now as "now!"
         from live"#,
        hash.as_slice(),
        store.clock().given(),
        seconds(idle),
        seconds(SEEN_EVERY),
        seen.ip,
        seen.user_agent,
        is_marked,
    )
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| Visit {
        id: SessionId(row.id),
        person: PersonRef { id: PersonId(row.person_id), name: row.name },
        roles: Roles { administrator: row.administrator, auditor: row.auditor },
        roles_read_at: row.roles_read_at,
        roles_tried_at: row.roles_tried_at,
        authenticated_at: row.authenticated_at,
        time_zone: row.time_zone,
        now: row.now,
    }))
}

/// Opens a session of nobody's, for a sign-in on its way.
///
/// # Errors
/// When the database cannot be reached.
pub async fn open(store: &Store, hash: &IdHash, data: &Value, lasting: TimeDelta) -> Result<()> {
    let now = store.now().await?;
    sqlx::query!(
        "insert into session (id, id_hash, created_at, seen_at, expires_at, data)
         values (gen_random_uuid(), $1, $2, $2, $3, $4)",
        hash.as_slice(),
        now,
        now + lasting,
        data,
    )
    .execute(store.pool())
    .await?;
    Ok(())
}

/// What a live session keeps for a sign-in on its way.
///
/// # Errors
/// When the database cannot be reached.
pub async fn load(store: &Store, hash: &IdHash, idle: TimeDelta) -> Result<Option<Value>> {
    let data = sqlx::query_scalar!(
        "select data from session, (select coalesce($2::timestamptz, clock_timestamp()) as now) moment
         where id_hash = $1 and ended_at is null and expires_at > now
           and (person_id is null or seen_at > now - make_interval(secs => $3))",
        hash.as_slice(),
        store.clock().given(),
        seconds(idle),
    )
    .fetch_optional(store.pool())
    .await?;
    Ok(data)
}

/// Keeps data in a live session. One that has ended stays as it is, and that is no error.
///
/// # Errors
/// When the database cannot be reached.
pub async fn save(store: &Store, hash: &IdHash, data: &Value) -> Result<()> {
    sqlx::query!(
        "update session set data = $2 where id_hash = $1 and ended_at is null",
        hash.as_slice(),
        data
    )
    .execute(store.pool())
    .await?;
    Ok(())
}

/// Forgets a session of nobody's. One with a person is left alone: it ends with an event, by [`end`].
///
/// # Errors
/// When the database cannot be reached.
pub async fn forget_nameless(store: &Store, hash: &IdHash) -> Result<()> {
    sqlx::query!("delete from session where id_hash = $1 and person_id is null", hash.as_slice())
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Notes that the provider was asked for roles without a page, so that it is not asked again at once.
///
/// # Errors
/// When the database cannot be reached.
pub async fn mark_roles_tried(store: &Store, id: SessionId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update session set roles_tried_at = $2 where id = $1", id.0, now)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// What turns a session of nobody's into somebody's.
#[derive(Debug)]
pub struct Admission<'a> {
    /// The new session, opened just before.
    pub hash: &'a IdHash,
    /// Whose it becomes.
    pub person: PersonId,
    /// `sid` at the provider.
    pub provider_sid: Option<&'a str>,
    /// The hint for signing out there.
    pub id_token: &'a str,
    /// What the groups claim says.
    pub roles: Roles,
    /// `auth_time`.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// Where the browser is.
    pub seen: Seen<'a>,
    /// How long it lasts at most.
    pub lasting: TimeDelta,
    /// The session of the same browser that this one takes over from.
    pub replaces: Option<SessionId>,
}

/// Signs a session in, and ends the one that it replaces. Drafts move along if the person is the same.
/// `None` when the session to sign in is not there.
///
/// # Errors
/// When the database refuses it.
pub async fn admit(tx: &mut Tx, admission: &Admission<'_>) -> Result<Option<SessionId>> {
    let now = tx.now;
    let id = sqlx::query_scalar!(
        "update session set person_id = $2, provider_sid = $3, id_token = $4, administrator = $5, auditor = $6,
                roles_read_at = $7, authenticated_at = $8, ip = $9, user_agent = $10, seen_at = $7,
                expires_at = $11, data = '{}',
                drafts = coalesce((select drafts from session old where old.id = $12 and old.person_id = $2), '[]')
         where id_hash = $1 and person_id is null and ended_at is null
         returning id",
        admission.hash.as_slice(),
        admission.person.0,
        admission.provider_sid,
        admission.id_token,
        admission.roles.administrator,
        admission.roles.auditor,
        now,
        admission.authenticated_at,
        admission.seen.ip,
        admission.seen.user_agent,
        now + admission.lasting,
        admission.replaces.map(|id| id.0),
    )
    .fetch_optional(tx.conn())
    .await?;
    if let Some(old) = admission.replaces {
        end(tx, old).await?;
    }
    Ok(id.map(SessionId))
}

/// Ends a session. Answers the hint for signing out at the provider, and `None` if it had ended before.
///
/// # Errors
/// When the database refuses it.
pub async fn end(tx: &mut Tx, id: SessionId) -> Result<Option<EndedSession>> {
    let now = tx.now;
    let row = sqlx::query!(
        r#"with old as (select id, id_token from session where id = $1 and ended_at is null for update)
         update session set ended_at = $2, id_token = null, data = '{}', drafts = '[]'
         from old where session.id = old.id
         returning old.id_token as "id_token?", session.person_id"#,
        id.0,
        now
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| EndedSession { id_token: row.id_token, person: row.person_id.map(PersonId) }))
}

/// What is left to know of a session that was just ended.
#[derive(Debug)]
pub struct EndedSession {
    /// The hint for signing out at the provider.
    pub id_token: Option<String>,
    /// Whose it was.
    pub person: Option<PersonId>,
}

/// Ends a live session only if it is this person's.
///
/// # Errors
/// When the database refuses it.
pub async fn end_own(tx: &mut Tx, id: SessionId, person: PersonId) -> Result<bool> {
    let owned = sqlx::query_scalar!(
        "select id from session where id = $1 and person_id = $2 and ended_at is null for update",
        id.0,
        person.0
    )
    .fetch_optional(tx.conn())
    .await?;
    match owned {
        Some(_) => Ok(end(tx, id).await?.is_some()),
        None => Ok(false),
    }
}

/// Ends every live session of a person: they were suspended or have left. Answers how many.
///
/// # Errors
/// When the database refuses it.
pub async fn end_all_of(tx: &mut Tx, person: PersonId) -> Result<u64> {
    let now = tx.now;
    let done = sqlx::query!(
        "update session set ended_at = $2, id_token = null, data = '{}', drafts = '[]'
         where person_id = $1 and ended_at is null",
        person.0,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Ends the sessions that the provider says are over there: of one sign-in there (`sid`), or all of a
/// subject's. Answers whose they were, once for each session.
///
/// # Errors
/// When the database refuses it.
pub async fn end_by_provider(
    tx: &mut Tx,
    issuer: &str,
    sid: Option<&str>,
    subject: Option<&str>,
) -> Result<Vec<PersonRef>> {
    let now = tx.now;
    let rows = sqlx::query!(
        "update session s set ended_at = $1, id_token = null, data = '{}', drafts = '[]'
         from person p
         where p.id = s.person_id and p.issuer = $2 and s.ended_at is null
           and ($3::text is not null or $4::text is not null)
           and ($3::text is null or s.provider_sid = $3) and ($4::text is null or p.subject = $4)
         returning p.id, p.name",
        now,
        issuer,
        sid,
        subject
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| PersonRef { id: PersonId(row.id), name: row.name }).collect())
}

/// Remembers a sign-out notice of the provider. `false` if it was there before.
///
/// # Errors
/// When the database refuses it.
pub async fn remember_logout_token(
    tx: &mut Tx,
    issuer: &str,
    jti: &str,
    expires_at: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into logout_token (issuer, jti, expires_at) values ($1, $2, $3) on conflict do nothing",
        issuer,
        jti,
        expires_at
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets what is over for good: for a job, once an hour or so. Answers how many sessions went.
///
/// # Errors
/// When the database cannot be reached.
pub async fn forget_old(store: &Store) -> Result<u64> {
    let now = store.now().await?;
    sqlx::query!("delete from logout_token where expires_at < $1", now).execute(store.pool()).await?;
    let done = sqlx::query!(
        "delete from session
         where expires_at < $1 or (person_id is null and expires_at < $2) or ended_at < $1",
        now - KEEP_ENDED,
        now - KEEP_NAMELESS,
    )
    .execute(store.pool())
    .await?;
    Ok(done.rows_affected())
}

fn seconds(delta: TimeDelta) -> f64 {
    delta.as_seconds_f64()
}

/// Whether sessions can be read at all.
///
/// # Errors
/// When the database cannot be reached, or has no such table.
pub async fn reach(store: &Store) -> Result<()> {
    sqlx::query!(r#"select exists (select from session) as "any!""#).fetch_one(store.pool()).await?;
    Ok(())
}
