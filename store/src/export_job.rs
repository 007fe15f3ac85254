//! Exports that are prepared in the background, and their files.

mod run;

use chrono::{DateTime, Utc};
use domain::export::ExportState;
use domain::id::{EventId, ExportJobId, PersonId};
use domain::person::PersonRef;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Result, StoreError};

pub use run::{Added, Asker, add_chunk, asker, expect, fail, finish, progress, take};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ExportJobRecord {
    id: Uuid,
    person_id: Uuid,
    person_name: String,
    event_id: Uuid,
    /// As it was written.
    pub query: String,
    /// The zone that its times are read in.
    pub time_zone: String,
    /// The word of its format.
    pub format: String,
    /// Whether the whole book was open to whoever asked.
    pub sees_all: bool,
    /// What else was open to them (`audit::sight_of_today`).
    pub sight: String,
    state: String,
    /// What its times count from.
    pub asked_at: DateTime<Utc>,
    /// When it was done, had failed or was cancelled.
    pub ended_at: Option<DateTime<Utc>>,
    /// When the file is let go.
    pub expires_at: Option<DateTime<Utc>>,
    /// How often it was begun.
    pub attempt: i32,
    /// Events that stand in the file so far.
    pub events_written: i64,
    /// How many there will be, where somebody knows.
    pub events_expected: Option<i64>,
    /// When the last one of them had been recorded; newest come first.
    pub reached_at: Option<DateTime<Utc>>,
    /// Pieces of the file.
    pub chunks: i32,
    /// What they take, compressed.
    pub file_bytes: i64,
    /// Why there is no file.
    pub reason: Option<String>,
    /// When it was fetched last.
    pub fetched_at: Option<DateTime<Utc>>,
}

impl ExportJobRecord {
    /// Which.
    pub fn id(&self) -> ExportJobId {
        ExportJobId(self.id)
    }

    /// Who asked.
    pub fn person(&self) -> PersonRef {
        PersonRef { id: PersonId(self.person_id), name: self.person_name.clone() }
    }

    /// The event of asking.
    pub fn event(&self) -> EventId {
        EventId(self.event_id)
    }

    /// How it is.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn state(&self) -> Result<ExportState> {
        ExportState::parse(&self.state).ok_or_else(|| StoreError::corrupt("export_job", &self.state))
    }
}

/// One to be prepared.
#[derive(Debug, Clone, Copy)]
pub struct NewExportJob<'a> {
    /// Which.
    pub id: ExportJobId,
    /// Who asks.
    pub person: PersonId,
    /// The event of asking.
    pub event: EventId,
    /// As it is written.
    pub query: &'a str,
    /// The zone that its times are read in.
    pub time_zone: &'a str,
    /// The word of its format.
    pub format: &'a str,
    /// Whether the whole book is open to whoever asks.
    pub sees_all: bool,
    /// What else is open to them (`audit::sight_of_today`).
    pub sight: &'a str,
}

/// How many of somebody's there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// Something is still to come of them.
    pub open: i64,
    /// All.
    pub all: i64,
}

/// What somebody has not heard of yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// Files that are there and were never fetched.
    pub ready: i64,
    /// Where there will be none.
    pub failed: i64,
}

const SELECT: &str = "select j.id, j.person_id, p.name as person_name, j.event_id, j.query, j.time_zone, j.format, \
     j.sees_all, j.sight, j.state, j.asked_at, j.ended_at, j.expires_at, j.attempt, j.events_written, j.events_expected, \
     j.reached_at, j.chunks, j.file_bytes, j.reason, j.fetched_at \
     from export_job j join person p on p.id = j.person_id where ";

/// Somebody's, newest first.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut PgConnection, person: PersonId, limit: i64) -> Result<Vec<ExportJobRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("j.person_id = ").push_bind(person.0);
    query.push(" order by j.asked_at desc, j.id desc limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// One.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, id: ExportJobId) -> Result<Option<ExportJobRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("j.id = ").push_bind(id.0);
    Ok(query.build_query_as().fetch_optional(conn).await?)
}

