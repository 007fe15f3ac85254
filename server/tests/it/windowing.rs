//! Change windows: what was used in them.

use app::backend::{
    Audit as _, AuditPage, Taken, TypedWindow, TypedWindowEnd, TypedWindowFile, UsedRow, Windows, context_of,
};
use app::error::PortalError;
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::query::parse;
use domain::audit::{Actor, Outcome};
use domain::caller::{Caller, Source};
use domain::id::{SourceId, SystemId};
use domain::usage::{OutsideActor, OutsideEvent, OutsideKind, OutsideTarget, UsageAction};
use http::StatusCode;
use serde_json::json;
use server::ingest::{self, Sender};
use server::jobs::{linker, sequencer};
use sqlx::PgPool;
use uuid::Uuid;

use crate::door::gate::Gate;
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
    sequencer::catch_up(&house.store).await.unwrap();
    let early = house.portal.show(&auditor, id).await.unwrap();
    assert!(early.inside.is_empty() && early.unread >= 7, "{}", early.unread);
    linker::catch_up(&house.store).await.unwrap();

    let view = house.portal.show(&auditor, id).await.unwrap();
    assert_eq!(told(&view.inside), [("ben", "read on payouts", 2), ("eve", "read on payouts", 1)]);
    assert_eq!(told(&view.around), [("ben", "read on payouts", 1), ("eve", "read on payouts", 1)]);
    assert_eq!((view.unread, view.may_edit), (0, false));
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

fn file(csv: &str) -> TypedWindowFile {
    TypedWindowFile { csv: csv.into(), step: "add".into(), checked: String::new() }
}

