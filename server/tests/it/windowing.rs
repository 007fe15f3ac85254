//! Change windows: what was used in them.

use app::backend::{Audit as _, AuditPage, TypedWindow, TypedWindowEnd, UsedRow, Windows, context_of};
use app::error::PortalError;
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::query::parse;
use domain::audit::{Actor, Outcome};
use domain::caller::{Caller, Source};
use domain::id::{SourceId, SystemId};
use domain::usage::{OutsideActor, OutsideEvent, OutsideKind, OutsideTarget, UsageAction};
use serde_json::json;
use server::ingest::{self, Sender};
use sqlx::PgPool;
use uuid::Uuid;

use crate::house::{House, fields, start};

fn report(id: &str, at: DateTime<Utc>, who: &str) -> OutsideEvent {
    OutsideEvent {
        external_id: id.to_owned(),
        occurred_at: at,
        undated: false,
        action: UsageAction::parse(UsageAction::ACCESSED).unwrap(),
        outcome: Outcome::Success,
        actor: OutsideActor { kind: OutsideKind::Person, name: who.to_owned(), ..OutsideActor::default() },
        target: OutsideTarget {
            resource: Some("payouts".into()),
            entitlement: Some("read".into()),
            ..OutsideTarget::default()
        },
        ip: None,
        user_agent: None,
        operation: None,
        reason: None,
        original: json!({}),
    }
}

/// A source of this system, and one report of each of these.
async fn send(house: &House, system: Uuid, origin: &str, reports: Vec<OutsideEvent>) {
    let name: String = sqlx::query_scalar("select name from system where id = $1")
        .bind(system)
        .fetch_one(&house.pool)
        .await
        .unwrap();
    let sender = Sender {
        of: SourceId(Uuid::from_u128(u128::from(origin.len() as u64))),
        origin: origin.to_owned(),
        system: Some((SystemId(system), name)),
        by: Actor::Unknown,
        source: Source::of("api"),
    };
    ingest::take(&house.store, &sender, reports.into_iter().map(Ok).collect()).await.unwrap();
}

fn typed(name: &str, start: &str, end: &str, systems: &[&str]) -> TypedWindow {
    TypedWindow {
        name: name.into(),
        start: start.into(),
        end: end.into(),
        systems: systems.iter().map(|slug| (*slug).to_owned()).collect(),
    }
}

fn told(rows: &[UsedRow]) -> Vec<(&str, &str, usize)> {
    rows.iter().map(|row| (row.actor.as_str(), row.what.as_str(), row.events)).collect()
}

async fn slug_of(house: &House, system: Uuid) -> String {
    sqlx::query_scalar("select slug from system where id = $1")
        .bind(system)
        .fetch_one(&house.pool)
        .await
        .unwrap()
}

async fn found(house: &House, auditor: &Caller, text: &str) -> usize {
    let query = parse(text, &context_of(auditor)).unwrap();
    house.portal.search(auditor, &query, &AuditPage::Newest).await.unwrap().total
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_window_shows_what_was_used_on_its_systems_and_what_fell_outside(pool: PgPool) {
    let house = House::new(pool).await;
    let admin = house.administrator("Tom Berg").await;
    let mut auditor = house.person("Ada Audit").await;
    auditor.roles.auditor = true;
    let (ledger, wiki) = (house.system("manual", json!({})).await, house.system("manual", json!({})).await);
    // start() is 10:00, and the window from 11:00 to 13:00, both in the zone of who makes it.
    let window = typed("CHG-17", "2026-11-23T11:00", "2026-11-23T13:00", &[&slug_of(&house, ledger).await]);
    let id = house.portal.add(&admin, &window).await.unwrap();
    let opens = house.portal.show(&auditor, id).await.unwrap().row.starts_at;
    let after = |seconds: i64| opens + TimeDelta::seconds(seconds);
    house.set(start() + TimeDelta::hours(20));
    let of_ledger = vec![
        report("before", after(-1), "ben"),
        report("first", after(0), "ben"),
        report("again", after(60), "ben"),
        report("eve", after(7_199), "eve"),
        report("late", after(7_200), "eve"),
        report("long after", after(7_200 + 86_400), "eve"),
    ];
    send(&house, ledger, "ledger-log", of_ledger).await;
    send(&house, wiki, "wiki", vec![report("elsewhere", after(60), "zoe")]).await;

    let view = house.portal.show(&auditor, id).await.unwrap();
    assert_eq!(told(&view.inside), [("ben", "read on payouts", 2), ("eve", "read on payouts", 1)]);
    assert_eq!(told(&view.around), [("ben", "read on payouts", 1), ("eve", "read on payouts", 1)]);
    assert!(!view.may_edit);
    assert_eq!(found(&house, &auditor, "window:chg-17 resource:payouts").await, 3);
    assert_eq!(found(&house, &auditor, "-window:chg-17 resource:payouts").await, 4);

    // A window of no system is of all.
    let all = house.portal.add(&admin, &typed("Freeze", "2026-11-23", "2026-11-23", &[])).await.unwrap();
    assert_eq!(house.portal.show(&auditor, all).await.unwrap().inside.len(), 3);
    assert_eq!(found(&house, &auditor, "window:freeze actor:zoe").await, 1);
    house.portal.delete(&admin, &TypedWindowEnd { id: all.to_string() }).await.unwrap();
    assert_eq!(found(&house, &auditor, "window:freeze actor:zoe").await, 0);
    assert_eq!(house.portal.show(&auditor, all).await.unwrap_err(), PortalError::NotFound);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_window_needs_a_name_of_its_own_and_an_end_after_its_start(pool: PgPool) {
    let house = House::new(pool).await;
    let admin = house.administrator("Tom Berg").await;
    let add = async |typed: TypedWindow| house.portal.add(&admin, &typed).await.map(drop).unwrap_err();
    let bad = typed(" ", "soon", "", &["missing"]);
    assert_eq!(fields(&add(bad).await), ["name", "start", "end", "systems"]);
    let reversed = typed("a", "2026-11-24T10:00", "2026-11-24T10:00", &[]);
    assert_eq!(fields(&add(reversed).await), ["end"]);
    house.portal.add(&admin, &typed("CHG-1", "2026-11-24", "2026-11-24", &[])).await.unwrap();
    assert_eq!(fields(&add(typed("chg-1", "2026-11-25", "2026-11-25", &[])).await), ["name"]);
    let ben = house.person("Ben Okafor").await;
    assert!(matches!(house.portal.list(&ben).await.unwrap_err(), PortalError::Forbidden(_)));
}
