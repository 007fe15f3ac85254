//! What reports have to do with people, resources and grants: found by `domain::matching`, written beside the book
//! together with what events are searched by.
//!
//! One linker at a time reads the book by position, as the reader `search`. Links, the search index, what is to be linked
//! again and how far it has come are written together, so a crash neither loses nor doubles any. A report that comes by twice gets the
//! same link again. No link is a change of state: all of it can be made anew from the book.
//!
//! Old reports are linked again where something in the book says that they could come out otherwise: somebody is added
//! or changes their address, subject or account (reports that wait under one of these), the catalogue changes
//! (reports whose target could be it now), a grant opens, closes or is brought in (what its holder did from then on), an
//! alias is set or taken back (reports under its key). Not undone is what was matched already: whoever had an address
//! or account when a report was linked stays its actor when somebody else gets it. Nor is a permission looked up again
//! when an entitlement is added under its name. Making all links anew ([`forget`]) takes everything as it stands now.

mod again;
mod facts;
mod row;
mod write;

pub use again::key_again;
use domain::matching::{Link, Report};
pub(crate) use row::EventRow;
use row::Places;
use sqlx::{Connection as _, PgConnection};

use crate::audit::index::{self, Indexed};
use crate::lock_number::LockNumber;
use crate::{Result, Store, book_reader};

/// The reader's name in `book_reader`.
const READER: &str = "search";

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So much was looked at.
    Done {
        /// Events of the book that are new to this reader.
        read: usize,
        /// Links made or made again.
        linked: usize,
    },
    /// There was nothing to do.
    Nothing,
    /// Another process is at it.
    Elsewhere,
}

/// Links and indexes at most `limit` new events of the book, and at most as many old ones that are due again.
///
/// # Errors
/// When the database cannot be reached or refuses; then nothing was written.
pub async fn step(store: &Store, limit: i64) -> Result<Step> {
    let mut conn = store.read().await?;
    let mut tx = conn.begin().await?;
    if !book_reader::try_turn(&mut tx, LockNumber::Links).await? {
        tx.rollback().await?;
        return Ok(Step::Elsewhere);
    }
    let from = book_reader::position(&mut tx, READER).await?;
    let (to, mut events) = new_events(&mut tx, from, limit).await?;
    let due = again::due(&mut tx).await?;
    // Events that were let go are passed over.
    if to == from && due.is_none() {
        tx.rollback().await?;
        return Ok(Step::Nothing);
    }
    let read = events.len();
    let news = again::News::of(&events);
    if let Some(due) = due {
        events.extend(again::take(&mut tx, due, limit).await?);
        // An old one that is due again can be a new one, too, where all links are made anew.
        events.sort_by_key(|event| event.id);
        events.dedup_by_key(|event| event.id);
    }
    let linked = write_all(&mut tx, &events).await?;
    again::note(&mut tx, &news).await?;
    book_reader::advance(&mut tx, READER, to).await?;
    tx.commit().await?;
    Ok(Step::Done { read, linked })
}

/// Writes the links of those that are reports, and what all of them are searched by; answers how many links.
async fn write_all(conn: &mut PgConnection, events: &[EventRow]) -> Result<usize> {
    let reports: Vec<Option<Report>> = events.iter().map(EventRow::report).collect::<Result<_>>()?;
    let known = facts::of(conn, reports.iter().flatten()).await?;
    let links: Vec<Option<Link>> = reports.iter().map(|report| Some(known.link(report.as_ref()?))).collect();
    let linked: Vec<(&Report, &Link)> =
        reports.iter().zip(&links).filter_map(|(report, link)| report.as_ref().zip(link.as_ref())).collect();
    write::links(conn, &linked).await?;
    let indexed: Vec<Indexed> =
        events.iter().zip(&links).map(|(event, link)| Indexed { event, link: link.as_ref() }).collect();
    index::write(conn, &indexed).await?;
    Ok(linked.len())
}

/// The events behind this position, at most so many, and the position of the last one.
async fn new_events(conn: &mut PgConnection, from: i64, limit: i64) -> Result<(i64, Vec<EventRow>)> {
    let rows = sqlx::query!(
        "select position, class, recorded_at, event_id from event_position
         where position > $1 order by position limit $2",
        from,
        limit
    )
    .fetch_all(&mut *conn)
    .await?;
    let to = rows.last().map_or(from, |row| row.position);
    let mut places = Places::default();
    for row in rows {
        places.push(row.class, row.recorded_at, row.event_id);
    }
    Ok((to, row::read(conn, &places).await?))
}

/// Forgets every link and begins at the start of the book: the linker makes all of them anew. The links of use that was
/// let go stay: there is nothing left to make them from, and they still say who used what when.
///
/// # Errors
/// When the database cannot be reached.
pub async fn forget(store: &Store) -> Result<()> {
    let mut conn = store.read().await?;
    let mut tx = conn.begin().await?;
    // However many there are.
    book_reader::wait_for_turn(&mut tx, LockNumber::Links).await?;
    sqlx::query!("delete from event_relink").execute(&mut *tx).await?;
    sqlx::query!(
        "delete from event_link l using event e
         where e.class = 'usage' and e.recorded_at = l.recorded_at and e.id = l.event_id"
    )
    .execute(&mut *tx)
    .await?;
    book_reader::forget(&mut tx, READER).await?;
    index::forget(&mut tx).await?;
    Ok(tx.commit().await?)
}