/// One, kept from others who want to change it until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, id: ExportJobId) -> Result<Option<ExportJobRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("j.id = ").push_bind(id.0).push(" for update of j");
    Ok(query.build_query_as().fetch_optional(conn).await?)
}

/// How many somebody has; nobody else of them adds one until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn count_locked(conn: &mut PgConnection, person: PersonId) -> Result<Own> {
    sqlx::query!("select id from person where id = $1 for no key update", person.0)
        .fetch_optional(&mut *conn)
        .await?;
    Ok(sqlx::query_as!(
        Own,
        r#"select count(*) as "all!", count(*) filter (where state in ('waiting', 'running')) as "open!"
           from export_job where person_id = $1 and state <> 'expired'"#,
        person.0
    )
    .fetch_one(conn)
    .await?)
}

/// What somebody has not heard of yet.
///
/// # Errors
/// When the database cannot be reached.
pub async fn news(conn: &mut PgConnection, person: PersonId) -> Result<News> {
    Ok(sqlx::query_as!(
        News,
        r#"select count(*) filter (where state = 'done' and fetched_at is null) as "ready!",
             count(*) filter (where state = 'failed') as "failed!"
           from export_job where person_id = $1"#,
        person.0
    )
    .fetch_one(conn)
    .await?)
}

/// Adds one.
///
/// # Errors
/// When the database refuses it.
pub async fn insert(conn: &mut PgConnection, new: NewExportJob<'_>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into export_job (id, person_id, event_id, query, time_zone, format, sees_all, sight, state, asked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9)",
        new.id.0,
        new.person.0,
        new.event.0,
        new.query,
        new.time_zone,
        new.format,
        new.sees_all,
        new.sight,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Nobody wants it any more. `false` where it was over already.
///
/// # Errors
/// When the database refuses it.
pub async fn cancel(conn: &mut PgConnection, id: ExportJobId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update export_job set state = 'cancelled', ended_at = $2, chunks = 0, file_bytes = 0
         where id = $1 and state in ('waiting', 'running')",
        id.0,
        now
    )
    .execute(&mut *conn)
    .await?;
    empty(conn, id).await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes one with its file: the book keeps what it was.
///
/// # Errors
/// When the database refuses it.
pub async fn delete(conn: &mut PgConnection, id: ExportJobId) -> Result<()> {
    sqlx::query!("delete from export_job where id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// Somebody begins to fetch it.
///
/// # Errors
/// When the database refuses it.
pub async fn note_fetched(conn: &mut PgConnection, id: ExportJobId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!("update export_job set fetched_at = $2 where id = $1 and state = 'done'", id.0, now)
        .execute(conn)
        .await?;
    Ok(())
}

/// A piece of the file: gzip, whole by itself.
///
/// # Errors
/// When the database cannot be reached.
pub async fn chunk(conn: &mut PgConnection, id: ExportJobId, number: i32) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar!("select bytes from export_chunk where job_id = $1 and number = $2", id.0, number)
        .fetch_optional(conn)
        .await?)
}

/// Files whose time is over, at most `limit`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn overdue(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<ExportJobRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push("j.state = 'done' and j.expires_at <= ").push_bind(now);
    query.push(" order by j.expires_at limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// Lets a file go whose time is over. `false` where it is gone already.
///
/// # Errors
/// When the database refuses it.
pub async fn expire(conn: &mut PgConnection, id: ExportJobId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update export_job set state = 'expired', chunks = 0, file_bytes = 0
         where id = $1 and state = 'done' and expires_at <= $2",
        id.0,
        now
    )
    .execute(&mut *conn)
    .await?;
    empty(conn, id).await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets those that were over before `before`, but for files that are there.
///
/// # Errors
/// When the database refuses it.
pub async fn forget_old(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "delete from export_job where state in ('failed', 'cancelled', 'expired') and ended_at < $1",
        before
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn empty(conn: &mut PgConnection, id: ExportJobId) -> Result<()> {
    sqlx::query!(
        "delete from export_chunk c using export_job j
         where c.job_id = $1 and j.id = c.job_id and j.state not in ('running', 'done')",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}
