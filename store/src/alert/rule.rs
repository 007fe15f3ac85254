//! How many alerts each rule has raised.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::list::COUNTED_MAX;
use super::sight::Reader;
use crate::Result;

/// What came of a rule.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RuleCount {
    /// Its name.
    pub rule: String,
    /// How many alerts it raised.
    pub raised: i64,
    /// How many of these are resolved.
    pub resolved: i64,
    /// How many of these were false.
    pub found_false: i64,
}

/// What each rule has raised since then, as far as the reader sees it; of more than are counted, the newest.
///
/// # Errors
/// When the database cannot be reached.
pub async fn rule_counts(
    conn: &mut PgConnection,
    reader: Reader,
    since: DateTime<Utc>,
) -> Result<Vec<RuleCount>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select rule, count(*) as raised, count(verdict) as resolved,
           count(*) filter (where verdict = 'false') as found_false
         from (select a.rule, a.verdict from alert a where a.raised_at >= ",
    );
    query.push_bind(since).push(" and ");
    reader.push_sees(&mut query);
    query.push(" order by a.raised_at desc, a.id desc limit ").push_bind(COUNTED_MAX);
    query.push(") counted group by rule order by rule");
    Ok(query.build_query_as().fetch_all(conn).await?)
}
