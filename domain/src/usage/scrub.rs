//! What is taken out of an original record before it is kept: secrets, and what names a session.
//!
//! *Invariant:* a record that went through [`kept`] passes the bounds of
//! [`checked`](super::OutsideEvent::checked): no NUL, no more than [`ORIGINAL_DEPTH_MAX`] levels, no more than
//! [`ORIGINAL_MAX_BYTES`].

mod names;
mod shapes;

use crate::json::Plain;
use serde_json::{Map, Value};

use super::{ORIGINAL_DEPTH_MAX, ORIGINAL_MAX_BYTES};
use names::{is_harmless_text, is_secret};

/// Stands where something was taken out.
pub const REMOVED: &str = "removed";
/// A value shorter than this is taken out at its own place only: elsewhere it may be an ordinary word.
const RECOGNISABLE_MIN_CHARS: usize = 12;
/// So many values are looked for at other places of the same record.
const RECOGNISABLE_MAX: usize = 32;
/// JSON inside of a text inside of JSON …: so deep it is followed.
const EMBEDDED_MAX: usize = 3;
/// Texts longer than this are shortened in a record that is too large.
const SHORT_CHARS: usize = 256;

/// The record without secrets and session ids, and small enough to be kept.
///
/// By name of the field (`password`, `sessionId` …), by shape of the text (`eyJ…`, `ghp_…`, PEM …), and wherever
/// else in the record a value stands that was taken out for its name. Err to safety: a harmless thing that is taken
/// out is missed less than a secret that is kept.
pub fn kept(record: Value) -> Value {
    let mut scrub = Scrub::default();
    let mut record = scrub.value(record, &Place::default());
    if !scrub.seen.is_empty() {
        blot(&mut record, &scrub.seen);
    }
    fitted(record)
}

/// The text without what looks like a secret.
pub fn text(text: &str) -> String {
    shapes::without_secrets(text).unwrap_or_else(|| text.to_owned())
}

/// Where in a record something stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    depth: usize,
    /// How many texts with JSON in them are around it.
    embedded: usize,
    /// Inside of something called session: its plain `id` is a session id.
    in_session: bool,
    /// Inside of a Kubernetes secret: its `data` is secret.
    in_secret: bool,
}

#[derive(Default)]
struct Scrub {
    /// What was taken out for its name and would be known again elsewhere.
    seen: Vec<String>,
}

impl Scrub {
    fn value(&mut self, value: Value, place: &Place) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text, place)),
            Value::Array(_) | Value::Object(_) if place.depth >= ORIGINAL_DEPTH_MAX => {
                Value::String("left out: nested more than 32 deep".to_owned())
            }
            Value::Array(values) => {
                let inner = Place { depth: place.depth + 1, ..*place };
                Value::Array(values.into_iter().map(|value| self.value(value, &inner)).collect())
            }
            Value::Object(fields) => Value::Object(self.object(fields, place)),
            plain => plain,
        }
    }

    fn object(&mut self, fields: Map<String, Value>, place: &Place) -> Map<String, Value> {
        let is_secret_kind = ["Secret", "SecretList"]
            .iter()
            .any(|kind| fields.get("kind").and_then(Value::as_str) == Some(kind));
        let of_secrets = fields.get("objectRef").and_then(|object| object.get("resource"))
            == Some(&Value::String("secrets".to_owned()));
        // {"name": "DB_PASSWORD", "value": …}: the name is the key of the value.
        let names_secret = ["name", "Name", "key", "Key", "parameterName"]
            .iter()
            .filter_map(|name| fields.get(*name).and_then(Value::as_str))
            .any(is_secret);
        // A policy's statement has a `Sid`, which is its name.
        let is_statement = fields.contains_key("Effect");
        let mut kept = Map::new();
        for (name, value) in fields {
            let plain = names::plain(&name);
            let inner = Place {
                depth: place.depth + 1,
                embedded: place.embedded,
                in_session: names::is_session(&plain) && (value.is_object() || value.is_array()),
                in_secret: place.in_secret || is_secret_kind,
            };
            let taken = (names::is_plain_secret(&plain) && !(is_statement && plain == "sid"))
                || (names::is_session(&plain) && !(value.is_object() || value.is_array()))
                || (place.in_session && names::is_bare_id(&plain))
                || (inner.in_secret && names::is_payload(&plain))
                || (of_secrets && matches!(plain.as_str(), "requestobject" | "responseobject"))
                || (names_secret && names::is_value(&plain));
            let value = if taken { self.taken(value) } else { self.value(value, &inner) };
            kept.insert(self.text(name, place), value);
        }
        kept
    }

    /// What stands for a value that must not be kept. That something is on or off, or not there, is no secret.
    fn taken(&mut self, value: Value) -> Value {
        if matches!(value, Value::Null | Value::Bool(_)) {
            return value;
        }
        self.see(&value, 0);
        Value::String(REMOVED.to_owned())
    }

    fn see(&mut self, value: &Value, depth: usize) {
        if self.seen.len() >= RECOGNISABLE_MAX || depth > ORIGINAL_DEPTH_MAX {
            return;
        }
        match value {
            Value::String(text) => {
                let is_telling = text.chars().nth(RECOGNISABLE_MIN_CHARS - 1).is_some()
                    && !text.contains(char::is_whitespace)
                    && !is_harmless_text(text);
                if is_telling && !self.seen.contains(text) {
                    self.seen.push(text.clone());
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.see(value, depth + 1)),
            // Of what was taken out whole, only its secret parts: its name may stand elsewhere for good reason.
            Value::Object(fields) => fields
                .iter()
                .filter(|(name, _)| is_secret(name) || names::is_payload(&names::plain(name)))
                .for_each(|(_, value)| self.see_all(value, depth + 1)),
            _ => {}
        }
    }

    fn see_all(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Object(fields) if depth <= ORIGINAL_DEPTH_MAX => {
                fields.values().for_each(|value| self.see_all(value, depth + 1));
            }
            _ => self.see(value, depth),
        }
    }

    fn text(&mut self, text: String, place: &Place) -> String {
        let text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
        if place.embedded < EMBEDDED_MAX
            && text.trim_start().starts_with(['{', '['])
            && let Ok(Plain(value @ (Value::Object(_) | Value::Array(_)))) = serde_json::from_str(&text)
        {
            let inner = Place { embedded: place.embedded + 1, ..*place };
            let clean = self.value(value.clone(), &inner);
            // Untouched, it stays as it was written.
            return if clean == value { text } else { clean.to_string() };
        }
        shapes::without_secrets(&text).unwrap_or(text)
    }
}

