//! Events as OCSF 1.5 (<https://schema.ocsf.io/1.5.0>), each of the class that fits best. What no field of a class
//! says stands under `unmapped`, so that nothing is lost.

use domain::audit::{Actor, Event, Outcome};
use domain::usage::{OutsideKind, UsageAction};
use serde_json::{Map, Value, json};

const VERSION: &str = "1.5.0";
const OTHER: u32 = 99;

/// The class of an event, with what only it has.
struct Class {
    category: u32,
    uid: u32,
    activity: u32,
}

impl Class {
    const fn iam(uid: u32, activity: u32) -> Self {
        Self { category: 3, uid, activity }
    }

    fn of(action: &str) -> Self {
        let (noun, verb) = action.split_once('.').unwrap_or((action, ""));
        match noun {
            "session" => Self::iam(AUTHENTICATION, authentication(action, verb)),
            "resource" => Self { category: 6, uid: API_ACTIVITY, activity: api(action) },
            // Reading the book, and what was tried in Gatebook in vain, are calls of its own interface.
            "audit" => Self { category: 6, uid: API_ACTIVITY, activity: 2 },
            "access" => Self { category: 6, uid: API_ACTIVITY, activity: OTHER },
            "person" => Self::iam(ACCOUNT_CHANGE, account(verb)),
            "request" | "grant" => Self::iam(USER_ACCESS, access(noun, verb)),
            _ => Self::iam(ENTITY_MANAGEMENT, entity(verb)),
        }
    }
}

const ACCOUNT_CHANGE: u32 = 3001;
const AUTHENTICATION: u32 = 3002;
const ENTITY_MANAGEMENT: u32 = 3004;
const USER_ACCESS: u32 = 3005;
const API_ACTIVITY: u32 = 6003;

fn authentication(action: &str, verb: &str) -> u32 {
    match (action, verb) {
        (UsageAction::SESSION_OPENED, _) | (_, "signed_in" | "sign_in_refused") => 1,
        (UsageAction::SESSION_CLOSED, _) | (_, "signed_out" | "ended") => 2,
        _ => OTHER,
    }
}

fn api(action: &str) -> u32 {
    match action {
        UsageAction::CREATED => 1,
        UsageAction::ACCESSED => 2,
        UsageAction::CHANGED | UsageAction::PERMISSIONS_CHANGED => 3,
        UsageAction::DELETED => 4,
        _ => OTHER,
    }
}

/// Create, enable, disable.
fn account(verb: &str) -> u32 {
    match verb {
        "created" | "imported" => 1,
        "reactivated" => 2,
        "suspended" | "left" => 5,
        _ => OTHER,
    }
}

/// Assigned, revoked: what became of it says the status. Everything before and between is no change of privileges.
fn access(noun: &str, verb: &str) -> u32 {
    match (noun, verb) {
        ("grant", "activated" | "activation_failed" | "imported") => 1,
        ("grant", "ended" | "revoked" | "removal_failed") => 2,
        _ => OTHER,
    }
}

/// Create, update, delete.
fn entity(verb: &str) -> u32 {
    let is = |ends: &[&str]| ends.iter().any(|end| verb.ends_with(end));
    if is(&["added", "made"]) {
        1
    } else if is(&["changed", "rotated", "set", "confirmed"]) {
        3
    } else if is(&["deleted", "ended", "taken_back"]) {
        4
    } else {
        OTHER
    }
}

/// An event.
pub(super) fn event(event: &Event) -> Value {
    let class = Class::of(&event.action);
    let mut fields = common(event, &class);
    let user = event.subject.as_ref().map_or_else(
        || actor_user(event).unwrap_or_else(|| json!({ "name": event.actor.name(), "type_id": 3 })),
        |subject| json!({ "name": subject.name, "uid": subject.id, "type_id": 1 }),
    );
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    match class.uid {
        AUTHENTICATION => {
            put("user", user);
            put("service", json!({ "name": event.resource.system.as_deref().unwrap_or("Gatebook") }));
        }
        ACCOUNT_CHANGE => {
            put("user", user);
        }
        USER_ACCESS => {
            put("user", user);
            put("privileges", json!([event.resource.entitlement.as_deref().unwrap_or("not recorded")]));
            put("resources", json!(resource(event).map_or_else(Vec::new, |resource| vec![resource])));
        }
        API_ACTIVITY => {
            let operation = ["operation", "tried"].iter().find_map(|name| event.detail.get(*name)?.as_str());
            let service = event.resource.system.as_deref().unwrap_or("Gatebook");
            put(
                "api",
                json!({ "operation": operation.unwrap_or(&event.action), "service": { "name": service } }),
            );
            put("resources", json!(resource(event).map_or_else(Vec::new, |resource| vec![resource])));
        }
        _ => {
            put("entity", managed(event));
        }
    }
    fields.into()
}

/// The end of an export: its own event once more, with how many events there were.
pub(super) fn end(own: &Event, events: usize) -> Value {
    let mut end = own.clone();
    if let Some(detail) = end.detail.as_object_mut() {
        detail.insert("events".to_owned(), json!(events));
    }
    event(&end)
}