/// As the form holds it after it was checked.
async fn checked(house: &House, admin: &Caller, csv: &str) -> TypedWindowFile {
    TypedWindowFile { checked: house.portal.check(admin, csv).await.unwrap().mark, ..file(csv) }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_file_of_windows_is_looked_at_first_then_taken_whole_and_again_without_harm(pool: PgPool) {
    let house = House::new(pool).await;
    let admin = house.administrator("Tom Berg").await;
    let ledger = house.system("manual", json!({})).await;
    let slug = slug_of(&house, ledger).await;
    sqlx::query("update system set name = 'The ledger' where id = $1")
        .bind(ledger)
        .execute(&house.pool)
        .await
        .unwrap();
    // As a spreadsheet of half of the world writes it; a system by its name, and by what stands in addresses.
    let csv = format!(
        "\u{feff}systems;name;end;start\r\n\"the LEDGER; {slug}\";CHG-1, part 1;2026-12-06 04:00;2026-12-05 22:00\r\n\r\n;Freeze;2027-01-02;2026-12-24\r\n"
    );
    let planned = house.portal.check(&admin, &csv).await.unwrap().windows;
    let told: Vec<_> =
        planned.iter().map(|one| (one.name.as_str(), one.systems.len(), one.is_there)).collect();
    assert_eq!(told, [("CHG-1, part 1", 1, false), ("Freeze", 0, false)]);
    let only_looked = TypedWindowFile { step: "check".into(), ..file(&csv) };
    assert_eq!(house.portal.take(&admin, &only_looked).await, Ok(Taken::Checked));
    assert_eq!(house.count("select count(*) from change_window").await, 0);
    assert_eq!(house.count("select count(*) from event").await, 0);

    let whole = checked(&house, &admin, &csv).await;
    assert_eq!(house.portal.take(&admin, &whole).await, Ok(Taken::Added(2)));
    let list = house.portal.list(&admin).await.unwrap().windows;
    let by_hand = typed("By hand", "2026-12-05T22:00", "2026-12-06T04:00", &[&slug]);
    let by_hand = house.portal.add(&admin, &by_hand).await.unwrap();
    let by_hand = house.portal.show(&admin, by_hand).await.unwrap().row;
    let one = list.iter().find(|row| row.name == "CHG-1, part 1").unwrap();
    assert_eq!(
        (one.starts_at, one.ends_at, &one.systems),
        (by_hand.starts_at, by_hand.ends_at, &by_hand.systems)
    );
    let freeze = list.iter().find(|row| row.name == "Freeze").unwrap();
    assert_eq!((freeze.ends_at - freeze.starts_at).num_hours(), 239, "to the end of the last day");
    let events = "select count(*) from event where action = 'window.added'";
    assert_eq!(house.count(events).await, 3);

    let again = format!("{csv};Another;2027-02-02;2027-02-01\r\n");
    let planned = house.portal.check(&admin, &again).await.unwrap().windows;
    assert_eq!(planned.iter().map(|one| one.is_there).collect::<Vec<_>>(), [true, true, false]);
    for added in [1, 0] {
        let whole = checked(&house, &admin, &again).await;
        assert_eq!(house.portal.take(&admin, &whole).await, Ok(Taken::Added(added)));
    }
    assert_eq!(house.count(events).await, 4);
    assert_eq!(house.count("select count(*) from change_window").await, 4);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whatever_is_wrong_in_a_file_is_told_with_its_line_and_nothing_of_it_is_added(pool: PgPool) {
    let house = House::new(pool).await;
    let admin = house.administrator("Tom Berg").await;
    house.portal.add(&admin, &typed("CHG-1", "2026-11-24", "2026-11-24", &[])).await.unwrap();
    let wrong = async |csv: &str| -> Vec<String> {
        let checked = house.portal.check(&admin, csv).await.unwrap_err();
        let taken = house.portal.take(&admin, &file(csv)).await.unwrap_err();
        assert_eq!(checked, taken);
        let PortalError::Invalid(faults) = taken else { panic!("{taken:?}") };
        assert!(faults.iter().all(|fault| fault.field == "csv"));
        faults.into_iter().map(|fault| fault.message).collect()
    };
    let csv = "name,start,end,systems\n\
        Fine,2026-12-01,2026-12-02,\n\
        ,soon,2026-12-02,nowhere\n\
        Back,2026-12-02,2026-12-01,\n\
        fine,2026-12-03,2026-12-04,\n\
        chg-1,2026-11-24,2026-11-25,\n\
        short,2026-12-01\n";
    // As a browser sends it.
    assert_eq!(wrong(&csv.replace('\n', "\r\n")).await, wrong(csv).await);
    assert_eq!(
        wrong(csv).await,
        [
            "Line 7: This row has 2 cells; the header has 4.",
            "Line 3, name: This must not be empty.",
            "Line 3, start: “soon” is not a date. Write it like 2026-11-27, or 2026-11-27 18:00.",
            "Line 3, systems: There is no system “nowhere”.",
            "Line 4, end: The end is not after the start.",
            "Line 5, name: This name stands in the file twice.",
            "Line 6, name: There is a window of this name already, with other times or systems.",
        ]
    );
    for (csv, says) in [
        ("", "There is no window in it"),
        ("name,start,end\n", "There is no window in it"),
        ("name,start,end,owner\na,2026-12-01,2026-12-02,b\n", "Line 2, owner: There is no such column"),
        ("name,name\na,b\n", "Line 1: The column “name” stands twice."),
        ("name,start\na\0b,2026-12-01\n", "Line 2, name"),
    ] {
        let told = wrong(csv).await;
        assert!(told[0].starts_with(says), "{csv}: {told:?}");
    }
    let many: String = (0..501).map(|n| format!("W{n},2026-12-01,2026-12-02\n")).collect();
    assert_eq!(wrong(&format!("name,start,end\n{many}")).await, ["These are 501 windows; 500 fit at once."]);
    assert_eq!(wrong(&"x".repeat(65 * 1024)).await, ["This is longer than 64 KiB. Add it in parts."]);
    assert_eq!(house.count("select count(*) from change_window").await, 1);
    assert_eq!(house.count("select count(*) from event where action = 'window.added'").await, 1);
    let mut auditor = house.person("Ada Audit").await;
    auditor.roles.auditor = true;
    assert!(matches!(house.portal.check(&auditor, csv).await, Err(PortalError::Forbidden(_))));
    let refused = house.portal.take(&auditor, &file("name,start,end\nA,2026-12-01,2026-12-02")).await;
    assert!(matches!(refused, Err(PortalError::Forbidden(_))));
    assert_eq!(house.count("select count(*) from event where action = 'access.denied'").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_form_shows_what_a_file_comes_to_and_keeps_what_was_typed(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let windows = async || -> i64 {
        sqlx::query_scalar("select count(*) from change_window").fetch_one(&pool).await.unwrap()
    };
    let mut browser = gate.signed_in_as("tom", |claims| claims["groups"] = json!(["admins"])).await;
    let mut mark = String::new();
    let mut send = async |csv: &str, step: &str| -> (String, String) {
        let form =
            format!("typed[csv]={}&typed[step]={step}&typed[checked]={mark}", app::address::encode(csv));
        let answer = browser.post("/api/form/import-windows", &[("accept", "text/html")], &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let path = answer.header("location").to_owned();
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        if let Some((_, rest)) = page.body.split_once("name=\"typed[checked]\" value=\"") {
            mark = rest.split('"').next().unwrap().to_owned();
        }
        (path, page.body)
    };
    let (_, wrong) = send("name,start,end\n</textarea><b>,soon,2030-01-01", "check").await;
    assert!(wrong.contains("Line 2, start: “soon” is not a date") && wrong.contains("href=\"#f-csv\""));
    assert!(wrong.contains("&lt;/textarea>&lt;b>,soon"), "{wrong}");
    assert!(!wrong.contains("would be added"));
    let csv = "name,start,end\nCHG-1,2030-04-01,2030-04-02\nCHG-2,2030-04-01,2030-04-02";
    let (_, checked) = send(csv, "check").await;
    assert!(checked.contains("would be added") && checked.contains("Add 2 windows"), "{checked}");
    assert!(checked.contains("CHG-1,2030-04-01") && !checked.contains("error-summary"));
    // Written over after it was looked at.
    let other = csv.replace("CHG-2", "CHG-3");
    let (_, changed) = send(&other, "add").await;
    assert!(changed.contains("This comes to something else than what was checked"), "{changed}");
    assert!(changed.contains("would be added") && changed.contains("Add 2 windows"), "{changed}");
    assert_eq!(windows().await, 0);
    let (checked, _) = send(csv, "check").await;
    let (path, added) = send(csv, "add").await;
    assert_eq!(path, "/audit/windows?done=windows-added");
    assert!(added.contains("CHG-1") && added.contains("CHG-2") && added.contains("/audit/windows/import"));
    let (_, again) = send(csv, "check").await;
    assert!(again.contains("is there already") && !again.contains("value=\"add\""));
    assert_eq!(send(csv, "add").await.0, "/audit/windows?done=nothing-changed");
    // What was right then is not any more, and its page is opened once more.
    sqlx::query("update change_window set ends_at = ends_at + interval '1 hour'")
        .execute(&pool)
        .await
        .unwrap();
    let page = browser.get(&checked).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Line 2, name: There is a window of this name already, with other times"));
    assert!(page.body.contains("CHG-1,2030-04-01") && !page.body.contains("value=\"add\""));
    // More than is taken comes back whole, too, however it is written down in between.
    let long = format!("name,start,end\n{}", "\"\t\n".repeat(80 * 1024));
    let form = format!("typed[csv]={}&typed[step]=check", app::address::encode(&long));
    let answer = browser.post("/api/form/import-windows", &[("accept", "text/html")], &form).await;
    let page = browser.get(answer.header("location")).await;
    assert!(page.body.contains("This is longer than 64 KiB"));
    assert!(page.body.contains(&long), "all that was typed");
}
