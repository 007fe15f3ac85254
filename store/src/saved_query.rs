//! Queries of the book that are kept under a name.

use chrono::{DateTime, Utc};
use domain::id::{PersonId, SavedQueryId};
use sqlx::PgConnection;

use crate::Result;

/// The index that keeps two queries of one person from one name.
pub const ONE_OF_A_NAME: &str = "saved_query_name";

/// A saved query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQueryRecord {
    /// Which.
    pub id: SavedQueryId,
    /// Who keeps it.
    pub owner: PersonId,
    /// Their name.
    pub owner_name: String,
    /// For people.
    pub name: String,
    /// As it is written.
    pub query: String,
    /// The columns that it is looked at with; empty are sentences.
    pub columns: String,
    /// Whether all who read the whole book see it.
    pub is_shared: bool,
}

/// Those of a person, and those of others that are shared where `with_shared`: own ones first, by name, at most `limit`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(
    conn: &mut PgConnection,
    person: PersonId,
    with_shared: bool,
    limit: i64,
) -> Result<Vec<SavedQueryRecord>> {
    Ok(sqlx::query_as!(
        SavedQueryRecord,
        r#"select q.id, q.owner_id as owner, p.name as owner_name, q.name, q.query, q.columns, q.is_shared
           from saved_query q join person p on p.id = q.owner_id
           where q.owner_id = $1 or ($2 and q.is_shared)
           order by q.owner_id <> $1, lower(q.name), q.id limit $3"#,
        person.0,
        with_shared,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// One, kept from others who want to change it until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, id: SavedQueryId) -> Result<Option<SavedQueryRecord>> {
    Ok(sqlx::query_as!(
        SavedQueryRecord,
        r#"select q.id, q.owner_id as owner, p.name as owner_name, q.name, q.query, q.columns, q.is_shared
           from saved_query q join person p on p.id = q.owner_id where q.id = $1 for update of q"#,
        id.0
    )
    .fetch_optional(conn)
    .await?)
}

/// How many somebody keeps; nobody else of them adds one until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn count_locked(conn: &mut PgConnection, person: PersonId) -> Result<i64> {
    sqlx::query!("select id from person where id = $1 for no key update", person.0)
        .fetch_optional(&mut *conn)
        .await?;
    let count =
        sqlx::query_scalar!(r#"select count(*) as "count!" from saved_query where owner_id = $1"#, person.0)
            .fetch_one(conn)
            .await?;
    Ok(count)
}

/// Adds one.
///
/// # Errors
/// When the database refuses it, as a second one of a name ([`ONE_OF_A_NAME`]).
pub async fn insert(conn: &mut PgConnection, new: &SavedQueryRecord, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into saved_query (id, owner_id, name, query, columns, is_shared, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        new.id.0,
        new.owner.0,
        new.name,
        new.query,
        new.columns,
        new.is_shared,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives one another name, and says who sees it.
///
/// # Errors
/// When the database refuses it, as a second one of a name ([`ONE_OF_A_NAME`]).
pub async fn change(conn: &mut PgConnection, id: SavedQueryId, name: &str, is_shared: bool) -> Result<()> {
    sqlx::query!("update saved_query set name = $2, is_shared = $3 where id = $1", id.0, name, is_shared)
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes one: the book keeps what it was.
///
/// # Errors
/// When the database refuses it.
pub async fn delete(conn: &mut PgConnection, id: SavedQueryId) -> Result<()> {
    sqlx::query!("delete from saved_query where id = $1", id.0).execute(conn).await?;
    Ok(())
}
