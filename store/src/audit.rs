//! The book: written once, never changed.

mod before;
mod condition;
mod hits;
pub(crate) mod index;
mod leaves;
mod live;
mod node;
mod plan;
mod range;
mod search;
mod sight;
mod tail;
mod terms;
mod tsvector;
mod values;

use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::{About, Action, Actor, Event, NewEvent, Outcome};
use domain::caller::Source;
use domain::id::{EntitlementId, EventId, GrantId, PersonId, RequestId, ResourceId, SystemId};
use domain::json::Plain;
use domain::person::PersonRef;
use domain::usage::OutsideKind;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

pub use before::before;
pub use hits::Reach;
pub use live::{Frontier, frontier, since};
pub use search::{
    At, COUNTED_MAX, Counted, Cursor, Facet, Found, Match, Search, Tally, count, events, first_page, look,
    matches, search, tally,
};
pub use sight::{Sight, seen, sees_others, sight_of_today};
pub use tail::{is_indexed, unfound, unindexed};
pub use values::values;

use crate::{Clock, Result, StoreError};

/// What [`read`] reads of an event `e`.
pub(crate) const COLUMNS: &str = "e.id, e.occurred_at, e.recorded_at, e.actor_kind, e.actor_id, e.actor_name, \
     e.action, e.outcome, e.subject_id, e.subject_name, e.system_id, e.system_name, e.resource_id, e.resource_name, \
     e.entitlement_id, e.entitlement_name, e.request_id, e.grant_id, e.origin, e.ip, e.user_agent, e.reason, e.detail";

/// The start of a query for events, to be narrowed by ` and …`.
fn select() -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from event e where true");
    query
}

/// What the search index knows all that happened between two moments by.
pub(crate) fn happened_between(from: DateTime<Utc>, until: DateTime<Utc>) -> Option<String> {
    plan::days('d', Some(from), Some(until))
}

/// An event to be written, with its id.
pub(crate) type RecordedEvent = (EventId, NewEvent);

/// Writes these events of a transaction of `now`; in one statement. They are recorded at the moment of writing: whoever
/// waited for a row is recorded after whoever had it, whoever began first, and however slow a process is to hear what
/// time it is.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    clock: &Clock,
    events: Vec<RecordedEvent>,
) -> Result<()> {
    let mut query = QueryBuilder::<Postgres>::new(
        "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_id, actor_name, action, outcome, \
         subject_id, subject_name, system_id, system_name, resource_id, resource_name, entitlement_id, \
         entitlement_name, request_id, grant_id, origin, ip, user_agent, reason, detail) ",
    );
    query.push_values(events, |mut row, (id, event)| {
        let (subject_id, subject_name) = event.subject.map_or((None, None), |s| (Some(s.id.0), Some(s.name)));
        row.push_bind(id.0).push("'governance'").push_bind(event.occurred_at.unwrap_or(now));
        match clock {
            Clock::Database => row.push("clock_timestamp()"),
            Clock::Fixed(_) => row.push_bind(now),
        };
        row.push_bind(event.actor.kind())
            .push_bind(event.actor.id().map(Uuid::from))
            .push_bind(event.actor.name().to_owned())
            .push_bind(event.action.as_str())
            .push_bind(event.outcome.as_str())
            .push_bind(subject_id)
            .push_bind(subject_name)
            .push_bind(event.about.system_id.map(Uuid::from))
            .push_bind(event.about.system)
            .push_bind(event.about.resource_id.map(Uuid::from))
            .push_bind(event.about.resource)
            .push_bind(event.about.entitlement_id.map(Uuid::from))
            .push_bind(event.about.entitlement)
            .push_bind(event.request_id.map(Uuid::from))
            .push_bind(event.grant_id.map(Uuid::from))
            .push_bind(event.source.origin)
            .push_bind(event.source.ip)
            .push_bind(event.source.user_agent)
            .push_bind(event.reason)
            .push_bind(event.detail);
    });
    query.build().execute(conn).await?;
    Ok(())
}

