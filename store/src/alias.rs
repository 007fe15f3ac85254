//! What the words of sources mean here, as administrators say it; and what still waits for an answer.
//!
//! *Invariant:* with every alias that is set or taken back, what stands under its key is due to be linked again.

mod waiting;

use chrono::{DateTime, Utc};
use domain::audit::About;
use domain::id::{EntitlementId, PersonId, ResourceId, SystemId};
use domain::person::PersonRef;
use sqlx::PgConnection;
use uuid::Uuid;
pub use waiting::*;

use crate::lock_number::LockNumber;
use crate::{Result, StoreError, link};

/// Which words of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Who acted.
    Actor,
    /// On what.
    Target,
}

impl Side {
    /// The word in forms and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Target => "target",
        }
    }

    /// The side with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Actor, Self::Target].into_iter().find(|side| side.as_str() == word)
    }
}

/// What somebody has said about a key.
#[derive(Debug, Clone)]
pub struct AliasRecord {
    /// About which words.
    pub side: Side,
    /// Of which source.
    pub source: String,
    /// Under which key.
    pub key: String,
    /// Who that is; `None` for targets, and where it is nobody here.
    pub person: Option<PersonRef>,
    /// What that is, with its names; empty for actors, and where it is nothing here.
    pub about: About,
    /// In addresses.
    pub resource_slug: Option<String>,
    /// Who said so.
    pub made_by: PersonRef,
    /// When.
    pub made_at: DateTime<Utc>,
}

/// What was said, newest first, at most `limit`; of one key where one is given.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(
    conn: &mut PgConnection,
    only: Option<(Side, &str, &str)>,
    limit: i64,
) -> Result<Vec<AliasRecord>> {
    let (side, source, key) = match only {
        Some((side, source, key)) => (Some(side.as_str()), Some(source), Some(key)),
        None => (None, None, None),
    };
    let rows = sqlx::query!(
        r#"select a.side as "side!", a.source as "source!", a.key as "key!", a.made_at as "made_at!",
             p.id as "person_id?", p.name as "person?", r.id as "resource_id?", r.name as "resource?",
             r.slug as "resource_slug?", s.id as "system_id?", s.name as "system?", e.id as "entitlement_id?",
             e.name as "entitlement?", m.id as "maker_id!", m.name as "maker!"
           from (select 'actor' as side, source, key, person_id, null::uuid as resource_id, null::uuid as entitlement_id,
                   made_by, made_at from actor_alias
                 union all
                 select 'target', source, key, null, resource_id, entitlement_id, made_by, made_at from target_alias) a
           join person m on m.id = a.made_by
           left join person p on p.id = a.person_id
           left join resource r on r.id = a.resource_id
           left join system s on s.id = r.system_id
           left join entitlement e on e.id = a.entitlement_id
           where ($1::text is null or (a.side = $1 and a.source = $2 and a.key = $3))
           order by a.made_at desc, a.source, a.key limit $4"#,
        side,
        source,
        key,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AliasRecord {
                side: Side::parse(&row.side).ok_or_else(|| StoreError::corrupt("alias", &row.side))?,
                source: row.source,
                key: row.key,
                person: row.person_id.zip(row.person).map(|(id, name)| PersonRef { id: PersonId(id), name }),
                about: About {
                    system_id: row.system_id.map(SystemId),
                    system: row.system,
                    resource_id: row.resource_id.map(ResourceId),
                    resource: row.resource,
                    entitlement_id: row.entitlement_id.map(EntitlementId),
                    entitlement: row.entitlement,
                },
                resource_slug: row.resource_slug,
                made_by: PersonRef { id: PersonId(row.maker_id), name: row.maker },
                made_at: row.made_at,
            })
        })
        .collect()
}

/// Whether reports of this source wait, or waited, under this key.
///
/// # Errors
/// When the database cannot be reached.
pub async fn is_asked(conn: &mut PgConnection, side: Side, source: &str, key: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select case $1 when 'actor' then exists (select from event_link where source = $2 and actor_key = $3)
             else exists (select from event_link where source = $2 and target_key = $3) end as "is_asked!""#,
        side.as_str(),
        source,
        key
    )
    .fetch_one(conn)
    .await?)
}

/// Lets one answer to this key in at a time. Ends with the transaction.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, source: &str, key: &str) -> Result<()> {
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, $3)) as "locked: ()""#,
        source,
        key,
        LockNumber::Aliases.get()
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// Says who is meant; `None` is nobody here.
///
/// # Errors
/// When the database refuses it.
pub async fn set_actor(
    conn: &mut PgConnection,
    source: &str,
    key: &str,
    person: Option<PersonId>,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into actor_alias (source, key, person_id, made_by, made_at) values ($1, $2, $3, $4, $5)
         on conflict (source, key) do update set person_id = excluded.person_id, made_by = excluded.made_by,
           made_at = excluded.made_at",
        source,
        key,
        person.map(Uuid::from),
        by.0,
        now
    )
    .execute(&mut *conn)
    .await?;
    link::key_again(conn, Side::Actor, source, key).await
}

/// Says what is meant; no resource is nothing here.
///
/// # Errors
/// When the database refuses it.
pub async fn set_target(
    conn: &mut PgConnection,
    source: &str,
    key: &str,
    about: &About,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into target_alias (source, key, resource_id, entitlement_id, made_by, made_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (source, key) do update set resource_id = excluded.resource_id,
           entitlement_id = excluded.entitlement_id, made_by = excluded.made_by, made_at = excluded.made_at",
        source,
        key,
        about.resource_id.map(Uuid::from),
        about.entitlement_id.map(Uuid::from),
        by.0,
        now
    )
    .execute(&mut *conn)
    .await?;
    link::key_again(conn, Side::Target, source, key).await
}

/// Takes back what was said; the key is asked about again.
///
/// # Errors
/// When the database refuses it.
pub async fn take_back(conn: &mut PgConnection, side: Side, source: &str, key: &str) -> Result<()> {
    match side {
        Side::Actor => {
            sqlx::query!("delete from actor_alias where source = $1 and key = $2", source, key)
                .execute(&mut *conn)
                .await?;
            link::key_again(conn, Side::Actor, source, key).await
        }
        Side::Target => {
            sqlx::query!("delete from target_alias where source = $1 and key = $2", source, key)
                .execute(&mut *conn)
                .await?;
            link::key_again(conn, Side::Target, source, key).await
        }
    }
}

/// Every resource and entitlement there is, as a form names them (`payments-prod`, `payments-prod/read`), at most `limit`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn targets(conn: &mut PgConnection, limit: i64) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select n.name as "name!" from (
             select slug as name from resource where deleted_at is null
             union all
             select r.slug || '/' || e.name from entitlement e join resource r on r.id = e.resource_id
             where e.deleted_at is null and r.deleted_at is null) n
           order by n.name limit $1"#,
        limit
    )
    .fetch_all(conn)
    .await?)
}
