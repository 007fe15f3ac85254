//! Prepares exports in the background: each by one process at a time, and from its beginning where a process was killed.

mod packing;
mod room;
mod tasks;

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::audit::query::{Context, Query, parse};
use domain::audit::{Action, NewEvent, Outcome};
use domain::caller::{Caller, Roles, Source};
use domain::export::KEPT;
use domain::id::SessionId;
use domain::person::PersonStatus;
use futures::FutureExt as _;
use serde_json::json;
use store::audit::{self, COUNTED_MAX, Search};
use store::export_job::{self, Added, ExportJobRecord};
use store::{Store, StoreError};
use thiserror::Error;

use crate::portal::Fault;
use crate::portal::export::{Format, Run};
use crate::portal::exports::facts;
use crate::portal::reader::Reader;
use packing::Packer;
pub use room::Wait;
use tasks::{Begin, keep};

/// So many are prepared at once by one process: a long one keeps no short one waiting.
const LANES: usize = 2;
/// Between two looks for one.
const EVERY: Duration = Duration::from_secs(1);
/// After the database could not be reached.
const ASIDE_EVERY: Duration = Duration::from_secs(10);
/// Between two looks for files whose time is over.
const LET_GO_EVERY: Duration = Duration::from_secs(60);
/// How far one is, is said so often.
const SAID_EVERY: Duration = Duration::from_secs(1);
/// Between two looks whether everything is found.
const FOUND_EVERY: Duration = Duration::from_millis(200);
/// So many files are let go at once.
const BATCH: i64 = 100;
/// What became of exports without a file is forgotten after that; the book keeps it.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(30);

/// What is borne.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// All files together, compressed.
    pub total_bytes: i64,
    /// So often one is begun.
    pub attempts: i32,
    /// So long room is waited for where the disk is full, which costs no attempt.
    pub wait: Wait,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { total_bytes: 10 * 1024 * 1024 * 1024, attempts: 5, wait: Wait::default() }
    }
}

/// Why one did not come to its end.
#[derive(Debug, Error)]
enum PrepareError {
    /// For whoever asked: it will not, either, when it is begun again.
    #[error("{0}")]
    Told(String),
    /// It was cancelled or deleted, or somebody else has taken it up.
    #[error("nobody wants it any more")]
    Dropped,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Read(#[from] std::io::Error),
}

impl From<Fault> for PrepareError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Told(error) => Self::Told(error.to_string()),
            Fault::Hidden(error) => Self::Store(error),
        }
    }
}

/// Prepares for ever. Packing takes time of the processor, so it is done in tasks of its own.
pub async fn run(store: &Store) {
    let mut tasks: Vec<Begin> = Vec::new();
    for _ in 0..LANES {
        let store = store.clone();
        tasks.push(Box::new(move || Box::pin(lane(store.clone()))));
    }
    let store = store.clone();
    tasks.push(Box::new(move || Box::pin(letting_go(store.clone()))));
    keep(&tasks, ASIDE_EVERY).await;
}

