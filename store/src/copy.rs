//! A copy of the database to read from: a streaming replica, a moment behind.
//!
//! What may be a moment old is read there where there is one; what decides, and all that is written, never is. Where the
//! copy does not answer, or turns out to be none, the database itself is read: who operates it wants the book to be
//! found in, and hears of it in the log.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::sync::watch;

use crate::{Result, Store, StoreError};

/// A copy that does not answer a look within this is not there.
const LOOK_WITHIN: Duration = Duration::from_secs(2);
/// So long somebody waits for the copy to have what they know to be written, before the database itself is read.
const HAVING_WITHIN: Duration = Duration::from_secs(5);
/// Between two looks whether it has.
const HAVING_EVERY: Duration = Duration::from_millis(50);
/// So many moments are remembered, which is how exactly it is known how far the copy is behind.
const MARKS_MAX: usize = 1_000;

/// A place in the database's own log, in bytes.
type Lsn = i64;

/// A moment: whoever has this has everything that had been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written(Lsn);

/// What is known of the copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has looked yet.
    Unknown,
    /// It answers, and is so far behind; `None` where that is not known yet.
    There {
        /// Everything older than this it has.
        behind: Option<Duration>,
    },
    /// It does not answer. It says why.
    Away(String),
    /// What answers there is no copy of this database. It says what it is.
    Foreign(&'static str),
}

impl Standing {
    fn is_usable(&self) -> bool {
        matches!(self, Self::Unknown | Self::There { .. })
    }
}

/// The copy.
#[derive(Debug)]
pub struct ReadCopy {
    pool: PgPool,
    /// Of its own, so that a busy copy is not taken for one that is away.
    looks: PgPool,
    standing: watch::Sender<Standing>,
    /// When the database had come to which place, oldest first.
    marks: Mutex<VecDeque<(Instant, Lsn)>>,
}

impl ReadCopy {
    /// Connects lazily to where it is said to be.
    pub(crate) fn new(pool: PgPool, looks: PgPool) -> Self {
        Self { pool, looks, standing: watch::Sender::new(Standing::Unknown), marks: Mutex::default() }
    }

    /// What is known of it.
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// How far it is behind, as far as that is known.
    pub fn behind(&self) -> Option<Duration> {
        match self.standing() {
            Standing::There { behind } => behind,
            _ => None,
        }
    }

    /// `None` where it is away.
    async fn acquire(&self) -> Result<Option<PoolConnection<Postgres>>> {
        let mut standing = self.standing.subscribe();
        if !standing.borrow().is_usable() {
            return Ok(None);
        }
        let error = tokio::select! {
            conn = self.pool.acquire() => match conn {
                Ok(conn) => return Ok(Some(conn)),
                Err(error) => error,
            },
            _ = standing.wait_for(|standing| !standing.is_usable()) => return Ok(None),
        };
        // It was looked at meanwhile, and answered: many want to read, as they might of the database itself.
        if matches!((&error, self.standing()), (sqlx::Error::PoolTimedOut, Standing::There { .. })) {
            return Err(error.into());
        }
        self.stands(Standing::Away(error.to_string()));
        Ok(None)
    }

    /// Takes it in, and logs where it makes a difference.
    fn stands(&self, now: Standing) {
        let before = self.standing.send_replace(now.clone());
        match (&before, &now) {
            (before, Standing::Away(why)) if before.is_usable() => {
                tracing::warn!(why, "the copy to read from is away; the database itself is read");
            }
            (before, Standing::Foreign(what)) if before != &now => {
                tracing::error!(what, "DATABASE_READ_URL leads to no copy; the database itself is read");
            }
            (Standing::Away(_) | Standing::Foreign(_), Standing::There { .. }) => {
                tracing::info!("the copy to read from is there again");
            }
            _ => {}
        }
    }

    /// Where the database stood at `now`. While nothing is written, that is one moment.
    fn mark(&self, now: Instant, place: Lsn) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.back().is_some_and(|(_, last)| *last == place) {
            marks.pop_back();
        }
        marks.push_back((now, place));
        if marks.len() > MARKS_MAX {
            let mut index = 0;
            marks.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
    }

    /// How long ago the database stood where the copy stands; `None` where that was before the first mark.
    fn age_of(&self, now: Instant, place: Lsn) -> Option<Duration> {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        while marks.get(1).is_some_and(|(_, next)| *next <= place) {
            marks.pop_front();
        }
        let reached = marks.front().filter(|(_, mark)| *mark <= place);
        reached.map(|(at, _)| now.saturating_duration_since(*at))
    }
}

/// What the database says of itself.
struct Origin {
    place: Lsn,
    now: DateTime<Utc>,
    system: i64,
    database: String,
}

/// What answers where the copy should be says of itself.
struct Replica {
    is_copy: bool,
    place: Lsn,
    /// When what it has last was committed.
    written_at: Option<DateTime<Utc>>,
    system: i64,
    database: String,
}

