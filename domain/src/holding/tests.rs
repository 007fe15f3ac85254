use chrono_tz::Europe::Berlin;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::caller::Source;
use crate::id::EventId;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

fn minute(n: u32) -> DateTime<Utc> {
    at("2026-11-23T10:00:00Z") + TimeDelta::minutes(n.into())
}

fn event(minutes: u32, action: Action, detail: Value) -> Event {
    Event {
        id: EventId(Uuid::from_u128(minutes.into())),
        occurred_at: minute(minutes),
        recorded_at: minute(60),
        actor: Actor::Person { id: PersonId(Uuid::from_u128(1)), name: "Ana Ruiz".into() },
        action: action.as_str().into(),
        outcome: Outcome::Success,
        subject: Some(PersonRef { id: PersonId(Uuid::from_u128(2)), name: "Ben Okafor".into() }),
        resource: About { resource: Some("payments-prod".into()), ..About::default() },
        request_id: Some(RequestId(Uuid::from_u128(3))),
        grant_id: Some(GrantId(Uuid::from_u128(4))),
        source: Source::of("job"),
        reason: None,
        detail,
    }
}

fn told(events: &[Event]) -> Option<Holding> {
    events.iter().fold(None, read)
}

#[test]
fn access_is_held_from_its_opening_until_just_before_its_closing() {
    let end = minute(240);
    let events = [
        event(0, Action::GrantActivating, json!({})),
        event(1, Action::GrantActivated, json!({ "until": end })),
        event(5, Action::GrantEnding, json!({})),
        event(6, Action::GrantEnded, json!({ "known": "verified" })),
    ];
    assert_eq!(told(&events[..1]), None, "what is only being opened is not held");
    let open = told(&events[..3]).expect("held");
    assert_eq!((open.opened_at, open.ends_at, open.closed.clone()), (minute(1), Some(end), None));
    assert!(open.is_held_at(minute(1_000)), "until it is known to be closed");
    let closed = told(&events).expect("was held");
    let held: Vec<bool> = [0, 1, 5, 6].map(|n| closed.is_held_at(minute(n))).into();
    assert_eq!(held, [false, true, true, false]);
    let end = closed.closed.expect("closed");
    assert_eq!((end.why, end.known), (Removal::TimeRanOut, Some(RemovalKnown::Verified)));
    assert_eq!(end.attested_by, None, "nobody attests what was read back");
}

#[test]
fn what_was_taken_away_says_why_and_who_attested_it() {
    let closed = told(&[
        event(1, Action::GrantActivated, json!({})),
        event(2, Action::GrantRevoking, json!({ "cause": "leaver" })),
        event(3, Action::GrantRevoked, json!({ "known": "attested" })),
        event(4, Action::GrantEnded, json!({ "known": "verified" })),
    ])
    .and_then(|holding| holding.closed)
    .expect("closed");
    assert_eq!((closed.at, closed.why), (minute(3), Removal::Revoked(Cause::Leaver)));
    assert_eq!(
        (closed.known, closed.attested_by.as_deref()),
        (Some(RemovalKnown::Attested), Some("Ana Ruiz"))
    );
}

#[test]
fn a_shortened_end_is_the_end_and_an_older_event_without_one_says_nothing() {
    let after = json!({ "before": { "ends_at": minute(90) }, "after": { "ends_at": minute(30) } });
    let held = told(&[
        event(1, Action::GrantActivated, json!({ "until": minute(90) })),
        event(2, Action::GrantShortened, after),
    ]);
    assert_eq!(held.and_then(|held| held.ends_at), Some(minute(30)));
    let held = told(&[event(1, Action::GrantActivated, json!({ "known": "attested" }))]);
    assert_eq!(held.expect("held").ends_at, None);
}

#[test]
fn imported_access_began_when_it_says_and_says_what_is_not_recorded() {
    let mut found = event(9, Action::GrantImported, json!({ "since": minute(1), "until": null }));
    found.source = Source::of("imported");
    found.request_id = None;
    let held = told(std::slice::from_ref(&found)).expect("held");
    assert_eq!((held.opened_at, held.is_imported, held.request), (minute(1), true, None));
    found.detail = json!({ "since": null });
    assert_eq!(told(&[found]).expect("held").opened_at, minute(9));

    let mut given = event(1, Action::GrantActivated, json!({ "decided_by": "not recorded" }));
    let mut again = event(2, Action::GrantActivated, json!({ "held_already": true }));
    let mut taken = event(3, Action::GrantRevoked, json!({}));
    for event in [&mut given, &mut again, &mut taken] {
        event.source = Source::of("imported");
    }
    let held = told(&[given, again, taken]).expect("held");
    let closed = held.closed.expect("closed");
    assert_eq!(held.opened_at, minute(1), "given twice, held since the first");
    assert_eq!(closed.why, Removal::Revoked(Cause::NotRecorded));
    assert_eq!(closed.known, Some(RemovalKnown::NotRecorded));
}

#[test]
fn what_was_refused_or_went_wrong_changes_nothing() {
    let mut refused = event(1, Action::GrantActivated, json!({}));
    refused.outcome = Outcome::Denied;
    assert_eq!(told(&[refused]), None);
    let mut failed = event(2, Action::GrantRevoked, json!({}));
    failed.outcome = Outcome::Failure;
    let held = told(&[event(1, Action::GrantActivated, json!({})), failed]);
    assert!(held.expect("held").closed.is_none());
    assert_eq!(told(&[event(2, Action::GrantRevoked, json!({}))]), None, "what never was open");
}

#[test]
fn a_bare_date_means_its_end_in_the_readers_zone_and_today_means_now() {
    let now = at("2026-11-23T10:00:00Z");
    let of = |typed: &str| moment_of(typed, Berlin, now);
    assert_eq!(of("2026-11-20"), Ok(at("2026-11-20T22:59:59.999999Z")));
    assert_eq!(of("2026-11-20T08:30"), Ok(at("2026-11-20T07:30:00Z")));
    for typed in ["", " ", "2026-11-23"] {
        assert_eq!(of(typed), Ok(now), "{typed:?}");
    }
    // It is the 24th there already.
    let late = at("2026-11-23T23:30:00Z");
    assert_eq!(moment_of("2026-11-24", Berlin, late), Ok(late));
    for typed in ["2026-11-24", "9999-12-31", "2026-11-23 11:01"] {
        assert_eq!(of(typed), Err(AsOfError::Future(typed.to_owned())), "{typed}");
    }
    for typed in ["yesterday", "0001-01-01", "20.11.2026", "2026-02-30", "2026-03-29T02:30"] {
        assert!(matches!(of(typed), Err(AsOfError::Unreadable(_))), "{typed}");
    }
}
