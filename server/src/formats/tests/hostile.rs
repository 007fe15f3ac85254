//! What can be wrong with a record, and what must never come out of one.

use domain::text::LINE_MAX_CHARS;
use domain::usage::OutsideEvent;
use serde_json::{Map, Value, json};

use super::super::{Reading, all, read};
use super::{format, now, one};

const CANARY: &str = "Canary-4b1d-9e77-a0c3";

/// A plain record of each format.
fn samples() -> Vec<(&'static str, Value)> {
    let time = "2026-11-23T10:00:00Z";
    vec![
        (
            "gatebook",
            json!({ "id": "1", "time": time, "action": "session.opened", "actor": { "name": "ada" }, "detail": {} }),
        ),
        (
            "ocsf",
            json!({ "class_uid": 6003, "time": 1_795_428_173_515_i64, "metadata": { "uid": "1", "product": {} }, "actor": { "user": { "name": "ada" } }, "api": { "operation": "Get" } }),
        ),
        (
            "cloudtrail",
            json!({ "eventID": "1", "eventTime": time, "eventName": "GetX", "eventSource": "x.amazonaws.com", "userIdentity": { "arn": "arn:aws:iam::1:user/ada" }, "requestParameters": {}, "errorMessage": "m" }),
        ),
        (
            "kubernetes",
            json!({ "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "1", "stage": "ResponseComplete", "verb": "get", "user": { "username": "ada" }, "objectRef": { "resource": "pods", "name": "a" }, "requestReceivedTimestamp": time, "userAgent": "x" }),
        ),
        (
            "postgresql",
            json!({ "timestamp": "2026-11-23 10:00:00 UTC", "user": "ada", "dbname": "d", "session_id": "s", "line_num": 1, "error_severity": "LOG", "message": "statement: select 1" }),
        ),
        (
            "github_webhook",
            json!({ "X-GitHub-Event": "team", "X-GitHub-Delivery": "1", "payload": { "action": "created", "sender": { "login": "ada", "type": "User" }, "organization": { "login": "acme" } } }),
        ),
        (
            "okta",
            json!({ "uuid": "1", "published": time, "eventType": "user.session.start", "actor": { "displayName": "Ada", "alternateId": "ada@example.com" }, "client": {}, "outcome": { "result": "SUCCESS" } }),
        ),
        (
            "google_workspace",
            json!({ "kind": "admin#reports#activity", "id": { "applicationName": "drive", "time": time, "uniqueQualifier": "1" }, "actor": { "email": "ada@example.com" }, "events": [{ "name": "view", "parameters": [{ "name": "doc_title", "value": "Plan" }] }, { "name": "edit" }] }),
        ),
        (
            "google_cloud",
            json!({ "insertId": "1", "timestamp": time, "protoPayload": { "methodName": "a.get", "authenticationInfo": { "principalEmail": "ada@example.com" }, "resourceName": "x" } }),
        ),
        (
            "slack",
            json!({ "id": "1", "date_create": 1_795_428_173, "action": "user_login", "actor": { "type": "user", "user": { "id": "U1", "name": "ada" } }, "context": { "ip_address": "10.0.0.1" } }),
        ),
        (
            "onepassword",
            json!({ "uuid": "1", "timestamp": time, "item_uuid": "i", "vault_uuid": "v", "user": { "name": "Ada" }, "client": {} }),
        ),
        (
            "sshd",
            json!({ "line": "Nov 23 10:00:00 web sshd[1]: Accepted publickey for ada from 10.0.0.1 port 22 ssh2: RSA SHA256:x" }),
        ),
        (
            "github",
            json!({ "_document_id": "1", "created_at": time, "action": "repo.create", "actor": "ada", "repo": "a/b" }),
        ),
    ]
}

fn events(name: &str, record: Value) -> Result<Vec<OutsideEvent>, String> {
    match read(format(name), record, now()) {
        Ok(Reading::Events(events)) => Ok(events),
        Ok(Reading::Skipped(_)) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// Every place in a record.
fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let place = format!("{here}/{}", name.replace('~', "~0").replace('/', "~1"));
                found.push(place.clone());
                pointers(value, &place, found);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                let place = format!("{here}/{index}");
                found.push(place.clone());
                pointers(value, &place, found);
            }
        }
        _ => {}
    }
}