/// One event.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, id: EventId) -> Result<Option<Event>> {
    let placed = sqlx::query_scalar!("select recorded_at from event_position where event_id = $1", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    let mut query = select();
    // Of either class, by the key of its partition.
    query.push(" and class = any('{governance,usage}') and id = ").push_bind(id.0);
    match (placed, begun_at(id)) {
        (Some(at), _) => {
            query.push(" and recorded_at = ").push_bind(at);
        }
        // A moment old: written after its transaction began, and no transaction takes so long.
        (None, Some(begun_at)) => {
            query.push(" and recorded_at between ").push_bind(begun_at - TimeDelta::seconds(1));
            query.push(" and ").push_bind(begun_at + TimeDelta::hours(1));
        }
        (None, None) => return Ok(None),
    }
    query.build().fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// When the transaction of an event began: its UUIDv7 carries the milliseconds.
fn begun_at(id: EventId) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = id.0.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

/// What belongs to a request and its grant, oldest first; of more than `limit`, the newest.
///
/// # Errors
/// When the database cannot be reached.
pub async fn thread(
    conn: &mut PgConnection,
    request: Option<RequestId>,
    grant: Option<GrantId>,
    limit: i64,
) -> Result<Vec<Event>> {
    let mut query = select();
    query.push(" and (request_id = ").push_bind(request.map(Uuid::from));
    query.push(" or grant_id = ").push_bind(grant.map(Uuid::from));
    query.push(") order by recorded_at desc, id desc limit ").push_bind(limit);
    query.build().fetch_all(conn).await?.iter().rev().map(read).collect()
}

/// Whether this person has done exactly this since `since`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn is_noted(
    conn: &mut PgConnection,
    actor: PersonId,
    action: Action,
    detail: &serde_json::Value,
    since: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select 1 from event where actor_id = $1 and recorded_at >= $4 and action = $2
             and detail = $3) as "is_noted!""#,
        actor.0,
        action.as_str(),
        detail,
        since
    )
    .fetch_one(conn)
    .await?)
}

pub(crate) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

pub(crate) fn read(row: &PgRow) -> Result<Event> {
    let actor_kind: &str = row.try_get("actor_kind")?;
    let actor_id: Option<Uuid> = row.try_get("actor_id")?;
    let actor_name: String = row.try_get("actor_name")?;
    let actor = match (actor_kind, actor_id) {
        ("person", Some(id)) => Actor::Person { id: PersonId(id), name: actor_name },
        ("system", _) => Actor::System,
        ("command", _) => Actor::Command { name: actor_name },
        ("person", None) => Actor::Outside { kind: OutsideKind::Person, name: actor_name },
        ("machine", _) => Actor::Outside { kind: OutsideKind::Machine, name: actor_name },
        _ if actor_name == Actor::Unknown.name() => Actor::Unknown,
        _ => Actor::Outside { kind: OutsideKind::Unknown, name: actor_name },
    };
    let outcome: &str = row.try_get("outcome")?;
    let subject = match (row.try_get::<Option<Uuid>, _>("subject_id")?, row.try_get("subject_name")?) {
        (Some(id), Some(name)) => Some(PersonRef { id: PersonId(id), name }),
        _ => None,
    };
    Ok(Event {
        id: EventId(row.try_get("id")?),
        occurred_at: row.try_get("occurred_at")?,
        recorded_at: row.try_get("recorded_at")?,
        actor,
        action: row.try_get("action")?,
        outcome: Outcome::parse(outcome).ok_or_else(|| StoreError::corrupt("event", outcome))?,
        subject,
        resource: About {
            system_id: row.try_get::<Option<Uuid>, _>("system_id")?.map(SystemId),
            system: row.try_get("system_name")?,
            resource_id: row.try_get::<Option<Uuid>, _>("resource_id")?.map(ResourceId),
            resource: row.try_get("resource_name")?,
            entitlement_id: row.try_get::<Option<Uuid>, _>("entitlement_id")?.map(EntitlementId),
            entitlement: row.try_get("entitlement_name")?,
        },
        request_id: row.try_get::<Option<Uuid>, _>("request_id")?.map(RequestId),
        grant_id: row.try_get::<Option<Uuid>, _>("grant_id")?.map(GrantId),
        source: Source {
            origin: row.try_get("origin")?,
            ip: row.try_get("ip")?,
            user_agent: row.try_get("user_agent")?,
        },
        reason: row.try_get("reason")?,
        detail: row.try_get::<Json<Plain>, _>("detail")?.0.0,
    })
}
