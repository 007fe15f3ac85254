//! What was held at a moment.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::audit::About;
use domain::grant::{Cause, Removal, RemovalKnown};
use domain::holding::{Closed, Decided, Holding, READ};
use domain::id::{EntitlementId, EventId, GrantId, PersonId, RequestId, ResourceId, SystemId};
use domain::person::PersonRef;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::READER;
use crate::{Result, StoreError, owner};

/// Of whom or what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Everything.
    All,
    /// What one person held.
    Person(PersonId),
    /// Who held something on one resource.
    Resource(ResourceId),
}

/// What is looked for, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Of whom or what.
    pub of: Of,
    /// When.
    pub at: DateTime<Utc>,
    /// Only what this person may see: their own, that of those who report to them, and on what they own. `None` sees
    /// everything.
    pub seen_by: Option<PersonId>,
}

/// The place of a holding in the order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Which.
    pub grant: GrantId,
}

/// A holding, with where its resource is found today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingRecord {
    /// As the book says.
    pub holding: Holding,
    /// The resource in addresses; `None` where it is gone.
    pub resource_slug: Option<String>,
}

/// How far the book was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Up to this position, with it.
    pub position: i64,
    /// The last position that there is.
    pub numbered: i64,
}

/// How far the book was read.
///
/// # Errors
/// When the database cannot be reached.
pub async fn progress(conn: &mut PgConnection) -> Result<Progress> {
    Ok(sqlx::query_as!(
        Progress,
        r#"select coalesce((select position from book_reader where name = $1), 0) as "position!",
             coalesce((select last_position from event_sequence), 0) as "numbered!""#,
        READER
    )
    .fetch_one(conn)
    .await?)
}

/// Whether something that says who held what is not read yet.
///
/// # Errors
/// When the database cannot be reached.
pub async fn is_behind(conn: &mut PgConnection, progress: Progress) -> Result<bool> {
    let actions: Vec<&str> = READ.iter().map(|action| action.as_str()).collect();
    Ok(sqlx::query_scalar!(
        r#"select exists (select from event_position n
             join event e on e.class = n.class and e.recorded_at = n.recorded_at and e.id = n.event_id
             where n.class = 'governance' and e.class = 'governance' and n.position > $1
               and e.action = any($2)) as "is_behind!""#,
        progress.position,
        &actions as &[&str]
    )
    .fetch_one(conn)
    .await?)
}

/// Which of these events stand at or before a position.
///
/// # Errors
/// When the database cannot be reached.
pub async fn read_of(conn: &mut PgConnection, events: &[EventId], position: i64) -> Result<HashSet<EventId>> {
    let ids: Vec<Uuid> = events.iter().map(|id| id.0).collect();
    let rows = sqlx::query_scalar!(
        "select event_id from event_position where event_id = any($1) and position <= $2",
        &ids,
        position
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(EventId).collect())
}

const COLUMNS: &str = "h.grant_id, h.person_id, h.person_name, h.system_id, h.system_name, h.resource_id, \
     h.resource_name, h.entitlement_id, h.entitlement_name, h.opened_at, h.ends_at, \
     nullif(h.closed_at, 'infinity') as closed_at, h.cause, h.removal_known, h.attested_by, h.request_id, \
     h.is_imported, h.decided_by, h.decided_by_name, h.decided_at, \
     (select o.slug from resource o where o.id = h.resource_id and o.deleted_at is null) as resource_slug";

impl Search {
    fn push(self, query: &mut QueryBuilder<Postgres>) {
        query.push(" where h.opened_at <= ").push_bind(self.at);
        query.push(" and h.closed_at > ").push_bind(self.at);
        match self.of {
            Of::All => {}
            Of::Person(id) => {
                query.push(" and h.person_id = ").push_bind(id.0);
            }
            Of::Resource(id) => {
                query.push(" and h.resource_id = ").push_bind(id.0);
            }
        }
        if let Some(reader) = self.seen_by {
            query.push(" and (h.person_id = ").push_bind(reader.0);
            query
                .push(" or h.person_id in (select p.id from person p where p.manager_id = ")
                .push_bind(reader.0);
            query.push(") or h.entitlement_id");
            owner::push_owned(query, reader);
            query.push(")");
        }
    }
}

/// At most `limit` of what was held then, opened last first: those behind the cursor.
///
/// # Errors
/// When the database cannot be reached.
pub async fn held(
    conn: &mut PgConnection,
    search: Search,
    behind: Option<Cursor>,
    limit: i64,
) -> Result<Vec<HoldingRecord>> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from holding h");
    search.push(&mut query);
    if let Some(cursor) = behind {
        query.push(" and (h.opened_at, h.grant_id) < (").push_bind(cursor.opened_at);
        query.push(", ").push_bind(cursor.grant.0).push(")");
    }
    query.push(" order by h.opened_at desc, h.grant_id desc limit ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(Row::record).collect()
}