/// Takes these values out wherever they stand.
fn blot(value: &mut Value, seen: &[String]) {
    match value {
        Value::String(text) => {
            for secret in seen {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), REMOVED);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| blot(value, seen)),
        Value::Object(fields) => {
            let is_named = |name: &String| seen.iter().any(|secret| name.contains(secret.as_str()));
            if fields.keys().any(is_named) {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(name, value)| (if is_named(&name) { REMOVED.to_owned() } else { name }, value))
                    .collect();
            }
            fields.values_mut().for_each(|value| blot(value, seen));
        }
        _ => {}
    }
}

/// The record in its bounds. What had to be left out says so and how much it was.
fn fitted(mut record: Value) -> Value {
    // Writing it out costs more than a rough sum, which is enough for nearly all.
    if bytes_at_most(&record) <= ORIGINAL_MAX_BYTES || bytes(&record) <= ORIGINAL_MAX_BYTES {
        return record;
    }
    shorten(&mut record);
    leave_out_largest(&mut record);
    let size = bytes(&record);
    if size <= ORIGINAL_MAX_BYTES { record } else { left_out(size) }
}

/// Leaves out the largest parts until the rest fits. Each part is measured once: a hostile record has many.
fn leave_out_largest(record: &mut Value) {
    let mut total = bytes(record);
    let mut parts: Vec<(usize, &mut Value)> = match record {
        Value::Object(fields) => fields.values_mut().map(|value| (bytes(value), value)).collect(),
        Value::Array(values) => values.iter_mut().map(|value| (bytes(value), value)).collect(),
        _ => Vec::new(),
    };
    parts.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    for (size, part) in parts {
        let note = left_out(size);
        let saved = size.saturating_sub(bytes(&note));
        if total <= ORIGINAL_MAX_BYTES || saved == 0 {
            return;
        }
        *part = note;
        total -= saved;
    }
}

fn left_out(bytes: usize) -> Value {
    Value::String(format!("left out: {bytes} bytes"))
}

/// No fewer than the record has when it is written out: a character takes six at most, `\u0007`.
fn bytes_at_most(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() * 6 + 2,
        Value::Array(values) => 2 + values.iter().map(|value| bytes_at_most(value) + 1).sum::<usize>(),
        Value::Object(fields) => {
            2 + fields.iter().map(|(name, value)| name.len() * 6 + 4 + bytes_at_most(value)).sum::<usize>()
        }
        _ => 32,
    }
}

