//! What waits for an answer.

use chrono::{DateTime, Utc};
use domain::audit::{About, Actor, Event, Outcome};
use domain::caller::Source;
use domain::id::EventId;
use domain::usage::OutsideKind;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Side;
use crate::{Result, StoreError};

/// Reports under one key are counted exactly up to here.
pub const COUNTED_MAX: i64 = 10_000;

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
    /// The last one, as far as a sentence needs it.
    pub last: Event,
}

struct UnmatchedRow {
    source: String,
    key: String,
    reports: i64,
    first_at: DateTime<Utc>,
    id: Uuid,
    recorded_at: DateTime<Utc>,
    occurred_at: DateTime<Utc>,
    actor_kind: String,
    actor_name: String,
    action: String,
    outcome: String,
    system_name: Option<String>,
    resource_name: Option<String>,
    entitlement_name: Option<String>,
}

impl TryFrom<UnmatchedRow> for Unmatched {
    type Error = StoreError;

    fn try_from(row: UnmatchedRow) -> Result<Self> {
        let kind = match row.actor_kind.as_str() {
            "person" => OutsideKind::Person,
            "machine" => OutsideKind::Machine,
            _ => OutsideKind::Unknown,
        };
        let last = Event {
            id: EventId(row.id),
            occurred_at: row.occurred_at,
            recorded_at: row.recorded_at,
            actor: Actor::Outside { kind, name: row.actor_name },
            action: row.action,
            outcome: Outcome::parse(&row.outcome)
                .ok_or_else(|| StoreError::corrupt("event", &row.outcome))?,
            subject: None,
            resource: About {
                system: row.system_name,
                resource: row.resource_name,
                entitlement: row.entitlement_name,
                ..About::default()
            },
            request_id: None,
            grant_id: None,
            source: Source::of(&row.source),
            reason: None,
            detail: serde_json::json!({}),
        };
        Ok(Self { source: row.source, key: row.key, reports: row.reports, first_at: row.first_at, last })
    }
}

/// What waits for an answer, by source and key, at most `limit`. However many reports there are, each key costs
/// no more than [`COUNTED_MAX`] rows of an index.
///
/// # Errors
/// When the database cannot be reached.
pub async fn unmatched(conn: &mut PgConnection, side: Side, limit: i64) -> Result<Vec<Unmatched>> {
    let rows = match side {
        Side::Actor => {
            sqlx::query_as!(
                UnmatchedRow,
                r#"with recursive asked as (
                     (select source, actor_key as key from event_link where actor_key is not null order by 1, 2 limit 1)
                     union all
                     select n.source, n.actor_key from asked w cross join lateral (
                       select l.source, l.actor_key from event_link l
                       where l.actor_key is not null and (l.source, l.actor_key) > (w.source, w.key)
                       order by 1, 2 limit 1) n),
                   waiting as materialized (
                     select source, key from asked w
                     where not exists (select from actor_alias a where a.source = w.source and a.key = w.key) limit $1)
                   select w.source as "source!", w.key as "key!", c.reports as "reports!", f.recorded_at as "first_at!",
                     e.id as "id!", e.recorded_at as "recorded_at!", e.occurred_at as "occurred_at!",
                     e.actor_kind as "actor_kind!", e.actor_name as "actor_name!", e.action as "action!",
                     e.outcome as "outcome!", e.system_name, e.resource_name, e.entitlement_name
                   from waiting w
                   cross join lateral (select count(*) as reports from (select from event_link l
                     where l.source = w.source and l.actor_key = w.key limit $2) counted) c
                   cross join lateral (select l.recorded_at from event_link l
                     where l.source = w.source and l.actor_key = w.key order by l.event_id limit 1) f
                   cross join lateral (select l.recorded_at, l.event_id from event_link l
                     where l.source = w.source and l.actor_key = w.key order by l.event_id desc limit 1) n
                   join event e on e.class = 'usage' and e.recorded_at = n.recorded_at and e.id = n.event_id
                   order by w.source, c.reports desc, w.key"#,
                limit,
                COUNTED_MAX + 1
            )
            .fetch_all(conn)
            .await?
        }
        Side::Target => {
            sqlx::query_as!(
                UnmatchedRow,
                r#"with recursive asked as (
                     (select source, target_key as key from event_link where target_key is not null order by 1, 2 limit 1)
                     union all
                     select n.source, n.target_key from asked w cross join lateral (
                       select l.source, l.target_key from event_link l
                       where l.target_key is not null and (l.source, l.target_key) > (w.source, w.key)
                       order by 1, 2 limit 1) n),
                   waiting as materialized (
                     select source, key from asked w
                     where not exists (select from target_alias a where a.source = w.source and a.key = w.key) limit $1)
                   select w.source as "source!", w.key as "key!", c.reports as "reports!", f.recorded_at as "first_at!",
                     e.id as "id!", e.recorded_at as "recorded_at!", e.occurred_at as "occurred_at!",
                     e.actor_kind as "actor_kind!", e.actor_name as "actor_name!", e.action as "action!",
                     e.outcome as "outcome!", e.system_name, e.resource_name, e.entitlement_name
                   from waiting w
                   cross join lateral (select count(*) as reports from (select from event_link l
                     where l.source = w.source and l.target_key = w.key limit $2) counted) c
                   cross join lateral (select l.recorded_at from event_link l
                     where l.source = w.source and l.target_key = w.key order by l.event_id limit 1) f
                   cross join lateral (select l.recorded_at, l.event_id from event_link l
                     where l.source = w.source and l.target_key = w.key order by l.event_id desc limit 1) n
                   join event e on e.class = 'usage' and e.recorded_at = n.recorded_at and e.id = n.event_id
                   order by w.source, c.reports desc, w.key"#,
                limit,
                COUNTED_MAX + 1
            )
            .fetch_all(conn)
            .await?
        }
    };
    rows.into_iter().map(Unmatched::try_from).collect()
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
                     (select from actor_alias a where a.source = w.source and a.key = w.key) limit $1) counted)
             + (select count(*) from (select from targets w where not exists
                     (select from target_alias a where a.source = w.source and a.key = w.key) limit $1) counted)
             as "waiting!""#,
        limit
    )
    .fetch_one(conn)
    .await?)
}
