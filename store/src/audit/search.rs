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

use super::hits::{Hit, Hits, Hunt, Reach, missing};
use super::plan::Plan;
use super::range::{Range, Toward};
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

/// What a search has found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Newest recorded first: those next to where the page begins.
    pub events: Vec<Event>,
    /// How far it was looked, where that was not enough to find as many as wanted; `None` where these are all.
    pub looked_to: Option<Cursor>,
}

/// At most `limit` events, as far as one looks in a moment: for a page, which may lead further.
///
/// # Errors
/// When the database cannot be reached.
pub async fn look(
    conn: &mut PgConnection,
    search: Search<'_>,
    at: At,
    limit: i64,
    reach: Reach,
) -> Result<Found> {
    let (toward, range) = at.range();
    let found = hits(conn, search, toward, range, limit, reach).await?;
    let looked_to = found.looked_to.map(Cursor::from);
    Ok(Found { events: of_hits(conn, toward, found.hits.iter()).await?, looked_to })
}

/// The first page, of at most `limit` events, and what all that match are counted by: found at once, as [`look`] and
/// [`tally`] find them.
///
/// # Errors
/// When the database cannot be reached.
pub async fn first_page(
    conn: &mut PgConnection,
    search: Search<'_>,
    limit: i64,
    zone: Tz,
) -> Result<(Found, Tally)> {
    let found =
        hits(conn, search, Toward::Older, Range::default(), COUNTED_MAX + 1, Reach::default()).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let page = found.hits.get(..shown);
    let looked_to = if page.is_some() { None } else { found.looked_to.map(Cursor::from) };
    let events = of_hits(conn, Toward::Older, page.unwrap_or(&found.hits).iter()).await?;
    Ok((Found { events, looked_to }, tally_of(&found, zone)?))
}

/// At most `limit` events, newest recorded first: those next to where the page begins, however long it takes to find them.
///
/// # Errors
/// When the database cannot be reached.
pub async fn search(conn: &mut PgConnection, search: Search<'_>, at: At, limit: i64) -> Result<Vec<Event>> {
    let (toward, range) = at.range();
    let hits = all_hits(conn, search, toward, range, limit).await?;
    of_hits(conn, toward, hits.iter()).await
}

impl At {
    fn range(self) -> (Toward, Range) {
        match self {
            Self::Newest => (Toward::Older, Range::default()),
            Self::OlderThan(cursor) => {
                (Toward::Older, Range { before: Some(cursor.into()), ..Range::default() })
            }
            Self::NewerThan(cursor) => {
                (Toward::Newer, Range { after: Some(cursor.into()), ..Range::default() })
            }
        }
    }
}

/// An event that was found, and not read yet.
#[derive(Debug, Clone)]
pub struct Match(Hit);

impl Match {
    /// Where it stands.
    pub fn cursor(&self) -> Cursor {
        Cursor { recorded_at: self.0.recorded_at, id: EventId(self.0.event_id) }
    }
}

/// As [`search`], to be read little by little: what was found stays what it is.
///
/// # Errors
/// When the database cannot be reached.
pub async fn matches(conn: &mut PgConnection, search: Search<'_>, at: At, limit: i64) -> Result<Vec<Match>> {
    let (toward, range) = at.range();
    let mut hits = all_hits(conn, search, toward, range, limit).await?;
    if toward == Toward::Newer {
        hits.reverse();
    }
    Ok(hits.into_iter().map(Match).collect())
}

/// The events of these, in their order.
///
/// # Errors
/// When the database cannot be reached, or a month was let go since they were found.
pub async fn events(conn: &mut PgConnection, matches: &[Match]) -> Result<Vec<Event>> {
    of_hits(conn, Toward::Older, matches.iter().map(|one| &one.0)).await
}

