use domain::usage::OutsideEvent;
use serde_json::json;

use super::super::Reading;
use super::*;

/// The example of `docs/formats.md`.
const DOORS: &str = r#"
name = "doors"
title = "Door readers"
recognise = [[{ at = "/reader", exists = true }, { at = "/badge/id", exists = true }]]
time = ["/at", { at = "/at_unix", format = "seconds" }]
zone = "Europe/Berlin"

[fields]
id = "{/reader}-{/number}"
action = "resource.other"
outcome = { at = "/result", map = { opened = "success", refused = "denied" }, default = "failure" }
actor.kind = "person"
actor.name = ["/badge/holder", "/badge/id"]
actor.account = "/badge/id"
resource = "{/building}/{/reader}"

[[rule]]
when = [{ at = "/event", is = ["entry", "exit"] }]
action = "resource.accessed"
operation = "/event"

[[rule]]
when = [{ at = "/event", starts_with = "self-test" }]
skip = "a reader's test of itself"
"#;

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().expect("a time")
}

fn read(mapping: &Mapping, record: Value) -> Reading {
    super::super::read(mapping, record, now()).expect("readable")
}

fn one(mapping: &Mapping, record: Value) -> OutsideEvent {
    match read(mapping, record) {
        Reading::Events(mut events) => events.remove(0),
        skipped @ Reading::Skipped(_) => panic!("{skipped:?}"),
    }
}

fn line(text: &str) -> OutsideEvent {
    let sshd = embedded().find(|mapping| mapping.name == "sshd").expect("sshd");
    one(&sshd, json!({ "line": text }))
}

#[test]
fn every_mapping_that_comes_with_the_product_is_sound() {
    for text in EMBEDDED {
        if let Err(error) = Mapping::parse(text) {
            panic!("{error}\n{}", text.lines().take(3).collect::<Vec<_>>().join("\n"));
        }
    }
}

#[test]
fn a_mapping_says_which_field_is_where() {
    let doors = Mapping::parse(DOORS).expect("a mapping");
    let record = json!({
        "reader": "r7", "number": 12, "building": "HQ", "at": "2026-11-23 11:00:00", "event": "entry",
        "result": "refused", "badge": { "id": "B-1", "pin": "canary" },
    });
    assert!(doors.recognises(&record));
    let event = one(&doors, record);
    assert_eq!(event.external_id, "r7-12");
    assert_eq!(event.occurred_at.to_rfc3339(), "2026-11-23T10:00:00+00:00");
    assert_eq!((event.action.as_str(), event.outcome), ("resource.accessed", Outcome::Denied));
    assert_eq!((event.actor.name.as_str(), event.actor.kind), ("B-1", OutsideKind::Person));
    assert_eq!(event.target.resource.as_deref(), Some("HQ/r7"));
    assert_eq!(event.original["badge"]["pin"], "removed");
    let test = json!({ "reader": "r7", "badge": { "id": "-" }, "event": "self-test 1" });
    assert_eq!(read(&doors, test), Reading::Skipped("a reader's test of itself".into()));
    let unknown = one(&doors, json!({ "event": "opened by hand", "at_unix": 1_795_428_173 }));
    assert_eq!(
        (unknown.action.as_str(), unknown.outcome, unknown.undated),
        ("resource.other", Outcome::Failure, false)
    );
}

#[test]
fn the_example_of_the_documentation_does_what_it_says() {
    const DOCUMENTATION: &str = include_str!("../../../../docs/formats.md");
    let example =
        DOCUMENTATION.split("```toml").nth(1).and_then(|text| text.split("```").next()).expect("toml");
    let doors = Mapping::parse(example).expect("a mapping");
    let record =
        DOCUMENTATION.split("From `").nth(1).and_then(|text| text.split('`').next()).expect("a record");
    let record: Value = serde_json::from_str(record).expect("JSON");
    assert!(doors.recognises(&record));
    let event = one(&doors, record);
    assert_eq!(event.external_id, "r7-12");
    assert_eq!(event.occurred_at.to_rfc3339(), "2026-11-23T10:00:00+00:00");
    assert_eq!((event.action.as_str(), event.outcome), ("resource.accessed", Outcome::Denied));
    assert_eq!(event.target.resource.as_deref(), Some("HQ/r7"));
    assert_eq!((event.actor.name.as_str(), event.actor.kind), ("B-1", OutsideKind::Person));
}

