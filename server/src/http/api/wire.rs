//! An event as programs get it: the shape of the JSON Lines export.

use chrono::{DateTime, Utc};
use domain::audit::{Actor, Event as Recorded};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// One event of the book.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    /// UUIDv7.
    id: Uuid,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// When it was written into the book.
    recorded_at: DateTime<Utc>,
    /// Who acted.
    actor: Who,
    /// What was done or tried: `request.approved`, `resource.accessed`.
    action: String,
    /// `success`, `denied` (by a rule) or `failure`.
    outcome: &'static str,
    /// Whose access it is about.
    subject: Option<Person>,
    /// What it is about, with the names as of then.
    resource: About,
    /// The request it belongs to.
    request_id: Option<Uuid>,
    /// The grant it belongs to.
    grant_id: Option<Uuid>,
    /// From where.
    source: From,
    /// In somebody's own words, or a rule's.
    reason: Option<String>,
    /// Everything else. What a source reported stands under `original`.
    #[schema(value_type = Object)]
    detail: Value,
}

/// Who acted.
#[derive(Debug, Serialize, ToSchema)]
struct Who {
    /// `person`, `system`, `command`, `outside` or `unknown`.
    kind: &'static str,
    /// Of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    /// As of then.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Of somebody outside: `person`, `machine` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<&'static str>,
}

/// A person, with the name as of then.
#[derive(Debug, Serialize, ToSchema)]
struct Person {
    id: Uuid,
    name: String,
}

/// What an event is about.
#[derive(Debug, Serialize, ToSchema)]
struct About {
    system_id: Option<Uuid>,
    system: Option<String>,
    resource_id: Option<Uuid>,
    resource: Option<String>,
    entitlement_id: Option<Uuid>,
    entitlement: Option<String>,
}

/// From where.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Origin)]
struct From {
    /// `web`, `api`, `job`, `command`, `imported`, or the source that reported it.
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

impl std::convert::From<Recorded> for Event {
    fn from(event: Recorded) -> Self {
        let about = event.resource;
        Self {
            id: event.id.0,
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            actor: who(event.actor),
            action: event.action,
            outcome: event.outcome.as_str(),
            subject: event.subject.map(|subject| Person { id: subject.id.0, name: subject.name }),
            resource: About {
                system_id: about.system_id.map(Uuid::from),
                system: about.system,
                resource_id: about.resource_id.map(Uuid::from),
                resource: about.resource,
                entitlement_id: about.entitlement_id.map(Uuid::from),
                entitlement: about.entitlement,
            },
            request_id: event.request_id.map(Uuid::from),
            grant_id: event.grant_id.map(Uuid::from),
            source: From {
                origin: event.source.origin,
                ip: event.source.ip,
                user_agent: event.source.user_agent,
            },
            reason: event.reason,
            detail: event.detail,
        }
    }
}

fn who(actor: Actor) -> Who {
    let of = |kind, id, name, who| Who { kind, id, name, who };
    match actor {
        Actor::Person { id, name } => of("person", Some(id.0), Some(name), None),
        Actor::System => of("system", None, None, None),
        Actor::Command { name } => of("command", None, Some(name), None),
        Actor::Outside { kind, name } => of("outside", None, Some(name), Some(kind.as_str())),
        Actor::Unknown => of("unknown", None, None, None),
    }
}
