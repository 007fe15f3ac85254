//! How access is used, as far as sources report it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, EventId, GrantId, PersonId, RequestId, ResourceId};
use domain::person::PersonRef;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// How a grant was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantUse {
    /// When last.
    pub last_at: DateTime<Utc>,
    /// How often, counted no further than was asked for.
    pub times: i64,
}

/// How these grants were used, of those that were; counted no further than `count_to`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_grants(
    conn: &mut PgConnection,
    grants: &[GrantId],
    count_to: i64,
) -> Result<HashMap<GrantId, GrantUse>> {
    let ids: Vec<Uuid> = grants.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select g.id as "id!", u.last_at as "last_at!", u.times as "times!"
           from unnest($1::uuid[]) g(id) cross join lateral (
             select max(n.occurred_at) as last_at, count(*) as times from (
               select l.occurred_at from event_link l where l.grant_id = g.id order by l.occurred_at desc limit $2) n) u
           where u.times > 0"#,
        &ids,
        count_to
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (GrantId(row.id), GrantUse { last_at: row.last_at, times: row.times }))
        .collect())
}

/// Of those who hold each of these entitlements now, how many used it since then, and how many they are. Earlier grants
/// of the same person and entitlement count, so that a renewal does not make it unused.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_entitlements(
    conn: &mut PgConnection,
    entitlements: &[EntitlementId],
    since: DateTime<Utc>,
) -> Result<HashMap<EntitlementId, (usize, usize)>> {
    let ids: Vec<Uuid> = entitlements.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"with holder as (
             select distinct g.entitlement_id, g.person_id from access_grant g
             where g.entitlement_id = any($1) and g.state not in ('ended', 'revoked', 'failed')
               and g.active_since is not null)
           select h.entitlement_id, count(*) as "holders!",
             count(*) filter (where exists (
               select from access_grant g join event_link l on l.grant_id = g.id
               where g.person_id = h.person_id and g.entitlement_id = h.entitlement_id and l.occurred_at >= $2))
               as "users!"
           from holder h group by h.entitlement_id"#,
        &ids,
        since
    )
    .fetch_all(conn)
    .await?;
    let number = |count: i64| usize::try_from(count).unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| (EntitlementId(row.entitlement_id), (number(row.users), number(row.holders))))
        .collect())
}

/// What is reported of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceUse {
    /// Whether anything is.
    pub is_reported: bool,
    /// What no grant covered, counted no further than was asked for.
    pub uncovered: i64,
}

/// What is reported of this resource since then; counted no further than `count_to`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn of_resource(
    conn: &mut PgConnection,
    resource: ResourceId,
    since: DateTime<Utc>,
    count_to: i64,
) -> Result<ResourceUse> {
    Ok(sqlx::query_as!(
        ResourceUse,
        r#"select exists (select from event_link where resource_id = $1) as "is_reported!",
             (select count(*) from (select from event_link
                where resource_id = $1 and covered = false and recorded_at >= $2 limit $3) counted) as "uncovered!""#,
        resource.0,
        since,
        count_to
    )
    .fetch_one(conn)
    .await?)
}

/// What a report was found to have to do with, and the place of any event in the book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventPlace {
    /// Its position; `None` for the moment until it has one.
    pub position: Option<i64>,
    /// Who acted, where a report names somebody who is known.
    pub person: Option<PersonRef>,
    /// Whether a grant covered it, where that is a question.
    pub covered: Option<bool>,
    /// The request of the grant that covered it.
    pub request: Option<RequestId>,
}

/// Who acted in these reports, of those where that is known.
///
/// # Errors
/// When the database cannot be reached.
pub async fn people_of(conn: &mut PgConnection, events: &[EventId]) -> Result<HashMap<EventId, PersonRef>> {
    let ids: Vec<Uuid> = events.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select l.event_id, p.id, p.name from event_link l join person p on p.id = l.person_id
         where l.event_id = any($1)",
        &ids
    )
    .fetch_all(conn)
    .await?;
    let person = |id: Uuid, name: String| PersonRef { id: PersonId(id), name };
    Ok(rows.into_iter().map(|row| (EventId(row.event_id), person(row.id, row.name))).collect())
}

/// The place of this event, and what it has to do with.
///
/// # Errors
/// When the database cannot be reached.
pub async fn place_of(conn: &mut PgConnection, id: EventId) -> Result<EventPlace> {
    let row = sqlx::query!(
        r#"select n.position as "position?", p.id as "person_id?", p.name as "person?", l.covered,
             g.request_id as "request_id?"
           from (select $1::uuid as id) e
           left join event_position n on n.event_id = e.id
           left join event_link l on l.event_id = e.id
           left join person p on p.id = l.person_id
           left join access_grant g on g.id = l.grant_id"#,
        id.0
    )
    .fetch_one(conn)
    .await?;
    Ok(EventPlace {
        position: row.position,
        person: row.person_id.zip(row.person).map(|(id, name)| PersonRef { id: PersonId(id), name }),
        covered: row.covered,
        request: row.request_id.map(RequestId),
    })
}
