//! Matches in their order, out of the search index: next to where one begins, and no more looked at than needed.
//!
//! What is common is found by walking a little way. What is not found there is asked of the inverted index: rarely is
//! there so much of it that it cannot be put in order at once, and then it is asked for stretch by stretch. Each step
//! looks at a bounded number of events, whatever a query matches, and so do all of them together: where that was not enough
//! to find as many as wanted, it is said how far one has looked, and the next search goes on from there.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Connection as _, FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::condition;
use super::plan::{Plan, days};
use super::range::{Place, Range, Toward, on_s};
use super::search::Search;
use crate::Result;

/// How much is looked at in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Events walked past, before the inverted index is asked; more where they show that what is wanted lies close.
    pub walk_min: i64,
    /// Matches of the inverted index that are put in order at once; for one wanted event two, if that is more.
    pub probe_min: i64,
    /// Events looked at for what the inverted index is no help with; then it is said how far that was.
    pub look_max: i64,
}

impl Default for Reach {
    fn default() -> Self {
        Self { walk_min: 2_000, probe_min: 2_000, look_max: 50_000 }
    }
}

/// The first stretch where there are more, and the shortest: the inverted index knows no shorter time than a day.
const STRETCH_FIRST: TimeDelta = TimeDelta::days(1);
/// Each stretch is longer than the one before, or shorter where it held too much, by so much.
const STRETCH_FACTOR: i32 = 8;
/// No longer than that.
const STRETCH_MAX: TimeDelta = TimeDelta::days(4_000);
/// A match.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Hit {
    pub(super) class: String,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) event_id: Uuid,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) action: String,
    pub(super) outcome: String,
    pub(super) actor_name: String,
    pub(super) system_name: Option<String>,
}

/// The first matches of a range.
pub(super) struct Hits {
    /// In order.
    pub(super) hits: Vec<Hit>,
    /// Where it was enough of looking, before there were as many as wanted; `None` where these are all.
    pub(super) looked_to: Option<Place>,
}

/// What is looked for, where.
pub(super) struct Hunt<'a> {
    pub(super) search: Search<'a>,
    pub(super) plan: &'a Plan,
    pub(super) toward: Toward,
    pub(super) reach: Reach,
}

/// What one question to the inverted index came to.
struct Probed {
    hits: Vec<Hit>,
    /// So many were looked at.
    candidates: i64,
    /// Whether that is all.
    is_whole: bool,
}

