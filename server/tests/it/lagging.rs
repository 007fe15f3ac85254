//! A streaming replica serves search, counts, as-of, reports, the API and exports; what is written, decided and watched
//! does not go by it.

mod pair;

use std::time::{Duration, Instant};

use app::backend::{
    AsOf, Audit as _, AuditList, AuditPage, Holdings as _, Reports as _, TypedPeriod, context_of,
};
use domain::audit::query::parse;
use domain::caller::Caller;
use futures::TryStreamExt as _;
use serde_json::Value;
use server::jobs::{holdings, linker, sequencer};
use server::portal::Portal;
use server::portal::export::Format;
use server::portal::reader::Reader;
use sqlx::PgPool;
use store::copy::Standing;

use crate::house::House;
use crate::servers::{Servers, until};
use pair::Pair;

/// A house whose store reads of the replica what may be a moment old.
async fn house(pair: &Pair) -> House {
    let mut house = House::new(pair.pool.clone()).await;
    house.store = house.store.with_copy(&pair.copy_url("postgres"), 4).unwrap();
    house.portal = Portal::new(house.store.clone());
    house
}

async fn auditor(house: &House) -> Caller {
    let mut auditor = house.person("Ada Audit").await;
    auditor.roles.auditor = true;
    auditor
}

async fn number(house: &House) {
    sequencer::catch_up(&house.store).await.unwrap();
    linker::catch_up(&house.store).await.unwrap();
    holdings::catch_up(&house.store).await.unwrap();
}

async fn search(house: &House, caller: &Caller, text: &str) -> AuditList {
    let query = parse(text, &context_of(caller)).unwrap();
    house.portal.search(caller, &query, &AuditPage::Newest).await.unwrap()
}

