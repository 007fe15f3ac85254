use super::*;
use crate::audit::Outcome;
use crate::id::{EventId, GrantId};
use crate::usage::{OutsideActor, UsageAction};
use uuid::Uuid;

const BEN: PersonId = PersonId(Uuid::from_u128(1));
const EVA: PersonId = PersonId(Uuid::from_u128(2));
const LEDGER: SystemId = SystemId(Uuid::from_u128(3));
const PAYOUTS: ResourceId = ResourceId(Uuid::from_u128(4));
const READ: EntitlementId = EntitlementId(Uuid::from_u128(5));
const GRANT: GrantId = GrantId(Uuid::from_u128(6));

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn noon() -> DateTime<Utc> {
    at("2026-11-23T12:00:00Z")
}

fn resource(id: ResourceId, slug: &str, created: &str, deleted: Option<&str>) -> KnownResource {
    KnownResource {
        id,
        system: LEDGER,
        slug: slug.into(),
        name: "Payouts".into(),
        created_at: at(created),
        deleted_at: deleted.map(at),
    }
}

/// Ben holds `read` (`ledger_read` at the target) on Payouts in the Ledger since noon.
fn known() -> Known {
    let morning = at("2026-11-23T08:00:00Z");
    let mut known = Known {
        systems: vec![KnownSystem {
            id: LEDGER,
            slug: "ledger".into(),
            name: "The Ledger".into(),
            created_at: morning,
            deleted_at: None,
        }],
        ..Known::default()
    };
    known.emails.insert("ben@example.com".into(), BEN);
    known.subjects.insert("00u1".into(), vec![BEN]);
    known.subjects.insert("both".into(), vec![BEN, EVA]);
    known.accounts.insert((LEDGER, "ben".into()), vec![("ben".into(), BEN), ("BEN".into(), EVA)]);
    known.accounts.insert((LEDGER, "robot".into()), vec![("robot".into(), EVA)]);
    know(&mut known, resource(PAYOUTS, "payouts-prod", "2026-11-23T08:00:00Z", None));
    let read = KnownEntitlement {
        id: READ,
        name: "read".into(),
        target: Some("ledger_read".into()),
        created_at: morning,
        deleted_at: None,
    };
    known.entitlements.insert(PAYOUTS, vec![read]);
    let grant = KnownGrant {
        id: GRANT,
        entitlement: READ,
        resource: PAYOUTS,
        system: LEDGER,
        active_since: noon(),
        closed_at: None,
    };
    known.grants.insert(BEN, vec![grant]);
    known
}

fn know(known: &mut Known, resource: KnownResource) {
    for word in [fold(&resource.slug), fold(&resource.name)] {
        known.named.entry(word).or_default().push(resource.id);
    }
    known.resources.insert(resource.id, resource);
}

fn report() -> Report {
    Report {
        id: EventId(Uuid::from_u128(9)),
        recorded_at: noon(),
        occurred_at: noon(),
        source: "logs".into(),
        action: UsageAction::ACCESSED.into(),
        outcome: Outcome::Success,
        actor: OutsideActor { email: Some("Ben@example.com".into()), ..OutsideActor::default() },
        system: Some(LEDGER),
        target: OutsideTarget {
            system: Some("The Ledger".into()),
            resource: Some("PAYOUTS-prod".into()),
            entitlement: None,
        },
    }
}

fn by(actor: OutsideActor) -> Option<PersonId> {
    known().link(&Report { actor, ..report() }).person
}

fn named(kind: OutsideKind, email: &str, subject: &str, account: &str) -> OutsideActor {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    OutsideActor {
        kind,
        name: "Ben Okafor".into(),
        email: some(email),
        subject: some(subject),
        account: some(account),
    }
}

#[test]
fn a_person_is_known_by_address_then_subject_then_account() {
    let person = OutsideKind::Person;
    assert_eq!(by(named(person, "BEN@example.com", "both", "robot")), Some(BEN));
    assert_eq!(by(named(person, "x@example.com", "00u1", "robot")), Some(BEN));
    assert_eq!(by(named(person, "x@example.com", "x", "robot")), Some(EVA));
    assert_eq!(by(named(person, "", "00U1", "")), None, "a subject is its provider's, letter for letter");
}

#[test]
fn a_name_alone_is_nobody_and_what_fits_two_people_fits_neither() {
    let unknown = OutsideKind::Unknown;
    assert_eq!(by(named(unknown, "", "", "")), None);
    assert_eq!(by(named(unknown, "", "both", "")), None);
    assert_eq!(by(named(unknown, "", "", "Ben")), None, "ben and BEN are two people");
    assert_eq!(by(named(unknown, "", "", "BEN")), Some(EVA), "as it is written goes first");
}

#[test]
fn a_machine_is_known_by_its_account_alone() {
    assert_eq!(by(named(OutsideKind::Machine, "ben@example.com", "00u1", "deploy")), None);
    assert_eq!(by(named(OutsideKind::Machine, "ben@example.com", "", "robot")), Some(EVA));
}