#[test]
fn our_own_format_of_the_documentation_is_read() {
    const DOCUMENTATION: &str = include_str!("../../../../docs/formats.md");
    let example =
        DOCUMENTATION.split("```json").nth(1).and_then(|text| text.split("```").next()).expect("json");
    let record = serde_json::from_str(example).expect("JSON");
    let own = super::super::named("gatebook").expect("ours");
    assert!(matches!(super::super::read(own, record, now()), Ok(Reading::Events(_))));
}

#[test]
fn what_is_wrong_with_a_mapping_is_named_by_its_key() {
    let without = |from: &str, to: &str| {
        assert!(DOORS.contains(from), "{from}");
        Mapping::parse(&DOORS.replacen(from, to, 1)).expect_err("refused").to_string()
    };
    for (from, to, wanted) in [
        ("title = ", "titel = ", "titel"),
        ("operation = \"/event\"", "operatoin = \"/event\"", "operatoin"),
        ("actor.account", "actor.acount", "acount"),
        ("\"doors\"", "\"Do ors\"", "name: "),
        ("\"resource.accessed\"", "\"request.approved\"", "rule 1: action: “request.approved”"),
        ("\"resource.accessed\"", "\"/event\"", "rule 1: action: What the source writes"),
        ("refused = \"denied\"", "refused = \"no\"", "fields: outcome: “no”"),
        ("actor.kind = \"person\"", "actor.kind = \"robot\"", "fields: actor.kind: “robot”"),
        ("\"{/building}/{/reader}\"", "\"{/building\"", "fields: resource: In “{/building”"),
        ("\"{/building}/{/reader}\"", "\"{/a}{b}\"", "fields: resource: “b” is not a JSON pointer"),
        ("\"{/building}/{/reader}\"", "7", "expected a text, a list of which"),
        ("Europe/Berlin", "Mars/Base", "zone: “Mars/Base”"),
        (
            "[[{ at = \"/reader\", exists = true }, { at = \"/badge/id\", exists = true }]]",
            "[[]]",
            "recognise: ",
        ),
        ("starts_with = \"self-test\"", "starts_wiht = \"self-test\"", "starts_wiht"),
        ("starts_with = \"self-test\"", "exists = true, is = \"x\"", "rule 2: when: /event: say one of"),
        ("{ at = \"/event\", starts_with = \"self-test\" }", "", "rule 2: when: Without a condition"),
        (
            "{ at = \"/event\", starts_with = \"self-test\" }",
            "{ at = \"event\", is = \"x\" }",
            "rule 2: when: “event” is not a JSON pointer",
        ),
        (
            "{ at = \"/event\", starts_with = \"self-test\" }",
            "{ at = \"/event\", matches = \"{a}{b}\" }",
            "rule 2: when: In “{a}{b}”",
        ),
        ("skip = ", "id = \"/x\"\nskip = ", "rule 2: id: A record has one id"),
        ("zone = ", "lines = [\"{a}\"]\nzone = ", "lines: Only with input"),
        ("zone = ", "input = \"lines\"\nzone = ", "lines: With input"),
        ("id = ", "skip = \"x\"\nid = ", "fields: These hold for all"),
        ("title = ", "title = = ", "title = = "),
    ] {
        let error = without(from, to);
        assert!(error.contains(wanted), "{to}: {error}");
    }
}

