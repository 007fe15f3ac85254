//! What reads the book by position, one process at a time, and how far each has come.

use sqlx::PgConnection;

use crate::Result;
use crate::lock_number::LockNumber;

/// Whether it is ours until the end of the transaction. A statement of its own: what follows must see what whoever had
/// the lock before has done.
pub(crate) async fn try_turn(conn: &mut PgConnection, lock: LockNumber) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "is_ours!""#, lock.get())
        .fetch_one(conn)
        .await?)
}

/// Waits until it is ours, for something that may take as long as it takes.
pub(crate) async fn wait_for_turn(conn: &mut PgConnection, lock: LockNumber) -> Result<()> {
    sqlx::query!(
        r#"select pg_advisory_xact_lock($1) as "locked: ()", set_config('statement_timeout', '0', true) as "timeout!""#,
        lock.get()
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// How far this reader has come; nought where it has not begun.
pub(crate) async fn position(conn: &mut PgConnection, reader: &str) -> Result<i64> {
    let position = sqlx::query_scalar!("select position from book_reader where name = $1", reader)
        .fetch_optional(conn)
        .await?;
    Ok(position.unwrap_or(0))
}

/// It has come so far.
pub(crate) async fn advance(conn: &mut PgConnection, reader: &str, position: i64) -> Result<()> {
    sqlx::query!(
        "insert into book_reader (name, position) values ($1, $2)
         on conflict (name) do update set position = excluded.position where book_reader.position <> excluded.position",
        reader,
        position
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// It begins at the start of the book.
pub(crate) async fn forget(conn: &mut PgConnection, reader: &str) -> Result<()> {
    sqlx::query!("delete from book_reader where name = $1", reader).execute(conn).await?;
    Ok(())
}
