//! Looking things up in the book.

use chrono::{DateTime, NaiveDate, Utc};
use domain::audit::query::Query;
use domain::audit::{Event, Outcome};
use domain::id::{EventId, PersonId};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

use super::{condition, read, select};
use crate::{Result, StoreError};

/// Totals are counted exactly up to here.
pub const COUNTED_MAX: i64 = 10_000;
/// Of names, so many are told apart, the most frequent ones.
const NAMES_MAX: i64 = 8;

/// What is looked for, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// What must match.
    pub query: &'a Query,
    /// Only what concerns this person: acted by, or about them. `None` sees everything.
    pub concerning: Option<PersonId>,
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
    fn push(self, query: &mut QueryBuilder<Postgres>) {
        if let Some(person) = self.concerning {
            query.push(" and (e.actor_id = ").push_bind(person.0);
            query.push(" or e.subject_id = ").push_bind(person.0).push(")");
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
    let mut query = select();
    search.push(&mut query);
    let (order, cursor) = match at {
        At::Newest => (" order by e.recorded_at desc, e.id desc limit ", None),
        At::OlderThan(cursor) => (" order by e.recorded_at desc, e.id desc limit ", Some((" < ", cursor))),
        At::NewerThan(cursor) => (" order by e.recorded_at, e.id limit ", Some((" > ", cursor))),
    };
    if let Some((side, cursor)) = cursor {
        query.push(" and (e.recorded_at, e.id)").push(side).push("(").push_bind(cursor.recorded_at);
        query.push(", ").push_bind(cursor.id.0).push(")");
    }
    query.push(order).push_bind(limit);
    let mut events: Vec<Event> =
        query.build().fetch_all(conn).await?.iter().map(read).collect::<Result<_>>()?;
    if matches!(at, At::NewerThan(_)) {
        events.reverse();
    }
    Ok(events)
}

/// How many events match, counted no further than [`COUNTED_MAX`] + 1.
///
/// # Errors
/// When the database cannot be reached.
pub async fn count(conn: &mut PgConnection, search: Search<'_>) -> Result<i64> {
    let mut query = QueryBuilder::<Postgres>::new("select count(*) from (select 1 from event e where true");
    search.push(&mut query);
    query.push(" limit ").push_bind(COUNTED_MAX + 1).push(") counted");
    Ok(query.build_query_scalar().fetch_one(conn).await?)
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

#[derive(FromRow)]
struct Row {
    day: Option<NaiveDate>,
    noun: Option<String>,
    outcome: Option<String>,
    actor: Option<String>,
    system: Option<String>,
    events: i64,
}

/// What matches by day of that zone (an IANA name), kind, outcome, actor and system: of the newest [`COUNTED_MAX`] + 1,
/// so that it costs no more than counting. Of actors and systems the most frequent.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tally(conn: &mut PgConnection, search: Search<'_>, zone: &str) -> Result<Vec<Counted>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select day, noun, outcome, actor, system, events from (
           select day, noun, outcome, actor, system, count(*) as events,
             row_number() over (partition by grouping(day, noun, outcome, actor, system) order by count(*) desc, actor, system) as place,
             grouping(actor) = 0 or grouping(system) = 0 as is_name
           from (select (e.occurred_at at time zone ",
    );
    query.push_bind(zone).push(
        ")::date as day, split_part(e.action, '.', 1) as noun, e.outcome, e.actor_name as actor, e.system_name as system
            from event e where true",
    );
    search.push(&mut query);
    query.push(" order by e.recorded_at desc, e.id desc limit ").push_bind(COUNTED_MAX + 1);
    query.push(
        ") newest group by grouping sets ((day), (noun), (outcome), (actor), (system))) counted
         where not is_name or place <= ",
    );
    query.push_bind(NAMES_MAX).push(" order by events desc, day, noun, outcome, actor, system");
    let rows: Vec<Row> = query.build_query_as().fetch_all(conn).await?;
    rows.into_iter().filter_map(facet).collect()
}

/// Which of the grouping sets a row is of: the column that is there. No system at all is no facet.
fn facet(row: Row) -> Option<Result<Counted>> {
    let facet = match row {
        Row { day: Some(day), .. } => Facet::Day(day),
        Row { noun: Some(noun), .. } => Facet::Noun(noun),
        Row { outcome: Some(word), .. } => match Outcome::parse(&word) {
            Some(outcome) => Facet::Outcome(outcome),
            None => return Some(Err(StoreError::corrupt("event", word))),
        },
        Row { actor: Some(actor), .. } => Facet::Actor(actor),
        Row { system: Some(system), .. } => Facet::System(system),
        _ => return None,
    };
    Some(Ok(Counted { facet, events: row.events }))
}