async fn lane(store: Store) {
    loop {
        let pause = match round(&store, Bounds::default()).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "an export could not be prepared; it is begun again");
                ASIDE_EVERY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn letting_go(store: Store) {
    loop {
        if let Err(error) = let_go(&store).await {
            tracing::warn!(%error, "files whose time is over could not be let go; the next look goes on");
        }
        tokio::time::sleep(LET_GO_EVERY).await;
    }
}

/// Prepares the first one that nobody prepares. `false` where there is none.
///
/// # Errors
/// When the database cannot be reached. It is begun again then.
pub async fn round(store: &Store, bounds: Bounds) -> Result<bool, StoreError> {
    let Some((lock, job)) = export_job::take(store).await? else { return Ok(false) };
    let done = async {
        if job.attempt > bounds.attempts {
            let words = format!("It was begun {} times, and broke off each time.", bounds.attempts);
            return bounds.wait.for_room(|| fail(store, &job, &words).boxed()).await;
        }
        match prepare(store, &job, bounds).await {
            Ok(events) => bounds.wait.for_room(|| finish(store, &job, events).boxed()).await,
            Err(PrepareError::Told(words)) => {
                bounds.wait.for_room(|| fail(store, &job, &words).boxed()).await
            }
            Err(PrepareError::Dropped) => Ok(()),
            Err(PrepareError::Store(error)) => Err(error),
            Err(PrepareError::Read(error)) => {
                // Not sent: it was read from the database, and may hold what is in it.
                tracing::warn!(%error, export = %job.id(), "an export broke off; it is begun again");
                Ok(())
            }
        }
    }
    .await;
    lock.release().await;
    done.map(|()| true)
}

/// Lets files go whose time is over.
///
/// # Errors
/// When the database cannot be reached.
pub async fn let_go(store: &Store) -> Result<(), StoreError> {
    let now = store.now().await?;
    for job in export_job::overdue(&mut *store.read().await?, now, BATCH).await? {
        let mut tx = store.begin().await?;
        let now = tx.now;
        if export_job::expire(tx.conn(), job.id(), now).await? {
            let words = format!("Files are kept for {} days.", KEPT.num_days());
            tx.commit(event(&job, Action::ExportDeleted).reason(Some(words))).await?;
        }
    }
    export_job::forget_old(&mut *store.read().await?, now - FORGOTTEN_AFTER).await
}

fn event(job: &ExportJobRecord, action: Action) -> NewEvent {
    NewEvent::by_system(action).subject(job.person()).detail(facts(job))
}

async fn finish(store: &Store, job: &ExportJobRecord, events: i64) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let now = tx.now;
    if export_job::finish(tx.conn(), job, events, (now, now + KEPT)).await? {
        let mut detail = facts(job);
        if let Some(fields) = detail.as_object_mut() {
            fields.insert("events".to_owned(), json!(events));
        }
        tx.commit(event(job, Action::ExportFinished).detail(detail)).await?;
    }
    Ok(())
}

async fn fail(store: &Store, job: &ExportJobRecord, words: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let now = tx.now;
    if export_job::fail(tx.conn(), job, words, now).await? {
        let event = event(job, Action::ExportFailed).outcome(Outcome::Failure);
        tx.commit(event.reason(Some(words.to_owned()))).await?;
    }
    Ok(())
}

/// Writes the file; answers how many events stand in it.
async fn prepare(store: &Store, job: &ExportJobRecord, bounds: Bounds) -> Result<i64, PrepareError> {
    let told = |words: &str| PrepareError::Told(words.to_owned());
    let reader = reader(store, job).await?;
    let format = Format::parse(&job.format).ok_or_else(|| told("This format is not known any more."))?;
    let query = query(job)?;
    let own = audit::find(&mut *store.read().await?, job.event()).await?;
    let own = own.ok_or_else(|| told("The book does not say any more who asked for it."))?;
    until_found(store, job, bounds).await?;
    if let Err(error) = say_expected(store, job, &reader, &query).await {
        // It can do without.
        tracing::warn!(%error, export = %job.id(), "how many events there will be is not known");
    }
    let mut run = Run::begin(store.clone(), reader, query, format, own, false).await?;
    let (mut packer, mut said_at) = (Packer::new(), Instant::now());
    while let Some(bytes) = run.next().await? {
        for piece in packer.pack(&bytes)? {
            add(store, job, &piece, bounds).await?;
        }
        if said_at.elapsed() >= SAID_EVERY {
            said_at = Instant::now();
            say_progress(store, job, (run.events(), run.reached_at()), bounds).await?;
        }
    }
    if let Some(piece) = packer.close()? {
        add(store, job, &piece, bounds).await?;
    }
    Ok(run.events())
}