async fn export(house: &House, caller: &Caller, text: &str) -> Vec<Value> {
    let query = parse(text, &context_of(caller)).unwrap();
    let chunks = house.portal.export(caller, &query, Format::Jsonl).await.unwrap();
    let text = String::from_utf8(chunks.try_collect::<Vec<_>>().await.unwrap().concat()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn behind(house: &House, now: Instant) -> Option<Duration> {
    house.store.look_at_copy(now).await.unwrap();
    house.store.copy().unwrap().behind()
}

/// How far the book was read for who had what.
async fn read_to(house: &House, caller: &Caller) -> usize {
    house.portal.of_all(caller, &AsOf::default()).await.unwrap().held.unwrap().read_to
}

/// How many connections to the copy have last looked for events, or how far these can be found.
async fn searching(pair: &Pair) -> i64 {
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where application_name = 'gatebook' and (query like '%from event e where%' or query like '%book_reader%')",
    )
    .fetch_one(&pair.copy)
    .await
    .unwrap()
}

async fn searched(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from event where action = 'audit.searched'")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test]
async fn what_may_be_a_moment_old_is_read_of_the_replica_and_says_how_old(shared: PgPool) {
    let pair = Pair::start(&shared).await;
    let house = house(&pair).await;
    let (ada, ben, read) =
        (auditor(&house).await, house.person("Ben Okafor").await, house.entitlement("read").await);
    house.granted(&ben, read).await;
    house.work().await;
    number(&house).await;
    pair.catch_up().await;
    let read_before = read_to(&house, &ada).await;
    let begun = Instant::now();
    until("the copy to be up to date", async || behind(&house, begun).await == Some(Duration::ZERO)).await;
    pair.pause().await;
    house.granted(&house.person("Eve Stone").await, read).await;
    house.work().await;
    number(&house).await;

    let query = "action:request.submitted";
    behind(&house, begun + Duration::from_secs(1)).await;
    assert_eq!(behind(&house, begun + Duration::from_secs(13)).await, Some(Duration::from_secs(13)));
    let list = search(&house, &ada, query).await;
    assert_eq!((list.events.len(), list.total, list.behind_seconds), (1, 1, 13));
    let tally = list.tally.unwrap();
    assert_eq!(tally.actors, [("Ben Okafor".to_owned(), 1)]);
    assert_eq!(tally.days.iter().map(|day| day.count).sum::<usize>(), 1);
    // Who had what was looked at before.
    assert_eq!(
        (searched(&pair.pool).await, searched(&pair.copy).await),
        (2, 1),
        "what is written is written"
    );
    let parsed = parse(query, &context_of(&ada)).unwrap();
    let listed = house.portal.list_events(&Reader::from(&ada), &parsed, None, 10).await.unwrap();
    assert_eq!(listed.events.len(), 1);
    assert_eq!(read_to(&house, &ada).await, read_before, "as of then");
    let typed = TypedPeriod { from: "2026-11-01".into(), to: "2026-11-30".into(), ..TypedPeriod::default() };
    let report = house.portal.period(&ada, &typed).await.unwrap().report.unwrap();
    assert_eq!(report.read_to, read_before);

    pair.resume().await;
    pair.catch_up().await;
    let later = begun + Duration::from_secs(14);
    until("the copy to be up to date", async || behind(&house, later).await == Some(Duration::ZERO)).await;
    let list = search(&house, &ada, query).await;
    assert_eq!((list.events.len(), list.behind_seconds), (2, 0));
    assert!(read_to(&house, &ada).await > read_before);
}

#[sqlx::test]
async fn an_export_holds_everything_of_before_it_and_waits_for_the_replica_only_so_long(shared: PgPool) {
    let pair = Pair::start(&shared).await;
    let house = house(&pair).await;
    let (ada, read) = (auditor(&house).await, house.entitlement("read").await);
    house.ask(&house.person("Ben Okafor").await, read).await;
    assert_eq!(searching(&pair).await, 0);
    // The copy has the last request a moment later.
    let exported = export(&house, &ada, "action:request.submitted").await;
    assert_eq!(exported.len(), 3, "a beginning, one event, an end");
    assert!(searching(&pair).await > 0, "it was read of the copy");

    pair.pause().await;
    house.ask(&house.person("Eve Stone").await, read).await;
    let begun = Instant::now();
    let exported = export(&house, &ada, "action:request.submitted").await;
    assert_eq!(exported.len(), 4, "a copy that does not come after is not waited for without end");
    assert!(begun.elapsed() >= Duration::from_secs(5));
    let held = house.portal.export_held(&ada, "", Format::Csv).await.unwrap();
    assert!(!held.try_collect::<Vec<_>>().await.unwrap().is_empty());
}

#[sqlx::test]
async fn a_replica_that_is_away_or_none_is_not_read_and_comes_back(shared: PgPool) {
    let mut pair = Pair::start(&shared).await;
    let house = house(&pair).await;
    let (ada, read) = (auditor(&house).await, house.entitlement("read").await);
    pair.catch_up().await;
    // A connection that is there breaks off in the middle.
    assert_eq!(search(&house, &ada, "action:request.submitted").await.total, 0);
    pair.stop_replica();
    house.ask(&house.person("Ben Okafor").await, read).await;
    assert_eq!(search(&house, &ada, "action:request.submitted").await.total, 1);
    let now = Instant::now();
    assert_eq!(behind(&house, now).await, None);
    assert!(matches!(house.store.copy().unwrap().standing(), Standing::Away(_)));
    assert_eq!(search(&house, &ada, "action:request.submitted").await.total, 1);
    assert_eq!(export(&house, &ada, "action:request.submitted").await.len(), 3);

    pair.start_replica().await;
    pair.pause().await;
    assert!(behind(&house, now + Duration::from_secs(1)).await.is_some());
    house.ask(&house.person("Eve Stone").await, read).await;
    assert_eq!(search(&house, &ada, "action:request.submitted").await.total, 1, "it is read of again");

    sqlx::raw_sql("select pg_promote()").execute(&pair.copy).await.unwrap();
    house.store.look_at_copy(now + Duration::from_secs(2)).await.unwrap();
    assert!(
        matches!(house.store.copy().unwrap().standing(), Standing::Foreign(_)),
        "it goes ways of its own"
    );
    assert_eq!(search(&house, &ada, "action:request.submitted").await.total, 2);
}

#[sqlx::test]
async fn a_server_says_how_far_its_replica_is_behind_and_serves_on_without_it(shared: PgPool) {
    let mut pair = Pair::start(&shared).await;
    let servers = Servers::over(&pair.pool).await;
    let role = servers.url.split(['/', ':']).nth(3).unwrap().to_owned();
    let servers = servers.with("DATABASE_READ_URL", &pair.copy_url(&role));
    let serving = servers.serve().await;
    let wire = reqwest::Client::new();
    let ready = async || {
        let answer = wire.get(format!("http://127.0.0.1:{}/readyz", serving.port)).send().await.unwrap();
        assert!(answer.status().is_success());
        answer.text().await.unwrap()
    };
    let mut ada = servers.sign_in(&serving, "ada", "ada@example.com", &["admins"]).await;
    pair.pause().await;
    let signed_in = "/audit?q=action%3Asession.signed_in";
    assert!(ada.get(serving.port, signed_in).await.unwrap().body.contains("One event"));
    let _ben = servers.sign_in(&serving, "ben", "ben@example.com", &[]).await;
    until("the page to say how old it is", async || {
        let page = ada.get(serving.port, signed_in).await.unwrap();
        assert!(page.body.contains("One event"));
        page.body.contains("Read from a copy that is ") && page.body.contains(" seconds behind.")
    })
    .await;
    let said = ready().await;
    let seconds = said.split("copy to read from: ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(seconds.parse::<f64>().unwrap() >= 5.0, "{said}");

    pair.stop_replica();
    until("the copy to be away", async || ready().await.contains("away")).await;
    assert!(ada.get(serving.port, signed_in).await.unwrap().body.contains("2 events"));
    assert!(serving.said().contains("the copy to read from is away"), "{}", serving.said());
    pair.start_replica().await;
    until("the copy to be there again", async || ready().await.contains("seconds behind")).await;

    // What is written to itself is no copy.
    let itself = servers.with("DATABASE_READ_URL", &servers.url);
    let said = itself.try_serve_as(&servers.url).await;
    assert!(said.contains("DATABASE_READ_URL is not right"), "{said}");
}
