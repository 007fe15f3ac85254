//! Where events come in from outside, and the tokens that let them in.

use chrono::{DateTime, Utc};
use domain::id::{PersonId, SourceId, SystemId, TokenId};
use domain::person::PersonRef;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// The constraint that keeps two sources from one slug.
pub const ONE_AT_A_SLUG: &str = "event_source_slug_key";

/// What reports events of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRecord {
    /// Which.
    pub id: SourceId,
    /// What its events carry as their origin.
    pub slug: String,
    /// For people.
    pub name: String,
    /// The system that its events are about where they do not name one, with its name.
    pub system: Option<(SystemId, String)>,
    /// Where the secret is that signs what is sent to its hook: `env:NAME` or `file:/path`.
    pub webhook_secret: Option<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when, where it is closed.
    pub ended_at: Option<DateTime<Utc>>,
    /// How many of its tokens work.
    pub tokens: i64,
    /// When one of them was used last, to the minute.
    pub used_at: Option<DateTime<Utc>>,
}

struct SourceRow {
    id: Uuid,
    slug: String,
    name: String,
    system_id: Option<Uuid>,
    system: Option<String>,
    webhook_secret: Option<String>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    tokens: i64,
    used_at: Option<DateTime<Utc>>,
}

impl From<SourceRow> for SourceRecord {
    fn from(row: SourceRow) -> Self {
        Self {
            id: SourceId(row.id),
            slug: row.slug,
            name: row.name,
            system: row.system_id.map(SystemId).zip(row.system),
            webhook_secret: row.webhook_secret,
            created_at: row.created_at,
            ended_at: row.ended_at,
            tokens: row.tokens,
            used_at: row.used_at,
        }
    }
}

/// All sources, or the one with this slug; by name, closed ones last.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut PgConnection, slug: Option<&str>) -> Result<Vec<SourceRecord>> {
    let rows = sqlx::query_as!(
        SourceRow,
        r#"select q.id, q.slug, q.name, q.system_id, s.name as "system?", q.webhook_secret, q.created_at, q.ended_at,
             count(t.id) filter (where t.ended_at is null) as "tokens!", max(t.used_at) as used_at
           from event_source q
           left join system s on s.id = q.system_id
           left join api_token t on t.source_id = q.id
           where $1::text is null or q.slug = $1
           group by q.id, s.id order by q.ended_at is not null, q.name, q.id"#,
        slug
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(SourceRecord::from).collect())
}

/// The source with this slug.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, slug: &str) -> Result<Option<SourceRecord>> {
    Ok(list(conn, Some(slug)).await?.pop())
}

/// The source with this slug; nobody else changes it, or its tokens, until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, slug: &str) -> Result<Option<SourceRecord>> {
    sqlx::query!("select id from event_source where slug = $1 for update", slug)
        .fetch_optional(&mut *conn)
        .await?;
    find(conn, slug).await
}

/// Adds a source.
///
/// # Errors
/// When the database refuses it, as a second one at a slug ([`ONE_AT_A_SLUG`]).
pub async fn insert(
    conn: &mut PgConnection,
    id: SourceId,
    slug: &str,
    name: &str,
    system: Option<SystemId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into event_source (id, slug, name, system_id, created_at) values ($1, $2, $3, $4, $5)",
        id.0,
        slug,
        name,
        system.map(Uuid::from),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets a source's name, system, and where the secret of its hook is.
///
/// # Errors
/// When the database refuses it.
pub async fn update(
    conn: &mut PgConnection,
    id: SourceId,
    name: &str,
    system: Option<SystemId>,
    webhook_secret: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update event_source set name = $2, system_id = $3, webhook_secret = $4 where id = $1",
        id.0,
        name,
        system.map(Uuid::from),
        webhook_secret
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes a source and ends its tokens. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_ended(
    conn: &mut PgConnection,
    id: SourceId,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done =
        sqlx::query!("update event_source set ended_at = $2 where id = $1 and ended_at is null", id.0, now)
            .execute(&mut *conn)
            .await?;
    sqlx::query!(
        "update api_token set ended_at = $3, ended_by = $2 where source_id = $1 and ended_at is null",
        id.0,
        by.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Which.
    pub id: TokenId,
    /// For people.
    pub name: String,
    /// Its last characters.
    pub hint: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: PersonRef,
    /// When its secret was changed last.
    pub rotated_at: Option<DateTime<Utc>>,
    /// Until when the secret of before works.
    pub previous_until: Option<DateTime<Utc>>,
    /// When it was used last, to the minute.
    pub used_at: Option<DateTime<Utc>>,
    /// Since when it does not work any more.
    pub ended_at: Option<DateTime<Utc>>,
}

/// The tokens of a source, or those that read and belong to none, newest first, those that have ended last.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tokens(conn: &mut PgConnection, source: Option<SourceId>) -> Result<Vec<TokenRecord>> {
    let rows = sqlx::query!(
        "select t.id, t.name, t.hint, t.created_at, p.id as person_id, p.name as person, t.rotated_at,
           t.previous_until, t.used_at, t.ended_at
         from api_token t join person p on p.id = t.created_by
         where t.source_id = $1 or ($1 is null and t.source_id is null)
         order by t.ended_at is not null, t.created_at desc, t.id",
        source.map(Uuid::from)
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| TokenRecord {
            id: TokenId(row.id),
            name: row.name,
            hint: row.hint,
            created_at: row.created_at,
            created_by: PersonRef { id: PersonId(row.person_id), name: row.person },
            rotated_at: row.rotated_at,
            previous_until: row.previous_until,
            used_at: row.used_at,
            ended_at: row.ended_at,
        })
        .collect())
}

/// A secret as it is kept.
#[derive(Debug, Clone, Copy)]
pub struct KeptSecret<'a> {
    /// SHA-256.
    pub hash: &'a [u8; 32],
    /// Its last four characters.
    pub hint: &'a str,
}

