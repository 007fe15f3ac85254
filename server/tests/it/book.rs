//! The book: who may read what, export, and that nobody rewrites it.

mod meaning;

use app::backend::{Audit, AuditList, AuditPage, context_of};
use app::error::PortalError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::audit::Outcome;
use domain::audit::query::{Query, parse};
use domain::caller::Caller;
use server::portal::export::Format;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use crate::house::{House, hours, start};

async fn auditor(house: &House) -> Caller {
    let mut auditor = house.person("Ada Audit").await;
    auditor.roles.auditor = true;
    auditor
}

fn query(caller: &Caller, text: &str) -> Query {
    parse(text, &context_of(caller)).unwrap()
}

async fn found(house: &House, caller: &Caller, text: &str) -> AuditList {
    house.portal.search(caller, &query(caller, text), &AuditPage::Newest).await.unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn auditors_see_all_and_everybody_else_what_concerns_themselves(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, eve) = (house.person("Ben Okafor").await, house.person("Eve Stone").await);
    let read = house.entitlement("read").await;
    house.granted(&ben, read).await;
    let auditor = auditor(&house).await;
    assert_eq!(found(&house, &auditor, "").await.total, 3);
    assert_eq!(found(&house, &ben, "").await.total, 3);
    assert_eq!(found(&house, &house.owner, "").await.total, 3, "it is on what Ana owns");
    let list = found(&house, &eve, "").await;
    assert_eq!(list.total, 0);
    let event = found(&house, &ben, "").await.events[0].id;
    assert_eq!(house.portal.event(&eve, event).await.unwrap_err(), PortalError::NotFound);
    let seen = house.portal.event(&auditor, event).await.unwrap();
    assert_eq!((seen.thread.len(), seen.request.is_some()), (3, true));
    let admin = house.administrator("Tom Berg").await;
    let seen = house.portal.event(&admin, event).await.unwrap();
    assert_eq!((seen.thread.len(), seen.request.is_some()), (3, false), "no link that would lead nowhere");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_field_narrows(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    house.granted(&ben, read).await;
    let auditor = auditor(&house).await;
    for (text, total) in [
        ("payouts okafor action:request", 1),
        ("\"100%\"", 0),
        ("person:ana", 1),
        ("actor:=\"Ben Okafor\"", 1),
        ("actor:=Ben", 0),
        ("action:request", 2),
        ("action:request.approved", 1),
        ("resource:payments-prod", 3),
        ("-resource:payments-prod", 0),
        ("outcome:denied", 0),
        ("outcome:denied OR action:grant.*", 1),
        ("-(action:grant.* OR action:request.approved) person:ben", 1),
        ("sensitivity:>=medium", 3),
        ("-sensitivity:critical", 3),
        ("environment:prod", 0),
        ("-environment:prod", 3),
        ("after:2026-11-24", 0),
        ("before:2026-11-23", 0),
        ("during:2026-11-23", 3),
        ("window:freeze", 0),
        ("covered:no", 0),
        ("source:web -ip:10.0.0.0/8", 2),
    ] {
        assert_eq!(found(&house, &auditor, &format!("{text} -action:audit.*")).await.total, total, "{text}");
    }
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
    let first = found(&house, &auditor, "").await;
    let page = async |page: AuditPage| house.portal.search(&auditor, &Query::default(), &page).await.unwrap();
    let second = page(AuditPage::OlderThan(first.next.clone())).await;
    assert_eq!((first.events.len(), second.events.len(), second.next.as_str()), (50, 10, ""));
    let back = page(AuditPage::NewerThan(second.previous.clone())).await;
    assert_eq!((&back.events, back.previous.as_str()), (&first.events, ""), "and back again");
    assert_eq!(back.next, first.next);
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
        found(&house, &auditor, "ben").await;
        drop(house.portal.export(&auditor, &query(&auditor, "ben"), Format::Csv).await.unwrap());
    }
    found(&house, &auditor, "eve").await;
    let searched = "select count(*) from event where action = 'audit.searched'";
    assert_eq!(house.count(searched).await, 2);
    let other = found(&house, &auditor, "").await.events[0].clone();
    let place = URL_SAFE_NO_PAD.encode(format!("{} {}", other.recorded_at.timestamp_micros(), other.id));
    for page in [AuditPage::OlderThan(place.clone()), AuditPage::NewerThan(place)] {
        for text in ["gil", "gil", "eve"] {
            house.portal.search(&auditor, &query(&auditor, text), &page).await.unwrap();
        }
    }
    assert_eq!(house.count(searched).await, 3, "wherever one begins to read it");
    assert_eq!(house.count("select count(*) from event where action = 'audit.exported'").await, 3);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_searches_more_than_their_own_is_written_down(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, eve) = (house.person("Ben Okafor").await, house.person("Eve Stone").await);
    let (bo, sol) = (house.person("Bo Berg").await, house.person("Sol Reyes").await);
    house.entitlement("read").await;
    sqlx::query("update person set manager_id = $2 where id = $1")
        .bind(ben.id().0)
        .bind(bo.id().0)
        .execute(&house.pool)
        .await
        .unwrap();
    let resource: uuid::Uuid =
        sqlx::query_scalar("select id from resource").fetch_one(&house.pool).await.unwrap();
    house.own(&sol, "resource_id", resource).await;
    // Ana owns the system; Ben and Eve own nothing and lead nobody.
    for caller in [&house.owner, &bo, &sol, &ben, &eve] {
        for text in ["ledger", "ledger", ""] {
            found(&house, caller, text).await;
        }
        house.portal.note_watching(caller, &query(caller, "payouts")).await.unwrap();
    }
    let told: Vec<(String, String)> = sqlx::query_as(
        "select actor_name, detail ->> 'query' from event where action = 'audit.searched' order by 1, 2",
    )
    .fetch_all(&house.pool)
    .await
    .unwrap();
    let told: Vec<(&str, &str)> = told.iter().map(|(who, what)| (who.as_str(), what.as_str())).collect();
    let both = |who| [(who, "ledger"), (who, "payouts")];
    assert_eq!(told, [both("Ana Ruiz"), both("Bo Berg"), both("Sol Reyes")].concat());
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
    let tally = async |auditor: &Caller, text: &str| {
        found(&house, auditor, &format!("{text} -action:audit.*")).await.tally.unwrap()
    };
    let found = tally(&auditor, "").await;
    assert_eq!(found.groups, [("request".to_owned(), 3), ("grant".to_owned(), 1)]);
    assert_eq!(found.outcomes, [(Outcome::Success, 4)]);
    assert_eq!(found.days.len(), 30, "where no time is asked for");
    assert_eq!(found.days.last().map(|day| (day.day.to_string(), day.count)), Some(("2026-11-23".into(), 4)));

    auditor.time_zone = chrono_tz::Asia::Tokyo;
    let days: Vec<usize> =
        tally(&auditor, "during:2026-11-20..2026-11-24").await.days.iter().map(|day| day.count).collect();
    assert_eq!(days, [0, 0, 0, 3, 1]);
    assert_eq!(tally(&auditor, "after:2020").await.days.len(), 90, "never more");
    assert_eq!(found.actors.first().map(|(name, count)| (name.as_str(), *count)), Some(("Ben Okafor", 2)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_kind_can_be_left_out_and_a_minute_counts_to_its_end(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("Ben Okafor").await;
    let read = house.entitlement("read").await;
    house.set(start() + chrono::TimeDelta::seconds(30));
    house.granted(&ben, read).await;
    let auditor = auditor(&house).await;
    let total = async |text: &str| found(&house, &auditor, text).await.total;
    // The searches themselves stand in the book, too.
    assert_eq!(total("person:ben -action:request").await, 1);
    assert_eq!(total("person:ben -action:request action:request").await, 0);
    assert_eq!(total("person:ben during:..2026-11-23T10:00").await, 3);
    assert_eq!(total("person:ben during:..2026-11-23T09:59").await, 0);
}
