//! Gatebook's own format: the body of `POST /api/v1/events`. What is not understood is refused, never guessed.

use chrono::{DateTime, Utc};
use domain::audit::Outcome;
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget, UsageAction, UsageError, UsageFault};
use serde_json::{Map, Value};

use super::{Draft, Format, Found, time};

const FIELDS: [&str; 13] = [
    "id",
    "time",
    "action",
    "outcome",
    "actor",
    "system",
    "resource",
    "entitlement",
    "ip",
    "user_agent",
    "operation",
    "reason",
    "detail",
];
const ACTOR_FIELDS: [&str; 5] = ["kind", "name", "email", "account", "subject"];

/// The format itself.
pub(super) struct Native;

impl Format for Native {
    fn name(&self) -> &str {
        "gatebook"
    }

    fn title(&self) -> &str {
        "Gatebook"
    }

    fn recognises(&self, record: &Value) -> bool {
        let has = |name| record.get(name).is_some_and(Value::is_string);
        has("id")
            && has("time")
            && record
                .get("action")
                .and_then(Value::as_str)
                .is_some_and(|action| UsageAction::parse(action).is_ok())
    }

    fn id(&self, record: &Value) -> Option<String> {
        // One that is missing stays so, to be refused by name.
        Some(record.get("id").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    fn read(&self, record: &Value, _: DateTime<Utc>) -> Result<Found, UsageError> {
        let Value::Object(fields) = record else {
            return Err(fault("event", "This is not an object."));
        };
        known(fields, &FIELDS, "")?;
        required(fields, "id")?;
        let draft = Draft {
            time: Some(occurred_at(fields)?),
            action: UsageAction::parse(required(fields, "action")?)?.into(),
            outcome: outcome(fields)?,
            actor: actor(fields)?,
            target: OutsideTarget {
                system: text(fields, "system", "")?,
                resource: text(fields, "resource", "")?,
                entitlement: text(fields, "entitlement", "")?,
            },
            ip: address(fields)?,
            user_agent: text(fields, "user_agent", "")?,
            operation: text(fields, "operation", "")?,
            reason: text(fields, "reason", "")?,
        };
        match fields.get("detail") {
            None | Some(Value::Null | Value::Object(_)) => Ok(Found::Events(vec![draft])),
            Some(_) => Err(fault("detail", "This is not an object.")),
        }
    }

    fn is_strict(&self) -> bool {
        true
    }
}

fn fault(field: impl Into<String>, sentence: &str) -> UsageError {
    UsageError::new(field, UsageFault::Other(sentence.to_owned()))
}

fn known(fields: &Map<String, Value>, names: &[&str], prefix: &str) -> Result<(), UsageError> {
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) if name.trim().is_empty() => {
            let of = prefix.strip_suffix('.').unwrap_or("record");
            Err(fault(of, "A field in it has no name."))
        }
        Some(name) => {
            let name: String = name.chars().take(80).collect();
            let sentence = format!("There is no such field; there are {}.", names.join(", "));
            Err(fault(format!("{prefix}{name}"), &sentence))
        }
    }
}

fn text(fields: &Map<String, Value>, name: &str, prefix: &str) -> Result<Option<String>, UsageError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(fault(format!("{prefix}{name}"), "This is not a text.")),
    }
}

fn required<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, UsageError> {
    match fields.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        None | Some(Value::Null | Value::String(_)) => Err(UsageError::new(name, UsageFault::Missing)),
        Some(_) => Err(fault(name, "This is not a text.")),
    }
}

fn occurred_at(fields: &Map<String, Value>) -> Result<DateTime<Utc>, UsageError> {
    let text = required(fields, "time")?;
    time::rfc3339(text).ok_or_else(|| time::refused("time", &Value::String(text.to_owned())))
}

fn outcome(fields: &Map<String, Value>) -> Result<Outcome, UsageError> {
    match text(fields, "outcome", "")? {
        None => Ok(Outcome::Success),
        Some(word) => {
            Outcome::parse(&word).ok_or_else(|| fault("outcome", "This is none of success, denied, failure."))
        }
    }
}

fn actor(fields: &Map<String, Value>) -> Result<OutsideActor, UsageError> {
    let actor = match fields.get("actor") {
        None | Some(Value::Null) => return Ok(OutsideActor::default()),
        Some(Value::Object(actor)) => actor,
        Some(_) => return Err(fault("actor", "This is not an object.")),
    };
    known(actor, &ACTOR_FIELDS, "actor.")?;
    let text = |name| text(actor, name, "actor.");
    let kind = match text("kind")?.as_deref() {
        None => OutsideKind::Unknown,
        Some(word) => [OutsideKind::Person, OutsideKind::Machine, OutsideKind::Unknown]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| fault("actor.kind", "This is none of person, machine, unknown."))?,
    };
    Ok(OutsideActor {
        kind,
        name: text("name")?.unwrap_or_default(),
        email: text("email")?,
        account: text("account")?,
        subject: text("subject")?,
    })
}

fn address(fields: &Map<String, Value>) -> Result<Option<String>, UsageError> {
    match text(fields, "ip", "")? {
        Some(ip) if ip.trim().parse::<std::net::IpAddr>().is_err() => {
            Err(fault("ip", "This is neither an IPv4 nor an IPv6 address."))
        }
        ip => Ok(ip),
    }
}