#[test]
fn there_is_a_sample_of_every_format_and_each_is_read() {
    let samples = samples();
    assert_eq!(samples.len(), all().len());
    for format in all() {
        let (_, record) = samples.iter().find(|(name, _)| *name == format.name()).expect("a sample");
        assert!(format.recognises(record), "{}", format.name());
        let events = events(format.name(), record.clone()).expect("readable");
        assert!(
            !events.is_empty()
                && events.iter().all(|event| !event.undated || format.name() == "github_webhook")
        );
    }
}

#[test]
fn a_wrong_type_anywhere_is_an_error_or_an_event_and_never_a_crash() {
    let deep = (0..100).fold(json!(1), |inner, _| json!({ "a": [inner] }));
    let wrong = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("\u{0}"),
        json!("x".repeat(1 << 20)),
        json!([]),
        json!({}),
        json!([[1]]),
        json!({ "a": 1 }),
        json!("\u{202e}evil\u{7}"),
        deep,
    ];
    for (name, record) in samples() {
        let mut places = Vec::new();
        pointers(&record, "", &mut places);
        for place in places {
            for value in &wrong {
                let mut record = record.clone();
                *record.pointer_mut(&place).expect("there") = value.clone();
                match events(name, record) {
                    Ok(events) => events.into_iter().for_each(|event| {
                        assert!(event.checked(now()).is_ok(), "{name} {place}");
                    }),
                    Err(error) => assert!(error.contains(": "), "{name} {place}: {error}"),
                }
            }
        }
    }
}

#[test]
fn no_secret_and_no_session_id_comes_out_wherever_it_stood() {
    let secrets: Map<String, Value> = [
        "password",
        "sessionId",
        "session_id",
        "externalSessionId",
        "rootSessionId",
        "session_uuid",
        "accessKeyId",
        "secretAccessKey",
        "token",
        "access_token",
        "Authorization",
        "cookie",
        "clientSecret",
        "privateKey",
        "assertion",
    ]
    .iter()
    .map(|name| ((*name).to_owned(), json!(CANARY)))
    .chain([
        ("session".to_owned(), json!({ "id": CANARY, "uid": CANARY })),
        ("kind".to_owned(), json!("Secret")),
        ("data".to_owned(), json!({ "x": CANARY })),
        ("header".to_owned(), json!(format!("Bearer {CANARY}"))),
        ("url".to_owned(), json!(format!("https://u:{CANARY}@h/?access_token={CANARY}&sid={CANARY}"))),
        ("text".to_owned(), json!(format!("{{\"password\":\"{CANARY}\"}}"))),
        ("copy".to_owned(), json!(format!("also in {CANARY} here"))),
    ])
    .collect();
    for (name, record) in samples() {
        let mut places = vec![String::new()];
        pointers(&record, "", &mut places);
        for place in places {
            let mut record = record.clone();
            let here = record.pointer_mut(&place).expect("there");
            match here {
                Value::Object(fields) if name != "gatebook" || place == "/detail" => fields.extend(
                    secrets
                        .iter()
                        .filter(|(field, _)| !place.is_empty() || *field != "kind")
                        .map(|(a, b)| (a.clone(), b.clone())),
                ),
                Value::String(text) => {
                    text.push_str(&format!(" password={CANARY} Bearer {CANARY} eyJhbGciOi.{CANARY}.x"))
                }
                _ => continue,
            }
            if let Ok(events) = events(name, record) {
                let kept = format!("{events:?}");
                // A source's own id is kept as it is: it is what a record is known by.
                let ids: String = events.iter().map(|event| event.external_id.as_str()).collect();
                assert!(!kept.contains(CANARY) || ids.contains(CANARY), "{name} {place}: {kept}");
            }
        }
    }
}

