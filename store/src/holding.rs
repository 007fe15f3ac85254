//! Who held what and when, as the book says: `domain::holding` reads it, this keeps it beside the book.
//!
//! One reader at a time follows the book by position, as the reader `holdings`. What it found and how far it has come
//! are written together, so a crash neither loses nor doubles anything. It passes by events of usage, and never looks
//! at `access_grant`: a test holds the two against each other. All of it can be made again from the book ([`forget`]).

mod search;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::audit::Event;
use domain::holding::{Decided, Holding, READ, read};
use domain::id::{GrantId, PersonId, RequestId};
pub use search::{
    Cursor, HoldingRecord, Left, Of, Progress, Search, after_leaving, count, held, is_behind, of_grants,
    progress, read_of,
};
use sqlx::{Connection as _, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::audit;
use crate::lock_number::LockNumber;
use crate::{Result, Store, book_reader};

/// The reader's name in `book_reader`.
const READER: &str = "holdings";

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The reader went on in the book.
    Read {
        /// Whether it took as much as it may at a time, so that more is likely there.
        is_full: bool,
    },
    /// There was nothing new.
    Nothing,
    /// Another process is at it.
    Elsewhere,
}

/// Reads on, by at most `limit` events that say something about holding.
///
/// # Errors
/// When the database cannot be reached or refuses; then nothing was written.
pub async fn step(store: &Store, limit: usize) -> Result<Step> {
    let mut conn = store.read().await?;
    let mut tx = conn.begin().await?;
    if !book_reader::try_turn(&mut tx, LockNumber::Holdings).await? {
        tx.rollback().await?;
        return Ok(Step::Elsewhere);
    }
    let Progress { position: from, numbered } = progress(&mut tx).await?;
    if from >= numbered {
        tx.rollback().await?;
        return Ok(Step::Nothing);
    }
    let events = new_events(&mut tx, (from, numbered), limit).await?;
    let is_full = events.len() >= limit;
    let to = events.last().map(|(position, _)| *position).filter(|_| is_full).unwrap_or(numbered);
    take_in(&mut tx, events.into_iter().map(|(_, event)| event).collect()).await?;
    book_reader::advance(&mut tx, READER, to).await?;
    tx.commit().await?;
    Ok(Step::Read { is_full })
}

/// Forgets everything and begins at the start of the book: the reader makes all of it anew.
///
/// # Errors
/// When the database cannot be reached.
pub async fn forget(store: &Store) -> Result<()> {
    let mut conn = store.read().await?;
    let mut tx = conn.begin().await?;
    // However many there are.
    book_reader::wait_for_turn(&mut tx, LockNumber::Holdings).await?;
    sqlx::query!("delete from holding").execute(&mut *tx).await?;
    book_reader::forget(&mut tx, READER).await?;
    Ok(tx.commit().await?)
}

/// What says something about holding between these positions, in their order.
async fn new_events(
    conn: &mut PgConnection,
    (from, to): (i64, i64),
    limit: usize,
) -> Result<Vec<(i64, Event)>> {
    let mut query = QueryBuilder::<Postgres>::new("select n.position, ");
    query.push(audit::COLUMNS).push(
        " from event_position n
          join event e on e.class = n.class and e.recorded_at = n.recorded_at and e.id = n.event_id
          where n.class = 'governance' and e.class = 'governance' and n.position > ",
    );
    query.push_bind(from).push(" and n.position <= ").push_bind(to);
    let actions: Vec<String> = READ.iter().map(|action| action.as_str().to_owned()).collect();
    query.push(" and e.action = any(").push_bind(actions).push(") order by n.position limit ");
    query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = query.build().fetch_all(conn).await?;
    rows.iter().map(|row| Ok((sqlx::Row::try_get(row, "position")?, audit::read(row)?))).collect()
}

async fn take_in(conn: &mut PgConnection, events: Vec<Event>) -> Result<()> {
    let mut grants: Vec<GrantId> = events.iter().filter_map(|event| event.grant_id).collect();
    grants.sort();
    grants.dedup();
    let known = of_grants(&mut *conn, &grants).await?;
    let mut found: HashMap<GrantId, Holding> = known.clone();
    for event in &events {
        let Some(grant) = event.grant_id else { continue };
        if let Some(holding) = read(found.remove(&grant), event) {
            found.insert(grant, holding);
        }
    }
    found.retain(|grant, holding| known.get(grant) != Some(holding));
    let fresh = found.values().filter(|holding| !known.contains_key(&holding.grant));
    let requests: Vec<RequestId> = fresh.filter_map(|holding| holding.request).collect();
    let decided = decisions(&mut *conn, &requests).await?;
    for holding in found.values_mut() {
        let by = holding.request.and_then(|request| decided.get(&request).cloned());
        holding.decided = holding.decided.take().or(by);
    }
    let found: Vec<Holding> = found.into_values().collect();
    write::holdings(conn, &found).await
}

/// Who approved these requests. Whoever did stands in the book before the access that it opened.
async fn decisions(conn: &mut PgConnection, requests: &[RequestId]) -> Result<HashMap<RequestId, Decided>> {
    let ids: Vec<Uuid> = requests.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select distinct on (request_id) request_id as "request_id!", actor_id, actor_name, occurred_at
           from event
           where class = 'governance' and request_id = any($1) and action = 'request.approved' and outcome = 'success'
           order by request_id, recorded_at, id"#,
        &ids
    )
    .fetch_all(conn)
    .await?;
    let decided =
        |by: Option<Uuid>, name: String, at: DateTime<Utc>| Decided { by: by.map(PersonId), name, at };
    Ok(rows
        .into_iter()
        .map(|row| (RequestId(row.request_id), decided(row.actor_id, row.actor_name, row.occurred_at)))
        .collect())
}
