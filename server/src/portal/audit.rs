//! Reading the book; reading it is written down, too.

use app::backend::{Answer, Audit, AuditList, AuditQuery, EventView};
use app::error::PortalError;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::{Action, NewEvent, Outcome};
use domain::caller::Caller;
use domain::id::{EventId, RequestId};
use domain::local_time::{self, BareDate};
use store::audit::{self, COUNTED_MAX, Cursor, Filter};
use store::{PgConnection, Store, request};

use super::typed::Faults;
use super::{Fault, Portal, deciding, tell};

mod tally;

const PAGE_EVENTS: usize = 50;
const THREAD_MAX: i64 = 100;
/// As long as `2026-11-23T10:00`.
const MINUTE_CHARS: usize = 16;
/// The same search by the same person is written down once in this time.
const SEARCH_TOLD_EVERY: TimeDelta = TimeDelta::hours(1);

#[async_trait]
impl Audit for Portal {
    async fn search(&self, caller: &Caller, query: &AuditQuery, cursor: &str) -> Answer<AuditList> {
        tell(search(&self.store, caller, query, cursor).await)
    }

    async fn event(&self, caller: &Caller, id: EventId) -> Answer<EventView> {
        tell(event(&self.store, caller, id).await)
    }
}

/// Whether the whole book is open to the caller.
pub(super) fn sees_all(caller: &Caller) -> bool {
    caller.roles.auditor || caller.roles.administrator
}

/// What was typed, as a filter that shows no more than the caller may see.
pub(super) fn filter(caller: &Caller, query: &AuditQuery) -> Result<Filter, PortalError> {
    let mut faults = Faults::default();
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut time = |field: &str, typed: &str, bare: BareDate| -> Option<DateTime<Utc>> {
        let typed = some(typed)?;
        faults.take(field, local_time::parse(&typed, caller.time_zone, bare))
    };
    let from = time("from", &query.from, BareDate::Start);
    // A bare date means its end, and so the moment after its last second.
    // A time without seconds means the end of its minute.
    let whole =
        if query.to.trim().len() == MINUTE_CHARS { TimeDelta::minutes(1) } else { TimeDelta::seconds(1) };
    let to = time("to", &query.to, BareDate::End).map(|to| to + whole);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        faults.add("to", "The end is before the beginning.");
    }
    let outcome = some(&query.outcome);
    if outcome.as_deref().is_some_and(|word| Outcome::parse(word).is_none()) {
        faults.add("outcome", "Choose success, denied or failure.");
    }
    let words: Vec<String> = query.q.split_whitespace().map(str::to_owned).collect();
    if words.len() > 10 || query.q.chars().count() > 500 {
        faults.add("q", "At most 10 words and 500 characters.");
    }
    faults.check()?;
    Ok(Filter {
        concerning: (!sees_all(caller)).then(|| caller.id()),
        words,
        person: some(&query.person),
        resource: some(&query.resource),
        action: some(&query.action),
        without: some(&query.without),
        outcome: outcome.as_deref().and_then(Outcome::parse),
        from,
        to,
    })
}

async fn search(
    store: &Store,
    caller: &Caller,
    query: &AuditQuery,
    cursor: &str,
) -> Result<AuditList, Fault> {
    let filter = filter(caller, query)?;
    let after = read_cursor(cursor)?;
    let mut conn = store.read().await?;
    let limit = i64::try_from(PAGE_EVENTS + 1).unwrap_or(i64::MAX);
    let mut events = audit::search(&mut conn, &filter, after, limit).await?;
    let has_more = events.len() > PAGE_EVENTS;
    events.truncate(PAGE_EVENTS);
    events.iter_mut().for_each(|event| hide_source(caller, event));
    let last = events.last().filter(|_| has_more);
    let next =
        last.map(|e| Cursor { recorded_at: e.recorded_at, id: e.id }).map(write_cursor).unwrap_or_default();
    // Further back, the strip and the facets are not shown, and counting is cheaper.
    let (count, tally) = match after {
        Some(_) => (audit::count(&mut conn, &filter).await?, None),
        None => {
            let rows = audit::tally(&mut conn, &filter, caller.time_zone.name()).await?;
            (rows.iter().map(|row| row.events).sum(), Some(tally::tally(&rows, &filter, caller)?))
        }
    };
    drop(conn);
    // After reading, so that a search does not find itself; before answering, so that none goes unwritten.
    if sees_all(caller) && after.is_none() && *query != AuditQuery::default() {
        note_search(store, caller, query).await?;
    }
    Ok(AuditList {
        events,
        total: usize::try_from(count.min(COUNTED_MAX)).unwrap_or(0),
        is_more: count > COUNTED_MAX,
        next,
        tally,
        actions: Action::ALL.iter().map(|action| action.as_str()).collect(),
        sees_all: sees_all(caller),
    })
}