/// How much was held then, counted no further than `count_to`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn count(conn: &mut PgConnection, search: Search, count_to: i64) -> Result<i64> {
    let mut query = QueryBuilder::<Postgres>::new("select count(*) from (select 1 from holding h");
    search.push(&mut query);
    // In the index's own order: without it, all of the table may be looked through to find the first ones.
    query.push(" order by h.opened_at desc, h.grant_id desc limit ").push_bind(count_to).push(") counted");
    Ok(query.build_query_scalar().fetch_one(conn).await?)
}

/// What is known of these grants, of those that were ever open.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_grants(conn: &mut PgConnection, grants: &[GrantId]) -> Result<HashMap<GrantId, Holding>> {
    let ids: Vec<Uuid> = grants.iter().map(|id| id.0).collect();
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS).push(" from holding h where h.grant_id = any(").push_bind(ids).push(")");
    let rows: Vec<Row> = query.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(|row| Ok((GrantId(row.grant_id), row.record()?.holding))).collect()
}

/// What became of the access of somebody who left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How much they held when they left.
    pub held: i64,
    /// How much of that is not closed yet.
    pub open: i64,
    /// When the last of it was closed, as far as it is.
    pub last_closed_at: Option<DateTime<Utc>>,
}

/// What became of the access of people who left at these moments, in the order of `left`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn after_leaving(conn: &mut PgConnection, left: &[(PersonId, DateTime<Utc>)]) -> Result<Vec<Left>> {
    let (ids, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = left.iter().map(|(id, at)| (id.0, *at)).unzip();
    Ok(sqlx::query_as!(
        Left,
        r#"select count(h.grant_id) as "held!", count(*) filter (where h.closed_at = 'infinity') as "open!",
             max(h.closed_at) filter (where h.closed_at <> 'infinity') as last_closed_at
           from unnest($1::uuid[], $2::timestamptz[]) with ordinality l(person_id, left_at, place)
           left join holding h on h.person_id = l.person_id and h.opened_at <= l.left_at and h.closed_at > l.left_at
           group by l.place order by l.place"#,
        &ids,
        &times
    )
    .fetch_all(conn)
    .await?)
}

#[derive(FromRow)]
struct Row {
    grant_id: Uuid,
    person_id: Uuid,
    person_name: String,
    system_id: Option<Uuid>,
    system_name: Option<String>,
    resource_id: Option<Uuid>,
    resource_name: Option<String>,
    entitlement_id: Option<Uuid>,
    entitlement_name: Option<String>,
    opened_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    cause: Option<String>,
    removal_known: Option<String>,
    attested_by: Option<String>,
    request_id: Option<Uuid>,
    is_imported: bool,
    decided_by: Option<Uuid>,
    decided_by_name: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    resource_slug: Option<String>,
}

impl Row {
    fn record(self) -> Result<HoldingRecord> {
        let cause =
            self.cause.map(|word| Cause::parse(&word).ok_or_else(|| StoreError::corrupt("holding", word)));
        let cause = cause.transpose()?;
        let known = self
            .removal_known
            .map(|word| RemovalKnown::parse(&word).ok_or_else(|| StoreError::corrupt("holding", word)));
        let known = known.transpose()?;
        let closed = self.closed_at.map(|at| Closed {
            at,
            why: cause.map_or(Removal::TimeRanOut, Removal::Revoked),
            known,
            attested_by: self.attested_by,
        });
        let decided = self.decided_by_name.zip(self.decided_at);
        Ok(HoldingRecord {
            holding: Holding {
                grant: GrantId(self.grant_id),
                person: PersonRef { id: PersonId(self.person_id), name: self.person_name },
                about: About {
                    system_id: self.system_id.map(SystemId),
                    system: self.system_name,
                    resource_id: self.resource_id.map(ResourceId),
                    resource: self.resource_name,
                    entitlement_id: self.entitlement_id.map(EntitlementId),
                    entitlement: self.entitlement_name,
                },
                opened_at: self.opened_at,
                ends_at: self.ends_at,
                cause,
                closed,
                request: self.request_id.map(RequestId),
                is_imported: self.is_imported,
                decided: decided.map(|(name, at)| Decided { by: self.decided_by.map(PersonId), name, at }),
            },
            resource_slug: self.resource_slug,
        })
    }
}