#[test]
fn a_wrong_clock_is_refused_by_every_format_that_has_a_year() {
    for (name, place, first, last) in [
        ("gatebook", "/time", json!("0001-01-01T00:00:00Z"), json!("9999-12-31T23:59:59Z")),
        ("ocsf", "/time", json!(0), json!(253_402_300_799_000_i64)),
        ("cloudtrail", "/eventTime", json!("0001-01-01T00:00:00Z"), json!("9999-12-31T23:59:59Z")),
        (
            "kubernetes",
            "/requestReceivedTimestamp",
            json!("0001-01-01T00:00:00Z"),
            json!("9999-12-31T23:59:59Z"),
        ),
        ("postgresql", "/timestamp", json!("0001-01-01 00:00:00 UTC"), json!("9999-12-31 23:59:59 UTC")),
        ("okta", "/published", json!("0001-01-01T00:00:00Z"), json!("9999-12-31T23:59:59Z")),
        ("slack", "/date_create", json!(0), json!(253_402_300_799_i64)),
    ] {
        let (_, record) = samples().into_iter().find(|(sample, _)| *sample == name).expect("a sample");
        for (time, fault) in
            [(first, "time: This is before 1990"), (last, "time: This is more than 24 hours ahead")]
        {
            let mut record = record.clone();
            *record.pointer_mut(place).expect("there") = time;
            let error = events(name, record).expect_err("refused");
            assert!(error.starts_with(fault), "{name}: {error}");
        }
    }
}

#[test]
fn our_own_format_refuses_by_name_what_it_does_not_know() {
    let with = |name: &str, value: Value| {
        let (_, mut record) = samples().remove(0);
        record.as_object_mut().expect("an object").insert(name.to_owned(), value);
        events("gatebook", record).expect_err("refused")
    };
    for (name, value, fault) in [
        ("", json!(1), "record: A field in it has no name."),
        ("actor", json!({ " ": 1 }), "actor: A field in it has no name."),
        ("extra", json!(1), "extra: There is no such field; there are id, time, "),
        ("id", json!(""), "id: This is missing."),
        ("id", json!(7), "id: This is not a text."),
        ("id", json!("x".repeat(201)), "id: This is 201 characters long"),
        ("time", json!(null), "time: This is missing."),
        ("time", json!("2026-11-23 10:00:00"), "time: “2026-11-23 10:00:00” is not a time with an offset"),
        ("action", json!("request.approved"), "action: “request.approved” is neither"),
        ("outcome", json!("ok"), "outcome: This is none of success, denied, failure."),
        ("actor", json!("ada"), "actor: This is not an object."),
        ("actor", json!({ "mail": "x" }), "actor.mail: There is no such field"),
        ("actor", json!({ "kind": "robot" }), "actor.kind: This is none of person"),
        ("actor", json!({ "name": "x".repeat(201) }), "actor.name: This is 201 characters long"),
        ("ip", json!("10.0.0"), "ip: This is neither"),
        ("resource", json!(["x"]), "resource: This is not a text."),
        ("detail", json!([]), "detail: This is not an object."),
        ("detail", json!({ "a": "\u{0}" }), "original: This contains the character NUL"),
        ("detail", json!({ "a": "x".repeat(70_000) }), "original: This is 7"),
        ("user_agent", json!("x".repeat(501)), "user_agent: This is 501 characters long"),
    ] {
        let error = with(name, value);
        assert!(error.starts_with(fault), "{error}");
    }
    assert_eq!(events("gatebook", json!([])).expect_err("refused"), "event: This is not an object.");
}

#[test]
fn what_is_too_long_in_a_foreign_log_is_shortened_and_its_original_says_so() {
    let (_, mut record) = samples().into_iter().find(|(name, _)| *name == "kubernetes").expect("a sample");
    record["userAgent"] = json!("u".repeat(1 << 20));
    record["objectRef"]["name"] = json!("n".repeat(400));
    record["requestObject"] = json!({ "spec": vec!["y".repeat(200); 2_000] });
    let event = one("kubernetes", record);
    let resource = event.target.resource.expect("a resource");
    assert_eq!(resource.chars().count(), LINE_MAX_CHARS);
    assert!(resource.ends_with('…'));
    assert_eq!(event.actor.name, "ada");
    assert!(event.original["requestObject"].as_str().expect("a note").starts_with("left out: "));
}
