//! Events as the linker reads them, and what they say as reports.

use chrono::{DateTime, Utc};
use domain::audit::Outcome;
use domain::id::{EventId, SystemId};
use domain::matching::Report;
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, StoreError};

/// Where events stand.
#[derive(Debug, Default)]
pub(super) struct Places {
    classes: Vec<String>,
    recorded: Vec<DateTime<Utc>>,
    ids: Vec<Uuid>,
}

impl Places {
    pub(super) fn push(&mut self, class: String, recorded_at: DateTime<Utc>, id: Uuid) {
        self.classes.push(class);
        self.recorded.push(recorded_at);
        self.ids.push(id);
    }
}

/// An event: everything that it is linked and found by.
#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) id: Uuid,
    pub(crate) class: String,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) action: String,
    pub(crate) outcome: String,
    pub(crate) origin: String,
    pub(crate) actor_kind: String,
    pub(crate) actor_id: Option<Uuid>,
    pub(crate) actor_name: String,
    pub(crate) email: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) subject_id: Option<Uuid>,
    pub(crate) subject_name: Option<String>,
    pub(crate) system_id: Option<Uuid>,
    pub(crate) system_name: Option<String>,
    pub(crate) resource_id: Option<Uuid>,
    pub(crate) resource_name: Option<String>,
    pub(crate) entitlement_name: Option<String>,
    pub(crate) request_id: Option<Uuid>,
    pub(crate) grant_id: Option<Uuid>,
    pub(crate) ip: Option<String>,
    /// Of a single address, as `digits_of` writes it.
    pub(crate) digits: Option<String>,
    pub(crate) reason: Option<String>,
    /// As the database writes it.
    pub(crate) detail: String,
}

impl EventRow {
    /// The report; `None` where it is an event of Gatebook's own.
    pub(super) fn report(&self) -> Result<Option<Report>> {
        if self.class != "usage" {
            return Ok(None);
        }
        let kind = match self.actor_kind.as_str() {
            "person" => OutsideKind::Person,
            "machine" => OutsideKind::Machine,
            _ => OutsideKind::Unknown,
        };
        Ok(Some(Report {
            id: EventId(self.id),
            recorded_at: self.recorded_at,
            occurred_at: self.occurred_at,
            source: self.origin.clone(),
            action: self.action.clone(),
            outcome: Outcome::parse(&self.outcome)
                .ok_or_else(|| StoreError::corrupt("event", &self.outcome))?,
            actor: OutsideActor {
                kind,
                name: self.actor_name.clone(),
                email: self.email.clone(),
                account: self.account.clone(),
                subject: self.subject.clone(),
            },
            system: self.system_id.map(SystemId),
            target: OutsideTarget {
                system: self.system_name.clone(),
                resource: self.resource_name.clone(),
                entitlement: self.entitlement_name.clone(),
            },
        }))
    }
}

/// The events that stand there; what was let go is missing.
pub(super) async fn read(conn: &mut PgConnection, places: &Places) -> Result<Vec<EventRow>> {
    Ok(sqlx::query_as!(
        EventRow,
        r#"select e.id, e.class, e.recorded_at, e.occurred_at, e.action, e.outcome, e.origin, e.actor_kind, e.actor_id,
             e.actor_name, e.detail->'actor'->>'email' as email, e.detail->'actor'->>'account' as account,
             e.detail->'actor'->>'subject' as subject, e.subject_id, e.subject_name, e.system_id, e.system_name,
             e.resource_id, e.resource_name, e.entitlement_name, e.request_id, e.grant_id, e.ip,
             digits_of(address_of(e.ip)) as digits, e.reason, e.detail::text as "detail!"
           from unnest($1::text[], $2::timestamptz[], $3::uuid[]) p(class, recorded_at, id)
           -- The limit keeps the planner from reading whole months to join them.
           cross join lateral (
             select * from event e where e.class = p.class and e.recorded_at = p.recorded_at and e.id = p.id limit 1) e"#,
        &places.classes,
        &places.recorded,
        &places.ids
    )
    .fetch_all(conn)
    .await?)
}
