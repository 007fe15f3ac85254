//! Exports that are prepared in the background: the same file as one that comes at once, for whoever asked and may still
//! see it, by one process at a time, within bounds.

mod bad_days;
mod from_outside;

use app::backend::{ExportEnd, ExportRow, Exports as _, TypedExport, TypedExportEnd, context_of};
use app::error::PortalError;
use chrono::TimeDelta;
use domain::audit::query::parse;
use domain::caller::Caller;
use domain::export::{ExportState, KEPT, OPEN_MAX, OWN_MAX};
use futures::TryStreamExt as _;
use server::jobs::exporter::{Bounds, let_go, round};
use server::jobs::{linker, sequencer};
use server::portal::export::Format;
use server::portal::exports::Prepared;
use sqlx::PgPool;
use store::{Store, export_job};

use crate::house::{House, fields, start};
use crate::servers::until;

/// Somebody with a session, as a sign-in leaves it.
async fn signed_in(house: &House, name: &str, is_auditor: bool) -> Caller {
    let mut caller = house.person(name).await;
    caller.roles.auditor = is_auditor;
    sqlx::query(
        "insert into session (id, id_hash, person_id, auditor, roles_read_at, created_at, seen_at, expires_at)
         values ($1, decode(md5($1::text) || md5($1::text), 'hex'), $2, $3, $4, $4, $4, $4 + interval '12 hours')",
    )
    .bind(caller.session.0)
    .bind(caller.id().0)
    .bind(is_auditor)
    .bind(start())
    .execute(&house.pool)
    .await
    .unwrap();
    caller
}

async fn ask(house: &House, caller: &Caller, query: &str, format: Format) -> Result<(), PortalError> {
    let typed = TypedExport { query: query.to_owned(), format: format.as_str().to_owned() };
    house.portal.prepare(caller, &typed).await
}

/// The caller's newest.
async fn newest(house: &House, caller: &Caller) -> ExportRow {
    house.portal.list(caller).await.unwrap().remove(0)
}

async fn number(store: &Store) {
    sequencer::catch_up(store).await.unwrap();
    linker::catch_up(store).await.unwrap();
}

async fn work(house: &House) {
    number(&house.store).await;
    while round(&house.store, Bounds::default()).await.unwrap() {}
}

async fn fetch(house: &House, caller: &Caller, id: &str) -> Result<String, PortalError> {
    match house.portal.fetch_export(caller, id).await? {
        Prepared::File { content, .. } => {
            Ok(String::from_utf8(content.try_collect::<Vec<_>>().await.unwrap().concat()).unwrap())
        }
        Prepared::Expired => panic!("it has expired"),
    }
}

async fn direct(house: &House, caller: &Caller, query: &str, format: Format) -> String {
    let query = parse(query, &context_of(caller)).unwrap();
    let stream = house.portal.export(caller, &query, format).await.unwrap();
    String::from_utf8(stream.try_collect::<Vec<_>>().await.unwrap().concat()).unwrap()
}

/// What stands between the beginning and the end.
fn events(text: &str, format: Format) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let first = if format == Format::Csv { 2 } else { 1 };
    lines[first..lines.len() - 1].to_vec()
}

/// Events enough for several batches.
async fn fill(house: &House, count: i32) {
    sqlx::query("select event_ensure_partitions($1)").bind(start()).execute(&house.pool).await.unwrap();
    sqlx::query(
        "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin, detail)
         select gen_random_uuid(), 'usage', at, at, 'person', 'crew', 'resource.accessed', 'success', 'collector',
           jsonb_build_object('original', jsonb_build_object('note', md5('a' || n) || md5('b' || n) || md5('c' || n) || md5('d' || n)))
         from (select n, $1::timestamptz - n * interval '1 second' as at from generate_series(1, $2) n) made",
    )
    .bind(start())
    .bind(count)
    .execute(&house.pool)
    .await
    .unwrap();
}

async fn told(house: &House) -> Vec<(String, String)> {
    sqlx::query_as(
        "select action, outcome from event where action like 'audit.export%' order by recorded_at, id",
    )
    .fetch_all(&house.pool)
    .await
    .unwrap()
}

