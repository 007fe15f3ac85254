//! Six events, written after the schema; `samples/README.md` says how they were checked.

use domain::audit::Outcome;
use domain::usage::{OutsideEvent, OutsideKind};

use super::super::split::Records;
use super::super::{Format, Layout, recognise};
use super::one;

const SAMPLES: &str = include_str!("../samples/ocsf.jsonl");

fn events() -> Vec<OutsideEvent> {
    Records::new(SAMPLES.as_bytes(), Layout::Json)
        .map(|(_, record)| {
            let record = record.expect("a record");
            assert_eq!(recognise(&record).map(Format::name), Some("ocsf"));
            one("ocsf", record)
        })
        .collect()
}

#[test]
fn authentication_and_api_activity_are_read_and_other_classes_stay_with_their_original() {
    let lines: Vec<String> = events()
        .iter()
        .map(|event| {
            format!(
                "{} {} {} {} {:?} {:?}",
                event.external_id,
                event.action.as_str(),
                event.outcome.as_str(),
                event.actor.name,
                event.target.resource.as_deref().unwrap_or_default(),
                event.operation.as_deref().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            r#"ocsf-1 session.opened success Ada Byron "Payroll" "Authentication: Logon""#,
            r#"ocsf-2 session.opened denied ada "Payroll" "Authentication: Logon""#,
            r#"ocsf-3 session.closed success ada "payroll.example.com" """#,
            r#"ocsf-4 resource.accessed success backup "prod/db" "GetSecret""#,
            r#"ocsf-5 resource.deleted denied ada@example.com "vault" "DeleteSecret""#,
            r#"ocsf-6 resource.other success root "" "Group Management: Add User""#,
        ]
    );
}

#[test]
fn who_and_when_and_from_where_are_read_and_the_session_is_not() {
    let events = events();
    let first = &events[0];
    assert_eq!(first.occurred_at.to_rfc3339(), "2026-11-23T10:02:53.515+00:00");
    assert_eq!(first.actor.kind, OutsideKind::Person);
    assert_eq!(first.actor.email.as_deref(), Some("ada@example.com"));
    assert_eq!(first.actor.subject.as_deref(), Some("u-1"));
    assert_eq!(first.ip, "198.51.100.7".parse().ok());
    assert_eq!(first.user_agent.as_deref(), Some("Firefox/130"));
    assert_eq!(first.original["session"]["issuer"], "acme");
    assert_eq!(events[1].reason.as_deref(), Some("The password is wrong."));
    assert_eq!(events[3].actor.kind, OutsideKind::Machine);
    assert_eq!(events[3].target.entitlement.as_deref(), Some("vault:GetSecret"));
    assert_eq!(events[4].outcome, Outcome::Denied);
    assert!(!format!("{events:?}").contains("canary"));
}