fn bytes(value: &Value) -> usize {
    serde_json::to_vec(value).map_or(0, |bytes| bytes.len())
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            let length = text.chars().count();
            if length > SHORT_CHARS * 2 {
                let start: String = text.chars().take(SHORT_CHARS).collect();
                *text = format!("{start}… (left out: {} characters)", length - SHORT_CHARS);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CANARY: &str = "Canary-7f3a9c1e5b";

    #[test]
    fn what_is_named_like_a_secret_goes_and_what_only_sounds_like_one_stays() {
        for name in [
            "password",
            "db_password",
            "PASSWD",
            "clientSecret",
            "secretAccessKey",
            "sessionToken",
            "accessKeyId",
            "Authorization",
            "Set-Cookie",
            "session_id",
            "externalSessionId",
            "rootSessionId",
            "session_uuid",
            "x-amz-security-token",
            "privateKey",
            "SAMLAssertion",
            "apiKey",
            "credentials",
            "hashed_token",
            "session",
        ] {
            let clean = kept(json!({ "outer": [{ name: CANARY }] }));
            assert_eq!(clean, json!({ "outer": [{ name: REMOVED }] }), "{name}");
        }
        let harmless = json!({
            "tokenType": "Bearer", "secretId": "prod/db", "secretName": "a", "passwordResetRequired": true,
            "granular_bot_token": true, "roleSessionName": "ada", "sessionContext": { "attributes": { "a": "1" } },
            "authorization.k8s.io/decision": "allow", "authorizationInfo": [{ "granted": true }], "token": null,
            "credentialType": "PASSWORD", "secretKeyRef": { "name": "db", "key": "password" },
        });
        assert_eq!(kept(harmless.clone()), harmless);
    }

    #[test]
    fn what_went_for_its_name_goes_wherever_else_it_stands() {
        let record = json!({
            "sessionId": CANARY, "url": format!("wss://a/{CANARY}?x=1"), "deep": { format!("k-{CANARY}"): [CANARY] },
        });
        assert!(!kept(record).to_string().contains(CANARY));
    }

    #[test]
    fn whose_secret_it_was_stays() {
        let record = json!({
            "requestParameters": { "userName": "ada-of-payroll" },
            "responseElements": { "accessKey": { "userName": "ada-of-payroll", "accessKeyId": CANARY } },
            "objectRef": { "resource": "secrets", "name": "database-main" },
            "requestObject": { "metadata": { "name": "database-main" }, "data": { "x": { "y": CANARY } } },
            "copy": CANARY, "statement": { "Effect": "Allow", "Sid": "AllowAll" },
        });
        let clean = kept(record);
        assert_eq!(clean["requestParameters"]["userName"], "ada-of-payroll");
        assert_eq!(clean["objectRef"]["name"], "database-main");
        assert_eq!(clean["statement"]["Sid"], "AllowAll");
        assert!(!clean.to_string().contains(CANARY));
    }

    #[test]
    fn sessions_secrets_of_kubernetes_and_named_values_lose_what_they_carry() {
        for record in [
            json!({ "actor": { "session": { "uid": CANARY, "issuer": "x" } } }),
            json!({ "kind": "Secret", "data": { "a": CANARY }, "stringData": { "a": CANARY } }),
            json!({ "kind": "SecretList", "items": [{ "data": { "a": CANARY } }] }),
            json!({ "objectRef": { "resource": "secrets" }, "requestObject": [{ "op": "add", "value": CANARY }] }),
            json!({ "env": [{ "name": "DB_PASSWORD", "value": CANARY }] }),
            json!({ "annotation": format!("{{\"a\":{{\"password\":\"{CANARY}\"}}}}") }),
        ] {
            assert!(!kept(record.clone()).to_string().contains(CANARY), "{record}");
        }
        assert_eq!(
            kept(json!({ "session": { "uid": CANARY, "issuer": "x" } }))["session"]["issuer"],
            json!("x")
        );
    }

    #[test]
    fn what_is_kept_always_passes_its_bounds() {
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        let wide: Map<String, Value> = (0..20_000).map(|n| (format!("field{n}"), json!(n))).collect();
        for record in [
            deep,
            json!({ "a\0b": "c\0d" }),
            json!({ "big": "x".repeat(1 << 20), "small": "stays" }),
            json!({ "many": vec!["y".repeat(300); 1_000], "small": "stays" }),
            Value::Object(wide),
            (0..10_000).map(|n| (format!("field{n}"), json!("z".repeat(400)))).collect(),
            json!("x".repeat(1 << 20)),
        ] {
            let clean = kept(record);
            assert_eq!(super::super::check_original(&clean), Ok(()));
        }
        let clean = kept(json!({ "big": "x".repeat(1 << 20), "small": "stays" }));
        assert_eq!(clean["small"], "stays");
        assert!(clean["big"].as_str().expect("text").ends_with("… (left out: 1048320 characters)"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_read(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "password", "=", ":", " ", "'", "\"", "\\", "$", "$a$", "E'", "://", "u:p@h", "Bearer ", "eyJ", "ghp_",
                    "-----BEGIN ", "PRIVATE KEY-----", "{", "}", "[", "]", ",", "ä", "\u{1f511}", "\0", "token", "\n",
                ]),
                0..40,
            )
        ) {
            let odd = pieces.concat();
            let clean = kept(json!({ "text": odd, odd.clone(): [odd.clone()], "name": odd, "value": odd }));
            proptest::prop_assert_eq!(super::super::check_original(&clean), Ok(()));
            // And what was kept can be kept again.
            let again = kept(clean.clone());
            proptest::prop_assert_eq!(super::super::check_original(&again), Ok(()));
        }
    }
}