/// An export that comes at once says what searches find by then; this one can wait until they find everything.
async fn until_found(store: &Store, job: &ExportJobRecord, bounds: Bounds) -> Result<(), PrepareError> {
    while !audit::is_indexed(&mut *store.read().await?, job.event()).await? {
        say_progress(store, job, (0, None), bounds).await?;
        tokio::time::sleep(FOUND_EVERY).await;
    }
    Ok(())
}

/// So many events, and how far they reach.
type Progress = (i64, Option<DateTime<Utc>>);

async fn say_progress(
    store: &Store,
    job: &ExportJobRecord,
    (events, reached_at): Progress,
    bounds: Bounds,
) -> Result<(), PrepareError> {
    let say = || {
        async move { export_job::progress(&mut *store.read().await?, job, events, reached_at).await }.boxed()
    };
    if bounds.wait.for_room(say).await? { Ok(()) } else { Err(PrepareError::Dropped) }
}

async fn add(store: &Store, job: &ExportJobRecord, piece: &[u8], bounds: Bounds) -> Result<(), PrepareError> {
    let add = || {
        async move { export_job::add_chunk(&mut *store.read().await?, job, piece, bounds.total_bytes).await }
            .boxed()
    };
    match bounds.wait.for_room(add).await? {
        Added::Added => Ok(()),
        Added::Dropped => Err(PrepareError::Dropped),
        Added::Full => {
            let most = bounds.total_bytes / (1024 * 1024);
            Err(PrepareError::Told(format!(
                "All prepared files together would take more than {most} MiB, which is the most. Ask for less, delete \
                 others, or export without preparing it."
            )))
        }
    }
}

/// Whoever asked, as they may read by now; never more than when they asked.
async fn reader(store: &Store, job: &ExportJobRecord) -> Result<Reader, PrepareError> {
    let asker = export_job::asker(&mut *store.read().await?, job.person().id).await?;
    let words = match asker.status {
        PersonStatus::Active if job.sees_all && !asker.sees_all => {
            "You may not read the whole book any more."
        }
        PersonStatus::Active => {
            return Ok(Reader::Person(Caller {
                person: job.person(),
                roles: Roles { administrator: false, auditor: job.sees_all },
                authenticated_at: None,
                session: SessionId(job.id().0),
                source: Source::of("job"),
                time_zone: zone(job)?,
                called_at: job.asked_at,
            }));
        }
        PersonStatus::Suspended => "Whoever asked for it is suspended.",
        PersonStatus::Left => "Whoever asked for it has left.",
    };
    Err(PrepareError::Told(words.to_owned()))
}

fn zone(job: &ExportJobRecord) -> Result<Tz, PrepareError> {
    job.time_zone.parse().map_err(|_| PrepareError::Told("Its time zone is not known any more.".to_owned()))
}

fn query(job: &ExportJobRecord) -> Result<Query, PrepareError> {
    let context = Context { now: job.asked_at, zone: zone(job)? };
    parse(&job.query, &context)
        .map_err(|error| PrepareError::Told(format!("Its query cannot be read any more: {error}")))
}

async fn say_expected(
    store: &Store,
    job: &ExportJobRecord,
    reader: &Reader,
    query: &Query,
) -> Result<(), StoreError> {
    match expected(store, reader, query).await? {
        Some(events) => export_job::expect(&mut *store.read().await?, job, events).await,
        None => Ok(()),
    }
}

/// How many events there will be, as far as that is known without looking at all of them.
async fn expected(store: &Store, reader: &Reader, query: &Query) -> Result<Option<i64>, StoreError> {
    let mut conn = store.read().await?;
    if query.is_all() && reader.sees_all() {
        return Ok(Some(audit::frontier(&mut conn).await?.numbered));
    }
    let found = audit::count(&mut conn, Search { query, concerning: reader.concerning() }).await?;
    Ok((found <= COUNTED_MAX).then_some(found))
}
