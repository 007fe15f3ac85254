//! What reports have to do with people, resources and grants: found by `domain::matching`, written beside the book.
//!
//! One linker at a time reads the book by position, as the reader `links`. Links, what is to be linked again and how far
//! it has come are written together, so a crash neither loses nor doubles any. A report that comes by twice gets the
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
mod write;

pub use again::key_again;
use chrono::{DateTime, Utc};
use domain::audit::Outcome;
use domain::id::{EventId, SystemId};
use domain::matching::Report;
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::audit::index;
use crate::lock_number::LockNumber;
use crate::{Result, Store, StoreError, book_reader};

/// The reader's name in `book_reader`.
const READER: &str = "links";

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

/// Links at most `limit` new events of the book, and at most as many old ones that are due again.
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
    let events = new_events(&mut tx, from, limit).await?;
    let due = again::due(&mut tx).await?;
    if events.is_empty() && due.is_none() {
        tx.rollback().await?;
        return Ok(Step::Nothing);
    }
    let read = events.len();
    let to = events.last().map_or(from, |event| event.position);
    let news = again::News::of(&events);
    let mut reports =
        events.into_iter().filter_map(|event| event.report().transpose()).collect::<Result<Vec<_>>>()?;
    let mut old = Vec::new();
    if let Some(due) = due {
        let again = again::take(&mut tx, due, limit).await?;
        old.extend(again.iter().map(|report| report.id.0));
        reports.extend(again);
    }
    // An old one that is due again can be a new one, too, where all links are made anew.
    reports.sort_by_key(|report| report.id);
    reports.dedup_by_key(|report| report.id);
    if !reports.is_empty() {
        let known = facts::of(&mut tx, &reports).await?;
        write::links(&mut tx, &reports, &known).await?;
        // What is new is indexed next.
        if !old.is_empty() {
            index::write(&mut tx, &old).await?;
        }
    }
    again::note(&mut tx, &news).await?;
    book_reader::advance(&mut tx, READER, to).await?;
    tx.commit().await?;
    Ok(Step::Done { read, linked: reports.len() })
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

/// An event as the linker reads it.
struct EventRow {
    position: i64,
    class: String,
    id: Uuid,
    recorded_at: DateTime<Utc>,
    occurred_at: DateTime<Utc>,
    action: String,
    outcome: String,
    origin: String,
    subject_id: Option<Uuid>,
    grant_id: Option<Uuid>,
    actor_kind: String,
    actor_name: String,
    email: Option<String>,
    account: Option<String>,
    subject: Option<String>,
    system_id: Option<Uuid>,
    system_name: Option<String>,
    resource_name: Option<String>,
    entitlement_name: Option<String>,
}

impl EventRow {
    /// The report; `None` where it is an event of Gatebook's own.
    fn report(self) -> Result<Option<Report>> {
        if self.class != "usage" {
            return Ok(None);
        }
        let kind = match self.actor_kind.as_str() {
            "person" => OutsideKind::Person,
            "machine" => OutsideKind::Machine,
            _ => OutsideKind::Unknown,
        };
        Ok(Some(Report {
            id: EventId(self.id),
            recorded_at: self.recorded_at,
            occurred_at: self.occurred_at,
            source: self.origin,
            action: self.action,
            outcome: Outcome::parse(&self.outcome)
                .ok_or_else(|| StoreError::corrupt("event", &self.outcome))?,
            actor: OutsideActor {
                kind,
                name: self.actor_name,
                email: self.email,
                account: self.account,
                subject: self.subject,
            },
            system: self.system_id.map(SystemId),
            target: OutsideTarget {
                system: self.system_name,
                resource: self.resource_name,
                entitlement: self.entitlement_name,
            },
        }))
    }
}

async fn new_events(conn: &mut PgConnection, from: i64, limit: i64) -> Result<Vec<EventRow>> {
    Ok(sqlx::query_as!(
        EventRow,
        r#"select p.position, e.class, e.id, e.recorded_at, e.occurred_at, e.action, e.outcome, e.origin, e.subject_id,
             e.grant_id, e.actor_kind, e.actor_name, e.detail->'actor'->>'email' as email,
             e.detail->'actor'->>'account' as account, e.detail->'actor'->>'subject' as subject, e.system_id,
             e.system_name, e.resource_name, e.entitlement_name
           from event_position p
           join event e on e.class = p.class and e.recorded_at = p.recorded_at and e.id = p.event_id
           where p.position > $1 order by p.position limit $2"#,
        from,
        limit
    )
    .fetch_all(conn)
    .await?)
}
