//! The log of a real server, as `csvlog` and as `jsonlog`; `samples/README.md` says how it was made.

use std::collections::BTreeMap;

use domain::audit::Outcome;
use domain::usage::OutsideEvent;
use serde_json::json;

use super::super::split::Records;
use super::super::{Format, Layout, Reading, read, recognise};
use super::{format, now, one};

const CSV: &str = include_str!("../samples/postgresql-15.csv");
const JSON: &str = include_str!("../samples/postgresql-15.jsonl");

fn readings(text: &str) -> (Vec<OutsideEvent>, BTreeMap<String, usize>) {
    let mut events = Vec::new();
    let mut skipped: BTreeMap<String, usize> = BTreeMap::new();
    for (_, record) in Records::new(text.as_bytes(), Layout::PostgreSql) {
        let record = record.expect("a record");
        assert_eq!(recognise(&record).map(Format::name), Some("postgresql"));
        match read(format("postgresql"), record, now()).expect("readable") {
            Reading::Events(found) => events.extend(found),
            Reading::Skipped(reason) => *skipped.entry(reason.into_owned()).or_default() += 1,
        }
    }
    (events, skipped)
}

fn line(event: &OutsideEvent) -> String {
    let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {} {} {} {}",
        event.action.as_str(),
        event.outcome.as_str(),
        event.actor.name,
        word(&event.target.resource),
        word(&event.operation)
    )
}

#[test]
fn both_files_of_one_server_say_the_same_under_the_same_ids() {
    let (from_csv, skipped) = readings(CSV);
    let (from_json, skipped_too) = readings(JSON);
    assert_eq!(skipped, skipped_too);
    assert_eq!(from_csv.len(), from_json.len());
    for (one, other) in from_csv.iter().zip(&from_json) {
        assert_eq!((&one.external_id, line(one)), (&other.external_id, line(other)));
        assert_eq!((one.occurred_at, one.ip), (other.occurred_at, other.ip));
    }
    let mut ids: Vec<&str> = from_csv.iter().map(|event| event.external_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), from_csv.len());
}

#[test]
fn of_77_lines_every_one_is_an_event_or_skipped_for_a_reason() {
    let (events, skipped) = readings(CSV);
    assert_eq!(events.len() + skipped.values().sum::<usize>(), 77);
    let skipped: Vec<String> = skipped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    assert_eq!(
        skipped,
        [
            "6 a message of the server about its own work",
            "2 a statement that only brackets or prepares others",
            "7 a step of a connection that a later line reports whole",
        ]
    );
}

#[test]
fn what_ada_did_is_told_in_order() {
    let (events, _) = readings(JSON);
    let lines: Vec<String> = events.iter().filter(|event| event.actor.name == "ada").map(line).collect();
    assert_eq!(
        lines,
        [
            "session.other success ada orders connection authenticated",
            "session.opened success ada orders connection authorized",
            "resource.changed success ada orders INSERT",
            "resource.changed success ada orders.shop.payment INSERT",
            "resource.accessed success ada orders SELECT",
            "resource.accessed success ada orders.shop.payment SELECT",
            "resource.accessed success ada orders.shop.payment SELECT",
            "resource.changed success ada orders DELETE",
            "resource.changed denied ada orders DELETE",
            "resource.accessed success ada orders PREPARE",
            "resource.accessed success ada orders PREPARE",
            "resource.accessed success ada orders EXECUTE",
            "resource.accessed success ada orders.shop.payment SELECT",
            "resource.accessed success ada orders.shop.payment SELECT",
            "resource.accessed success ada orders SELECT",
            "resource.accessed failure ada orders SELECT",
            "session.closed success ada orders disconnection",
            "session.opened denied ada orders connection refused",
            "session.other success ada missing connection authenticated",
            "session.opened success ada missing connection authorized",
            "session.opened failure ada missing connection refused",
        ]
    );
}

#[test]
fn passwords_in_statements_and_session_ids_are_not_kept() {
    for text in [CSV, JSON] {
        assert!(text.contains("canary-Sql-Pass-2") && text.contains("6b040f4d.31ca"), "they are in the log");
        let kept = format!("{:?}", readings(text).0);
        assert!(!kept.contains("canary-Sql-Pass"));
        assert!(!kept.contains("6b040f4d."));
    }
}

#[test]
fn statements_by_the_extended_protocol_and_with_durations_are_read() {
    let record = |message: &str| {
        json!({
            "timestamp": "2026-11-23 11:02:53.515 CET", "user": "app", "dbname": "orders", "session_id": "a.b",
            "line_num": 1, "error_severity": "LOG", "state_code": "00000", "message": message,
        })
    };
    for message in [
        "execute s1: select 1",
        "duration: 0.2 ms  statement: select 1",
        "duration: 1 ms  execute <unnamed>: select 1",
    ] {
        let event = one("postgresql", record(message));
        assert_eq!(line(&event), "resource.accessed success app orders SELECT", "{message}");
        assert_eq!(event.occurred_at.to_rfc3339(), "2026-11-23T10:02:53.515+00:00");
    }
    for message in [
        "duration: 0.1 ms",
        "duration: 0.1 ms  bind s1: select 1",
        "statement: commit",
        "checkpoint complete",
    ] {
        let reading = read(format("postgresql"), record(message), now()).expect("readable");
        assert!(matches!(reading, Reading::Skipped(_)), "{message}");
    }
}

#[test]
fn who_was_ended_by_an_administrator_is_told_apart_from_who_was_refused() {
    let record = |state: &str, message: &str| {
        json!({
            "timestamp": "2026-11-23 10:02:53 UTC", "user": "ada", "dbname": "orders", "session_id": "a.b",
            "line_num": 1, "error_severity": "FATAL", "state_code": state, "message": message,
        })
    };
    let ended = one("postgresql", record("57P01", "terminating connection due to administrator command"));
    assert_eq!(line(&ended), "session.closed failure ada orders connection ended");
    let refused = one("postgresql", record("28000", "no pg_hba.conf entry for host \"10.0.0.1\""));
    assert_eq!(refused.outcome, Outcome::Denied);
}