/// Nobody else changes tokens of no source until the end of the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock_tokens_of_none(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("select id from api_token where source_id is null order by id for update")
        .fetch_all(conn)
        .await?;
    Ok(())
}

/// Makes a token that may write events of this source, or read the book where it is of none.
///
/// # Errors
/// When the database refuses it.
pub async fn insert_token(
    conn: &mut PgConnection,
    id: TokenId,
    source: Option<SourceId>,
    name: &str,
    secret: KeptSecret<'_>,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into api_token (id, source_id, name, scope, hash, hint, created_at, created_by)
         values ($1, $2, $3, case when $2::uuid is null then 'events:read' else 'events:write' end, $4, $5, $6, $7)",
        id.0,
        source.map(Uuid::from),
        name,
        secret.hash,
        secret.hint,
        now,
        by.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a token a new secret; the one of before works until `previous_until`. `false` when it has ended.
///
/// # Errors
/// When the database refuses it.
pub async fn rotate_token(
    conn: &mut PgConnection,
    id: TokenId,
    secret: KeptSecret<'_>,
    previous_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update api_token set previous_hash = hash, previous_until = $4, hash = $2, hint = $3, rotated_at = $5
         where id = $1 and ended_at is null",
        id.0,
        secret.hash,
        secret.hint,
        previous_until,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a token. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn end_token(
    conn: &mut PgConnection,
    id: TokenId,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update api_token set ended_at = $3, ended_by = $2 where id = $1 and ended_at is null",
        id.0,
        by.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Who comes in with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// Which token.
    pub token: TokenId,
    /// The token's name.
    pub token_name: String,
    /// Which source.
    pub source: SourceId,
    /// What its events carry as their origin.
    pub slug: String,
    /// The system that its events are about where they do not name one, with its name.
    pub system: Option<(SystemId, String)>,
}

/// Whose secret this is the hash of; `None` where no token works with it now.
///
/// # Errors
/// When the database cannot be reached.
pub async fn bearer(conn: &mut PgConnection, hash: &[u8; 32], now: DateTime<Utc>) -> Result<Option<Bearer>> {
    let row = sqlx::query!(
        r#"select t.id, t.name, q.id as source_id, q.slug, q.system_id, s.name as "system?"
           from api_token t
           join event_source q on q.id = t.source_id and q.ended_at is null
           left join system s on s.id = q.system_id
           where (t.hash = $1 or (t.previous_hash = $1 and t.previous_until > $2)) and t.ended_at is null"#,
        hash,
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Bearer {
        token: TokenId(row.id),
        token_name: row.name,
        source: SourceId(row.source_id),
        slug: row.slug,
        system: row.system_id.map(SystemId).zip(row.system),
    }))
}

/// Notes that a token was used, at most once a minute.
///
/// # Errors
/// When the database refuses it.
pub async fn note_use(conn: &mut PgConnection, id: TokenId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update api_token set used_at = $2
         where id = $1 and (used_at is null or used_at < $2::timestamptz - interval '1 minute')",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
