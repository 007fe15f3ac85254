//! Reading the book for the rules that raise alerts, and keeping how far they have come.
//!
//! One judge at a time ([`SessionLock::try_judging`](crate::SessionLock::try_judging)) reads what is linked by position,
//! as the reader `judge`. How far it has come, what the rules remember and the alerts that come of it are written
//! together, and only from the position that the judge stands at: a crash at any point neither loses nor doubles any,
//! and a judge that lost its lock unknowingly changes nothing, and stops.

mod facts;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
pub use facts::{Entry, Judged};
use sqlx::{Connection as _, PgConnection};
pub use write::finish;

use crate::{Result, Store, book_reader};

/// The reader's name in `book_reader`.
const READER: &str = "judge";
/// Whom it follows: what is not linked yet is not judged.
const AHEAD: &str = "search";

/// What rules that count over time remember of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// As the evaluator writes it.
    pub memory: serde_json::Value,
    /// The latest moment of what is counted.
    pub judged_to: DateTime<Utc>,
}

/// Where a judge begins.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    /// What was judged last.
    pub position: i64,
    /// What is remembered of every source as of then.
    pub memory: HashMap<String, Memory>,
}

/// Some events to be judged.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What was judged before.
    pub from: i64,
    /// The position of the last event.
    pub to: i64,
    /// In order of position; what was let go is missing.
    pub events: Vec<Judged>,
}

/// What became of a batch, besides alerts.
#[derive(Debug, Clone, Default)]
pub struct Learned {
    /// What is remembered now of the sources of which that changed.
    pub memory: HashMap<String, Memory>,
}

/// The events behind `from`, at most `limit`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn next(store: &Store, from: i64, limit: i64) -> Result<Batch> {
    let mut conn = store.read().await?;
    // One moment of the database: what is linked is read with its links.
    let mut tx = conn.begin().await?;
    sqlx::query!("set transaction isolation level repeatable read, read only").execute(&mut *tx).await?;
    let ahead = book_reader::position(&mut tx, AHEAD).await?;
    let to = from.saturating_add(limit).min(ahead).max(from);
    let events = if to > from { facts::read(&mut tx, from, to).await? } else { Vec::new() };
    tx.rollback().await?;
    Ok(Batch { from, to, events })
}

/// Where the judge before stopped.
///
/// # Errors
/// When the database cannot be reached.
pub async fn begin(store: &Store) -> Result<Beginning> {
    let mut conn = store.read().await?;
    // One moment of the database: what is remembered is of that position.
    let mut tx = conn.begin().await?;
    sqlx::query!("set transaction isolation level repeatable read, read only").execute(&mut *tx).await?;
    let position = book_reader::position(&mut tx, READER).await?;
    let rows = sqlx::query!("select lane, memory, judged_to from alert_memory").fetch_all(&mut *tx).await?;
    tx.rollback().await?;
    let memory = rows
        .into_iter()
        .map(|row| (row.lane, Memory { memory: row.memory, judged_to: row.judged_to }))
        .collect();
    Ok(Beginning { position, memory })
}

/// How many events wait to be judged.
///
/// # Errors
/// When the database cannot be reached.
pub async fn unjudged(conn: &mut PgConnection) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select last_position - coalesce((select position from book_reader where name = $1), 0) as "count!"
           from event_sequence"#,
        READER
    )
    .fetch_one(conn)
    .await?)
}