/// Whether what went wrong at the copy was its own doing, so that the database itself should be asked: it went away, or
/// had to change what was being read. What took too long there would here, too.
pub fn broke_off(error: &StoreError) -> bool {
    const QUERY_CANCELED: &str = "57014";
    let StoreError::Database(error) = error else { return false };
    let code = error.as_database_error().and_then(|error| error.code());
    let broke_off = code.as_deref() != Some(QUERY_CANCELED);
    if broke_off {
        tracing::warn!(%error, "the copy broke off; the database itself is read");
    }
    broke_off
}

/// A connection to read with, to the copy or to the database itself.
#[derive(Debug)]
pub struct Reading {
    conn: PoolConnection<Postgres>,
    is_copy: bool,
}

impl Reading {
    /// Whether it leads to the copy.
    pub fn is_copy(&self) -> bool {
        self.is_copy
    }
}

impl Deref for Reading {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}

impl Store {
    /// A connection for reading what may be a moment old.
    ///
    /// # Errors
    /// When none is to be had in time.
    pub async fn read_lagging(&self) -> Result<Reading> {
        if let Some(copy) = self.copy()
            && let Some(conn) = copy.acquire().await?
        {
            return Ok(Reading { conn, is_copy: true });
        }
        self.read_itself().await
    }

    /// A connection for reading that leads to the database itself.
    ///
    /// # Errors
    /// When none is to be had in time.
    pub async fn read_itself(&self) -> Result<Reading> {
        Ok(Reading { conn: self.read().await?, is_copy: false })
    }

    /// What has been written by now, for [`Store::read_having`]. `None` where there is no copy.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn written(&self) -> Result<Option<Written>> {
        if self.copy().is_none() {
            return Ok(None);
        }
        let place = sqlx::query_scalar!(
            r#"select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint as "place!""#
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(Some(Written(place)))
    }

    /// A connection for reading where that is there. Where the copy does not have it in time, the database itself is
    /// read, and the next time at once.
    ///
    /// # Errors
    /// When none is to be had in time.
    pub async fn read_having(&self, written: &mut Option<Written>) -> Result<Reading> {
        let begun = Instant::now();
        while let (Some(copy), Some(Written(place))) = (self.copy(), *written) {
            let Some(mut conn) = copy.acquire().await? else { break };
            let has = sqlx::query_scalar!(
                r#"select coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0) >= $1 as "has!""#,
                place
            )
            .fetch_one(&mut *conn)
            .await;
            match has {
                Ok(true) => return Ok(Reading { conn, is_copy: true }),
                Ok(false) if begun.elapsed() < HAVING_WITHIN => {}
                Ok(false) => {
                    tracing::info!(
                        "the copy does not have in time what is to be read; the database itself is read"
                    );
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, "the copy broke off; the database itself is read");
                    break;
                }
            }
            drop(conn);
            tokio::time::sleep(HAVING_EVERY).await;
        }
        *written = None;
        self.read_itself().await
    }

    /// Looks how far the copy is behind, and whether it is there at all.
    ///
    /// # Errors
    /// When the database itself cannot be reached; of the copy it then stays as it was.
    pub async fn look_at_copy(&self, now: Instant) -> Result<()> {
        let Some(copy) = self.copy() else { return Ok(()) };
        let is_first = copy.standing() == Standing::Unknown;
        let origin = origin(&mut *self.read().await?).await?;
        let found = tokio::time::timeout(LOOK_WITHIN, async {
            let mut conn = copy.looks.acquire().await?;
            replica(&mut conn).await
        });
        let found = found.await;
        copy.mark(now, origin.place);
        copy.stands(match found {
            Err(_) => Standing::Away("it does not answer in time".to_owned()),
            Ok(Err(error)) => Standing::Away(error.to_string()),
            Ok(Ok(replica)) if !replica.is_copy => Standing::Foreign("a database that is written to itself"),
            Ok(Ok(replica)) if (replica.system, &replica.database) != (origin.system, &origin.database) => {
                Standing::Foreign("a copy of another database")
            }
            Ok(Ok(replica)) => {
                let behind = if replica.place >= origin.place {
                    Some(Duration::ZERO)
                } else {
                    // Its own word counts for what was before the first mark, and not at once: where nothing was written
                    // for long, the last thing that it has is old, too.
                    let own = || replica.written_at.and_then(|at| (origin.now - at).to_std().ok());
                    copy.age_of(now, replica.place).or_else(|| if is_first { None } else { own() })
                };
                Standing::There { behind }
            }
        });
        Ok(())
    }
}

async fn origin(conn: &mut PgConnection) -> Result<Origin> {
    Ok(sqlx::query_as!(
        Origin,
        r#"select (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint as "place!", clock_timestamp() as "now!",
             (select system_identifier from pg_control_system()) as "system!", current_database()::text as "database!""#
    )
    .fetch_one(conn)
    .await?)
}

async fn replica(conn: &mut PgConnection) -> Result<Replica> {
    Ok(sqlx::query_as!(
        Replica,
        r#"select pg_is_in_recovery() as "is_copy!", pg_last_xact_replay_timestamp() as written_at,
             coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0) as "place!",
             (select system_identifier from pg_control_system()) as "system!", current_database()::text as "database!""#
    )
    .fetch_one(conn)
    .await?)
}