/// From where somebody else acted is the auditors' to know.
pub(super) fn hide_source(caller: &Caller, event: &mut domain::audit::Event) {
    if !sees_all(caller) && event.actor.id() != Some(caller.id()) {
        event.source.ip = None;
        event.source.user_agent = None;
    }
}

/// Writes the search into the book, unless the same person has looked for the same lately.
async fn note_search(store: &Store, caller: &Caller, query: &AuditQuery) -> Result<(), Fault> {
    let detail = serde_json::json!({ "query": query });
    let mut tx = store.begin().await?;
    let since = tx.now - SEARCH_TOLD_EVERY;
    if audit::is_noted(tx.conn(), caller.id(), Action::AuditSearched, &detail, since).await? {
        return Ok(());
    }
    tx.commit(NewEvent::by(caller, Action::AuditSearched).detail(detail)).await?;
    Ok(())
}

fn write_cursor(cursor: Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", cursor.recorded_at.timestamp_micros(), cursor.id))
}

fn read_cursor(text: &str) -> Result<Option<Cursor>, PortalError> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (micros, id) = text.split_once(' ')?;
        let recorded_at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        Some(Cursor { recorded_at, id: id.parse().ok()? })
    };
    read().map(Some).ok_or(PortalError::NotFound)
}

async fn event(store: &Store, caller: &Caller, id: EventId) -> Result<EventView, Fault> {
    let mut conn = store.read().await?;
    let mut event = audit::find(&mut conn, id).await?.ok_or(PortalError::NotFound)?;
    let concerns = |event: &domain::audit::Event| {
        event.actor.id() == Some(caller.id()) || event.subject.as_ref().is_some_and(|s| s.id == caller.id())
    };
    if !sees_all(caller) && !concerns(&event) {
        return Err(PortalError::NotFound.into());
    }
    let mut thread = thread(&mut conn, &event).await?;
    thread.retain(|event| sees_all(caller) || concerns(event));
    thread.iter_mut().chain([&mut event]).for_each(|event| hide_source(caller, event));
    let json = serde_json::to_string_pretty(&event).map_err(|_| PortalError::Internal)?;
    let sees_request = sees_request(&mut conn, caller, event.request_id).await?;
    Ok(EventView { event, thread, sees_request, json })
}

/// The book and the requests have readers of their own.
async fn sees_request(
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

async fn thread(
    conn: &mut PgConnection,
    event: &domain::audit::Event,
) -> Result<Vec<domain::audit::Event>, Fault> {
    if event.request_id.is_none() && event.grant_id.is_none() {
        return Ok(Vec::new());
    }
    Ok(audit::thread(conn, event.request_id, event.grant_id, THREAD_MAX).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_and_nonsense_is_not_found() {
        let cursor = Cursor {
            recorded_at: DateTime::from_timestamp_micros(1_795_000_000_123_456).expect("a time"),
            id: EventId(uuid::Uuid::from_u128(7)),
        };
        assert_eq!(read_cursor(&write_cursor(cursor)), Ok(Some(cursor)));
        assert_eq!(read_cursor(""), Ok(None));
        for bad in ["x", "AAAA", "====", &"a".repeat(5_000)] {
            assert_eq!(read_cursor(bad), Err(PortalError::NotFound), "{bad:.10}");
        }
    }
}