/// The first `limit`, step by step.
async fn all_hits(
    conn: &mut PgConnection,
    search: Search<'_>,
    toward: Toward,
    mut range: Range,
    limit: i64,
) -> Result<Vec<Hit>> {
    let mut all = Vec::new();
    loop {
        let missing = missing(&all, limit);
        let found = hits(conn, search, toward, range, missing, Reach::default()).await?;
        all.extend(found.hits);
        match found.looked_to {
            Some(place) => range = range.beyond(place, toward),
            None => return Ok(all),
        }
    }
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
) -> Result<Hits> {
    let mut tx = conn.begin_with("begin isolation level repeatable read, read only").await?;
    let conn = &mut *tx;
    let plan = Plan::of(conn, search.query, search.concerning).await?;
    if let Some(from) = plan.recorded_from() {
        range.after = range.after.max(Some((from, Uuid::nil())));
    }
    little_by_little(conn).await?;
    let tail = tail::first(conn, search, toward, range, limit).await?;
    let hunt = Hunt { search, plan: &plan, toward, reach };
    let mut found = hunt.first(conn, range, limit).await?;
    tx.rollback().await?;
    if !tail.is_empty() {
        // What was linked again is indexed, maybe before its turn.
        let known: HashSet<Uuid> = found.hits.iter().map(|hit| hit.event_id).collect();
        // Further than that, nobody has looked at what is indexed.
        let is_within = |hit: &Hit| match (toward, found.looked_to) {
            (_, None) => true,
            (Toward::Older, Some(edge)) => (hit.recorded_at, hit.event_id) >= edge,
            (Toward::Newer, Some(edge)) => (hit.recorded_at, hit.event_id) <= edge,
        };
        let more = tail.into_iter().filter(|hit| !known.contains(&hit.event_id) && is_within(hit));
        found.hits.extend(more);
        found.hits.sort_by_key(|hit| (hit.recorded_at, hit.event_id));
        if toward == Toward::Older {
            found.hits.reverse();
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        if found.hits.len() >= most {
            found.hits.truncate(most);
            found.looked_to = None;
        }
    }
    Ok(found)
}

/// For the rest of the transaction. The planner cannot know how little is looked at, and would read the book from its end,
/// or all of it; what is forbidden counts as dear, and what is dear would be compiled first.
async fn little_by_little(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(
        r#"select set_config('enable_seqscan', 'off', true) as "seq!",
             set_config('enable_bitmapscan', 'off', true) as "bitmap!",
             set_config('enable_hashjoin', 'off', true) as "hash!",
             set_config('enable_mergejoin', 'off', true) as "merge!", set_config('jit', 'off', true) as "jit!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// The events of these hits, newest first.
async fn of_hits<'a>(
    conn: &mut PgConnection,
    toward: Toward,
    hits: impl ExactSizeIterator<Item = &'a Hit> + Clone,
) -> Result<Vec<Event>> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from unnest(");
    query.push_bind(hits.clone().map(|hit| hit.class.as_str()).collect::<Vec<_>>()).push("::text[], ");
    query.push_bind(hits.clone().map(|hit| hit.recorded_at).collect::<Vec<_>>()).push("::timestamptz[], ");
    query.push_bind(hits.clone().map(|hit| hit.event_id).collect::<Vec<_>>());
    query.push(
        // The limit keeps the planner from reading whole months to join them.
        "::uuid[]) with ordinality h(class, recorded_at, id, place) cross join lateral (
           select * from event e where e.class = h.class and e.recorded_at = h.recorded_at and e.id = h.id limit 1) e
         order by h.place",
    );
    let mut events = query.build().fetch_all(conn).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    if events.len() != hits.len() {
        // A month was let go in between: what is missing must not be taken for the end.
        return Err(StoreError::corrupt("event_search", "events that are gone"));
    }
    if toward == Toward::Newer {
        events.reverse();
    }
    Ok(events)
}

/// How many events match, counted no further than [`COUNTED_MAX`] + 1.
///
/// # Errors
/// When the database cannot be reached.
pub async fn count(conn: &mut PgConnection, search: Search<'_>) -> Result<i64> {
    let hits = all_hits(conn, search, Toward::Older, Range::default(), COUNTED_MAX + 1).await?;
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

/// What matches, counted as far as one looks in a moment.
#[derive(Debug, Clone)]
pub struct Tally {
    /// How many, no further than [`COUNTED_MAX`] + 1.
    pub events: i64,
    /// Whether there is nothing further back that was not looked at.
    pub is_whole: bool,
    /// The same by what stands in them.
    pub counted: Vec<Counted>,
}

/// What matches by day of that zone, kind, outcome, actor and system: of the newest [`COUNTED_MAX`] + 1, so that it
/// costs no more than counting. The most frequent first; of actors and systems only these.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tally(conn: &mut PgConnection, search: Search<'_>, zone: Tz) -> Result<Tally> {
    let found =
        hits(conn, search, Toward::Older, Range::default(), COUNTED_MAX + 1, Reach::default()).await?;
    tally_of(&found, zone)
}

fn tally_of(Hits { hits, looked_to }: &Hits, zone: Tz) -> Result<Tally> {
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
    let counted = days
        .map(|(day, events)| Counted { facet: Facet::Day(day), events })
        .chain(nouns.map(|(noun, events)| Counted { facet: Facet::Noun(noun), events }))
        .chain(outcomes)
        .chain(actors.map(|(name, events)| Counted { facet: Facet::Actor(name.to_owned()), events }))
        .chain(systems.map(|(name, events)| Counted { facet: Facet::System(name.to_owned()), events }))
        .collect();
    Ok(Tally {
        events: i64::try_from(hits.len()).unwrap_or(i64::MAX),
        is_whole: looked_to.is_none(),
        counted,
    })
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
