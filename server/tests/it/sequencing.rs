//! The positions of events, whoever writes and whoever numbers at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::audit::{Action, NewEvent};
use server::jobs::sequencer::catch_up;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use store::sequence::{self, Look};
use store::{Clock, Store};

fn event(name: &str) -> NewEvent {
    NewEvent::by_system(Action::AccessDenied).reason(Some(name.to_owned()))
}

async fn write(store: &Store, name: &str) {
    store.begin().await.unwrap().commit(event(name)).await.unwrap();
}

/// What has a position, by position, as `(position, name)`.
async fn numbered(pool: &PgPool) -> Vec<(i64, String)> {
    sqlx::query_as(
        "select p.position, e.reason from event_position p
         join event e on e.id = p.event_id and e.class = p.class and e.recorded_at = p.recorded_at order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

fn named(names: &[&str]) -> Vec<(i64, String)> {
    (1..).zip(names).map(|(position, name)| (position, (*name).to_owned())).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn events_are_numbered_from_one_and_once(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::Database);
    assert_eq!(sequence::look(&store).await.unwrap(), Look::Nothing);
    for name in ["a", "b"] {
        write(&store, name).await;
    }
    assert_eq!(sequence::look(&store).await.unwrap(), Look::Numbered { events: 2, last: 2 });
    assert_eq!(sequence::look(&store).await.unwrap(), Look::Nothing);
    write(&store, "c").await;
    assert_eq!(sequence::look(&store).await.unwrap(), Look::Numbered { events: 1, last: 3 });
    assert_eq!(numbered(&pool).await, named(&["a", "b", "c"]));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_becomes_visible_late_comes_after_what_was_seen_before_it(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::Database);
    let mut slow = store.begin().await.unwrap();
    // Has its transaction's number, and so would stand first by that.
    sqlx::query("select pg_current_xact_id()").execute(slow.conn()).await.unwrap();
    write(&store, "quick").await;
    catch_up(&store).await.unwrap();
    slow.commit(event("slow")).await.unwrap();
    write(&store, "after").await;
    catch_up(&store).await.unwrap();
    assert_eq!(numbered(&pool).await, named(&["quick", "slow", "after"]));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_rolled_back_leaves_no_gap(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::Database);
    let mut given_up = store.begin().await.unwrap();
    sqlx::query("select pg_current_xact_id()").execute(given_up.conn()).await.unwrap();
    given_up.record(event("given up")).await.unwrap();
    write(&store, "a").await;
    drop(given_up);
    catch_up(&store).await.unwrap();
    write(&store, "b").await;
    catch_up(&store).await.unwrap();
    assert_eq!(numbered(&pool).await, named(&["a", "b"]));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_who_writes_waits_while_another_process_numbers(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::Database);
    write(&store, "a").await;
    // A sequencer that has numbered and not committed yet.
    let mut at_it = pool.begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(7016996765293437286)").execute(&mut *at_it).await.unwrap();
    sqlx::query("update event_sequence set last_position = last_position")
        .execute(&mut *at_it)
        .await
        .unwrap();
    let mut tx = store.begin().await.unwrap();
    sqlx::query("set local lock_timeout = '1ms'").execute(tx.conn()).await.unwrap();
    tx.commit(event("b")).await.unwrap();
    assert_eq!(sequence::look(&store).await.unwrap(), Look::Elsewhere);
    // Not dropped: that lets go of the lock some time later.
    at_it.rollback().await.unwrap();
    catch_up(&store).await.unwrap();
    assert_eq!(numbered(&pool).await, named(&["a", "b"]));
}

/// Writes a chain: each of its events after the one before could be seen; every third change is given up.
async fn chain(store: Store, who: usize, length: usize) {
    for at in 0..length {
        let mut tx = store.begin().await.unwrap();
        tx.record(event(&format!("{who} {at} begun"))).await.unwrap();
        if at % 3 == 2 {
            sqlx::query("select pg_current_xact_id()").execute(tx.conn()).await.unwrap();
            tokio::task::yield_now().await;
            continue;
        }
        tx.commit(event(&format!("{who} {at} done"))).await.unwrap();
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn with_many_writers_and_sequencers_that_are_killed_nothing_is_lost_doubled_or_out_of_order(
    pool: PgPool,
) {
    let store = Store::new(pool.clone(), Clock::Database);
    let is_over = Arc::new(AtomicBool::new(false));
    // With connections of their own, so that nobody else's is killed.
    let own = PgPoolOptions::new().max_connections(3).connect_with((*pool.connect_options()).clone());
    let own = Store::new(own.await.unwrap(), Clock::Database);
    let sequencers: Vec<_> = (0..3)
        .map(|_| {
            let (store, is_over) = (own.clone(), is_over.clone());
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    // A killed connection is one error, and the next look goes on.
                    let _ = sequence::look(&store).await;
                }
            })
        })
        .collect();
    let killer = {
        let (pool, is_over) = (pool.clone(), is_over.clone());
        tokio::spawn(async move {
            let mut killed = 0;
            while killed < 20 && !is_over.load(Ordering::Relaxed) {
                let victims: i64 = sqlx::query_scalar(
                    "select count(pg_terminate_backend(pid)) from pg_locks
                     where locktype = 'advisory' and granted and (classid::bigint << 32 | objid::bigint) = 7016996765293437286
                       and database = (select oid from pg_database where datname = current_database())",
                )
                .fetch_one(&pool)
                .await
                .unwrap_or_default();
                killed += victims;
            }
            killed
        })
    };
    futures::future::join_all((0..6).map(|who| chain(store.clone(), who, 60))).await;
    is_over.store(true, Ordering::Relaxed);
    futures::future::join_all(sequencers).await;
    assert!(killer.await.unwrap() > 0, "no sequencer was killed at its work");
    catch_up(&store).await.unwrap();

    let all = numbered(&pool).await;
    assert_eq!(all.len(), 6 * 40 * 2);
    assert!(all.iter().map(|(position, _)| *position).eq(1..=480), "gap-free from one");
    for who in 0..6 {
        let own: Vec<&str> = all
            .iter()
            .map(|(_, name)| name.as_str())
            .filter(|name| name.starts_with(&format!("{who} ")))
            .collect();
        let wanted: Vec<String> = (0..60)
            .filter(|at| at % 3 != 2)
            .flat_map(|at| [format!("{who} {at} begun"), format!("{who} {at} done")])
            .collect();
        assert_eq!(own, wanted);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_book_restored_into_another_cluster_is_numbered_on_once_it_is_migrated(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::Database);
    write(&store, "a").await;
    catch_up(&store).await.unwrap();
    write(&store, "b").await;
    // As a cluster with fewer transactions behind it finds them.
    sqlx::query("update event_sequence set seen = '4000000000:4000000000:'").execute(&pool).await.unwrap();
    sqlx::query("update event set xid = '3999999999'").execute(&pool).await.unwrap();
    let error = sequence::look(&store).await.unwrap_err().to_string();
    assert!(error.contains("run gatebook migrate"), "{error}");
    assert!(sequence::begin_anew_where_restored(&pool).await.unwrap());
    write(&store, "c").await;
    catch_up(&store).await.unwrap();
    assert_eq!(numbered(&pool).await, named(&["a", "b", "c"]));
    assert!(!sequence::begin_anew_where_restored(&pool).await.unwrap(), "only where it is needed");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_long_book_is_numbered_without_reading_it_again(pool: PgPool) {
    // Somebody who began before, and does not end for long: what was written since is not read again, either.
    let mut other = pool.begin().await.unwrap();
    sqlx::query("select pg_current_xact_id()").execute(&mut *other).await.unwrap();
    let one = PgPoolOptions::new()
        .max_connections(1)
        .connect_with((*pool.connect_options()).clone())
        .await
        .unwrap();
    let store = Store::new(one.clone(), Clock::Database);
    write(&store, "a").await;
    sqlx::query(
        "insert into event (id, class, occurred_at, recorded_at, actor_kind, actor_name, action, outcome, origin)
         select gen_random_uuid(), 'governance', now(), now(), 'system', 'b', 'grant.ended', 'success', 'job'
         from generate_series(1, 30000)",
    )
    .execute(&one)
    .await
    .unwrap();
    catch_up(&store).await.unwrap();
    sqlx::raw_sql("analyze event; analyze event_sequence").execute(&one).await.unwrap();
    let before = read_so_far(&one).await;
    for _ in 0..10 {
        write(&store, "c").await;
        assert!(matches!(sequence::look(&store).await.unwrap(), Look::Numbered { events: 1, .. }));
    }
    let rows = read_so_far(&one).await - before;
    assert!((10..1_000).contains(&rows), "{rows} rows of the book were read to number ten");
    other.rollback().await.unwrap();
}

/// Rows of the book that this connection has read so far, by whatever way.
async fn read_so_far(one: &PgPool) -> i64 {
    sqlx::raw_sql("select pg_stat_force_next_flush()").execute(one).await.unwrap();
    sqlx::query_scalar(
        "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint from pg_stat_user_tables
         where relname like 'event\\_governance%'",
    )
    .fetch_one(one)
    .await
    .unwrap()
}
