//! Reading the book; reading it is written down, too.

use app::backend::{Answer, Audit, AuditList, AuditPage, EventView};
use app::error::PortalError;
use async_trait::async_trait;
use chrono::TimeDelta;
use domain::audit::query::{Field, Query};
use domain::audit::{Action, Event, NewEvent};
use domain::caller::Caller;
use domain::id::{EventId, RequestId};
use store::audit::{self, At, COUNTED_MAX, Cursor, Found, Reach, Search, Sight};
use store::copy::Reading;
use store::{PgConnection, Store, request, usage};

use super::lagging::{Lagging, lagging};
use super::{Fault, Portal, cursor, deciding, tell};
use crate::live::position_for;

mod tally;

const PAGE_EVENTS: usize = 50;
const THREAD_MAX: i64 = 100;
/// Names offered to somebody who types one.
const VALUES_MAX: i64 = 8;
/// The same search by the same reader is written down once in this time.
pub(super) const SEARCH_TOLD_EVERY: TimeDelta = TimeDelta::hours(1);

#[async_trait]
impl Audit for Portal {
    async fn search(&self, caller: &Caller, query: &Query, page: &AuditPage) -> Answer<AuditList> {
        tell(search(&self.store, caller, query, page).await)
    }

    async fn event(&self, caller: &Caller, id: EventId) -> Answer<EventView> {
        tell(event(&self.store, caller, id).await)
    }
}

impl Portal {
    /// Names of a field that contain this part, for somebody who types one. Who has not the whole book to read is offered
    /// what everybody sees: people and the catalogue.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn values(&self, caller: &Caller, field: Field, part: &str) -> Answer<Vec<String>> {
        if matches!(field, Field::Source | Field::Window) && !caller.roles.sees_all() {
            return Ok(Vec::new());
        }
        let found = async { audit::values(&mut *self.store.read().await?, field, part, VALUES_MAX).await };
        tell(found.await.map_err(Fault::from))
    }

    /// Watching a search is searching: the same person's same search is written down once.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub async fn note_watching(&self, caller: &Caller, query: &Query) -> Answer<()> {
        tell(note_search(&self.store, caller, query).await)
    }
}

/// What is looked for, showing no more than the caller may see.
fn search_of<'a>(caller: &Caller, query: &'a Query) -> Search<'a> {
    Search { query, concerning: sight_of(caller) }
}

/// What of the book is shown to the caller; `None` is everything.
pub(crate) fn sight_of(caller: &Caller) -> Option<Sight> {
    (!caller.roles.sees_all()).then(|| Sight::By(caller.id()))
}

async fn search(store: &Store, caller: &Caller, query: &Query, page: &AuditPage) -> Result<AuditList, Fault> {
    let at = match page {
        AuditPage::Newest => At::Newest,
        AuditPage::OlderThan(cursor) => At::OlderThan(read_cursor(cursor)?),
        AuditPage::NewerThan(cursor) => At::NewerThan(read_cursor(cursor)?),
    };
    let read = |mut conn: Reading| async move { found(&mut conn, caller, query, at).await };
    let Lagging { found, behind } = lagging(store, caller.roles.sees_all(), read).await?;
    // After reading, so that a search does not find itself; before answering, so that none goes unwritten.
    note_search(store, caller, query).await?;
    Ok(AuditList { behind_seconds: behind.map_or(0, |behind| behind.as_secs()), ..found })
}

async fn found(conn: &mut PgConnection, caller: &Caller, query: &Query, at: At) -> Result<AuditList, Fault> {
    let wanted = search_of(caller, query);
    let limit = i64::try_from(PAGE_EVENTS + 1).unwrap_or(i64::MAX);
    // Before the events, so that none falls between them and what is watched from there on.
    let position = match at {
        At::Newest => position_for(audit::frontier(conn).await?, query, wanted.concerning),
        _ => 0,
    };
    let unfound = audit::unfound(conn).await?;
    let zone = caller.time_zone;
    let (Found { mut events, looked_to }, found) = match at {
        At::Newest => audit::first_page(conn, wanted, limit, zone).await?,
        _ => {
            let page = audit::look(conn, wanted, at, limit, Reach::default()).await?;
            (page, audit::tally(conn, wanted, zone).await?)
        }
    };
    let has_more = events.len() > PAGE_EVENTS;
    if matches!(at, At::NewerThan(_)) {
        // The one too many is the newest: what comes next to the cursor is at the end.
        events.drain(..events.len().saturating_sub(PAGE_EVENTS));
    } else {
        events.truncate(PAGE_EVENTS);
    }
    events.iter_mut().for_each(|event| hide_source(caller, event));
    let (previous, next) = pages(at, &events, has_more, looked_to);
    // Further back, the strip and the facets are not shown.
    let tally = (at == At::Newest).then(|| tally::tally(&found.counted, query, caller));
    Ok(AuditList {
        events,
        total: usize::try_from(found.events.min(COUNTED_MAX)).unwrap_or(0),
        is_more: found.events > COUNTED_MAX || !found.is_whole,
        next,
        previous,
        tally,
        position,
        looked_to: looked_to.map(|cursor| cursor.recorded_at),
        unfound: usize::try_from(unfound).unwrap_or(0),
        behind_seconds: 0,
    })
}

