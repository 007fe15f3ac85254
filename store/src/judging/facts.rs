//! What rules are told about an event, besides what it says itself.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// An event of the book, with what links and tables say about it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its position.
    pub position: i64,
    /// `governance` or `usage`.
    pub class: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it came into the book.
    pub recorded_at: DateTime<Utc>,
    /// Its action, dotted.
    pub action: String,
    /// `success`, `denied` or `failure`.
    pub outcome: String,
    /// Where it came from.
    pub origin: String,
    /// The address that it came from.
    pub ip: Option<String>,
    /// The kind of its actor.
    pub actor_kind: String,
    /// Who that is, where it is known.
    pub actor_id: Option<Uuid>,
    /// The name here where it is known who that is, otherwise as the source has it.
    pub actor_name: String,
    /// `active`, `suspended` or `left`, when it happened; as far back as that is known.
    pub actor_status: Option<String>,
    /// Whose access it is about.
    pub subject_id: Option<Uuid>,
    /// By name.
    pub subject_name: Option<String>,
    /// In which system, where it is known.
    pub system_id: Option<Uuid>,
    /// By name.
    pub system_name: Option<String>,
    /// On what, where it is known.
    pub resource_id: Option<Uuid>,
    /// By name.
    pub resource_name: Option<String>,
    /// Such as `production`.
    pub environment: Option<String>,
    /// How sensitive it is, today.
    pub sensitivity: Option<String>,
    /// Which permission.
    pub entitlement_id: Option<Uuid>,
    /// By name.
    pub entitlement_name: Option<String>,
    /// The request it belongs to.
    pub request_id: Option<Uuid>,
    /// The grant it belongs to, or that covered it.
    pub grant_id: Option<Uuid>,
    /// Whether a grant covered it; `None` where that cannot be told.
    pub covered: Option<bool>,
    /// Whether nothing covered it, and all that the actor had held there was closed by then.
    pub ended_before: bool,
    /// Everything else, as the database writes it.
    pub detail: String,
}

/// An event to be judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The event, and what is known about it.
    pub entry: Entry,
    /// Whether its actor has not been reported there before.
    pub is_first_use: bool,
}

/// The events behind `from` up to `to`, in order of position.
pub(super) async fn read(conn: &mut PgConnection, from: i64, to: i64) -> Result<Vec<Judged>> {
    let entries = sqlx::query_as!(
        Entry,
        r#"select n.position, e.class, e.occurred_at, e.recorded_at, e.action, e.outcome, e.origin, e.ip, e.actor_kind,
             p.id as "actor_id?", coalesce(p.name, e.actor_name) as "actor_name!",
             case when p.status_since > e.occurred_at then 'active' else p.status end as "actor_status?",
             e.subject_id, e.subject_name, s.id as "system_id?", coalesce(s.name, e.system_name) as system_name,
             r.id as "resource_id?", coalesce(r.name, e.resource_name) as resource_name,
             r.environment as "environment?", r.sensitivity as "sensitivity?",
             coalesce(l.entitlement_id, e.entitlement_id) as entitlement_id,
             coalesce(t.name, e.entitlement_name) as entitlement_name, e.request_id,
             coalesce(l.grant_id, e.grant_id) as grant_id, l.covered as "covered?",
             l.covered is not distinct from false and exists (
               select from access_grant g join entitlement had on had.id = g.entitlement_id
               where g.person_id = l.person_id and had.resource_id = l.resource_id and g.state in ('ended', 'revoked')
                 and g.closed_at <= e.occurred_at)
             and not exists (
               select from access_grant g join entitlement has on has.id = g.entitlement_id
               where g.person_id = l.person_id and has.resource_id = l.resource_id and g.active_since <= e.occurred_at
                 and (g.closed_at is null or g.closed_at > e.occurred_at)) as "ended_before!",
             e.detail::text as "detail!"
           from event_position n
           -- The limit keeps the planner from reading whole months to join them.
           cross join lateral (
             select * from event e where e.class = n.class and e.recorded_at = n.recorded_at and e.id = n.event_id
             limit 1) e
           left join event_link l on l.event_id = n.event_id
           left join person p on p.id = coalesce(l.person_id, e.actor_id)
           left join resource r on r.id = coalesce(l.resource_id, e.resource_id)
           left join system s on s.id = coalesce(l.system_id, r.system_id, e.system_id)
           left join entitlement t on t.id = l.entitlement_id
           where n.position > $1 and n.position <= $2 order by n.position"#,
        from,
        to
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut known = acquainted(conn, &entries).await?;
    Ok(entries
        .into_iter()
        .map(|entry| {
            let is_first_use = entry.used_by().is_some_and(|pair| known.insert(pair));
            Judged { entry, is_first_use }
        })
        .collect())
}

impl Entry {
    /// Who used what, where it is a use and both are known.
    pub(super) fn used_by(&self) -> Option<(Uuid, Uuid)> {
        if self.class != "usage" || self.outcome != "success" || !self.action.starts_with("resource.") {
            return None;
        }
        self.actor_id.zip(self.resource_id)
    }
}

/// Which of these actors were reported there before.
async fn acquainted(conn: &mut PgConnection, entries: &[Entry]) -> Result<HashSet<(Uuid, Uuid)>> {
    let (people, resources): (Vec<Uuid>, Vec<Uuid>) = entries.iter().filter_map(Entry::used_by).unzip();
    let rows = sqlx::query!(
        "select a.person_id, a.resource_id from acquaintance a
         where (a.person_id, a.resource_id) in (select * from unnest($1::uuid[], $2::uuid[]))",
        &people,
        &resources
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.resource_id)).collect())
}
