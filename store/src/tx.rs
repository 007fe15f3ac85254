//! Transactions: one reading of the clock, and no commit without an event.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use domain::audit::NewEvent;
use domain::id::EventId;
use domain::usage::OutsideEvent;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};
use uuid::{Timestamp, Uuid};

use crate::copy::ReadCopy;
use crate::report::{self, Reporter};
use crate::{Result, audit};

/// A connection that was used so lately is not asked first whether it still works: a page or a decision would
/// wait for that answer each time. No restart of the database is over sooner.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// So many events are written at once; further ones follow.
const EVENTS_AT_ONCE: usize = 100;

/// Where a transaction's time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// `clock_timestamp()` of the database, so that servers with wrong clocks agree.
    #[default]
    Database,
    /// Set by a test or by a replay of history.
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands at `at` until it is set anew.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Fixed(Arc::new(Mutex::new(at)))
    }

    /// The time that a fixed clock stands at; `None` where the database is asked.
    pub fn given(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Database => None,
            Self::Fixed(now) => Some(*now.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Sets a fixed clock; a database's goes its own way.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Self::Fixed(now) = self {
            *now.lock().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }
}

/// The database, as the application's role sees it.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    clock: Clock,
    /// Months whose partitions are known to be there.
    months: Arc<Mutex<HashSet<(i32, u32)>>>,
    sequence: Arc<AtomicU32>,
    copy: Option<Arc<ReadCopy>>,
}

impl Store {
    /// Connects lazily with at most `connections_max` connections.
    ///
    /// # Errors
    /// When `url` is not a Postgres address.
    pub fn connect(url: &str, connections_max: u32) -> Result<Self> {
        Ok(Self::new(pool(url, connections_max)?, Clock::Database))
    }

    /// With a copy that stands there, to read from what may be a moment old.
    ///
    /// # Errors
    /// When `url` is not a Postgres address.
    pub fn with_copy(self, url: &str, connections_max: u32) -> Result<Self> {
        let copy = ReadCopy::new(pool(url, connections_max)?, pool(url, 1)?);
        Ok(Self { copy: Some(Arc::new(copy)), ..self })
    }

    /// The copy, where there is one.
    pub fn copy(&self) -> Option<&ReadCopy> {
        self.copy.as_deref()
    }

    /// Over a pool that is there already.
    pub fn new(pool: PgPool, clock: Clock) -> Self {
        Self { pool, clock, months: Arc::default(), sequence: Arc::default(), copy: None }
    }

    /// The same database with another clock, for replaying history.
    #[must_use]
    pub fn with_clock(&self, clock: Clock) -> Self {
        Self { clock, ..self.clone() }
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The pool, for what is not a change of state: sessions, locks, listening.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// A connection for reading.
    ///
    /// # Errors
    /// When none is to be had within ten seconds.
    pub async fn read(&self) -> Result<PoolConnection<Postgres>> {
        Ok(self.pool.acquire().await?)
    }

    /// The time, for reads that are not part of a transaction.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn now(&self) -> Result<DateTime<Utc>> {
        self.read_clock(&mut *self.read().await?).await
    }

    async fn read_clock(&self, conn: &mut PgConnection) -> Result<DateTime<Utc>> {
        match &self.clock {
            Clock::Fixed(now) => Ok(*now.lock().unwrap_or_else(PoisonError::into_inner)),
            Clock::Database => {
                Ok(sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#).fetch_one(conn).await?)
            }
        }
    }

    /// Begins a transaction and reads the clock for it, once.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn begin(&self) -> Result<Tx> {
        loop {
            let mut inner = self.pool.begin().await?;
            let now = self.read_clock(&mut inner).await?;
            if self.knows_partitions_of(now) {
                let (events, sequence) = (Vec::new(), self.sequence.clone());
                return Ok(Tx { now, inner, clock: self.clock.clone(), events, sequence });
            }
            // Once a month: partitions are made in a transaction of their own, so that no writer waits for it.
            inner.rollback().await?;
            self.ensure_partitions(now).await?;
        }
    }

    fn knows_partitions_of(&self, now: DateTime<Utc>) -> bool {
        let months = self.months.lock().unwrap_or_else(PoisonError::into_inner);
        months.contains(&(now.year(), now.month()))
    }

