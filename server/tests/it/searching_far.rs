//! Searches look at a bounded number of events, whatever they look for and however far back it lies.

use app::backend::{Audit as _, AuditPage};
use chrono::TimeDelta;
use domain::audit::Event;
use domain::audit::query::{Context, parse};
use server::jobs::{linker, sequencer};
use server::portal::export::Format;
use sqlx::{Connection as _, PgConnection, PgPool};
use store::audit::{self, At, Reach, Search};

use crate::house::{House, start};

const EVENTS: i64 = 60_000;

/// One event a minute: `bot` did all in the older half and `crew` all in the newer one; every 5,000th is by `guest`.
async fn fill(house: &House, pool: &PgPool) {
    for days in [0, 20, 45] {
        sqlx::query("select event_ensure_partitions($1)")
            .bind(start() - TimeDelta::days(days))
            .execute(pool)
            .await
            .unwrap();
    }
    sqlx::query(
        "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin, ip,
           resource_name, detail)
         select gen_random_uuid(), 'usage', at, at, 'person',
           case when n % 5000 = 7 then 'guest' when n <= $2 / 2 then 'bot' else 'crew' end,
           case n % 3 when 0 then 'resource.changed' else 'resource.accessed' end, 'success', 'collector',
           '10.0.' || n % 7 || '.9', 'ledger', jsonb_build_object('original', jsonb_build_object('note', 'ticket ' || n))
         from (select n, $1::timestamptz - ($2 - n) * interval '1 minute' as at from generate_series(1, $2) n) made",
    )
    .bind(start())
    .bind(EVENTS)
    .execute(pool)
    .await
    .unwrap();
    sequencer::catch_up(&house.store).await.unwrap();
    linker::catch_up_by(&house.store, 20_000).await.unwrap();
    sqlx::raw_sql("analyze event_search; analyze event; analyze book_name").execute(pool).await.unwrap();
}

/// A connection that is alone with the database: what others read is counted, by the time they have ended, and nobody
/// reads more.
async fn alone(pool: &PgPool) -> PgConnection {
    let mut conn = PgConnection::connect_with(&pool.connect_options()).await.unwrap();
    let ended: bool = sqlx::query_scalar(
        "select coalesce(bool_and(pg_terminate_backend(pid, 60000)), true) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'",
    )
    .fetch_one(&mut conn)
    .await
    .unwrap();
    assert!(ended, "somebody else goes on reading");
    conn
}

/// Rows that were read of the index and the book so far, by whatever way; and how many of them by scanning a whole table.
async fn read_so_far(conn: &mut PgConnection) -> (i64, i64) {
    sqlx::raw_sql("select pg_stat_force_next_flush()").execute(&mut *conn).await.unwrap();
    sqlx::query_as(
        "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint, coalesce(sum(seq_tup_read), 0)::bigint
         from pg_stat_user_tables where relname like 'event\\_search\\_usage%' or relname like 'event\\_usage%'",
    )
    .fetch_one(conn)
    .await
    .unwrap()
}

