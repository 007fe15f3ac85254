//! Tokens that read the book, at work. They belong to no source; how they are made and end is in [`crate::source`].

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::TokenId;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use crate::Result;

/// The token and its name whose secret this is the hash of; `None` where none that reads works with it now.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(
    conn: &mut PgConnection,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<(TokenId, String)>> {
    let row = sqlx::query!(
        "select id, name from api_token where scope = 'events:read' and ended_at is null
           and (hash = $1 or (previous_hash = $1 and previous_until > $2))",
        hash,
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (TokenId(row.id), row.name)))
}

/// Whether a search of this token is to be told: the same one was not in so long. What was longer ago is forgotten.
///
/// # Errors
/// When the database refuses it.
pub async fn note_search(
    conn: &mut PgConnection,
    token: TokenId,
    query: &str,
    every: TimeDelta,
    now: DateTime<Utc>,
) -> Result<bool> {
    let digest: [u8; 32] = Sha256::digest(query.as_bytes()).into();
    let told = sqlx::query!(
        "insert into token_search (token_id, digest, told_at) values ($1, $2, $3)
         on conflict (token_id, digest) do update set told_at = $3 where token_search.told_at < $4",
        token.0,
        &digest,
        now,
        now - every
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from token_search where token_id = $1 and told_at < $2", token.0, now - every)
        .execute(conn)
        .await?;
    Ok(told.rows_affected() == 1)
}
