//! The report on a period.

mod owned;

use app::backend::{
    Access, Audit, AuditPage, People, PeriodReport, PeriodTable, PeriodView, Reports, Requests, TypedPeriod,
    TypedRequest,
};
use app::error::PortalError;
use domain::caller::{Caller, Roles};
use domain::grant::Removal;
use domain::report::{CONTROLS, Table};
use futures::TryStreamExt;
use http::StatusCode;
use server::jobs::{linker, sequencer};
use server::portal::export::Format;
use sqlx::PgPool;

use crate::as_of::town::{Town, caught_up};
use crate::door::gate::Gate;
use crate::house::{House, caller_of, hours, start, typed};
use crate::linking::yard::Yard;

async fn auditor(house: &House) -> Caller {
    let mut caller = house.person("Chiara Lindt").await;
    caller.roles = Roles { administrator: false, auditor: true };
    caller.called_at = start() + hours(48);
    caller
}

async fn view(house: &House, caller: &Caller, typed: &TypedPeriod) -> PeriodView {
    house.portal.period(caller, typed).await.unwrap()
}

async fn report(house: &House, caller: &Caller, typed: &TypedPeriod) -> PeriodReport {
    view(house, caller, typed).await.report.unwrap()
}

fn of(report: &PeriodReport, table: Table) -> &PeriodTable {
    report.tables.iter().find(|one| one.table == table).unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_table_counts_and_shows_what_its_query_finds_and_its_export_holds(pool: PgPool) {
    let town = Town::lived_in(pool).await;
    let house = &town.shelf.house;
    house.portal.set_status(&town.admin, town.ben.id(), "left", "Last day.").await.unwrap();
    caught_up(house).await;
    let reader = auditor(house).await;
    let report = report(house, &reader, &TypedPeriod::default()).await;
    assert_eq!(report.tables.iter().map(|one| one.table).collect::<Vec<_>>(), Table::ALL);
    for one in &report.tables {
        let page = house.portal.search(&reader, &one.query, &AuditPage::Newest).await.unwrap();
        assert_eq!((page.total, page.is_more), (one.total, one.is_more), "{:?}", one.table);
        let stream = house.portal.export(&reader, &one.query, Format::Jsonl).await.unwrap();
        let bytes: Vec<Vec<u8>> = stream.try_collect().await.unwrap();
        let text = String::from_utf8(bytes.concat()).unwrap();
        let exported: Vec<String> = text
            .lines()
            // What the export says of itself has no id at its top.
            .filter_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                Some(line["id"].as_str()?.to_owned())
            })
            .collect();
        let shown: Vec<String> = one.rows.iter().map(|row| row.event.id.to_string()).collect();
        assert_eq!(shown, exported, "{:?}", one.table);
    }
    let new = of(&report, Table::New);
    let (brought, asked): (Vec<_>, Vec<_>) =
        new.rows.iter().partition(|row| row.holding.as_ref().unwrap().is_imported);
    assert_eq!(brought.len(), 2);
    assert!(
        brought.iter().all(|row| row.holding.as_ref().unwrap().decided.is_none()),
        "never dressed up as approved"
    );
    assert!(asked.len() >= 7);
    for row in asked {
        let decided = row.holding.as_ref().unwrap().decided.clone().unwrap();
        assert_eq!(decided.by, Some(house.owner.id()));
        assert!(row.sees_request);
    }
    let ended = of(&report, Table::Ended);
    let whys: Vec<Removal> =
        ended.rows.iter().filter_map(|row| Some(row.holding.as_ref()?.closed.as_ref()?.why)).collect();
    assert_eq!(whys.len(), ended.rows.len());
    assert!(whys.contains(&Removal::TimeRanOut) && whys.len() >= 4, "{whys:?}");
    // He held something that an owner closes by hand, so it is open still.
    let left = of(&report, Table::Left);
    let behind = left.rows[0].left.unwrap();
    assert_eq!((left.rows.len(), left.rows[0].event.subject.as_ref().unwrap().id), (1, town.ben.id()));
    assert!(behind.held > 0 && behind.open == behind.held && behind.last_closed_at.is_none(), "{behind:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_leaver_held_counts_until_it_is_closed(pool: PgPool) {
    let town = Town::lived_in(pool).await;
    let house = &town.shelf.house;
    let live: Vec<uuid::Uuid> = sqlx::query_scalar(
        "select id from access_grant where person_id = $1 and state not in ('ended', 'revoked', 'failed')
         and active_since is not null order by 1",
    )
    .bind(town.ben.id().0)
    .fetch_all(&house.pool)
    .await
    .unwrap();
    let held = live.len();
    assert!(held >= 2);
    house.portal.set_status(&town.admin, town.ben.id(), "left", "Last day.").await.unwrap();
    let (first, others) = live.split_first().unwrap();
    let behind = async |at| {
        house.set(at);
        house.work().await;
        caught_up(house).await;
        let mut reader = auditor(house).await;
        reader.called_at = at;
        let report = report(house, &reader, &TypedPeriod::default()).await;
        of(&report, Table::Left).rows[0].left.unwrap()
    };
    house.work().await;
    house.set(start() + hours(30));
    house.portal.attest(&house.owner, (*first).into(), "").await.unwrap();
    let some = behind(start() + hours(31)).await;
    assert_eq!((some.held, some.open, some.last_closed_at), (held, held - 1, Some(start() + hours(30))));
    house.set(start() + hours(32));
    for other in others {
        house.portal.attest(&house.owner, (*other).into(), "").await.unwrap();
    }
    let all = behind(start() + hours(33)).await;
    assert_eq!((all.held, all.open, all.last_closed_at), (held, 0, Some(start() + hours(32))));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn privileged_is_what_is_sensitive_or_called_so_and_the_scope_narrows_by_system(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let (plain, vault) = (
        house.system("manual", serde_json::json!({})).await,
        house.system("manual", serde_json::json!({})).await,
    );
    sqlx::query("update system set name = 'Vault \"1\"' where id = $1")
        .bind(vault)
        .execute(&house.pool)
        .await
        .unwrap();
    let mut owner = house.owner.clone();
    owner.authenticated_at = Some(start());
    for (system, name, sensitivity) in [
        (plain, "read", "medium"),
        (plain, "Admin", "low"),
        (vault, "administer", "low"),
        (vault, "open", "critical"),
    ] {
        let what = house.entitlement_on(system, name, sensitivity).await;
        let (_, grant) = house.granted(&ben, what).await;
        house.portal.attest(&owner, grant, "").await.unwrap();
    }
    caught_up(&house).await;
    let reader = auditor(&house).await;
    let names = async |typed: &TypedPeriod, table: Table| -> Vec<String> {
        let report = report(&house, &reader, typed).await;
        let mut names: Vec<String> = of(&report, table)
            .rows
            .iter()
            .map(|row| row.event.resource.entitlement.clone().unwrap())
            .collect();
        names.sort();
        names
    };
    let all = TypedPeriod::default();
    assert_eq!(names(&all, Table::New).await.len(), 4);
    assert_eq!(names(&all, Table::Privileged).await, ["Admin", "open"]);
    let slug = format!("s-{vault}");
    let scoped = TypedPeriod { system: slug.clone(), ..all.clone() };
    assert_eq!(names(&scoped, Table::New).await, ["administer", "open"]);
    assert_eq!(names(&scoped, Table::Privileged).await, ["open"]);
    let strict = TypedPeriod { sensitivity: "high".into(), ..scoped };
    assert_eq!(names(&strict, Table::New).await, ["open"]);
    let scope = report(&house, &reader, &strict).await.scope;
    assert_eq!(scope.as_deref(), Some("Vault \"1\", high sensitivity and above"));
    sqlx::query("update resource set environment = 'production' where sensitivity = 'critical'")
        .execute(&house.pool)
        .await
        .unwrap();
    let production = TypedPeriod { environment: "production".into(), ..all.clone() };
    assert_eq!(names(&production, Table::New).await, ["open"]);
    sqlx::query("update resource set tags = '{pci}' where sensitivity <> 'critical' and system_id = $1")
        .bind(vault)
        .execute(&house.pool)
        .await
        .unwrap();
    let pci = TypedPeriod { tag: "pci".into(), ..all.clone() };
    assert_eq!(names(&pci, Table::New).await, ["administer"]);
    let elsewhere = TypedPeriod { environment: "elsewhere".into(), tag: "pc".into(), ..all.clone() };
    let faults = view(&house, &reader, &elsewhere).await.report.unwrap_err();
    let wrong: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(wrong, ["environment", "tag"]);
    let earlier = TypedPeriod { from: "2026-07-01".into(), to: "2026-09-30".into(), ..all };
    assert!(
        report(&house, &reader, &earlier)
            .await
            .tables
            .iter()
            .all(|one| one.rows.is_empty() && one.total == 0)
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_not_read_yet_is_said_to_be_so_and_nothing_else_is_claimed_of_it(pool: PgPool) {
    let town = Town::lived_in(pool.clone()).await;
    let house = &town.shelf.house;
    // Approved, and taken away before it was ever open.
    let later = TypedRequest { start: "2026-11-25T16:00".into(), ..typed(house.entitlement("later").await) };
    let jo = house.person("Jo Hart").await;
    let request = house.try_ask(&jo, &later).await.unwrap();
    house.decide(&house.owner, request, "approve").await.unwrap();
    let never = Requests::show(&house.portal, &jo, request).await.unwrap().row.grant.unwrap().id;
    house.portal.revoke(&house.owner, never, "A mistake.").await.unwrap();
    house.portal.set_status(&town.admin, town.ben.id(), "left", "Last day.").await.unwrap();
    house.work().await;
    sequencer::catch_up(&house.store).await.unwrap();
    let reader = auditor(house).await;
    let behind = report(house, &reader, &TypedPeriod::default()).await;
    assert_eq!((behind.read_to, behind.unread > 10), (0, true));
    assert!(behind.tables.iter().flat_map(|one| &one.rows).all(|row| !row.is_read));
    let gate = Gate::open_onto_the_portal(pool).await;
    let mut browser =
        gate.signed_in_as("reader", |claims| claims["groups"] = serde_json::json!(["auditors"])).await;
    let path = "/reports/period?from=2026-10-01&to=2026-12-31";
    let claims = ["it never was open", "taken away before it was opened", ">nothing<", "nothing to close"];
    let page = browser.get(path).await.body;
    assert!(page.contains("Read from the first 0 events of the book.") && page.contains("not read yet"));
    assert!(page.contains("newer ones are about to be read."));
    for claim in claims {
        assert!(!page.contains(claim), "{claim}");
    }
    caught_up(house).await;
    let read = report(house, &reader, &TypedPeriod::default()).await;
    assert!(read.tables.iter().flat_map(|one| &one.rows).all(|row| row.is_read));
    let page = browser.get(path).await.body;
    assert!(page.contains(claims[0]) && page.contains(claims[1]), "{page}");
    assert!(!page.contains("not read yet"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn uncovered_use_names_the_person_whom_the_report_means(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let ben = yard.ben().await;
    yard.report_at("alone", start()).await;
    yard.work().await;
    let reader = auditor(&yard.house).await;
    let report = report(&yard.house, &reader, &TypedPeriod::default()).await;
    let [row] = of(&report, Table::Uncovered).rows.as_slice() else { panic!("one") };
    assert_eq!(row.person.as_ref().map(|who| who.id), Some(ben.id()));
    assert_eq!(row.event.actor.name(), "ben", "as the source wrote it");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_cannot_be_read_is_named_by_its_field_and_others_are_refused(pool: PgPool) {
    let house = House::new(pool).await;
    let reader = auditor(&house).await;
    let typed = |from: &str, to: &str, system: &str, sensitivity: &str| TypedPeriod {
        from: from.into(),
        to: to.into(),
        system: system.into(),
        sensitivity: sensitivity.into(),
        ..TypedPeriod::default()
    };
    for (typed, wrong) in [
        (typed("soon", "", "", ""), vec!["from"]),
        (typed("", "2026-13-01", "", ""), vec!["to"]),
        (typed("soon", "later", "", ""), vec!["from", "to"]),
        (typed("2026-10-02", "2026-10-01", "", ""), vec!["to"]),
        (typed("", "", "missing", ""), vec!["system"]),
        (typed("", "", "", "extreme"), vec!["sensitivity"]),
        (typed("0001-01-01", "", "x", "y"), vec!["from", "system", "sensitivity"]),
    ] {
        let faults = view(&house, &reader, &typed).await.report.unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, wrong, "{typed:?}");
    }
    assert_eq!(house.count("select count(*) from event").await, 0, "nothing was read");
    for _ in 0..3 {
        report(&house, &reader, &TypedPeriod::default()).await;
    }
    let told: Vec<serde_json::Value> =
        sqlx::query_scalar("select detail from event where action = 'audit.searched'")
            .fetch_all(&house.pool)
            .await
            .unwrap();
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((told["report"].as_str(), told["from"].as_str()), (Some("period"), Some("2026-10-01")));
    for caller in [&house.owner, &house.person("Eve Stone").await] {
        // Ana owns nothing here.
        let refused = house.portal.period(caller, &TypedPeriod::default()).await;
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_table_stays_short_and_counts_no_further_than_ten_thousand(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser =
        gate.signed_in_as("auditor", |claims| claims["groups"] = serde_json::json!(["auditors"])).await;
    let now = gate.now();
    sqlx::query(
        "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin)
         select gen_random_uuid(), 'governance', $1, $1::timestamptz - n * interval '1 second', 'system', 'Gatebook',
           'grant.ended', 'success', 'job' from generate_series(1, 10050) n",
    )
    .bind(now)
    .execute(&pool)
    .await
    .unwrap();
    sequencer::catch_up(&gate.store).await.unwrap();
    linker::catch_up(&gate.store).await.unwrap();
    let mut reader = caller_of(&pool, "auditor").await;
    (reader.roles.auditor, reader.called_at) = (true, now);
    let house = House::around(gate.store.clone(), reader.clone()).await;
    let report = report(&house, &reader, &TypedPeriod::default()).await;
    let ended = of(&report, Table::Ended);
    assert_eq!((ended.total, ended.is_more, ended.rows.len()), (10_000, true, 200));
    let page = browser.get("/reports/period").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Ended and revoked access (10,000+)"), "the count");
    assert!(page.body.contains("More than 9,800 more"), "the rest");
    for control in CONTROLS {
        for said in [control.name, control.shows, control.shows_not] {
            assert!(page.body.contains(said), "{said}");
        }
    }
    let query = app::address::encode(&ended.query.as_written());
    assert!(page.body.contains(&format!("/audit?q={query}\"")), "its query");
    assert!(page.body.contains(&format!("/audit/export?q={query}&amp;format=csv")), "its export");
    assert!(browser.get("/audit").await.body.contains("href=\"/reports/period\""));
    let mistaken = browser.get("/reports/period?from=%3Cb%3E&to=2026-01-01").await;
    assert!(mistaken.body.contains("value=\"&lt;b&gt;\"") && mistaken.body.contains("is not a date"));
}