impl Hunt<'_> {
    /// The first `limit` matches of the range, in order.
    pub(super) async fn first(&self, conn: &mut PgConnection, range: Range, limit: i64) -> Result<Hits> {
        let walk = if self.plan.index.is_some() { self.reach.walk_min } else { self.look_max() };
        let (mut hits, mut edge) = self.walk_to(conn, range, walk, limit).await?;
        let found = limit - missing(&hits, limit);
        if let (Some(place), Some(far)) = (edge, self.far(found, limit)) {
            let rest = range.beyond(place, self.toward);
            let (more, next) = self.walk_to(conn, rest, far, missing(&hits, limit)).await?;
            hits.extend(more);
            edge = next;
        }
        let Some(edge) = edge else { return Ok(Hits { hits, looked_to: None }) };
        if self.plan.index.is_none() {
            return Ok(Hits { hits, looked_to: Some(edge) });
        }
        let rest = range.beyond(edge, self.toward);
        let Some((end, events)) = self.end(conn).await? else { return Ok(Hits { hits, looked_to: None }) };
        // Where that would surely be too much to put in order, it is not even asked for.
        if found.saturating_mul(events) / walk.max(1) < self.probe_max(limit).saturating_mul(2) {
            let probed = self.probe(conn, rest, end, missing(&hits, limit)).await?;
            if probed.is_whole {
                return Ok(Hits { hits: [hits, probed.hits].concat(), looked_to: None });
            }
        }
        self.by_stretches(conn, rest, (edge.0, end), limit, hits).await
    }

    /// How far to walk on where the first steps found `found`: to where there are likely as many as wanted, if that is
    /// no further than the inverted index would look.
    fn far(&self, found: i64, limit: i64) -> Option<i64> {
        self.plan.index.as_ref()?;
        let whole = limit.saturating_mul(self.reach.walk_min).checked_div(found)?;
        let far = (whole - self.reach.walk_min).saturating_mul(5) / 4;
        (far <= limit.saturating_mul(2).min(self.look_max())).then_some(far)
    }

    /// Walks past so many events at most, and says where that ended: nowhere, where it has found enough, or all.
    async fn walk_to(
        &self,
        conn: &mut PgConnection,
        range: Range,
        past: i64,
        limit: i64,
    ) -> Result<(Vec<Hit>, Option<Place>)> {
        let hits = self.walk(conn, range, past, limit).await?;
        let edge = match missing(&hits, limit) {
            0 => None,
            _ => self.edge(conn, range, past).await?,
        };
        Ok((hits, edge))
    }

    /// Stretch by stretch from one moment to the other, until there are `limit`, or no more, or it was looked at enough.
    async fn by_stretches(
        &self,
        conn: &mut PgConnection,
        mut rest: Range,
        (mut from, end): (DateTime<Utc>, DateTime<Utc>),
        limit: i64,
        mut hits: Vec<Hit>,
    ) -> Result<Hits> {
        let (mut length, mut looked_at) = (STRETCH_FIRST, 0);
        // Up to there it is known to be too much for longer stretches.
        let mut crowded_to = None;
        loop {
            let to = match self.toward {
                Toward::Older => (from - length).max(end),
                Toward::Newer => (from + length).min(end),
            };
            let is_last = to == end;
            let stretch = if is_last { rest } else { rest.up_to(to, self.toward) };
            let probed = self.probe(conn, stretch, end, missing(&hits, limit)).await?;
            looked_at += probed.candidates;
            if !probed.is_whole && length > STRETCH_FIRST {
                crowded_to = Some(to);
                length = (length / STRETCH_FACTOR).max(STRETCH_FIRST);
                continue;
            }
            if !probed.is_whole {
                // So much of it so close together is found by walking, if it is found at all.
                let missing = missing(&hits, limit);
                let (more, looked_to) = self.walk_to(conn, rest, self.look_max(), missing).await?;
                hits.extend(more);
                return Ok(Hits { hits, looked_to });
            }
            hits.extend(probed.hits);
            if crowded_to.is_none_or(|crowded| self.toward.is_past(to, crowded)) {
                crowded_to = None;
                length = (length * STRETCH_FACTOR).min(STRETCH_MAX);
            }
            if missing(&hits, limit) == 0 || is_last {
                return Ok(Hits { hits, looked_to: None });
            }
            let place = (to, Uuid::nil());
            if looked_at > self.look_max() {
                return Ok(Hits { hits, looked_to: Some(place) });
            }
            rest = rest.beyond(place, self.toward);
            from = to;
        }
    }

    /// Event by event, past so many of them at most.
    async fn walk(&self, conn: &mut PgConnection, range: Range, past: i64, limit: i64) -> Result<Vec<Hit>> {
        let mut query = QueryBuilder::<Postgres>::new(HIT);
        query.push(" from (select * from event_search s where true");
        range.push(&mut query);
        query.push(" order by ").push(self.toward.order()).push(" limit ").push_bind(past).push(") s");
        self.push_event(&mut query);
        query.push(" where true");
        self.push_check(&mut query);
        query.push(" order by ").push(on_s(self.toward)).push(" limit ").push_bind(limit);
        Ok(query.build_query_as().persistent(false).fetch_all(conn).await?)
    }

    /// Where a walk past so many ends; `None` where it comes to the end of the range.
    async fn edge(&self, conn: &mut PgConnection, range: Range, past: i64) -> Result<Option<Place>> {
        let mut query = QueryBuilder::<Postgres>::new(
            "select recorded_at, event_id, walked from (select recorded_at, event_id, row_number() over (order by ",
        );
        query.push(self.toward.order()).push(") as walked from event_search s where true");
        range.push(&mut query);
        query.push(" order by ").push(self.toward.order()).push(" limit ").push_bind(past);
        query.push(") s where walked = ").push_bind(past);
        let edge: Option<(DateTime<Utc>, Uuid, i64)> =
            query.build_query_as().persistent(false).fetch_optional(conn).await?;
        Ok(edge.map(|(at, id, _)| (at, id)))
    }

    /// Asks the inverted index: so many matches at most are looked at.
    async fn probe(
        &self,
        conn: &mut PgConnection,
        range: Range,
        end: DateTime<Utc>,
        limit: i64,
    ) -> Result<Probed> {
        let most = self.probe_max(limit);
        let mut query = QueryBuilder::<Postgres>::new(
            "with candidate as materialized (select * from event_search s where s.terms @@ ",
        );
        query.push_bind(self.index_within(range, end)).push("::text::tsquery");
        range.push_as_filter(&mut query);
        query.push(" limit ").push_bind(most + 1);
        query.push(") select (select count(*) from candidate) as candidates, hit.* from (select 1) one left join lateral (");
        query.push(HIT).push(" from candidate s");
        self.push_event(&mut query);
        query.push(" where true");
        self.push_check(&mut query);
        query
            .push(" order by ")
            .push(on_s(self.toward))
            .push(" limit ")
            .push_bind(limit)
            .push(") hit on true");
        let mut tx = conn.begin().await?;
        // The planner takes what is common by itself for common together, too, and would walk for ever.
        sqlx::query!(
            r#"select set_config('enable_bitmapscan', 'on', true) as "bitmap!",
                 set_config('enable_indexscan', 'off', true) as "index!",
                 set_config('enable_indexonlyscan', 'off', true) as "only!""#
        )
        .fetch_one(&mut *tx)
        .await?;
        let rows: Vec<ProbeRow> = query.build_query_as().persistent(false).fetch_all(&mut *tx).await?;
        tx.rollback().await?;
        let candidates = rows.first().map_or(0, |row| row.candidates);
        let hits = rows.into_iter().filter_map(ProbeRow::hit).collect();
        Ok(Probed { hits, candidates, is_whole: candidates <= most })
    }

    /// With the days of the range, up to where the index ends: what is common elsewhere is not looked at.
    fn index_within(&self, range: Range, end: DateTime<Utc>) -> Option<String> {
        let index = self.plan.index.as_ref()?;
        let first = range.after.map_or(end, |place| place.0);
        let last = range.before.map_or(end, |place| place.0);
        let days = days('t', Some(first), Some(last + TimeDelta::microseconds(1)));
        Some(days.map_or_else(|| index.clone(), |days| format!("{days} & {index}")))
    }

    /// The first or last moment of the index, whichever lies that way, and how many events there ever were.
    async fn end(&self, conn: &mut PgConnection) -> Result<Option<(DateTime<Utc>, i64)>> {
        let row = sqlx::query!(
            "select case when $1 then (select min(recorded_at) from event_search)
               else (select max(recorded_at) from event_search) end as moment, last_position from event_sequence",
            self.toward == Toward::Older
        )
        .fetch_one(conn)
        .await?;
        Ok(row.moment.map(|moment| (moment, row.last_position)))
    }

    /// Matches that are put in order at once where so many are wanted.
    fn probe_max(&self, limit: i64) -> i64 {
        self.reach.probe_min.max(limit.saturating_mul(2))
    }

    /// An event itself costs several times as much to look at as what it is searched by.
    fn look_max(&self) -> i64 {
        if self.plan.needs_event { self.reach.look_max / 4 } else { self.reach.look_max }
    }

    fn push_event(&self, query: &mut QueryBuilder<Postgres>) {
        if self.plan.needs_event {
            query.push(
                " join event e on e.class = s.class and e.recorded_at = s.recorded_at and e.id = s.event_id",
            );
        }
    }

    /// `is true` keeps it from the inverted index, which is slow where a term begins many words.
    fn push_check(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(check) = &self.plan.check {
            query.push(" and (s.terms @@ ").push_bind(check.clone()).push("::text::tsquery) is true");
        }
        if let Some(from) = self.plan.from {
            query.push(" and s.occurred_at >= ").push_bind(from);
        }
        if let Some(until) = self.plan.until {
            query.push(" and s.occurred_at < ").push_bind(until);
        }
        if self.plan.needs_event {
            query.push(" and ");
            condition::push(query, self.search.query.expr(), self.search.concerning);
        }
    }
}

const HIT: &str = "select s.class, s.recorded_at, s.event_id, s.occurred_at, s.action, s.outcome, s.actor_name, s.system_name";

/// So many are wanted yet.
pub(super) fn missing(hits: &[Hit], limit: i64) -> i64 {
    limit.saturating_sub(i64::try_from(hits.len()).unwrap_or(i64::MAX)).max(0)
}

#[derive(FromRow)]
struct ProbeRow {
    candidates: i64,
    class: Option<String>,
    recorded_at: Option<DateTime<Utc>>,
    event_id: Option<Uuid>,
    occurred_at: Option<DateTime<Utc>>,
    action: Option<String>,
    outcome: Option<String>,
    actor_name: Option<String>,
    system_name: Option<String>,
}

impl ProbeRow {
    fn hit(self) -> Option<Hit> {
        Some(Hit {
            class: self.class?,
            recorded_at: self.recorded_at?,
            event_id: self.event_id?,
            occurred_at: self.occurred_at?,
            action: self.action?,
            outcome: self.outcome?,
            actor_name: self.actor_name?,
            system_name: self.system_name,
        })
    }
}
