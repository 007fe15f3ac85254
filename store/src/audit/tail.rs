//! What is in the book and not in the search index yet: the last moment of it, looked at event by event.

use domain::id::EventId;
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::hits::Hit;
use super::range::{Range, Toward};
use super::search::Search;
use crate::Result;
use crate::sequence::{self, Seen};

/// So many are looked at, the last ones: of those with a position and of those without. Only where much is brought in at
/// once, or nobody numbers and indexes, does the index lag further.
const TAIL_MAX: i64 = 20_000;
/// Events without a position are counted no further: there is one for a moment only, where `gatebook work` runs.
const UNNUMBERED_MAX: i64 = 100_000;

/// How many events no search finds: what came in long before the last ones, and is still to be indexed. Said before that
/// is so, with half of what is looked at to spare for what comes in meanwhile.
///
/// # Errors
/// When the database cannot be reached.
pub async fn unfound(conn: &mut PgConnection) -> Result<i64> {
    Ok((unindexed(conn).await? - TAIL_MAX / 2).max(0))
}

/// How many events are not indexed yet; those without a position are counted up to 100,000.
///
/// # Errors
/// When the database cannot be reached.
pub async fn unindexed(conn: &mut PgConnection) -> Result<i64> {
    let seen = sequence::seen(conn).await?;
    Ok(sqlx::query_scalar!(
        r#"select $1 - coalesce((select position from book_reader where name = 'search'), 0)
             -- In order, so that the index is read from there on.
             + (select count(*) from (select from event where xid >= $2::text::xid8 order by xid limit $4) begun)
             + (select count(*) from (select from event where xid = any($3::text[]::xid8[]) limit $4) under_way)
             as "unindexed!""#,
        seen.last_position,
        seen.next,
        &seen.under_way,
        UNNUMBERED_MAX
    )
    .fetch_one(conn)
    .await?)
}

/// Whether everything up to this event is indexed.
///
/// # Errors
/// When the database cannot be reached.
pub async fn is_indexed(conn: &mut PgConnection, event: EventId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from event_position p join book_reader r on r.name = 'search' and r.position >= p.position
             where p.event_id = $1) as "is_indexed!""#,
        event.0
    )
    .fetch_one(conn)
    .await?)
}

/// Whether there are any.
async fn are_there(conn: &mut PgConnection, seen: &Seen) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select $1 > coalesce((select position from book_reader where name = 'search'), 0)
             or exists (select from event where xid >= $2::text::xid8)
             or exists (select from event where xid = any($3::text[]::xid8[])) as "are_there!""#,
        seen.last_position,
        seen.next,
        &seen.under_way
    )
    .fetch_one(conn)
    .await?)
}

/// The first `limit` of them that match, in order.
pub(super) async fn first(
    conn: &mut PgConnection,
    search: Search<'_>,
    toward: Toward,
    range: Range,
    limit: i64,
) -> Result<Vec<Hit>> {
    let seen = sequence::seen(conn).await?;
    if !are_there(conn, &seen).await? {
        return Ok(Vec::new());
    }
    let mut query =
        QueryBuilder::<Postgres>::new("with tail as materialized ((select * from event where xid >= ");
    query.push_bind(seen.next).push("::text::xid8 order by xid desc limit ").push_bind(TAIL_MAX);
    query.push(") union all (select * from event where xid = any(").push_bind(seen.under_way);
    query.push("::text[]::xid8[]) order by xid desc limit ").push_bind(TAIL_MAX).push(
        ")
           union all
           select e.* from (select class, recorded_at, event_id from event_position
               where position > coalesce((select position from book_reader where name = 'search'), 0)
               order by position desc limit ",
    );
    query.push_bind(TAIL_MAX).push(
        ") p join event e on e.class = p.class and e.recorded_at = p.recorded_at and e.id = p.event_id)
         select class, recorded_at, id as event_id, occurred_at, action, outcome, actor_name, system_name
         from tail e where true",
    );
    for (side, place) in [(" > ", range.after), (" < ", range.before)] {
        let Some((at, id)) = place else { continue };
        query.push(" and (e.recorded_at, e.id)").push(side).push("(").push_bind(at);
        query.push(", ").push_bind(id).push(")");
    }
    search.push(&mut query);
    query.push(" order by ").push(toward.order()).push(" limit ").push_bind(limit);
    Ok(query.build_query_as().persistent(false).fetch_all(conn).await?)
}
