//! Watching the book: what is new appears, for those who may see it, and costs the same however many watch.

use std::time::Duration;

use app::backend::{Audit as _, AuditPage, context_of};
use domain::audit::Event;
use domain::audit::query::{Query, parse};
use domain::caller::Caller;
use futures::StreamExt as _;
use server::jobs::{linker, sequencer};
use server::live::{End, Hub, Limits, News, Subscription, Watcher};
use sqlx::PgPool;
use store::sequence::Hints;
use tokio::time::Instant;

use crate::door::gate::Gate;
use crate::house::{House, caller_of, hours, start};

const MANY: Limits = Limits { per_person: 300, total: 300 };

fn query(caller: &Caller, text: &str) -> Query {
    parse(text, &context_of(caller)).unwrap()
}

/// A session behind a caller of the house, as a sign-in leaves it.
async fn sign_in(house: &House, caller: &Caller) {
    sqlx::query(
        "insert into session (id, id_hash, person_id, administrator, auditor, roles_read_at, created_at, seen_at, expires_at)
         values ($1, decode(md5($1::text) || md5($1::text), 'hex'), $2, $3, $4, $5, $5, $5, $5 + interval '12 hours')",
    )
    .bind(caller.session.0)
    .bind(caller.id().0)
    .bind(caller.roles.administrator)
    .bind(caller.roles.auditor)
    .bind(start())
    .execute(&house.pool)
    .await
    .unwrap();
}

async fn auditor(house: &House, name: &str) -> Caller {
    let mut auditor = house.person(name).await;
    auditor.roles.auditor = true;
    sign_in(house, &auditor).await;
    auditor
}

fn hub(house: &House, limits: Limits) -> Hub {
    Hub::new(house.store.clone(), hours(8), limits)
}

/// Watches from what a page of it has shown.
async fn watch(hub: &Hub, house: &House, caller: &Caller, text: &str) -> Watcher {
    let query = query(caller, text);
    let from = house.portal.search(caller, &query, &AuditPage::Newest).await.unwrap().position;
    hub.watch(Subscription { caller, query: &query, from }).unwrap()
}

async fn number(house: &House) {
    sequencer::catch_up(&house.store).await.unwrap();
    linker::catch_up(&house.store).await.unwrap();
}

/// What is there to tell by now.
async fn news(watcher: &mut Watcher) -> Option<Result<News, End>> {
    futures::future::select(Box::pin(watcher.next()), std::future::ready(())).await.left()
}

trait Left<T> {
    fn left(self) -> Option<T>;
}

impl<A, B, X, Y> Left<A> for futures::future::Either<(A, X), (B, Y)> {
    fn left(self) -> Option<A> {
        match self {
            Self::Left((done, _)) => Some(done),
            Self::Right(_) => None,
        }
    }
}

fn actions(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.action.as_str()).collect()
}

