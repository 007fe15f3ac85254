//! The book: who may read what, export, and that nobody rewrites it.

use app::backend::{Audit, AuditQuery};
use app::error::PortalError;
use domain::audit::Outcome;
use domain::caller::Caller;
use futures::TryStreamExt;
use server::portal::export::Format;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use crate::house::{House, fields, hours, start};

async fn auditor(house: &House) -> Caller {
    let mut auditor = house.person("Ada Audit").await;
    auditor.roles.auditor = true;
    auditor
}

fn about(q: &str) -> AuditQuery {
    AuditQuery { q: q.into(), ..AuditQuery::default() }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn auditors_see_all_and_everybody_else_what_concerns_themselves(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, eve) = (house.person("Ben Okafor").await, house.person("Eve Stone").await);
    let read = house.entitlement("read").await;
    house.granted(&ben, read).await;
    let auditor = auditor(&house).await;
    let all = AuditQuery::default();
    assert_eq!(house.portal.search(&auditor, &all, "").await.unwrap().total, 3);
    assert_eq!(house.portal.search(&ben, &all, "").await.unwrap().total, 3);
    assert_eq!(
        house.portal.search(&house.owner, &all, "").await.unwrap().total,
        1,
        "the decision is Ana's own"
    );
    let list = house.portal.search(&eve, &all, "").await.unwrap();
    assert_eq!((list.total, list.sees_all), (0, false));
    let event = house.portal.search(&ben, &all, "").await.unwrap().events[0].id;
    assert_eq!(house.portal.event(&eve, event).await.unwrap_err(), PortalError::NotFound);
    let seen = house.portal.event(&auditor, event).await.unwrap();
    assert_eq!((seen.thread.len(), seen.sees_request), (3, true));
    let admin = house.administrator("Tom Berg").await;
    let seen = house.portal.event(&admin, event).await.unwrap();
    assert_eq!((seen.thread.len(), seen.sees_request), (3, false), "no link that would lead nowhere");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_filter_narrows_and_wrong_ones_are_named(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    house.granted(&ben, read).await;
    let auditor = auditor(&house).await;
    let total = async |query: AuditQuery| house.portal.search(&auditor, &query, "").await.unwrap().total;
    let words = AuditQuery { action: "request".into(), ..about("payouts okafor") };
    assert_eq!(total(words).await, 1, "words in the reason and a name");
    assert_eq!(total(about("100%")).await, 0);
    assert_eq!(total(AuditQuery { person: "ana".into(), ..AuditQuery::default() }).await, 1);
    assert_eq!(total(AuditQuery { action: "request".into(), ..AuditQuery::default() }).await, 2);
    assert_eq!(total(AuditQuery { action: "request.approved".into(), ..AuditQuery::default() }).await, 1);
    assert_eq!(total(AuditQuery { resource: "payments-prod".into(), ..AuditQuery::default() }).await, 3);
    assert_eq!(total(AuditQuery { outcome: "denied".into(), ..AuditQuery::default() }).await, 0);
    assert_eq!(total(AuditQuery { from: "2026-11-24".into(), ..AuditQuery::default() }).await, 0);
    assert_eq!(total(AuditQuery { to: "2026-11-22".into(), ..AuditQuery::default() }).await, 0);
    let bad = AuditQuery { outcome: "maybe".into(), from: "soon".into(), ..AuditQuery::default() };
    let error = house.portal.search(&auditor, &bad, "").await.unwrap_err();
    assert_eq!(fields(&error), ["from", "outcome"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn pages_follow_each_other_without_a_gap_or_a_repetition(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    for n in 0..60 {
        let read = house.entitlement(&format!("read {n}")).await;
        house.ask(&ben, read).await;
    }
    let auditor = auditor(&house).await;
    let first = house.portal.search(&auditor, &AuditQuery::default(), "").await.unwrap();
    let second = house.portal.search(&auditor, &AuditQuery::default(), &first.next).await.unwrap();
    assert_eq!((first.events.len(), second.events.len(), second.next.as_str()), (50, 10, ""));
    let mut ids: Vec<_> = first.events.iter().chain(&second.events).map(|e| e.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 60);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_search_is_written_down_once_and_an_export_every_time(pool: PgPool) {
    let house = House::new(pool).await;
    let auditor = auditor(&house).await;
    for _ in 0..3 {
        house.portal.search(&auditor, &about("ben"), "").await.unwrap();
        drop(house.portal.export(&auditor, &about("ben"), Format::Csv).await.unwrap());
    }
    house.portal.search(&auditor, &about("eve"), "").await.unwrap();
    assert_eq!(house.count("select count(*) from event where action = 'audit.searched'").await, 2);
    assert_eq!(house.count("select count(*) from event where action = 'audit.exported'").await, 3);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_export_holds_exactly_what_the_filter_shows(pool: PgPool) {
    let house = House::new(pool).await;
    let mallory = house.person("=cmd|' /C calc'!A0").await;
    let read = house.entitlement("read").await;
    house.granted(&mallory, read).await;
    let auditor = auditor(&house).await;
    let query = AuditQuery { action: "request".into(), ..AuditQuery::default() };
    let csv = async |caller: &Caller| {
        let stream = house.portal.export(caller, &query, Format::Csv).await.unwrap();
        let bytes: Vec<Vec<u8>> = stream.try_collect().await.unwrap();
        let bytes = bytes.concat();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        reader.records().map(|row| row.unwrap()).collect::<Vec<_>>()
    };
    let rows = csv(&auditor).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(&rows[1][5], "'=cmd|' /C calc'!A0", "formula-safe");
    assert_eq!(csv(&house.person("Eve Stone").await).await.len(), 0, "an export shows no more than the page");
    let stream = house.portal.export(&auditor, &query, Format::Jsonl).await.unwrap();
    let bytes: Vec<Vec<u8>> = stream.try_collect().await.unwrap();
    for line in String::from_utf8(bytes.concat()).unwrap().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["action"].as_str().unwrap().starts_with("request."));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_applications_role_cannot_rewrite_the_book(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    let role = format!("gatebook_app_{}", std::process::id());
    for statement in
        [format!("drop role if exists {role}"), format!("create role {role} login password 'test'")]
    {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
    let mut owner = pool.acquire().await.unwrap();
    assert!(store::roles::could_rewrite_book(&mut owner).await.unwrap().is_some(), "the superuser could");
    store::roles::grant_application(&mut owner, &role).await.unwrap();

    let options: PgConnectOptions = (*pool.connect_options()).clone().username(&role).password("test");
    let app_pool = PgPool::connect_with(options).await.unwrap();
    let mut conn = app_pool.acquire().await.unwrap();
    assert_eq!(store::roles::could_rewrite_book(&mut conn).await.unwrap(), None);
    drop(conn);
    // It can do its work ...
    let app = server::portal::Portal::new(store::Store::new(app_pool.clone(), house.clock.clone()));
    app::backend::Requests::submit(&app, &ben, &crate::house::typed(read)).await.unwrap();
    let linked = store::link::step(&store::Store::new(app_pool.clone(), house.clock.clone()), 10).await;
    assert_eq!(linked.unwrap(), store::link::Step::Nothing);
    store::link::forget(&store::Store::new(app_pool.clone(), house.clock.clone())).await.unwrap();
    // ... and nothing else.
    for forbidden in [
        "update event set actor_name = 'Nobody'",
        "delete from event",
        "truncate event",
        "drop table event",
        "update decision set verdict = 'deny'",
        "alter table event disable trigger all",
        "create table mine ()",
    ] {
        let refused = sqlx::raw_sql(forbidden).execute(&app_pool).await;
        let code = refused.unwrap_err().into_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{forbidden}");
    }
    let partition: String = sqlx::query_scalar(
        "select relid::regclass::text from pg_partition_tree('event') where isleaf limit 1",
    )
    .fetch_one(&app_pool)
    .await
    .unwrap();
    for verb in ["update {} set reason = ''", "delete from {}", "truncate {}"] {
        let statement = verb.replace("{}", &partition);
        assert!(sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&app_pool).await.is_err(), "{verb}");
    }
    app_pool.close().await;
    for statement in [format!("drop owned by {role}"), format!("drop role {role}")] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_found_is_told_by_day_in_the_readers_zone_by_kind_and_by_outcome(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    house.granted(&ben, read).await;
    // An evening in London is the next morning in Tokyo.
    house.set(start() + hours(9));
    let admin = house.entitlement("admin").await;
    house.ask(&ben, admin).await;
    let mut auditor = auditor(&house).await;
    auditor.called_at = start() + hours(10);
    let tally = async |auditor: &Caller, query: AuditQuery| {
        house.portal.search(auditor, &query, "").await.unwrap().tally.unwrap()
    };
    let found = tally(&auditor, AuditQuery::default()).await;
    assert_eq!(found.groups, [("request".to_owned(), 3), ("grant".to_owned(), 1)]);
    assert_eq!(found.outcomes, [(Outcome::Success, 4)]);
    assert_eq!(found.days.len(), 30, "where no time is asked for");
    assert_eq!(found.days.last().map(|day| (day.day.to_string(), day.count)), Some(("2026-11-23".into(), 4)));

    auditor.time_zone = chrono_tz::Asia::Tokyo;
    let week = AuditQuery { from: "2026-11-20".into(), to: "2026-11-24".into(), ..AuditQuery::default() };
    let days: Vec<usize> = tally(&auditor, week).await.days.iter().map(|day| day.count).collect();
    assert_eq!(days, [0, 0, 0, 3, 1]);
    let years = AuditQuery { from: "2020-01-01".into(), ..AuditQuery::default() };
    assert_eq!(tally(&auditor, years).await.days.len(), 90, "never more");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_kind_can_be_left_out_and_a_minute_counts_to_its_end(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    house.set(start() + chrono::TimeDelta::seconds(30));
    house.granted(&ben, read).await;
    let auditor = auditor(&house).await;
    let total = async |query: AuditQuery| house.portal.search(&auditor, &query, "").await.unwrap().total;
    // The searches themselves stand in the book, too.
    let of_ben = || AuditQuery { person: "ben".into(), ..AuditQuery::default() };
    let without = AuditQuery { without: "request".into(), ..of_ben() };
    assert_eq!(total(without.clone()).await, 1);
    assert_eq!(total(AuditQuery { action: "request".into(), ..without }).await, 0);
    assert_eq!(total(AuditQuery { to: "2026-11-23T10:00".into(), ..of_ben() }).await, 3);
    assert_eq!(total(AuditQuery { to: "2026-11-23T09:59".into(), ..of_ben() }).await, 0);
}
