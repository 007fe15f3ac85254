//! Preparing one: by one process at a time, from its beginning each time.

use chrono::{DateTime, Utc};
use domain::id::{ExportJobId, PersonId};
use domain::person::PersonStatus;
use sqlx::{Connection as _, PgConnection};

use super::{ExportJobRecord, empty, find};
use crate::{Result, SessionLock, Store, StoreError};

/// So many that wait are looked at for one that nobody prepares.
const LOOKED_AT: i64 = 100;

/// Takes up the first one that nobody prepares, from its beginning: what a process that is gone has left of it goes.
///
/// # Errors
/// When the database cannot be reached.
pub async fn take(store: &Store) -> Result<Option<(SessionLock, ExportJobRecord)>> {
    let open = sqlx::query_scalar!(
        "select id from export_job where state in ('waiting', 'running') order by asked_at, id limit $1",
        LOOKED_AT
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    for id in open.into_iter().map(ExportJobId) {
        let Some(lock) = SessionLock::try_export(store, id).await? else { continue };
        if let Some(record) = begin(&mut *store.read().await?, id).await? {
            return Ok(Some((lock, record)));
        }
        lock.release().await;
    }
    Ok(None)
}

async fn begin(conn: &mut PgConnection, id: ExportJobId) -> Result<Option<ExportJobRecord>> {
    let mut tx = conn.begin().await?;
    let done = sqlx::query!(
        "update export_job set state = 'running', attempt = attempt + 1, events_written = 0, events_expected = null,
           reached_at = null, chunks = 0, file_bytes = 0
         where id = $1 and state in ('waiting', 'running')",
        id.0
    )
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        tx.rollback().await?;
        return Ok(None);
    }
    sqlx::query!("delete from export_chunk where job_id = $1", id.0).execute(&mut *tx).await?;
    let record = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(record)
}

/// What is known of whoever asked, by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// Whether they work here.
    pub status: PersonStatus,
    /// Whether the provider, when it was asked last, said that the whole book is open to them.
    pub sees_all: bool,
}

/// What is known of whoever asked, by now.
///
/// # Errors
/// When the database cannot be reached.
pub async fn asker(conn: &mut PgConnection, person: PersonId) -> Result<Asker> {
    let row = sqlx::query!(
        r#"select p.status, coalesce((
             select s.administrator or s.auditor from session s where s.person_id = p.id and s.roles_read_at is not null
             order by s.roles_read_at desc limit 1), false) as "sees_all!"
           from person p where p.id = $1"#,
        person.0
    )
    .fetch_one(conn)
    .await?;
    let status =
        PersonStatus::parse(&row.status).ok_or_else(|| StoreError::corrupt("person", &row.status))?;
    Ok(Asker { status, sees_all: row.sees_all })
}

/// Says how many events there will be.
///
/// # Errors
/// When the database refuses it.
pub async fn expect(conn: &mut PgConnection, job: &ExportJobRecord, events: i64) -> Result<()> {
    sqlx::query!(
        "update export_job set events_expected = $3 where id = $1 and attempt = $2 and state = 'running'",
        job.id().0,
        job.attempt,
        events
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What has become of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is kept.
    Added,
    /// All files together would hold too much.
    Full,
    /// It was cancelled or deleted, or somebody else has taken it up.
    Dropped,
}

/// Adds a piece to the file, unless all files together would hold more than `total_max` bytes.
///
/// # Errors
/// When the database refuses it.
pub async fn add_chunk(
    conn: &mut PgConnection,
    job: &ExportJobRecord,
    bytes: &[u8],
    total_max: i64,
) -> Result<Added> {
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let row = sqlx::query!(
        r#"with room as (select coalesce(sum(file_bytes), 0)::bigint + $4::bigint <= $5::bigint as is_there from export_job),
           moved as (
             update export_job set chunks = chunks + 1, file_bytes = file_bytes + $4
             where id = $1 and attempt = $2 and state = 'running' and (select is_there from room)
             returning id, chunks),
           added as (insert into export_chunk (job_id, number, bytes) select id, chunks - 1, $3 from moved)
           select exists (select from moved) as "is_added!", (select is_there from room) as "is_room!""#,
        job.id().0,
        job.attempt,
        bytes,
        length,
        total_max
    )
    .fetch_one(conn)
    .await?;
    Ok(match (row.is_added, row.is_room) {
        (true, _) => Added::Added,
        (false, false) => Added::Full,
        (false, true) => Added::Dropped,
    })
}

/// Says how far it is. `false` where it was cancelled or deleted, or somebody else has taken it up.
///
/// # Errors
/// When the database refuses it.
pub async fn progress(
    conn: &mut PgConnection,
    job: &ExportJobRecord,
    events: i64,
    reached_at: Option<DateTime<Utc>>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update export_job set events_written = $3, reached_at = $4
         where id = $1 and attempt = $2 and state = 'running'",
        job.id().0,
        job.attempt,
        events,
        reached_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The file is there. `false` where nobody wants it any more, or somebody else has taken it up.
///
/// # Errors
/// When the database refuses it.
pub async fn finish(
    conn: &mut PgConnection,
    job: &ExportJobRecord,
    events: i64,
    (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool> {
    let done = sqlx::query!(
        "update export_job set state = 'done', events_written = $3, events_expected = $3, ended_at = $4, expires_at = $5
         where id = $1 and attempt = $2 and state = 'running'",
        job.id().0,
        job.attempt,
        events,
        now,
        expires_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// There will be no file. `false` where nobody wants it any more, or somebody else has taken it up.
///
/// # Errors
/// When the database refuses it.
pub async fn fail(
    conn: &mut PgConnection,
    job: &ExportJobRecord,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update export_job set state = 'failed', reason = left($3, 500), ended_at = $4, chunks = 0, file_bytes = 0
         where id = $1 and attempt = $2 and state = 'running'",
        job.id().0,
        job.attempt,
        reason,
        now
    )
    .execute(&mut *conn)
    .await?;
    empty(conn, job.id()).await?;
    Ok(done.rows_affected() == 1)
}