#[test]
fn an_alias_goes_before_everything_and_keeps_its_key() {
    let mut known = known();
    let asked = ("logs".to_owned(), "email:ben@example.com".to_owned());
    known.actor_aliases.insert(asked.clone(), Some(EVA));
    let link = known.link(&report());
    assert_eq!((link.person, link.actor_key.as_ref()), (Some(EVA), Some(&asked.1)));
    known.actor_aliases.insert(asked.clone(), None);
    let link = known.link(&report());
    assert_eq!((link.person, link.covered, link.actor_key), (None, None, Some(asked.1)));
    let elsewhere = known.link(&Report { source: "other".into(), ..report() });
    assert_eq!(elsewhere.person, Some(BEN), "it holds for its source alone");
}

#[test]
fn what_is_known_asks_nothing_and_what_is_not_asks_by_its_key() {
    let link = known().link(&report());
    assert_eq!((link.actor_key, link.target_key), (None, None));
    assert_eq!((link.resource, link.grant, link.covered), (Some(PAYOUTS), Some(GRANT), Some(true)));
    let mut elsewhere = report();
    elsewhere.target.resource = Some("table 7".into());
    let link = known().link(&elsewhere);
    assert_eq!((link.system, link.resource, link.covered), (Some(LEDGER), None, None));
    assert_eq!(link.target_key.as_deref(), Some("the ledger/table 7/"));
}

#[test]
fn a_permission_is_an_entitlement_where_it_is_called_so_here_or_at_the_target() {
    for (text, entitlement) in [("READ", Some(READ)), ("ledger_read", Some(READ)), ("select", None)] {
        let mut one = report();
        one.target.entitlement = Some(text.into());
        let link = known().link(&one);
        assert_eq!((link.entitlement, link.covered), (entitlement, Some(true)), "{text}");
    }
}

#[test]
fn a_session_is_covered_by_any_grant_on_its_system_and_its_end_by_none() {
    let mut session = report();
    session.target.resource = None;
    session.action = UsageAction::SESSION_OPENED.into();
    let link = known().link(&session);
    assert_eq!((link.resource, link.grant, link.covered), (None, Some(GRANT), Some(true)));
    session.action = UsageAction::SESSION_CLOSED.into();
    assert_eq!(known().link(&session).covered, None);
}

#[test]
fn what_did_not_succeed_is_linked_and_neither_covered_nor_uncovered() {
    for outcome in [Outcome::Denied, Outcome::Failure] {
        let link = known().link(&Report { outcome, ..report() });
        assert_eq!((link.person, link.resource, link.covered), (Some(BEN), Some(PAYOUTS), None));
        assert_eq!(link.grant, None);
    }
}

#[test]
fn somebody_who_holds_nothing_there_is_uncovered() {
    let early = Report { occurred_at: at("2026-11-23T11:59:59Z"), ..report() };
    assert_eq!(known().link(&early).covered, Some(false));
    let eva = Report { actor: named(OutsideKind::Person, "", "", "robot"), ..report() };
    assert_eq!(known().link(&eva).covered, Some(false));
}

#[test]
fn a_reused_name_does_not_inherit_what_was_done_under_it_before() {
    let mut known = known();
    let old = ResourceId(Uuid::from_u128(40));
    know(&mut known, resource(old, "payouts-prod", "2026-01-01T00:00:00Z", Some("2026-11-23T07:00:00Z")));
    let on = |time: &str| known.link(&Report { occurred_at: at(time), ..report() }).resource;
    assert_eq!(on("2026-11-23T06:59:59Z"), Some(old));
    assert_eq!(on("2026-11-23T12:00:00Z"), Some(PAYOUTS));
    assert_eq!(on("2020-01-01T00:00:00Z"), None, "older than both: it could be either");
}

#[test]
fn a_resource_of_another_system_is_another_resource() {
    let mut elsewhere = report();
    elsewhere.system = None;
    elsewhere.target.system = Some("Somewhere".into());
    assert_eq!(known().link(&elsewhere).resource, None);
    elsewhere.target.system = Some("ledger".into());
    assert_eq!(known().link(&elsewhere).resource, Some(PAYOUTS));
    elsewhere.target.system = None;
    assert_eq!(known().link(&elsewhere).resource, Some(PAYOUTS), "only one has this name");
}

#[test]
fn a_target_can_be_said_to_be_a_resource_or_nothing() {
    let mut known = known();
    let mut table = report();
    table.target.resource = Some("table 7".into());
    let asked = ("logs".to_owned(), "the ledger/table 7/".to_owned());
    known.target_aliases.insert(asked.clone(), Some((PAYOUTS, None)));
    let link = known.link(&table);
    assert_eq!(
        (link.resource, link.grant, link.target_key.as_ref()),
        (Some(PAYOUTS), Some(GRANT), Some(&asked.1))
    );
    known.target_aliases.insert(asked, None);
    let link = known.link(&table);
    assert_eq!((link.resource, link.covered), (None, None));
}
