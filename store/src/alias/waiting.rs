//! What waits for an answer.

use chrono::{DateTime, Utc};
use domain::audit::Event;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};

use super::Side;
use crate::Result;
use crate::audit::{self, COLUMNS};

/// Reports under one key are counted exactly up to here.
pub const COUNTED_MAX: i64 = 10_000;

/// Every key, from one to the next by the index, and of these the ones that nothing was said about and whose last report
/// has not been let go.
const ASKED: &str = "with recursive asked as (
      (select source, KEY as key from event_link where KEY is not null order by 1, 2 limit 1)
      union all
      select n.source, n.KEY from asked w cross join lateral (
        select l.source, l.KEY from event_link l
        where l.KEY is not null and (l.source, l.KEY) > (w.source, w.key) order by 1, 2 limit 1) n),
    waiting as materialized (
      select source, key from asked w
      where not exists (select from ALIAS a where a.source = w.source and a.key = w.key)
        and exists (select from (
          select l.recorded_at, l.event_id from event_link l where l.source = w.source and l.KEY = w.key
          order by l.event_id desc limit 1) n
          join event e on e.class = 'usage' and e.recorded_at = n.recorded_at and e.id = n.event_id)
      limit ";

/// Reports that wait for one answer.
#[derive(Debug, Clone)]
pub struct Unmatched {
    /// Whose reports.
    pub source: String,
    /// Under which key.
    pub key: String,
    /// How many, counted no further than [`COUNTED_MAX`] + 1.
    pub reports: i64,
    /// When the first of them came in.
    pub first_at: DateTime<Utc>,
    /// The last one.
    pub last: Event,
}

/// What waits for an answer, by source and key, at most `limit`. However many reports there are, each key costs
/// no more than [`COUNTED_MAX`] rows of an index.
///
/// # Errors
/// When the database cannot be reached.
pub async fn unmatched(conn: &mut PgConnection, side: Side, limit: i64) -> Result<Vec<Unmatched>> {
    let (key, alias) = match side {
        Side::Actor => ("actor_key", "actor_alias"),
        Side::Target => ("target_key", "target_alias"),
    };
    let mut query = QueryBuilder::<Postgres>::new("");
    query.push(ASKED.replace("KEY", key).replace("ALIAS", alias)).push_bind(limit);
    query
        .push(") select w.source as asked_source, w.key, c.reports, f.recorded_at as first_at, ")
        .push(COLUMNS);
    query.push(" from waiting w cross join lateral (select count(*) as reports from (");
    let of_key = format!("from event_link l where l.source = w.source and l.{key} = w.key");
    query.push("select ").push(&of_key).push(" limit ").push_bind(COUNTED_MAX + 1).push(") counted) c");
    query.push(" cross join lateral (select l.recorded_at ").push(&of_key);
    query
        .push(" order by l.event_id limit 1) f cross join lateral (select l.recorded_at, l.event_id ")
        .push(&of_key);
    query.push(
        " order by l.event_id desc limit 1) n
         join event e on e.class = 'usage' and e.recorded_at = n.recorded_at and e.id = n.event_id
         order by w.source, c.reports desc, w.key",
    );
    query.build().fetch_all(conn).await?.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<Unmatched> {
    Ok(Unmatched {
        source: row.try_get("asked_source")?,
        key: row.try_get("key")?,
        reports: row.try_get("reports")?,
        first_at: row.try_get("first_at")?,
        last: audit::read(row)?,
    })
}

/// How many keys wait for an answer, actors and targets together, counted no further than `limit` of each.
///
/// # Errors
/// When the database cannot be reached.
pub async fn waiting(conn: &mut PgConnection, limit: i64) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"with recursive actors as (
             (select source, actor_key as key from event_link where actor_key is not null order by 1, 2 limit 1)
             union all
             select n.source, n.actor_key from actors w cross join lateral (
               select l.source, l.actor_key from event_link l
               where l.actor_key is not null and (l.source, l.actor_key) > (w.source, w.key) order by 1, 2 limit 1) n),
           targets as (
             (select source, target_key as key from event_link where target_key is not null order by 1, 2 limit 1)
             union all
             select n.source, n.target_key from targets w cross join lateral (
               select l.source, l.target_key from event_link l
               where l.target_key is not null and (l.source, l.target_key) > (w.source, w.key) order by 1, 2 limit 1) n)
           select (select count(*) from (select from actors w where not exists
                     (select from actor_alias a where a.source = w.source and a.key = w.key)
                   and exists (select from (
                     select l.recorded_at, l.event_id from event_link l
                     where l.source = w.source and l.actor_key = w.key order by l.event_id desc limit 1) n
                     join event e on e.class = 'usage' and e.recorded_at = n.recorded_at and e.id = n.event_id)
                   limit $1) counted)
             + (select count(*) from (select from targets w where not exists
                     (select from target_alias a where a.source = w.source and a.key = w.key)
                   and exists (select from (
                     select l.recorded_at, l.event_id from event_link l
                     where l.source = w.source and l.target_key = w.key order by l.event_id desc limit 1) n
                     join event e on e.class = 'usage' and e.recorded_at = n.recorded_at and e.id = n.event_id)
                   limit $1) counted)
             as "waiting!""#,
        limit
    )
    .fetch_one(conn)
    .await?)
}