async fn chunks(house: &House) -> i64 {
    house.count("select count(*) from export_chunk").await
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_prepared_file_is_row_for_row_the_one_that_comes_at_once(pool: PgPool) {
    let house = House::new(pool).await;
    let (ada, ben) =
        (signed_in(&house, "Ada Audit", true).await, signed_in(&house, "Ben Okafor", false).await);
    fill(&house, 3_500).await;
    house.ask(&ben, house.entitlement("read").await).await;
    house.ask(&ada, house.entitlement("write").await).await;
    number(&house.store).await;
    for (caller, query, count) in [
        (&ada, "action:resource.* after:2026-11-01", 3_500),
        (&ada, "action:request.*", 2),
        (&ben, "request", 1),
    ] {
        for format in [Format::Csv, Format::Jsonl, Format::Ocsf] {
            let at_once = direct(&house, caller, query, format).await;
            ask(&house, caller, query, format).await.unwrap();
            work(&house).await;
            let row = newest(&house, caller).await;
            assert_eq!(row.state, ExportState::Done, "{:?}", row.reason);
            let prepared = fetch(&house, caller, &row.id).await.unwrap();
            assert_eq!(events(&prepared, format).len(), count, "{query} {format:?}");
            assert_eq!(events(&prepared, format), events(&at_once, format), "{query} {format:?}");
            house.portal.end(caller, &TypedExportEnd { id: row.id, cancels: false }).await.unwrap();
        }
    }
    assert_eq!(chunks(&house).await, 0, "a file goes with its export");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn asking_finishing_fetching_and_deleting_stand_in_the_book_and_home_hears_of_it(pool: PgPool) {
    let house = House::new(pool).await;
    let (ada, eve) = (signed_in(&house, "Ada Audit", true).await, signed_in(&house, "Eve Stone", true).await);
    ask(&house, &ada, "action:request.*", Format::Csv).await.unwrap();
    assert_eq!(newest(&house, &ada).await.state, ExportState::Waiting);
    let id = newest(&house, &ada).await.id;
    assert!(matches!(fetch(&house, &ada, &id).await, Err(PortalError::Conflict(_))));
    work(&house).await;
    assert_eq!(house.portal.news(&ada).await.unwrap().ready, 1);
    assert_eq!(house.portal.news(&eve).await.unwrap().ready, 0);
    assert_eq!(fetch(&house, &eve, &id).await, Err(PortalError::NotFound), "of others' nobody hears");
    assert!(house.portal.list(&eve).await.unwrap().is_empty());
    let end = TypedExportEnd { id: id.clone(), cancels: false };
    assert_eq!(house.portal.end(&eve, &end).await, Err(PortalError::NotFound));
    let text = fetch(&house, &ada, &id).await.unwrap();
    let asked: String = sqlx::query_scalar("select id::text from event where action = 'audit.export_asked'")
        .fetch_one(&house.pool)
        .await
        .unwrap();
    assert_eq!(text.matches(&asked).count(), 2, "its beginning and its end name the asking");
    assert_eq!(house.portal.news(&ada).await.unwrap().ready, 0, "whoever has it need not be told");
    assert_eq!(house.portal.end(&ada, &end).await, Ok(ExportEnd::Deleted));
    let story =
        ["audit.export_asked", "audit.export_finished", "audit.export_fetched", "audit.export_deleted"];
    assert_eq!(told(&house).await, story.map(|action| (action.to_owned(), "success".to_owned())));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_may_not_read_it_any_more_gets_no_file(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let ada = signed_in(&house, "Ada Audit", true).await;
    ask(&house, &ada, "", Format::Csv).await.unwrap();
    work(&house).await;
    let ready = newest(&house, &ada).await.id;
    ask(&house, &ada, "", Format::Csv).await.unwrap();
    sqlx::query("update session set auditor = false").execute(&pool).await.unwrap();
    work(&house).await;
    let row = newest(&house, &ada).await;
    assert_eq!(row.state, ExportState::Failed);
    assert_eq!(row.reason.as_deref(), Some("You may not read the whole book any more."));
    let mut employee = ada.clone();
    employee.roles.auditor = false;
    assert!(matches!(fetch(&house, &employee, &ready).await, Err(PortalError::Forbidden(_))));
    assert_eq!(house.count("select count(*) from event where action = 'access.denied'").await, 1);
    // Their own they may still have.
    ask(&house, &employee, "", Format::Csv).await.unwrap();
    work(&house).await;
    let own = newest(&house, &employee).await;
    assert!(!fetch(&house, &employee, &own.id).await.unwrap().is_empty());
    for (status, words) in [("suspended", "suspended"), ("left", "left")] {
        ask(&house, &employee, "", Format::Csv).await.unwrap();
        sqlx::query("update person set status = $1 where id = $2")
            .bind(status)
            .bind(ada.id().0)
            .execute(&pool)
            .await
            .unwrap();
        work(&house).await;
        assert!(newest(&house, &employee).await.reason.unwrap().contains(words));
    }
    assert_eq!(house.portal.news(&ada).await.unwrap().failed, 3);
    assert_eq!(told(&house).await.iter().filter(|(_, outcome)| outcome == "failure").count(), 3);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_wrong_is_told_at_its_field_and_what_has_become_unreadable_fails(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let ada = signed_in(&house, "Ada Audit", true).await;
    let typed = TypedExport { query: "actr:x".into(), format: "pdf".into() };
    let error = house.portal.prepare(&ada, &typed).await.unwrap_err();
    assert_eq!(fields(&error), ["query", "format"]);
    let id = |id: &str| TypedExportEnd { id: id.to_owned(), cancels: false };
    for nothing in ["", "x", "00000000-0000-7000-8000-000000000000"] {
        assert_eq!(house.portal.end(&ada, &id(nothing)).await, Err(PortalError::NotFound));
        assert_eq!(fetch(&house, &ada, nothing).await, Err(PortalError::NotFound));
    }
    ask(&house, &ada, "ledger", Format::Csv).await.unwrap();
    sqlx::query("update export_job set query = 'actr:x'").execute(&pool).await.unwrap();
    work(&house).await;
    let reason = newest(&house, &ada).await.reason.unwrap();
    assert!(reason.starts_with("Its query cannot be read any more: "), "{reason}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_has_more_under_way_or_kept_than_is_said(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let (ada, eve) = (signed_in(&house, "Ada Audit", true).await, signed_in(&house, "Eve Stone", true).await);
    for _ in 0..OPEN_MAX {
        ask(&house, &ada, "", Format::Csv).await.unwrap();
    }
    let error = ask(&house, &ada, "", Format::Csv).await.unwrap_err();
    assert_eq!(fields(&error), ["query"]);
    assert!(error.to_string().contains("3 of your exports are being prepared"), "{error}");
    ask(&house, &eve, "", Format::Csv).await.unwrap();
    for _ in OPEN_MAX..OWN_MAX {
        work(&house).await;
        ask(&house, &ada, "", Format::Csv).await.unwrap();
    }
    work(&house).await;
    let error = ask(&house, &ada, "", Format::Csv).await.unwrap_err();
    assert!(error.to_string().contains("You keep 20 exports"), "{error}");
    let one = newest(&house, &ada).await.id;
    house.portal.end(&ada, &TypedExportEnd { id: one, cancels: false }).await.unwrap();
    ask(&house, &ada, "", Format::Csv).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_file_is_not_given_out_when_less_is_open_to_its_owner_and_not_cancelled_when_it_is_ready(
    pool: PgPool,
) {
    let house = House::new(pool.clone()).await;
    let ben = signed_in(&house, "Ben Okafor", false).await;
    let read = house.entitlement("read").await;
    let resource: uuid::Uuid = sqlx::query_scalar("select resource_id from entitlement where id = $1")
        .bind(read.0)
        .fetch_one(&pool)
        .await
        .unwrap();
    house.own(&ben, "resource_id", resource).await;
    ask(&house, &ben, "", Format::Csv).await.unwrap();
    let id = newest(&house, &ben).await.id;
    work(&house).await;
    let late = TypedExportEnd { id: id.clone(), cancels: true };
    let error = house.portal.end(&ben, &late).await.unwrap_err();
    assert!(matches!(error, PortalError::Conflict(_)), "{error}");
    assert!(house.portal.fetch_export(&ben, &id).await.is_ok());
    sqlx::query("delete from owner where person_id = $1").bind(ben.id().0).execute(&pool).await.unwrap();
    let error = house.portal.fetch_export(&ben, &id).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "What you may see has changed since this file was prepared. Ask for it again."
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn all_files_together_are_bounded_and_each_is_let_go_when_its_time_is_over(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let ada = signed_in(&house, "Ada Audit", true).await;
    fill(&house, 20_000).await;
    ask(&house, &ada, "action:resource.*", Format::Jsonl).await.unwrap();
    work(&house).await;
    let row = newest(&house, &ada).await;
    assert_eq!((row.state, row.written, row.expected), (ExportState::Done, 20_000, Some(20_000)));
    let (pieces, longest, stored): (i64, i32, i64) = sqlx::query_as(
        "select count(*), max(octet_length(bytes)), sum(octet_length(bytes))::bigint from export_chunk",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(pieces > 1 && longest < 1_300_000, "{pieces} pieces, the longest of {longest} bytes");
    assert_eq!(u64::try_from(stored).unwrap(), row.bytes);

    ask(&house, &ada, "action:resource.*", Format::Jsonl).await.unwrap();
    let bounds = Bounds { total_bytes: stored + i64::from(longest) + 100, ..Bounds::default() };
    number(&house.store).await;
    assert!(round(&house.store, bounds).await.unwrap());
    let full = newest(&house, &ada).await;
    assert_eq!(full.state, ExportState::Failed);
    assert!(full.reason.unwrap().contains("All prepared files together"));
    assert_eq!(chunks(&house).await, pieces, "nothing is left of it");

    house.set(start() + KEPT - TimeDelta::seconds(1));
    let_go(&house.store).await.unwrap();
    assert_eq!(chunks(&house).await, pieces);
    house.set(start() + KEPT);
    let_go(&house.store).await.unwrap();
    assert_eq!(chunks(&house).await, 0);
    assert!(matches!(house.portal.fetch_export(&ada, &row.id).await, Ok(Prepared::Expired)));
    let_go(&house.store).await.unwrap();
    assert_eq!(told(&house).await.last().unwrap().0, "audit.export_deleted");
    assert_eq!(house.count("select count(*) from event where action = 'audit.export_deleted'").await, 1);
    house.set(start() + KEPT + TimeDelta::days(31));
    let_go(&house.store).await.unwrap();
    assert!(house.portal.list(&ada).await.unwrap().is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_process_prepares_it_and_another_begins_anew_where_that_is_gone(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let ada = signed_in(&house, "Ada Audit", true).await;
    ask(&house, &ada, "", Format::Csv).await.unwrap();
    let (lock, first) = export_job::take(&house.store).await.unwrap().unwrap();
    assert!(export_job::take(&house.store).await.unwrap().is_none(), "never two at once");
    let mut conn = pool.acquire().await.unwrap();
    let added = export_job::add_chunk(&mut conn, &first, b"half", 1_000).await.unwrap();
    assert_eq!(added, export_job::Added::Added);
    // As a process that is killed: its connection closes.
    drop(lock);
    let mut second = None;
    until("the lock to be gone", async || {
        second = export_job::take(&house.store).await.unwrap();
        second.is_some()
    })
    .await;
    let (lock, again) = second.unwrap();
    assert_eq!((first.attempt, again.attempt, chunks(&house).await), (1, 2, 0));
    // Who was thought to be gone and is not writes nothing any more.
    let added = export_job::add_chunk(&mut conn, &first, b"rest", 1_000).await.unwrap();
    assert_eq!(added, export_job::Added::Dropped);
    assert!(!export_job::progress(&mut conn, &first, 7, None).await.unwrap());
    let now = start();
    assert!(!export_job::finish(&mut conn, &first, 7, (now, now)).await.unwrap());
    lock.release().await;
    work(&house).await;
    assert_eq!(newest(&house, &ada).await.state, ExportState::Done);

    ask(&house, &ada, "", Format::Csv).await.unwrap();
    for _ in 0..5 {
        let (lock, _) = export_job::take(&house.store).await.unwrap().unwrap();
        lock.release().await;
    }
    work(&house).await;
    let row = newest(&house, &ada).await;
    assert_eq!(row.reason.as_deref(), Some("It was begun 5 times, and broke off each time."));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancelled_export_leaves_nothing_however_far_it_was(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let ada = signed_in(&house, "Ada Audit", true).await;
    ask(&house, &ada, "", Format::Csv).await.unwrap();
    let (lock, job) = export_job::take(&house.store).await.unwrap().unwrap();
    let mut conn = pool.acquire().await.unwrap();
    export_job::add_chunk(&mut conn, &job, b"half", 1_000).await.unwrap();
    let id = newest(&house, &ada).await.id;
    let end = TypedExportEnd { id: id.clone(), cancels: false };
    assert_eq!(house.portal.end(&ada, &end).await, Ok(ExportEnd::Cancelled));
    let added = export_job::add_chunk(&mut conn, &job, b"rest", 1_000).await.unwrap();
    assert_eq!(added, export_job::Added::Dropped);
    lock.release().await;
    assert!(!round(&house.store, Bounds::default()).await.unwrap());
    assert_eq!((newest(&house, &ada).await.state, chunks(&house).await), (ExportState::Cancelled, 0));
    assert!(matches!(fetch(&house, &ada, &id).await, Err(PortalError::Conflict(_))));
    assert_eq!(house.portal.end(&ada, &end).await, Ok(ExportEnd::Deleted));
}