fn common(event: &Event, class: &Class) -> Map<String, Value> {
    let (status, severity) = match event.outcome {
        Outcome::Success => ((1, "Success"), (1, "Informational")),
        Outcome::Denied | Outcome::Failure => ((2, "Failure"), (2, "Low")),
    };
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("category_uid", json!(class.category));
    put("class_uid", json!(class.uid));
    put("activity_id", json!(class.activity));
    put("activity_name", json!(event.action));
    put("type_uid", json!(class.uid * 100 + class.activity));
    put("time", json!(event.occurred_at.timestamp_millis()));
    put("severity_id", json!(severity.0));
    put("severity", json!(severity.1));
    put("status_id", json!(status.0));
    put("status", json!(status.1));
    put("status_code", json!(event.outcome.as_str()));
    if let Some(reason) = &event.reason {
        put("status_detail", json!(reason));
    }
    put("actor", actor(event));
    put("src_endpoint", endpoint(event));
    if let Some(agent) = &event.source.user_agent {
        put("http_request", json!({ "user_agent": agent }));
    }
    let mut metadata = json!({
        "version": VERSION,
        "product": { "name": "Gatebook", "vendor_name": "Gatebook", "version": env!("CARGO_PKG_VERSION") },
        "uid": event.id,
        "event_code": event.action,
        "logged_time": event.recorded_at.timestamp_millis(),
        "original_time": event.occurred_at.to_rfc3339(),
        "log_provider": event.source.origin,
    });
    if let (Some(request), Some(metadata)) = (event.request_id, metadata.as_object_mut()) {
        metadata.insert("correlation_uid".to_owned(), json!(request));
    }
    put("metadata", metadata);
    put(
        "unmapped",
        json!({
            "recorded_at": event.recorded_at,
            "actor": event.actor,
            "subject": event.subject,
            "resource": event.resource,
            "grant_id": event.grant_id,
            "detail": event.detail,
        }),
    );
    fields
}

fn actor(event: &Event) -> Value {
    match actor_user(event) {
        Some(user) => json!({ "user": user }),
        None => json!({ "app_name": event.actor.name() }),
    }
}

/// `None`: Gatebook itself. The numbers are those of `type_id`: 1 is a user, 2 an administrator, 3 a system.
fn actor_user(event: &Event) -> Option<Value> {
    let mut user = match &event.actor {
        Actor::Person { id, name } => json!({ "name": name, "uid": id, "type_id": 1 }),
        Actor::System => return None,
        Actor::Command { name } => json!({ "name": name, "type_id": 2 }),
        Actor::Outside { kind, .. } => {
            let kind = match kind {
                OutsideKind::Person => 1,
                OutsideKind::Machine => 3,
                OutsideKind::Unknown => 0,
            };
            json!({ "name": event.actor.name(), "type_id": kind })
        }
        Actor::Unknown => json!({ "name": event.actor.name(), "type_id": 0 }),
    };
    let reported = event.detail.get("actor");
    for (ours, theirs) in [("email", "email_addr"), ("subject", "uid")] {
        let known = reported.and_then(|actor| actor.get(ours)).and_then(Value::as_str);
        if let (Some(known), Some(user)) = (known, user.as_object_mut()) {
            user.insert(theirs.to_owned(), json!(known));
        }
    }
    Some(user)
}

fn endpoint(event: &Event) -> Value {
    match &event.source.ip {
        Some(ip) => json!({ "ip": ip }),
        None => json!({ "name": event.source.origin }),
    }
}

fn resource(event: &Event) -> Option<Value> {
    let about = &event.resource;
    let mut resource = Map::new();
    let named = about.resource.as_ref().or(about.system.as_ref())?;
    resource.insert("name".to_owned(), json!(named));
    if let Some(id) = about.resource_id {
        resource.insert("uid".to_owned(), json!(id));
    }
    if let Some(system) = &about.system {
        resource.insert("namespace".to_owned(), json!(system));
    }
    Some(resource.into())
}

/// What was made, changed or deleted: the innermost thing that the event names, else what its detail calls it.
fn managed(event: &Event) -> Value {
    let about = &event.resource;
    let innermost = [
        (&about.entitlement, about.entitlement_id.map(uuid::Uuid::from)),
        (&about.resource, about.resource_id.map(uuid::Uuid::from)),
        (&about.system, about.system_id.map(uuid::Uuid::from)),
    ];
    let noun = event.action.split_once('.').map_or(event.action.as_str(), |(noun, _)| noun);
    let told = ["name", "token", "source"].iter().find_map(|name| event.detail.get(*name)?.as_str());
    let found = innermost.into_iter().find_map(|(name, id)| Some((name.as_deref()?, id)));
    let (name, id) = match (told, found) {
        // A source or a token is about a system, and is not that system.
        (Some(told), _) if matches!(noun, "source" | "token") => (told, None),
        (_, Some(found)) => found,
        (told, None) => (told.unwrap_or(noun), None),
    };
    let mut entity = json!({ "name": name, "type": noun });
    if let (Some(id), Some(entity)) = (id, entity.as_object_mut()) {
        entity.insert("uid".to_owned(), json!(id));
    }
    entity
}