async fn shown(watcher: &mut Watcher) -> Vec<String> {
    match news(watcher).await {
        Some(Ok(news)) => {
            assert!(!news.is_gap);
            actions(&news.events).into_iter().map(str::to_owned).collect()
        }
        Some(Err(end)) => panic!("it is over: {end:?}"),
        None => Vec::new(),
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_event_appears_once_where_it_matches_and_may_be_seen(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, eve) = (house.person("Ben Okafor").await, house.person("Eve Stone").await);
    for caller in [&ben, &eve] {
        sign_in(&house, caller).await;
    }
    let (ada, read) = (auditor(&house, "Ada Audit").await, house.entitlement("read").await);
    number(&house).await;
    let (hub, now) = (hub(&house, MANY), Instant::now());
    let mut all = watch(&hub, &house, &ada, "").await;
    let mut requests = watch(&hub, &house, &ada, "action:request.* resource:payments").await;
    let mut grants = watch(&hub, &house, &ada, "action:grant.*").await;
    let mut own = watch(&hub, &house, &ben, "").await;
    let mut nothing = watch(&hub, &house, &eve, "").await;
    number(&house).await;
    assert!(hub.step(now, false).await, "whoever comes is looked for at once");
    assert_eq!(shown(&mut all).await, ["audit.searched"; 2], "the searches, which came before the watching");
    house.ask(&ben, read).await;
    number(&house).await;
    assert!(hub.step(now + Duration::from_secs(1), true).await);
    assert_eq!(shown(&mut all).await, ["request.submitted"]);
    assert_eq!(shown(&mut requests).await, ["request.submitted"]);
    assert_eq!(shown(&mut own).await, ["request.submitted"]);
    assert!(shown(&mut grants).await.is_empty());
    assert!(shown(&mut nothing).await.is_empty());
    assert!(hub.step(now + Duration::from_secs(9), true).await);
    assert!(shown(&mut all).await.is_empty(), "nothing is told twice");
    assert_eq!(house.count("select count(*) from event where action = 'audit.searched'").await, 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_lost_hint_only_delays(pool: PgPool) {
    let house = House::new(pool).await;
    let (ada, read) = (auditor(&house, "Ada Audit").await, house.entitlement("read").await);
    let (hub, now) = (hub(&house, MANY), Instant::now());
    let mut all = watch(&hub, &house, &ada, "").await;
    hub.step(now, false).await;
    house.ask(&house.person("Ben Okafor").await, read).await;
    number(&house).await;
    assert!(!hub.step(now + Duration::from_secs(4), false).await, "nobody asks without a reason");
    assert!(shown(&mut all).await.is_empty());
    assert!(hub.step(now + Duration::from_secs(5), false).await);
    assert_eq!(shown(&mut all).await, ["request.submitted"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_hundred_who_watch_one_search_cost_one_query_a_second(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, read) = (house.person("Ben Okafor").await, house.entitlement("read").await);
    let ada = auditor(&house, "Ada Audit").await;
    let (hub, now) = (hub(&house, MANY), Instant::now());
    let from = house.portal.search(&ada, &Query::default(), &AuditPage::Newest).await.unwrap().position;
    let mut watchers = Vec::new();
    for at in 0..200 {
        // The same words at another moment are the same search.
        let mut caller = ada.clone();
        caller.called_at = start() + chrono::TimeDelta::seconds(at);
        let query = query(&caller, "after:7d action:request.*");
        watchers.push(hub.watch(Subscription { caller: &caller, query: &query, from }).unwrap());
    }
    let request = house.ask(&ben, read).await;
    house.decide(&house.owner, request, "deny").await.unwrap();
    number(&house).await;
    // Three seconds with a hint every tenth of one.
    for tenth in 0..30 {
        hub.step(now + Duration::from_millis(100 * tenth), true).await;
        if tenth == 15 {
            house.ask(&ben, read).await;
            number(&house).await;
        }
    }
    assert!((2..=3).contains(&hub.queries()), "{} queries in three seconds", hub.queries());
    for watcher in &mut watchers {
        assert_eq!(shown(watcher).await.len(), 3);
    }
    drop(watchers);
    assert_eq!(hub.watchers(), 0);
    assert!(!hub.step(now + Duration::from_secs(60), true).await, "nobody asks for nobody");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_comes_later_or_comes_back_is_told_what_they_have_not_seen(pool: PgPool) {
    let house = House::new(pool).await;
    let (ada, ben) = (auditor(&house, "Ada Audit").await, house.person("Ben Okafor").await);
    let (read, write) = (house.entitlement("read").await, house.entitlement("write").await);
    let (hub, now) = (hub(&house, MANY), Instant::now());
    number(&house).await;
    let before = house.portal.search(&ada, &Query::default(), &AuditPage::Newest).await.unwrap().position;
    house.ask(&ben, read).await;
    number(&house).await;
    let mut first = watch(&hub, &house, &ada, "").await;
    hub.step(now, false).await;
    assert!(shown(&mut first).await.is_empty(), "its page has shown it");
    let all = Query::default();
    let mut late = hub.watch(Subscription { caller: &ada, query: &all, from: before }).unwrap();
    assert!(shown(&mut late).await.is_empty(), "nobody has looked so far back yet");
    hub.step(now + Duration::from_secs(1), false).await;
    assert_eq!(shown(&mut late).await, ["request.submitted"]);
    house.ask(&ben, write).await;
    number(&house).await;
    hub.step(now + Duration::from_secs(2), true).await;
    assert_eq!((shown(&mut first).await.len(), shown(&mut late).await.len()), (1, 1));
    let place = late.position();
    drop(late);
    let mut back = hub.watch(Subscription { caller: &ada, query: &all, from: place }).unwrap();
    assert!(shown(&mut back).await.is_empty());
    let mut third = hub.watch(Subscription { caller: &ada, query: &all, from: before }).unwrap();
    assert_eq!(shown(&mut third).await.len(), 2, "what is kept is told without asking");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn more_than_is_kept_is_said_to_be_more(pool: PgPool) {
    let house = House::new(pool).await;
    let ada = auditor(&house, "Ada Audit").await;
    let (hub, now) = (hub(&house, MANY), Instant::now());
    number(&house).await;
    let mut all = watch(&hub, &house, &ada, "").await;
    hub.step(now, false).await;
    sqlx::query("select event_ensure_partitions($1)").bind(start()).execute(&house.pool).await.unwrap();
    sqlx::query(
        "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin)
         select gen_random_uuid(), 'governance', $1, $1, 'system', 'Gatebook', 'grant.ended', 'success', 'job'
         from generate_series(1, 250)",
    )
    .bind(start())
    .execute(&house.pool)
    .await
    .unwrap();
    number(&house).await;
    hub.step(now + Duration::from_secs(1), true).await;
    let news = news(&mut all).await.unwrap().unwrap();
    assert_eq!((news.events.len(), news.is_gap), (200, true));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_ended_session_a_lost_role_and_a_stop_end_it_before_anything_more_is_shown(pool: PgPool) {
    let house = House::new(pool).await;
    let (ada, bo) = (auditor(&house, "Ada Audit").await, auditor(&house, "Bo Audit").await);
    let (ben, read) = (house.person("Ben Okafor").await, house.entitlement("read").await);
    sign_in(&house, &ben).await;
    let (hub, now) = (hub(&house, MANY), Instant::now());
    number(&house).await;
    let mut of_ada = watch(&hub, &house, &ada, "").await;
    let mut of_bo = watch(&hub, &house, &bo, "").await;
    let mut of_ben = watch(&hub, &house, &ben, "").await;
    hub.step(now, false).await;
    house.ask(&ben, read).await;
    number(&house).await;
    sqlx::query("update session set ended_at = $2 where id = $1")
        .bind(ada.session.0)
        .bind(start())
        .execute(&house.pool)
        .await
        .unwrap();
    hub.step(now + Duration::from_secs(1), true).await;
    assert_eq!(news(&mut of_ada).await.unwrap().unwrap_err(), End::SignedOut);
    assert_eq!(shown(&mut of_bo).await, ["request.submitted"]);
    house.set(start() + hours(1));
    hub.step(now + Duration::from_secs(6), false).await;
    assert_eq!(news(&mut of_bo).await.unwrap().unwrap_err(), End::RoleLost, "roles lapse after an hour");
    assert_eq!(shown(&mut of_ben).await, ["request.submitted"], "it never was a matter of a role");
    house.set(start() + hours(9));
    hub.step(now + Duration::from_secs(12), false).await;
    assert_eq!(news(&mut of_ben).await.unwrap().unwrap_err(), End::SignedOut, "watching is no sign of life");
    hub.close();
    let mut late = hub.watch(Subscription { caller: &ben, query: &Query::default(), from: 0 }).unwrap();
    assert_eq!(news(&mut late).await.unwrap().unwrap_err(), End::Stopping);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_hint_is_heard_when_something_was_numbered(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, read) = (house.person("Ben Okafor").await, house.entitlement("read").await);
    let mut hints = Hints::listen(&house.store).await.unwrap();
    house.ask(&ben, read).await;
    number(&house).await;
    tokio::time::timeout(Duration::from_secs(20), hints.next()).await.unwrap().unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_browser_is_sent_rows_and_told_why_there_are_no_more(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser =
        gate.signed_in_as("ada", |claims| claims["groups"] = serde_json::json!(["auditors"])).await;
    let mut stream = browser.stream("/audit/live?q=action:session.*&from=0").await;
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert!(stream.next().await.contains("id: 0"));
    sequencer::catch_up(&gate.store).await.unwrap();
    let now = Instant::now();
    assert!(gate.door.live.step(now, true).await);
    let rows = stream.next().await;
    assert!(rows.starts_with("event: rows\n") && rows.contains("signed in"), "{rows}");
    let mut table = browser.stream("/audit/live?q=action:session.*&from=0&columns=time,ip").await;
    table.next().await;
    let rows = table.next().await;
    assert!(rows.contains("<td") && rows.contains("192.0.2.10"), "{rows}");
    let others = [browser.stream("/audit/live").await, browser.stream("/audit/live").await];
    let mut refused = browser.stream("/audit/live").await;
    let words = refused.next().await;
    assert!(words.starts_with("event: end\n") && words.contains("in 4 windows already"), "{words}");
    assert!(refused.body.next().await.is_none());
    drop((others, table));
    assert_eq!(gate.door.live.watchers(), 1, "a browser that is gone takes no place");
    sqlx::query("update session set ended_at = seen_at, id_token = null").execute(&pool).await.unwrap();
    gate.door.live.step(now + Duration::from_secs(5), false).await;
    let words = stream.next().await;
    assert!(words.contains("event: end") && words.contains("signed out"), "{words}");
    assert!(stream.body.next().await.is_none());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn from_where_others_acted_is_not_shown_to_everybody(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser = gate.signed_in("ben").await;
    let mut ben = caller_of(&pool, "ben").await;
    ben.called_at = gate.now();
    let mut house = House::around(gate.store.clone(), ben.clone()).await;
    house.owner = Caller { called_at: gate.now(), ..house.person("Ana Ruiz").await };
    let read = house.entitlement("read").await;
    house.granted(&ben, read).await;
    number(&house).await;
    let mut stream = browser.stream("/audit/live?q=action:request.approved&columns=actor,ip").await;
    stream.next().await;
    gate.door.live.step(Instant::now(), true).await;
    let rows = stream.next().await;
    assert!(rows.contains("Ana Ruiz") && !rows.contains("127.0.0.1"), "{rows}");
}
