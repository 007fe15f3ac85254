//! How long what was used is kept, and the months of the book: made ahead, and let go when their time is over.

use sqlx::PgConnection;

use crate::{Result, Store};

/// What was used is kept at least so long, in months.
pub const MONTHS_MIN: u32 = 3;
/// And at most, where it is not for ever.
pub const MONTHS_MAX: u32 = 1_200;

/// For how many months what was used is kept; `None` is for ever.
///
/// # Errors
/// When the database cannot be reached.
pub async fn usage_months(conn: &mut PgConnection) -> Result<Option<i32>> {
    Ok(sqlx::query_scalar!("select months from retention where class = 'usage'").fetch_optional(conn).await?)
}

/// Changes that, as the owner; `None` is for ever.
///
/// # Errors
/// When the database refuses: the application may not, and the number has bounds.
pub async fn keep_usage(conn: &mut PgConnection, months: Option<i32>) -> Result<()> {
    match months {
        Some(months) => {
            sqlx::query!(
                "insert into retention (class, months) values ('usage', $1)
                 on conflict (class) do update set months = excluded.months",
                months
            )
            .execute(conn)
            .await?
        }
        None => sqlx::query!("delete from retention where class = 'usage'").execute(conn).await?,
    };
    Ok(())
}

/// Makes the partitions of this month and the next, and lets go of what has been kept long enough; answers the
/// partitions that are gone. The database writes the events of it, so that none goes without.
///
/// # Errors
/// When the database cannot be reached, or somebody holds a table for long.
pub async fn keep_partitions(store: &Store) -> Result<Vec<String>> {
    let now = store.now().await?;
    let mut conn = store.read().await?;
    Ok(sqlx::query_scalar!(r#"select event_keep_partitions($1) as "name!""#, now)
        .fetch_all(&mut *conn)
        .await?)
}