/// The cursors of the pages before and behind; empty where there is none.
fn pages(at: At, events: &[Event], has_more: bool, looked_to: Option<Cursor>) -> (String, String) {
    let of = |event: Option<&Event>| event.map(|e| Cursor { recorded_at: e.recorded_at, id: e.id });
    let (first, last) = (of(events.first()), of(events.last()));
    // Where it was looked enough, it goes on from there, not from the last that was found.
    // Where nothing is newer, the page behind begins with what stands at the place itself.
    let at_it = |here: Cursor| Cursor { id: EventId(uuid::Uuid::max()), ..here };
    let from_it = |here: Cursor| Cursor { id: EventId(uuid::Uuid::nil()), ..here };
    let (previous, next) = match at {
        At::Newest => (None, looked_to.or(last.filter(|_| has_more))),
        At::OlderThan(here) => (first.or(Some(from_it(here))), looked_to.or(last.filter(|_| has_more))),
        At::NewerThan(here) => (looked_to.or(first.filter(|_| has_more)), last.or(Some(at_it(here)))),
    };
    (previous.map(write_cursor).unwrap_or_default(), next.map(write_cursor).unwrap_or_default())
}

/// Refuses what must hold everything while there is what no search finds.
pub(super) async fn whole(conn: &mut PgConnection) -> Result<(), Fault> {
    match audit::unfound(conn).await? {
        0 => Ok(()),
        1 => {
            let message = "One event has come in and cannot be searched yet. Try again in a few minutes.";
            Err(PortalError::NotYet(message.to_owned()).into())
        }
        unfound => Err(PortalError::NotYet(format!(
            "{unfound} events have come in and cannot be searched yet. Try again in a few minutes."
        ))
        .into()),
    }
}

/// From where somebody else acted is the auditors' to know, and so is the record of another system, which may say it.
pub(crate) fn hide_source(caller: &Caller, event: &mut Event) {
    if !caller.roles.sees_all() && event.actor.id() != Some(caller.id()) {
        event.source.ip = None;
        event.source.user_agent = None;
        if let Some(detail) = event.detail.as_object_mut() {
            detail.remove("original");
        }
    }
}

/// Writes the search into the book, unless the same person has looked for the same lately. Looking around
/// is not searching, and who sees nothing but their own is by themselves.
pub(super) async fn note_search(store: &Store, caller: &Caller, query: &Query) -> Result<(), Fault> {
    if query.is_all() || !reads_of_others(store, caller).await? {
        return Ok(());
    }
    note_reading(store, caller, serde_json::json!({ "query": query.as_written() })).await
}

async fn reads_of_others(store: &Store, caller: &Caller) -> Result<bool, Fault> {
    Ok(caller.roles.sees_all() || audit::sees_others(&mut *store.read().await?, caller.id()).await?)
}

/// Writes into the book what of it was read, unless the same person has read the same lately.
pub(super) async fn note_reading(
    store: &Store,
    caller: &Caller,
    detail: serde_json::Value,
) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let since = tx.now - SEARCH_TOLD_EVERY;
    if audit::is_noted(tx.conn(), caller.id(), Action::AuditSearched, &detail, since).await? {
        return Ok(());
    }
    tx.commit(NewEvent::by(caller, Action::AuditSearched).detail(detail)).await?;
    Ok(())
}

pub(super) fn write_cursor(place: Cursor) -> String {
    cursor::write(place.recorded_at, place.id)
}

pub(super) fn read_cursor(text: &str) -> Result<Cursor, PortalError> {
    let (recorded_at, id) = cursor::read(text).ok_or(PortalError::NotFound)?;
    Ok(Cursor { recorded_at, id })
}

async fn event(store: &Store, caller: &Caller, id: EventId) -> Result<EventView, Fault> {
    let mut conn = store.read().await?;
    let mut event = audit::find(&mut conn, id).await?.ok_or(PortalError::NotFound)?;
    let mut thread = thread(&mut conn, &event).await?;
    if let Some(sight) = sight_of(caller) {
        let seen = audit::seen(&mut conn, sight, &[thread.as_slice(), &[event.clone()]].concat()).await?;
        if !seen.contains(&event.id) {
            return Err(PortalError::NotFound.into());
        }
        thread.retain(|event| seen.contains(&event.id));
    }
    thread.iter_mut().chain([&mut event]).for_each(|event| hide_source(caller, event));
    let json = serde_json::to_string_pretty(&event).map_err(|_| PortalError::Internal)?;
    let place = usage::place_of(&mut conn, id).await?;
    let request = event.request_id.or(place.request);
    let sees_request = sees_request(&mut conn, caller, request).await?;
    Ok(EventView {
        event,
        thread,
        request: request.filter(|_| sees_request),
        position: place.position,
        person: place.person,
        covered: place.covered,
        json,
    })
}

/// The book and the requests have readers of their own.
pub(super) async fn sees_request(
    conn: &mut PgConnection,
    caller: &Caller,
    id: Option<RequestId>,
) -> Result<bool, Fault> {
    let Some(id) = id else { return Ok(false) };
    let Some(record) = request::find(conn, id).await? else { return Ok(false) };
    let deciders = deciding::deciders_of(conn, std::slice::from_ref(&record), caller.called_at).await?;
    match deciders.first() {
        Some(deciders) => Ok(deciding::may_see(conn, caller, &record, deciders).await?),
        None => Ok(false),
    }
}

async fn thread(conn: &mut PgConnection, event: &Event) -> Result<Vec<Event>, Fault> {
    if event.request_id.is_none() && event.grant_id.is_none() {
        return Ok(Vec::new());
    }
    Ok(audit::thread(conn, event.request_id, event.grant_id, THREAD_MAX).await?)
}