    async fn ensure_partitions(&self, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(r#"select event_ensure_partitions($1) as "made: ()""#, now)
            .fetch_one(&self.pool)
            .await?;
        let mut months = self.months.lock().unwrap_or_else(PoisonError::into_inner);
        months.insert((now.year(), now.month()));
        Ok(())
    }
}

fn pool(url: &str, connections_max: u32) -> Result<PgPool> {
    let options: PgConnectOptions = url.parse()?;
    Ok(PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .before_acquire(|conn, idle| {
            Box::pin(async move {
                if idle.idle_for > TRUSTED_FOR {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
        // Longer than any page may take: what nobody waits for any more must not hold a connection.
        .connect_lazy_with(options.application_name("gatebook").options([
            ("statement_timeout", "60s"),
            ("jit", "off"),
            // A process whose machine is gone holds its locks no longer than that, in seconds.
            ("tcp_keepalives_idle", "2"),
            ("tcp_keepalives_interval", "1"),
            ("tcp_keepalives_count", "2"),
        ])))
}

/// A write in progress. Dropped without [`Tx::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Tx {
    /// The time of everything that this transaction does.
    pub now: DateTime<Utc>,
    inner: Transaction<'static, Postgres>,
    clock: Clock,
    /// To be written, at the latest with the commit.
    events: Vec<audit::RecordedEvent>,
    sequence: Arc<AtomicU32>,
}

impl Tx {
    /// The connection to write with.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// A new UUIDv7 of this transaction's time.
    pub fn new_id(&self) -> Uuid {
        new_id(self.now, self.sequence.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes an event that belongs to this change: it is written with the others, at the latest by [`Tx::commit`].
    ///
    /// # Errors
    /// When the database refuses those before it.
    pub async fn record(&mut self, event: NewEvent) -> Result<EventId> {
        let id = EventId(self.new_id());
        self.record_as(id, event).await?;
        Ok(id)
    }

    pub(crate) async fn record_as(&mut self, id: EventId, event: NewEvent) -> Result<()> {
        if self.events.len() == EVENTS_AT_ONCE {
            self.write_events().await?;
        }
        self.events.push((id, event));
        Ok(())
    }

    /// Writes the event with those recorded before, and commits: the only way to make a write last.
    ///
    /// # Errors
    /// When the database refuses any; then nothing was written.
    pub async fn commit(self, event: NewEvent) -> Result<EventId> {
        let id = EventId(self.new_id());
        self.commit_as(id, event).await
    }

    /// The same, where what was written names its event already, by a [`Tx::new_id`].
    ///
    /// # Errors
    /// When the database refuses any; then nothing was written.
    pub async fn commit_as(mut self, id: EventId, event: NewEvent) -> Result<EventId> {
        self.record_as(id, event).await?;
        self.write_events().await?;
        self.inner.commit().await?;
        Ok(id)
    }

    /// Writes reports of a source, which are events themselves, and those recorded before, and commits. Answers for
    /// each report its event, or `None` where it was there already.
    ///
    /// # Errors
    /// When the database refuses any; then nothing was written.
    pub async fn commit_reports(
        mut self,
        by: &Reporter<'_>,
        reports: Vec<OutsideEvent>,
    ) -> Result<Vec<Option<EventId>>> {
        let given: Vec<(EventId, OutsideEvent)> =
            reports.into_iter().map(|report| (EventId(self.new_id()), report)).collect();
        let ids: Vec<EventId> = given.iter().map(|(id, _)| *id).collect();
        let stored: HashSet<EventId> =
            report::insert(&mut self.inner, by, given, self.now).await?.into_iter().collect();
        if !self.events.is_empty() {
            self.write_events().await?;
        }
        self.inner.commit().await?;
        Ok(ids.into_iter().map(|id| stored.contains(&id).then_some(id)).collect())
    }

    /// Writes the events recorded so far, and commits what stands beside the book: how far a reader has come, and what
    /// it counted. A change of state has its event among those recorded.
    ///
    /// # Errors
    /// When the database refuses any; then nothing was written.
    pub(crate) async fn commit_beside_the_book(mut self) -> Result<()> {
        if !self.events.is_empty() {
            self.write_events().await?;
        }
        Ok(self.inner.commit().await?)
    }

    async fn write_events(&mut self) -> Result<()> {
        let events = std::mem::take(&mut self.events);
        audit::insert(&mut self.inner, self.now, &self.clock, events).await
    }
}

/// A UUIDv7 (RFC 9562) of `now`: after the milliseconds 32 bits of `sequence`, so that what one process writes
/// sorts in the order it was written, and the rest random.
fn new_id(now: DateTime<Utc>, sequence: u32) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix_time(seconds, now.timestamp_subsec_nanos(), sequence.into(), 32))
}
