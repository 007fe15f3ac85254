//! Looking things up in the book.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::audit::query::Query;
use domain::audit::{Event, Outcome};
use domain::id::EventId;
use sqlx::{Connection as _, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::hits::{Hit, Hunt, Range, Reach, Toward};
use super::plan::Plan;
use super::sight::Sight;
use super::{COLUMNS, condition, read, tail};
use crate::{Result, StoreError};

/// Totals are counted exactly up to here.
pub const COUNTED_MAX: i64 = 10_000;
/// Of names, so many are told apart, the most frequent ones.
const NAMES_MAX: usize = 8;

/// What is looked for, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// What must match.
    pub query: &'a Query,
    /// Only these. `None` sees everything.
    pub concerning: Option<Sight>,
}

/// The place of an event in the order of recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Which.
    pub id: EventId,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// With what was recorded last.
    Newest,
    /// Behind this event, towards older ones.
    OlderThan(Cursor),
    /// Before this event, towards newer ones.
    NewerThan(Cursor),
}

impl Search<'_> {
    pub(super) fn push(self, query: &mut QueryBuilder<Postgres>) {
        if let Some(sight) = self.concerning {
            query.push(" and ");
            sight.push(query);
        }
        query.push(" and ");
        condition::push(query, self.query.expr(), self.concerning);
    }
}

/// At most `limit` events, newest recorded first: those next to where the page begins.
///
/// # Errors
/// When the database cannot be reached.
pub async fn search(conn: &mut PgConnection, search: Search<'_>, at: At, limit: i64) -> Result<Vec<Event>> {
    search_reaching(conn, search, at, limit, Reach::default()).await
}

/// The same with steps of another size.
///
/// # Errors
/// When the database cannot be reached.
pub async fn search_reaching(
    conn: &mut PgConnection,
    search: Search<'_>,
    at: At,
    limit: i64,
    reach: Reach,
) -> Result<Vec<Event>> {
    let (toward, range) = match at {
        At::Newest => (Toward::Older, Range::default()),
        At::OlderThan(cursor) => (Toward::Older, Range { before: Some(cursor.into()), ..Range::default() }),
        At::NewerThan(cursor) => (Toward::Newer, Range { after: Some(cursor.into()), ..Range::default() }),
    };
    let hits = hits(conn, search, toward, range, limit, reach).await?;
    let mut events = of_hits(conn, &hits).await?;
    if matches!(at, At::NewerThan(_)) {
        events.reverse();
    }
    Ok(events)
}

/// Of what is indexed and what is not yet, the first `limit` in order: as all of it stands at one moment, whatever is
/// indexed meanwhile.
async fn hits(
    conn: &mut PgConnection,
    search: Search<'_>,
    toward: Toward,
    mut range: Range,
    limit: i64,
    reach: Reach,
) -> Result<Vec<Hit>> {
    let mut tx = conn.begin_with("begin isolation level repeatable read, read only").await?;
    let conn = &mut *tx;
    let plan = Plan::of(conn, search.query, search.concerning).await?;
    if let Some(from) = plan.recorded_from() {
        range.after = range.after.max(Some((from, Uuid::nil())));
    }
    let tail = tail::first(conn, search, toward, range, limit).await?;
    let hunt = Hunt { search, plan: &plan, toward, reach };
    let mut hits = hunt.first(conn, range, limit).await?;
    tx.rollback().await?;
    if !tail.is_empty() {
        // What was linked again is indexed, maybe before its turn.
        let known: HashSet<Uuid> = hits.iter().map(|hit| hit.event_id).collect();
        hits.extend(tail.into_iter().filter(|hit| !known.contains(&hit.event_id)));
        hits.sort_by_key(|hit| (hit.recorded_at, hit.event_id));
        if toward == Toward::Older {
            hits.reverse();
        }
        hits.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(hits)
}

/// The events of these hits, in their order.
async fn of_hits(conn: &mut PgConnection, hits: &[Hit]) -> Result<Vec<Event>> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from unnest(");
    query.push_bind(hits.iter().map(|hit| hit.class.as_str()).collect::<Vec<_>>()).push("::text[], ");
    query.push_bind(hits.iter().map(|hit| hit.recorded_at).collect::<Vec<_>>()).push("::timestamptz[], ");
    query.push_bind(hits.iter().map(|hit| hit.event_id).collect::<Vec<_>>());
    query.push(
        "::uuid[]) with ordinality h(class, recorded_at, id, place)
         join event e on e.class = h.class and e.recorded_at = h.recorded_at and e.id = h.id order by h.place",
    );
    query.build().fetch_all(conn).await?.iter().map(read).collect()
}

/// How many events match, counted no further than [`COUNTED_MAX`] + 1.
///
/// # Errors
/// When the database cannot be reached.
pub async fn count(conn: &mut PgConnection, search: Search<'_>) -> Result<i64> {
    let hits = hits(conn, search, Toward::Older, Range::default(), COUNTED_MAX + 1, Reach::default()).await?;
    Ok(i64::try_from(hits.len()).unwrap_or(i64::MAX))
}

/// What something is counted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facet {
    /// A day of the zone that was asked for.
    Day(NaiveDate),
    /// What stands before the dot of the action.
    Noun(String),
    /// How it came out.
    Outcome(Outcome),
    /// The name of who acted.
    Actor(String),
    /// The name of the system.
    System(String),
}

/// So many events of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Of which kind.
    pub facet: Facet,
    /// How many.
    pub events: i64,
}

/// What matches by day of that zone, kind, outcome, actor and system: of the newest [`COUNTED_MAX`] + 1, so that it
/// costs no more than counting. The most frequent first; of actors and systems only these.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tally(conn: &mut PgConnection, search: Search<'_>, zone: Tz) -> Result<Vec<Counted>> {
    let hits = hits(conn, search, Toward::Older, Range::default(), COUNTED_MAX + 1, Reach::default()).await?;
    let day = |hit: &Hit| hit.occurred_at.with_timezone(&zone).date_naive();
    let mut outcomes = Vec::new();
    for (word, events) in counted(hits.iter().map(|hit| hit.outcome.as_str())) {
        let outcome = Outcome::parse(word).ok_or_else(|| StoreError::corrupt("event", word))?;
        outcomes.push(Counted { facet: Facet::Outcome(outcome), events });
    }
    let noun = |hit: &Hit| hit.action.split_once('.').map_or(hit.action.clone(), |(noun, _)| noun.to_owned());
    let systems = hits.iter().filter_map(|hit| hit.system_name.as_deref());
    let days = counted(hits.iter().map(day)).into_iter();
    let nouns = counted(hits.iter().map(noun)).into_iter();
    let actors = counted(hits.iter().map(|hit| hit.actor_name.as_str())).into_iter().take(NAMES_MAX);
    let systems = counted(systems).into_iter().take(NAMES_MAX);
    Ok(days
        .map(|(day, events)| Counted { facet: Facet::Day(day), events })
        .chain(nouns.map(|(noun, events)| Counted { facet: Facet::Noun(noun), events }))
        .chain(outcomes)
        .chain(actors.map(|(name, events)| Counted { facet: Facet::Actor(name.to_owned()), events }))
        .chain(systems.map(|(name, events)| Counted { facet: Facet::System(name.to_owned()), events }))
        .collect())
}

/// How often each, the most frequent first.
fn counted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<(T, i64)> {
    let mut counts = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    let mut counts: Vec<(T, i64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, events)| Reverse(*events));
    counts
}
