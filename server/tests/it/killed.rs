//! SIGKILL for Postgres, a server or the worker while reports come in, while jobs go through the book, and while it is
//! taken along: what was acknowledged stands in the book once, and everything made from the book is complete.
//!
//! This does not test the disk: what a killed Postgres had written, the system still writes out. Postgres syncs all the
//! same, as in production.

mod load;
mod reckoning;
mod stage;
mod taker;

use std::time::{Duration, Instant};

use sqlx::PgPool;

use crate::cluster::Cluster;
use crate::crash::Dice;
use crate::servers::{Process, Servers, drop_role, until};
use stage::{Stage, Turn};

/// How often something is killed, and what decides on it; `cargo xtask crash --of book --rounds 100` makes the long run.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().expect(name))
}

/// What is under way when something is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Ingest,
    Jobs,
    Export,
}

#[derive(Debug, Default)]
struct Kills {
    during_ingest: usize,
    during_jobs: usize,
    during_exports: usize,
    of_postgres: usize,
    of_servers: usize,
    of_workers: usize,
    /// Of all of these, how often events waited for the judge.
    while_judging: usize,
}

#[sqlx::test(migrations = false)]
async fn whatever_is_killed_reports_stand_in_the_book_once_and_all_that_is_made_from_it_is_whole(
    shared: PgPool,
) {
    let (rounds, seed) = (setting("GATEBOOK_CRASH_ROUNDS", 12), setting("GATEBOOK_CRASH_SEED", 1));
    println!("{rounds} kills with seed {seed}");
    let begun = Instant::now();
    let mut cluster = Cluster::that_syncs(&shared).await;
    let pool = cluster.database("gatebook", "").await;
    assert_eq!(sqlx::query_scalar::<_, String>("show fsync").fetch_one(&pool).await.unwrap(), "on");
    let servers = Servers::over(&pool).await;
    let portals = [servers.serve().await, servers.serve().await];
    let stage = Stage::set(&pool, &portals).await;
    load::fill(&stage).await;
    let killing = async {
        let killed = kill_at_random(&stage, &servers, &mut cluster, portals, rounds, seed).await;
        stage.is_over.set(true);
        killed
    };
    let ((kills, portals, worker), _, ()) =
        futures::join!(killing, load::all(&stage, seed), taker::go_on(&stage, seed));
    println!("{kills:?} within {:.0} s", begun.elapsed().as_secs_f64());
    let found = reckoning::reckon(&stage, worker).await;
    println!("{found}");
    assert_eq!(
        kills.during_ingest + kills.during_jobs + kills.during_exports,
        usize::try_from(rounds).unwrap()
    );
    assert!(kills.while_judging > 0, "nothing waited for the judge: {kills:?}");
    assert!(found.was_a_trial(), "there was hardly any load: {found}");
    assert!(found.is_clean(), "{found:#?}");
    for portal in portals {
        portal.stop().await;
    }
    drop_role(&pool).await;
    pool.close().await;
}

/// Kills something while something is under way, starts it again, and goes on, so many times.
async fn kill_at_random(
    stage: &Stage,
    servers: &Servers,
    cluster: &mut Cluster,
    mut portals: [Process; 2],
    rounds: u64,
    seed: u64,
) -> (Kills, [Process; 2], Process) {
    let mut dice = Dice::new(seed);
    let (mut kills, mut worker) = (Kills::default(), servers.work().await);
    let mut indexed = 0;
    for round in 0..rounds {
        // Whatever was killed before, things go on.
        let acknowledged = stage.acknowledged.borrow().len();
        until("a batch to be acknowledged", async || stage.acknowledged.borrow().len() > acknowledged).await;
        until("the jobs to go on", async || {
            let (now, last) = progress(&stage.house.pool).await.unwrap_or_default();
            let goes_on = now > indexed || (now == last && last > 0);
            indexed = if goes_on { now } else { indexed };
            goes_on
        })
        .await;
        let moment = [Moment::Ingest, Moment::Jobs, Moment::Export][usize::try_from(round % 3).unwrap()];
        wait_for(stage, moment, &mut dice).await;
        match moment {
            Moment::Ingest => kills.during_ingest += 1,
            Moment::Jobs => kills.during_jobs += 1,
            Moment::Export => kills.during_exports += 1,
        }
        kills.while_judging += usize::from(unjudged(&stage.house.pool).await > 0);
        if dice.below(2) == 0 {
            cluster.kill();
            stage.taker.set(Turn::Killed);
            cluster.run().await;
            let pool = &stage.house.pool;
            until("Postgres to be back", async || sqlx::query("select 1").execute(pool).await.is_ok()).await;
            kills.of_postgres += 1;
        } else if moment == Moment::Jobs {
            worker.kill().await;
            worker = servers.work().await;
            kills.of_workers += 1;
        } else {
            // The one where the export is made.
            let side = if moment == Moment::Export {
                stage.taken_from.get()
            } else {
                usize::from(dice.below(2) == 0)
            };
            portals[side].kill().await;
            stage.taker.set(Turn::Killed);
            portals[side] = servers.serve().await;
            stage.ports[side].set(portals[side].port);
            kills.of_servers += 1;
        }
    }
    (kills, portals, worker)
}

/// How far the jobs have come that end with the search index, and how far they can.
async fn progress(pool: &PgPool) -> Option<(i64, i64)> {
    let progress =
        "select coalesce((select position from book_reader where name = 'search'), 0), last_position
                    from event_sequence";
    sqlx::query_as(progress).fetch_one(pool).await.ok()
}

/// How many events wait to be judged; nought where that cannot be told.
async fn unjudged(pool: &PgPool) -> i64 {
    match pool.acquire().await {
        Ok(mut conn) => store::judging::unjudged(&mut conn).await.unwrap_or(0),
        Err(_) => 0,
    }
}

/// Returns in the midst of it, at a point that the dice decide on.
async fn wait_for(stage: &Stage, moment: Moment, dice: &mut Dice) {
    match moment {
        Moment::Ingest => {
            let wanted = 1 + usize::try_from(dice.below(3)).unwrap();
            until("batches on their way", async || stage.on_their_way.get() >= wanted).await;
            tokio::time::sleep(Duration::from_millis(dice.below(40))).await;
        }
        Moment::Jobs => {
            // Somebody numbers, links, indexes or reads who held what: each holds a lock of their own. The judge keeps
            // its lock for good.
            let at_it = "select count(*) from pg_locks
                         where locktype = 'advisory' and granted and pid <> pg_backend_pid()
                           and (classid::bigint << 32 | objid::bigint) <> hashtextextended('', 7016996765293437291)
                           and database = (select oid from pg_database where datname = current_database())";
            until("a job to be at it", async || {
                matches!(sqlx::query_scalar(at_it).fetch_one(&stage.house.pool).await, Ok(1_i64..))
            })
            .await;
            tokio::time::sleep(Duration::from_millis(dice.below(5))).await;
        }
        Moment::Export => {
            stage.taker.set(Turn::Wanted);
            until("an export to be under way", async || stage.taker.get() == Turn::Reached).await;
        }
    }
}
