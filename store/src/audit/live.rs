//! Looking for what is new in the book: by position, so that nothing is missed or told twice, and at the cost of what is
//! new, however large the book is.

use domain::audit::Event;
use sqlx::{PgConnection, Row};

use super::{COLUMNS, Search, read};
use crate::Result;

/// How far the book can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frontier {
    /// The last position.
    pub numbered: i64,
    /// Up to here it is known who and what reports mean.
    pub linked: i64,
}

/// How far the book can be read by now.
///
/// # Errors
/// When the database cannot be reached.
pub async fn frontier(conn: &mut PgConnection) -> Result<Frontier> {
    let row = sqlx::query!(
        r#"select last_position, coalesce((select position from book_reader where name = 'search'), 0) as "linked!"
           from event_sequence"#
    )
    .fetch_one(conn)
    .await?;
    Ok(Frontier { numbered: row.last_position, linked: row.linked })
}

/// What matches behind the position `after`, up to `until`, with its position: newest first, at most `limit`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn since(
    conn: &mut PgConnection,
    search: Search<'_>,
    (after, until): (i64, i64),
    limit: i64,
) -> Result<Vec<(i64, Event)>> {
    let mut query = sqlx::QueryBuilder::new("select p.position, ");
    query.push(COLUMNS).push(
        " from event_position p join event e on e.class = p.class and e.recorded_at = p.recorded_at and e.id = p.event_id
         where p.position > ",
    );
    query.push_bind(after).push(" and p.position <= ").push_bind(until);
    search.push(&mut query);
    query.push(" order by p.position desc limit ").push_bind(limit);
    let rows = query.build().fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get("position")?, read(row)?))).collect()
}
