//! The book for programs: page after page, as the page for people shows it.

use app::error::PortalError;
use domain::audit::query::{QUERY_MAX_CHARS, Query};
use domain::audit::{Action, Event};
use serde_json::json;
use store::audit::{self, At, Cursor, Found, Reach, Search};
use store::copy::Reading;
use store::{Store, reading_token};

use super::audit::{SEARCH_TOLD_EVERY, note_search, read_cursor, whole, write_cursor};
use super::lagging::lagging;
use super::reader::{Program, Reader};
use super::{Fault, Portal, tell};

/// Some events, and where the next ones begin.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Newest first.
    pub events: Vec<Event>,
    /// Where to go on, even if there were fewer than wanted: the query, with its times resolved so that all pages are of one search, and the cursor.
    pub next: Option<(String, String)>,
}

impl Portal {
    /// At most `limit` events that match, newest first, from the cursor on.
    ///
    /// # Errors
    /// When the cursor is none of ours, or the database cannot be reached.
    pub async fn list_events(
        &self,
        reader: &Reader,
        query: &Query,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Listed, PortalError> {
        tell(list(&self.store, reader, query, cursor, limit).await)
    }
}

async fn list(
    store: &Store,
    reader: &Reader,
    query: &Query,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Listed, Fault> {
    let at = match cursor {
        Some(cursor) => At::OlderThan(read_cursor(cursor)?),
        None => At::Newest,
    };
    let wanted = Search { query, concerning: reader.concerning() };
    let most = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let read = |mut conn: Reading| async move {
        whole(&mut conn).await?;
        Ok(audit::look(&mut conn, wanted, at, most, Reach::default()).await?)
    };
    let Found { mut events, looked_to } = lagging(store, reader.sees_all(), read).await?.found;
    let has_more = events.len() > limit;
    events.truncate(limit);
    events.iter_mut().for_each(|event| reader.hide_source(event));
    note(store, reader, query).await?;
    let last = events.last().filter(|_| has_more);
    // Where it was looked enough, it goes on from there, not from the last that was found.
    let from = looked_to.or(last.map(|last| Cursor { recorded_at: last.recorded_at, id: last.id }));
    let next = from.map(|from| {
        let resolved = query.to_text();
        let text = if resolved.chars().count() <= QUERY_MAX_CHARS { resolved } else { query.as_written() };
        (text, write_cursor(from))
    });
    Ok(Listed { events, next })
}

async fn note(store: &Store, reader: &Reader, query: &Query) -> Result<(), Fault> {
    match reader {
        Reader::Person(caller) => note_search(store, caller, query).await,
        Reader::Program(program) => note_of_program(store, reader, program, query).await,
    }
}

async fn note_of_program(
    store: &Store,
    reader: &Reader,
    program: &Program,
    query: &Query,
) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let now = tx.now;
    let written = query.as_written();
    if reading_token::note_search(tx.conn(), program.token, &written, SEARCH_TOLD_EVERY, now).await? {
        let detail = json!({ "query": written, "token": program.token });
        tx.commit(reader.event(Action::AuditSearched).detail(detail)).await?;
    }
    Ok(())
}
