//! An event as rules read it. The fields are described in `docs/alerts.md`.

use domain::json::Plain;
use serde_json::{Map, Value, json};
use store::judging::{Entry, Judged};

/// The event with what is known about it. What is not known is not there.
pub(super) fn document(event: &Judged) -> Value {
    let entry = &event.entry;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    // What the evaluator names events by.
    put("id", Some(entry.position.to_string().into()));
    put("action", Some(entry.action.clone().into()));
    put("outcome", Some(entry.outcome.clone().into()));
    put("actor", Some(actor(entry)));
    put("subject", entry.subject_id.map(|id| json!({ "id": id, "name": entry.subject_name })));
    put("system", entry.system_name.clone().map(Value::from));
    put("system_id", entry.system_id.map(|id| json!(id)));
    put("resource", entry.resource_name.clone().map(Value::from));
    put("resource_id", entry.resource_id.map(|id| json!(id)));
    put("environment", entry.environment.clone().filter(|name| !name.is_empty()).map(Value::from));
    put("sensitivity", entry.sensitivity.clone().map(Value::from));
    put("entitlement", entry.entitlement_name.clone().map(Value::from));
    put("entitlement_id", entry.entitlement_id.map(|id| json!(id)));
    put("place", place(entry).cloned().map(Value::from));
    put("what", what(entry).map(Value::from));
    put("request_id", entry.request_id.map(|id| json!(id)));
    put("grant_id", entry.grant_id.map(|id| json!(id)));
    put("lane", Some(super::lane_of(event).into()));
    put("source", Some(json!({ "origin": entry.origin, "ip": entry.ip })));
    put("covered", entry.covered.map(|covered| if covered { "yes" } else { "no" }.into()));
    put("ended_before", entry.ended_before.then_some(Value::Bool(true)));
    put("first_use", event.is_first_use.then_some(Value::Bool(true)));
    put("pair", pair(entry).map(Value::from));
    // It stands in the book as an object.
    put("detail", serde_json::from_str::<Plain>(&entry.detail).ok().map(|Plain(detail)| detail));
    Value::Object(fields)
}

fn actor(entry: &Entry) -> Value {
    let mut actor = json!({ "kind": entry.actor_kind, "name": entry.actor_name });
    if let Value::Object(actor) = &mut actor {
        if let Some(id) = entry.actor_id {
            actor.insert("id".to_owned(), json!(id));
            actor.insert("key".to_owned(), json!(id));
        } else if entry.actor_kind != "system" && !entry.actor_name.is_empty() {
            actor.insert("key".to_owned(), format!("{}/{}", entry.origin, entry.actor_name).into());
        }
        if let Some(status) = &entry.actor_status {
            actor.insert("status".to_owned(), status.clone().into());
            let gone = match status.as_str() {
                "left" => Some("has left"),
                "suspended" => Some("is suspended"),
                _ => None,
            };
            actor.extend(gone.map(|gone| ("gone".to_owned(), gone.into())));
        }
    }
    actor
}

/// “read on payments-prod”, or as much of it as is known.
fn what(entry: &Entry) -> Option<String> {
    match (&entry.entitlement_name, place(entry)) {
        (Some(entitlement), Some(place)) => Some(format!("{entitlement} on {place}")),
        (only, place) => place.or(only.as_ref()).cloned(),
    }
}

fn place(entry: &Entry) -> Option<&String> {
    entry.resource_name.as_ref().or(entry.system_name.as_ref())
}

/// Two people, whichever of them acted.
fn pair(entry: &Entry) -> Option<String> {
    let (one, other) = entry.actor_id.zip(entry.subject_id)?;
    (one != other).then(|| format!("{} {}", one.min(other), one.max(other)))
}