#[test]
fn sshd_says_who_came_in_and_who_did_not() {
    for (text, wanted) in [
        (
            "Nov 23 10:00:00 web sshd[1]: Accepted publickey for ada from 10.0.0.1 port 22 ssh2: RSA SHA256:x",
            "session.opened success ada 10.0.0.1 2026-11-23T10:00:00+00:00",
        ),
        (
            "2026-11-23T11:00:00.5+01:00 web sshd-session[1]: Accepted password for ada from ::1 port 22 ssh2",
            "session.opened success ada ::1 2026-11-23T10:00:00.500+00:00",
        ),
        (
            "Nov 23 10:00:00 web sshd[1]: Failed password for root from 6.6.6.6 port 1 ssh2 from 10.0.0.9 port 22 ssh2",
            "session.opened denied root from 6.6.6.6 port 1 ssh2 10.0.0.9 2026-11-23T10:00:00+00:00",
        ),
        (
            "Nov 23 10:00:00 web sshd[1]: Failed password for invalid user x y from 10.0.0.9 port 22 ssh2",
            "session.opened denied x y 10.0.0.9 2026-11-23T10:00:00+00:00",
        ),
        (
            "Dec 31 10:00:00 web sshd[1]: Invalid user bo from 10.0.0.9 port 22",
            "session.opened denied bo 10.0.0.9 2025-12-31T10:00:00+00:00",
        ),
        (
            "Nov 23 10:00:00 web sshd[1]: Disconnected from user ada 10.0.0.1 port 22",
            "session.closed success ada 10.0.0.1 2026-11-23T10:00:00+00:00",
        ),
        (
            "Nov 23 10:00:00 web sshd[1]: Connection closed by authenticating user ada 10.0.0.1 port 22 [preauth]",
            "session.opened denied ada 10.0.0.1 2026-11-23T10:00:00+00:00",
        ),
        ("Nov 23 10:00:00 web sshd[1]: something new", "session.other success   2026-11-23T10:00:00+00:00"),
        ("what is this", "session.other success   2026-11-23T12:00:00+00:00"),
    ] {
        let event = line(text);
        let ip = event.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let (action, outcome, name) = (event.action.as_str(), event.outcome.as_str(), &event.actor.name);
        assert_eq!(
            format!("{action} {outcome} {name} {ip} {}", event.occurred_at.to_rfc3339()),
            wanted,
            "{text}"
        );
    }
    let sshd = embedded().find(|mapping| mapping.name == "sshd").expect("sshd");
    for text in [
        "Nov 23 10:00:00 web sshd[1]: pam_unix(sshd:session): session opened for user ada(uid=1) by (uid=0)",
        "Nov 23 10:00:00 web sshd[1]: Server listening on :: port 22.",
        "Nov 23 10:00:00 web CRON[1]: pam_unix(cron:session): session opened for user root",
    ] {
        assert!(matches!(read(&sshd, json!({ "line": text })), Reading::Skipped(_)), "{text}");
    }
}

#[test]
fn the_same_line_twice_is_the_same_event() {
    let text =
        "Nov 23 10:00:00 web sshd[1]: Accepted publickey for ada from 10.0.0.1 port 22 ssh2: RSA SHA256:x";
    assert_eq!(line(text).external_id, line(text).external_id);
    assert_ne!(line(text).external_id, line(&text.replace("[1]", "[2]")).external_id);
}

#[test]
fn of_a_record_with_several_events_each_is_one() {
    let google = embedded().find(|mapping| mapping.name == "google_workspace").expect("google");
    let record = json!({
        "kind": "admin#reports#activity", "id": { "applicationName": "drive", "time": "2026-11-23T10:00:00Z", "uniqueQualifier": "7" },
        "actor": { "email": "ada@example.com" },
        "events": [
            { "name": "view", "parameters": [{ "name": "doc_title", "value": "Plan" }] },
            { "name": "change_user_access", "type": "acl_change", "parameters": [{ "name": "doc_title", "value": "Plan" }] },
        ],
    });
    let Reading::Events(events) = read(&google, record) else { panic!("skipped") };
    let told: Vec<String> = events
        .iter()
        .map(|event| format!("{} {} {:?}", event.external_id, event.action.as_str(), event.target.resource))
        .collect();
    assert_eq!(
        told,
        [
            r#"7/2026-11-23T10:00:00Z resource.accessed Some("Plan")"#,
            r#"7/2026-11-23T10:00:00Z#1 resource.permissions_changed Some("Plan")"#,
        ]
    );
}

#[test]
fn a_record_of_very_many_events_is_refused() {
    let google = embedded().find(|mapping| mapping.name == "google_workspace").expect("google");
    let with = |count: usize| {
        let events = vec![json!({ "name": "view" }); count];
        let record = json!({ "kind": "admin#reports#activity", "id": { "time": "2026-11-23T10:00:00Z" }, "events": events });
        super::super::read(&google, record, now())
    };
    assert!(matches!(with(100), Ok(Reading::Events(events)) if events.len() == 100));
    let error = with(101).expect_err("refused").to_string();
    assert_eq!(error, "events: There are 101 events in this one record; at most 100 fit.");
}