/// One event more that is numbered and not indexed, and one that is not even numbered.
async fn go_on(house: &House, pool: &PgPool) {
    for minutes in [1, 2] {
        sqlx::query(
            "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin)
             values (gen_random_uuid(), 'usage', $1, $1, 'person', 'newcomer', 'resource.accessed', 'success', 'collector')",
        )
        .bind(start() + TimeDelta::minutes(minutes))
        .execute(pool)
        .await
        .unwrap();
        if minutes == 1 {
            sequencer::catch_up(&house.store).await.unwrap();
        }
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_not_indexed_yet_is_found_without_reading_the_rest(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    fill(&house, &pool).await;
    go_on(&house, &pool).await;
    let mut conn = alone(&pool).await;
    for (text, found) in [("", 10_001), ("actor:newcomer", 2), ("actor:nobody", 0), ("actor:guest", 12)] {
        let query = parse(text, &Context { now: start(), zone: chrono_tz::UTC }).unwrap();
        let search = Search { query: &query, concerning: None };
        let before = read_so_far(&mut conn).await;
        assert_eq!(audit::count(&mut conn, search).await.unwrap(), found, "{text}");
        assert_eq!(audit::unindexed(&mut conn).await.unwrap(), 2);
        let after = read_so_far(&mut conn).await;
        let rows = after.0 - before.0;
        assert!(rows <= 45_000, "{text}: {rows} rows of {EVENTS} were read");
        assert_eq!(after.1 - before.1, 0, "{text}: rows read by scanning a whole table");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_only_looking_can_tell_is_looked_for_so_far_and_then_further(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    fill(&house, &pool).await;
    let mut conn = alone(&pool).await;
    for (text, found, steps) in [
        // Nothing but looking: the older half is by others.
        ("-actor:crew -actor:bot", 12, 7),
        ("-actor:crew", 51, 4),
        // As dense as it is, it is walked.
        ("source:collector -actor:crew -actor:bot", 12, 40),
        (
            "\"ticket\" ip:10.0.0.0/9 -10.0.1.9 -10.0.2.9 -10.0.3.9 -10.0.4.9 -10.0.5.9 -10.0.6.9 -10.0.0.9",
            0,
            25,
        ),
    ] {
        let query = parse(text, &Context { now: start(), zone: chrono_tz::UTC }).unwrap();
        let search = Search { query: &query, concerning: None };
        let (mut at, mut events, mut taken) = (At::Newest, 0, 0);
        loop {
            let before = read_so_far(&mut conn).await;
            let reach = Reach { look_max: 10_000, ..Reach::default() };
            let page = audit::look(&mut conn, search, at, 51 - events, reach).await.unwrap();
            let after = read_so_far(&mut conn).await;
            let rows = after.0 - before.0;
            assert!(rows <= 40_000, "{text}: {rows} rows were read in a step");
            assert_eq!(after.1 - before.1, 0, "{text}: rows read by scanning a whole table");
            (events, taken) = (events + i64::try_from(page.events.len()).unwrap(), taken + 1);
            match page.looked_to {
                Some(cursor) => at = At::OlderThan(cursor),
                None => break,
            }
        }
        println!("{text}: {taken} steps");
        assert_eq!(events, found, "{text}");
        assert!((2..=steps).contains(&taken), "{text}: {taken} steps");
        let whole = audit::search(&mut conn, search, At::Newest, 51).await.unwrap();
        assert_eq!(i64::try_from(whole.len()), Ok(found), "{text}: however far one has to look");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_comes_in_faster_than_it_is_indexed_is_said_and_not_exported_in_part(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let mut auditor = house.person("Ada Audit").await;
    auditor.roles.auditor = true;
    let insert = "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin)
         select gen_random_uuid(), 'usage', $1, $1, 'person', 'crew', 'resource.accessed', 'success', 'collector'
         from generate_series(1, 10000 + $2)";
    let query = parse("actor:crew", &Context { now: start(), zone: chrono_tz::UTC }).unwrap();
    let more = async |events: i32| {
        sqlx::query(insert).bind(start()).bind(events).execute(&pool).await.unwrap();
        sequencer::catch_up(&house.store).await.unwrap();
    };
    sqlx::query("select event_ensure_partitions($1)").bind(start()).execute(&pool).await.unwrap();
    more(0).await;
    let list = house.portal.search(&auditor, &query, &AuditPage::Newest).await.unwrap();
    assert_eq!((list.unfound, list.total), (0, 10_000));
    // With the search that is in the book by now.
    more(6).await;
    sequencer::catch_up(&house.store).await.unwrap();
    let list = house.portal.search(&auditor, &query, &AuditPage::Newest).await.unwrap();
    assert_eq!(list.unfound, 10_007);
    let refused = house.portal.export(&auditor, &query, Format::Csv).await.err().unwrap();
    assert!(refused.to_string().starts_with("10007 events have come in"), "{refused}");
    linker::catch_up_by(&house.store, 20_000).await.unwrap();
    assert!(house.portal.export(&auditor, &query, Format::Csv).await.is_ok());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_reads_a_bounded_number_of_events_in_every_cell_of_the_matrix(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    fill(&house, &pool).await;
    let zone = chrono_tz::UTC;
    let mut conn = alone(&pool).await;
    let (mut first, mut most) = (String::new(), 0);
    for (text, found) in [
        ("", 51),
        ("actor:crew", 51),
        ("actor:nobody", 0),
        ("actor:guest", 12),
        ("actor:bot", 51),
        ("actor:bot actor:crew", 0),
        ("actor:crew action:resource.changed", 51),
        ("actor:bot action:resource.*", 51),
        ("person:gues outcome:success", 12),
        ("59999", 1),
        ("nothing", 0),
        ("\"ticket 4711\"", 11),
        ("ip:10.0.3.0/24 actor:bot", 51),
        ("ip:10.9.0.0/16", 0),
        ("during:2026-10-20 actor:bot", 51),
        ("during:2026-10-20 actor:crew", 0),
        ("before:2026-10-15", 51),
        ("after:2026-11-20 actor:bot", 0),
        ("actor:bot OR actor:guest", 51),
        ("actor:guest -outcome:success", 0),
    ] {
        let query = parse(text, &Context { now: start(), zone }).unwrap();
        let search = Search { query: &query, concerning: None };
        let before = read_so_far(&mut conn).await;
        let found_here = audit::look(&mut conn, search, At::Newest, 51, Reach::default()).await.unwrap();
        let after = read_so_far(&mut conn).await;
        assert_eq!((found_here.events.len(), found_here.looked_to), (found, None), "{text}");
        let rows = after.0 - before.0;
        if rows > most {
            (first, most) = (text.to_owned(), rows);
        }
        assert!(rows <= 16_000, "{text}: {rows} rows of {EVENTS} were read");
        assert_eq!(after.1 - before.1, 0, "{text}: rows read by scanning a whole table");
        let (page, tally) = audit::first_page(&mut conn, search, 51, zone).await.unwrap();
        let counted = read_so_far(&mut conn).await;
        let ids = |events: &[Event]| events.iter().map(|event| event.id).collect::<Vec<_>>();
        assert_eq!((ids(&page.events), page.looked_to), (ids(&found_here.events), None), "{text}");
        assert!(usize::try_from(tally.events).unwrap() >= found, "{text}");
        let rows = counted.0 - after.0;
        println!("{text}: {rows} rows for the page and its counts");
        assert!(rows <= 65_000, "{text}: {rows} rows of {EVENTS} were read for the page and its counts");
        assert_eq!(counted.1 - after.1, 0, "{text}: rows read by scanning a whole table");
    }
    assert!(most > 100, "nothing was counted: {first}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_index_names_the_query_that_needs_it(pool: PgPool) {
    let unnamed: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid
         where c.relnamespace = 'public'::regnamespace and not c.relispartition
           and not exists (select from pg_constraint where conindid = c.oid)
           and obj_description(c.oid, 'pg_class') is null order by 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(unnamed.is_empty(), "say in a migration what these are for: {unnamed:?}");
}
