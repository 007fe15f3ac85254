//! SIGKILL at any moment, for each process in turn and for Postgres: what was acknowledged stays, and the rest is
//! either done with its event or not done.

mod load;
mod reckoning;
mod stage;

use std::time::Duration;

use sqlx::PgPool;
use tokio::process::Command;

use crate::servers::{Process, Servers, drop_role, until};
use stage::Stage;

/// Numbers that look random and are the same again for the same seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // Any state but zero will do.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

fn setting(name: &str) -> u64 {
    let text =
        std::env::var(name).expect("run by cargo xtask crash, which brings a Postgres that may be killed");
    text.parse().expect(name)
}

/// How often each was killed.
#[derive(Debug, Default)]
struct Kills {
    portals: usize,
    workers: usize,
    databases: usize,
}

#[sqlx::test(migrator = "store::MIGRATOR")]
#[ignore = "run by cargo xtask crash, on a Postgres that may be killed"]
async fn whatever_is_killed_nothing_that_was_acknowledged_is_lost(pool: PgPool) {
    let (rounds, seed) = (setting("GATEBOOK_CRASH_ROUNDS"), setting("GATEBOOK_CRASH_SEED"));
    let servers = Servers::over(&pool).await;
    let portals = [servers.serve().await, servers.serve().await];
    let stage = Stage::set(&pool, &servers, &portals).await;
    let killing = async {
        let kills = kill_at_random(&stage, &servers, portals, rounds, seed).await;
        stage.is_over.set(true);
        kills
    };
    let (kills, _) = futures::join!(killing, load::all(&stage, seed));
    let stuck = reckoning::stuck(&pool).await;
    let found = reckoning::reckon(&stage, stuck).await;
    println!("{rounds} rounds with seed {seed}: {kills:?}");
    println!("{found}");
    assert!(
        stage.acknowledged.borrow().len() > usize::try_from(rounds).unwrap(),
        "there was hardly any load"
    );
    assert!(found.is_clean(), "{found:#?}");
    stage.strike().await;
    drop_role(&pool).await;
}

/// Kills something, starts it again, and goes on, so many times. Answers with everything running.
async fn kill_at_random(
    stage: &Stage,
    servers: &Servers,
    mut portals: [Process; 2],
    rounds: u64,
    seed: u64,
) -> Kills {
    let mut dice = Dice::new(seed);
    let (mut kills, mut worker) = (Kills::default(), servers.work().await);
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(100 + dice.below(900))).await;
        stage.let_time_pass().await;
        tokio::time::sleep(Duration::from_millis(dice.below(30))).await;
        match dice.below(4) {
            0 => {
                kill_postgres(&stage.pool).await;
                kills.databases += 1;
            }
            1 => {
                worker.kill().await;
                worker = servers.work().await;
                kills.workers += 1;
            }
            side => {
                let side = usize::from(side == 2);
                portals[side].kill().await;
                portals[side] = servers.serve().await;
                stage.ports[side].set(portals[side].port);
                kills.portals += 1;
            }
        }
    }
    // They go on until the reckoning is done.
    stage.keep(portals, worker);
    kills
}

/// The postmaster and all of its processes at once, as when the power fails. Whoever runs it starts it again.
async fn kill_postgres(pool: &PgPool) {
    let lock: String =
        sqlx::query_scalar("select pg_read_file('postmaster.pid')").fetch_one(pool).await.unwrap();
    let others: Vec<i32> =
        sqlx::query_scalar("select pid from pg_stat_activity").fetch_all(pool).await.unwrap();
    let postmaster = lock.lines().next().unwrap().to_owned();
    let mut kill = Command::new("kill");
    kill.arg("-KILL").arg(postmaster).args(others.iter().map(i32::to_string));
    // Some may have ended meanwhile, so nothing is read from how it went.
    kill.stderr(std::process::Stdio::null()).status().await.unwrap();
    until("Postgres to be back", async || sqlx::query("select 1").execute(pool).await.is_ok()).await;
}
