//! Following a system's own log: what is done there comes in by itself, once.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::caller::Caller;
use serde_json::{Value, json};
use server::jobs::follower::{self, Seen};
use server::jobs::{linker, sequencer};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::house::House;

const PATIENCE: Duration = Duration::from_secs(30);
/// The log of a real session.
const SAMPLE: &str = include_str!("../../src/formats/samples/postgresql-15.jsonl");

#[derive(Debug, FromRow)]
struct Reported {
    action: String,
    outcome: String,
    operation: Option<String>,
    resource_name: Option<String>,
    grant_id: Option<Uuid>,
    covered: Option<bool>,
}

async fn reported(house: &House, account: &str) -> Vec<Reported> {
    sequencer::catch_up(&house.store).await.unwrap();
    linker::catch_up(&house.store).await.unwrap();
    sqlx::query_as(
        "select e.action, e.outcome, e.detail ->> 'operation' as operation, e.resource_name, l.grant_id, l.covered
         from event e left join event_link l on l.event_id = e.id
         where e.class = 'usage' and e.actor_name = $1 order by e.occurred_at, e.id",
    )
    .bind(account)
    .fetch_all(&house.pool)
    .await
    .unwrap()
}

/// Follows until this account's last session has left; a server writes its log when it comes to it.
async fn follow_until(house: &House, seen: &mut Seen, account: &str, sessions: usize) -> Vec<Reported> {
    let begun = Instant::now();
    loop {
        assert!(follower::round(&house.store, seen).await.unwrap(), "the folder can be read");
        let found = reported(house, account).await;
        if found.iter().filter(|event| event.action == "session.closed").count() >= sessions {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{} events", found.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn wall_clock(pool: &PgPool) -> DateTime<Utc> {
    sqlx::query_scalar("select clock_timestamp()").fetch_one(pool).await.unwrap()
}

/// A database with a role of Ben's, and one that is granted through Gatebook.
async fn target(house: &House, cluster: &Cluster, ben: &Caller) -> Uuid {
    let statements = [
        "create role ben login",
        "create role eve login",
        "create role orders_read",
        "create role connector login",
        "grant pg_signal_backend to connector",
        "grant orders_read to connector with admin option",
        "create database orders",
    ];
    cluster.session("postgres", "postgres", &statements).await;
    let tables = ["create table item (id int)", "grant select on item to orders_read"];
    cluster.session("postgres", "orders", &tables).await;
    if cluster.has_pgaudit {
        let statements = [
            "create extension pgaudit",
            "alter database orders set pgaudit.log = 'read'",
            "alter database orders set pgaudit.log_relation = on",
        ];
        cluster.session("postgres", "orders", &statements).await;
    }
    let settings = json!({
        "url": cluster.url("connector", "orders"),
        "password": "env:PATH",
        "log": cluster.log().display().to_string(),
    });
    let system = house.system("postgresql", settings).await;
    house.account(ben, system, "ben").await;
    system
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_done_under_an_approved_request_appears_covered_by_its_grant(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    house.set(wall_clock(&pool).await);
    let cluster = Cluster::that_logs(&pool).await;
    let ben = house.person("Ben Okafor").await;
    let system = target(&house, &cluster, &ben).await;
    let entitlement = house.entitlement_on(system, "orders_read", "medium").await;
    let (_, grant) = house.granted(&ben, entitlement).await;
    house.work().await;
    let told: Option<String> =
        sqlx::query_scalar("select string_agg(reason, ' ') from event where grant_id = $1")
            .bind(grant.0)
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(house.state(grant).await, "active", "{told:?}");

    let done = cluster.session("ben", "orders", &["select * from item", "drop table item"]).await;
    assert!(done[0].is_ok() && done[1].is_err(), "{done:?}");
    cluster.session("ben", "postgres", &["select 'another database'"]).await;
    let found = follow_until(&house, &mut Seen::default(), "ben", 1).await;
    let of =
        |action: &str| -> Vec<&Reported> { found.iter().filter(|event| event.action == action).collect() };
    assert_eq!(of("session.opened").len(), 1, "the other database is not this system: {found:?}");
    let opened = of("session.opened")[0];
    assert_eq!((opened.grant_id, opened.covered), (Some(grant.0), Some(true)), "{found:?}");
    let selected: Vec<_> = found
        .iter()
        .filter(|event| event.operation.as_deref() == Some("SELECT") && event.resource_name.is_none())
        .collect();
    assert_eq!(selected.len(), 1, "{found:?}");
    assert_eq!((selected[0].grant_id, selected[0].covered), (Some(grant.0), Some(true)), "{found:?}");
    let dropped: Vec<&str> = found
        .iter()
        .filter(|event| event.operation.as_deref() == Some("DROP TABLE"))
        .map(|event| event.outcome.as_str())
        .collect();
    assert_eq!(dropped, ["denied"], "what was tried in vain was not done");
    let audited = found.iter().filter(|event| event.resource_name.as_deref() == Some("public.item")).count();
    assert_eq!(audited, usize::from(cluster.has_pgaudit), "pgaudit names the table: {found:?}");

    // Whoever has no grant is not covered, and nobody counts twice.
    let slug: String = sqlx::query_scalar("select origin from event where class = 'usage' limit 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(slug.ends_with("-log"), "{slug}");
    let told = "select count(*) from event where action = 'source.added' and actor_kind = 'system'";
    assert_eq!(house.count(told).await, 1, "its source was made, and that is in the book");
    cluster.session("eve", "orders", &["select 1"]).await;
    let found = follow_until(&house, &mut Seen::default(), "eve", 1).await;
    assert!(found.iter().all(|event| event.grant_id.is_none()), "{found:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn rotation_and_a_restart_of_either_side_lose_nothing_and_double_nothing(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    house.set(wall_clock(&pool).await);
    let mut cluster = Cluster::that_logs(&pool).await;
    let ben = house.person("Ben Okafor").await;
    target(&house, &cluster, &ben).await;
    let mut seen = Seen::default();
    for round in 0..6 {
        let statements: Vec<String> = (0..20).map(|number| format!("values ({round}, {number})")).collect();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        cluster.session("ben", "orders", &statements).await;
        match round {
            0 => cluster.rotate().await,
            // The server goes on in another file.
            1 => cluster.restart().await,
            // The follower knows nothing any more but what stands in the database.
            2 => seen = Seen::default(),
            // It died between storing and noting how far it was.
            3 => {
                sqlx::query("update followed_file set position = 0").execute(&pool).await.unwrap();
                seen = Seen::default();
            }
            // It was away for a while.
            4 => continue,
            _ => {}
        }
        // In the middle of whatever is written just now.
        assert!(follower::round(&house.store, &mut seen).await.unwrap());
    }
    let found = follow_until(&house, &mut seen, "ben", 6).await;
    let values = found.iter().filter(|event| event.operation.as_deref() == Some("VALUES")).count();
    assert_eq!(values, 6 * 20);
    assert_eq!(found.iter().filter(|event| event.action == "session.opened").count(), 6);
    let files = fs::read_dir(cluster.log()).unwrap().count();
    assert!(files >= 4, "both forms, before and after: {files}");
}

/// A system whose log is what a test writes into a folder.
async fn folder(house: &House) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let settings = json!({
        "url": "postgres://connector@127.0.0.1:1/orders",
        "log": folder.path().display().to_string(),
    });
    house.system("postgresql", settings).await;
    folder
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The sample, as a server of this database has written it.
fn sample() -> Vec<String> {
    let of_orders = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        if record.get("dbname").is_some() {
            record["dbname"] = json!("orders");
        }
        format!("{record}\n")
    };
    SAMPLE.lines().map(of_orders).collect()
}

async fn stored(house: &House) -> i64 {
    house.count("select count(*) from event where class = 'usage'").await
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_last_line_that_is_not_whole_yet_waits(pool: PgPool) {
    let house = House::new(pool).await;
    let folder = folder(&house).await;
    let path = folder.path().join("postgresql.json");
    let mut seen = Seen::default();
    let lines = sample();
    let whole = lines.concat();
    let mut before = 0;
    for line in &lines {
        let (start, end) = line.split_at(line.len() / 2);
        append(&path, start);
        follower::round(&house.store, &mut seen).await.unwrap();
        assert_eq!(stored(&house).await, before, "half a line says nothing");
        append(&path, end);
        follower::round(&house.store, &mut seen).await.unwrap();
        before = stored(&house).await;
    }
    assert!(before > 10, "{before}");
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);

    // All of it at once, in another system, comes to the same.
    sqlx::query("update followed_file set position = 0").execute(&house.pool).await.unwrap();
    follower::round(&house.store, &mut Seen::default()).await.unwrap();
    assert_eq!(stored(&house).await, before);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn files_that_are_renamed_copied_cut_off_and_written_anew_are_read_once(pool: PgPool) {
    let house = House::new(pool).await;
    let folder = folder(&house).await;
    let (path, old) = (folder.path().join("a.json"), folder.path().join("a.1.json"));
    let mut seen = Seen::default();
    let lines = sample();
    let (first, second) = lines.split_at(lines.len() / 2);
    let control = |lines: &[String]| lines.concat();
    // Copied away and cut off, as logrotate's copytruncate does.
    append(&path, &control(first));
    follower::round(&house.store, &mut seen).await.unwrap();
    let half = stored(&house).await;
    assert!(half > 0);
    fs::copy(&path, &old).unwrap();
    fs::write(&path, "").unwrap();
    follower::round(&house.store, &mut seen).await.unwrap();
    assert_eq!(stored(&house).await, half);
    append(&path, &control(second));
    follower::round(&house.store, &mut seen).await.unwrap();
    let all = stored(&house).await;
    assert!(all > half);
    // Renamed, and gone.
    fs::rename(&path, folder.path().join("b.json")).unwrap();
    fs::remove_file(&old).unwrap();
    follower::round(&house.store, &mut seen).await.unwrap();
    assert_eq!(stored(&house).await, all);
    let unread = house.count("select count(*) from followed_file").await;
    assert_eq!(unread, 2, "two files, whatever they were called");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_databases_of_one_server_share_its_log_and_each_has_its_own_events(pool: PgPool) {
    let house = House::new(pool).await;
    let folder = folder(&house).await;
    let settings = json!({
        "url": "postgres://connector@127.0.0.1:1/ledger",
        "log": folder.path().display().to_string(),
    });
    house.system("postgresql", settings).await;
    let path = folder.path().join("a.json");
    let mut seen = Seen::default();
    let of_ledger: Vec<String> =
        sample().iter().map(|line| line.replace("\"orders\"", "\"ledger\"")).collect();
    append(&path, &sample().concat());
    follower::round(&house.store, &mut seen).await.unwrap();
    append(&path, &of_ledger.concat());
    follower::round(&house.store, &mut seen).await.unwrap();
    let counts: Vec<i64> =
        sqlx::query_scalar("select count(*) from event where class = 'usage' group by system_id")
            .fetch_all(&house.pool)
            .await
            .unwrap();
    assert!(counts.len() == 2 && counts[0] == counts[1] && counts[0] > 10, "{counts:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nothing_comes_in_from_a_log_whose_source_was_closed_or_whose_folder_is_not_there(pool: PgPool) {
    let house = House::new(pool).await;
    let folder = folder(&house).await;
    let path = folder.path().join("a.json");
    append(&path, &sample().concat());
    let mut seen = Seen::default();
    follower::round(&house.store, &mut seen).await.unwrap();
    let before = stored(&house).await;
    assert!(before > 0);
    sqlx::query("update event_source set ended_at = created_at").execute(&house.pool).await.unwrap();
    sqlx::query("update followed_file set position = 0").execute(&house.pool).await.unwrap();
    sqlx::query("delete from event_external").execute(&house.pool).await.unwrap();
    assert!(follower::round(&house.store, &mut Seen::default()).await.unwrap());
    assert_eq!(stored(&house).await, before);
    drop(folder);
    assert!(!follower::round(&house.store, &mut Seen::default()).await.unwrap(), "and that is said");
}
