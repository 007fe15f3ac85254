//! Transactions: one reading of the clock, and no commit without an event.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Datelike, Utc};
use domain::audit::NewEvent;
use domain::id::EventId;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use uuid::{Timestamp, Uuid};

use crate::{Result, audit};

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
}

impl Store {
    /// Connects lazily with at most `connections_max` connections.
    ///
    /// # Errors
    /// When `url` is not a Postgres address.
    pub fn connect(url: &str, connections_max: u32) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(std::time::Duration::from_secs(10))
            // Longer than any page may take: what nobody waits for any more must not hold a connection.
            .connect_lazy_with(options.application_name("gatebook").options([("statement_timeout", "60s")]));
        Ok(Self::new(pool, Clock::Database))
    }

    /// Over a pool that is there already.
    pub fn new(pool: PgPool, clock: Clock) -> Self {
        Self { pool, clock, months: Arc::default(), sequence: Arc::default() }
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
                let (clock, read) = (self.clock.clone(), Instant::now());
                return Ok(Tx { now, inner, clock, read, sequence: self.sequence.clone() });
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

/// A write in progress. Dropped without [`Tx::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Tx {
    /// The time of everything that this transaction does.
    pub now: DateTime<Utc>,
    inner: Transaction<'static, Postgres>,
    clock: Clock,
    /// When the clock was read.
    read: Instant,
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

    /// Writes an event that belongs to this change. [`Tx::commit`] writes the last one.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn record(&mut self, event: NewEvent) -> Result<EventId> {
        // What has passed since the clock was read counts: whoever waited for a row is recorded after whoever had
        // it, whoever began first.
        let recorded_at = match self.clock {
            Clock::Database => self.now + self.read.elapsed(),
            Clock::Fixed(_) => self.now,
        };
        let id = EventId(new_id(recorded_at, self.sequence.fetch_add(1, Ordering::Relaxed)));
        audit::insert(&mut self.inner, id, self.now, recorded_at, event).await?;
        Ok(id)
    }

    /// Writes the event and commits: the only way to make a write last.
    ///
    /// # Errors
    /// When the database refuses either; then nothing was written.
    pub async fn commit(mut self, event: NewEvent) -> Result<EventId> {
        let id = self.record(event).await?;
        self.inner.commit().await?;
        Ok(id)
    }
}

/// A UUIDv7 (RFC 9562) of `now`: after the milliseconds 32 bits of `sequence`, so that what one process writes
/// sorts in the order it was written, and the rest random.
fn new_id(now: DateTime<Utc>, sequence: u32) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix_time(seconds, now.timestamp_subsec_nanos(), sequence.into(), 32))
}
