//! How many alerts there were week by week, and what became of them.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

use super::list::COUNTED_MAX;
use super::sight::Reader;
use crate::Result;

/// What alerts are taken together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Their rule.
    Rule,
    /// The resource that they are on.
    Resource,
}

/// Alerts of one rule, or on one resource.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Trend {
    /// The rule's name, or the resource's address; nothing where the resource is deleted.
    pub address: Option<String>,
    /// The rule's title as of its newest, or the resource's name.
    pub name: String,
    /// For each alert, the number of its week since then, from 0 on.
    pub weeks: Vec<i32>,
    /// How many wait for an answer.
    pub unresolved: i64,
    /// How many are resolved.
    pub resolved: i64,
    /// How many of these were false.
    pub found_false: i64,
    /// After how many seconds somebody looked at half of those that anybody looked at.
    pub looked_at_seconds: Option<f64>,
}

/// What was raised since then, as far as the reader sees it, the most first; of more than are counted, the newest.
///
/// # Errors
/// When the database cannot be reached.
pub async fn trends(
    conn: &mut PgConnection,
    reader: Reader,
    by: By,
    since: DateTime<Utc>,
) -> Result<Vec<Trend>> {
    let mut query = QueryBuilder::<Postgres>::new(match by {
        By::Rule => "select rule as address, (array_agg(title order by raised_at desc))[1] as name,",
        By::Resource => {
            "select (select slug from resource o where o.id = resource_id and o.deleted_at is null) as address,
               (select o.name from resource o where o.id = resource_id) as name,"
        }
    });
    query.push(" array_agg(floor(extract(epoch from raised_at - ").push_bind(since);
    query.push(
        ") / 604800)::int) as weeks, count(*) filter (where verdict is null) as unresolved, count(verdict) as resolved,
           count(*) filter (where verdict = 'false') as found_false,
           percentile_cont(0.5) within group (order by extract(epoch from looked_at - raised_at)::double precision)
             as looked_at_seconds
         from (select a.rule, a.title, a.resource_id, a.raised_at, a.verdict,
                 (select min(u.at) from alert_step u where u.alert_id = a.id and u.kind in ('acknowledged', 'resolved'))
                   as looked_at
               from alert a where a.raised_at >= ",
    );
    query.push_bind(since).push(" and ");
    reader.push_sees(&mut query);
    query.push(" order by a.raised_at desc, a.id desc limit ").push_bind(COUNTED_MAX);
    query.push(match by {
        By::Rule => ") counted group by rule order by count(*) desc, rule",
        By::Resource => {
            ") counted where resource_id is not null group by resource_id order by count(*) desc, resource_id limit 50"
        }
    });
    Ok(query.build_query_as().fetch_all(conn).await?)
}
