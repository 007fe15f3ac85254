//! A Postgres server of a test's own, with a streaming replica.

use std::net::TcpListener;
use std::process::Child;

use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};

use crate::cluster::home::{Home, options, stop, succeed};
use crate::servers::until;

const DATABASE: &str = "gatebook";

pub struct Pair {
    home: Home,
    ports: [u16; 2],
    primary: Option<Child>,
    replica: Option<Child>,
    /// The migrated database, as a superuser.
    pub pool: PgPool,
    /// Its copy.
    pub copy: PgPool,
}

impl Pair {
    /// Of the same version as the server that the tests share.
    pub async fn start(shared: &PgPool) -> Self {
        let home = Home::of(shared).await;
        let ports = two_ports();
        let (pool, copy) = (pool(ports[0]), pool(ports[1]));
        let (primary, replica) = (None, None);
        let mut pair = Self { home, ports, primary, replica, pool, copy };
        pair.home.make("primary");
        pair.primary = Some(pair.run("primary", ports[0]));
        let admin = PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(options(ports[0], "postgres", "postgres"));
        until("the server to start", async || admin.acquire().await.is_ok()).await;
        let create = AssertSqlSafe(format!("create database {DATABASE}"));
        sqlx::raw_sql(create).execute(&admin).await.unwrap();
        admin.close().await;
        store::MIGRATOR.run(&pair.pool).await.unwrap();
        let mut backup = pair.home.command("pg_basebackup");
        backup
            .args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-h", "127.0.0.1", "-U", "postgres"])
            .args(["-p", &ports[0].to_string(), "-D"])
            .arg(pair.home.path("replica"));
        succeed(&mut backup);
        pair.start_replica().await;
        pair
    }

    pub fn copy_url(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{DATABASE}?sslmode=disable", self.ports[1])
    }

    pub async fn start_replica(&mut self) {
        self.replica = Some(self.run("replica", self.ports[1]));
        until("the replica to start", async || self.copy.acquire().await.is_ok()).await;
    }

    pub fn stop_replica(&mut self) {
        stop(&mut self.replica);
    }

    /// Waits until the replica has everything that was committed before.
    pub async fn catch_up(&self) {
        let place: i64 = sqlx::query_scalar("select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint")
            .fetch_one(&self.pool)
            .await
            .unwrap();
        until("the replica to catch up", async || {
            let at = "select coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0)";
            sqlx::query_scalar::<_, i64>(at).fetch_one(&self.copy).await.unwrap() >= place
        })
        .await;
    }

    /// Catches up, and from then on the replica stays as it is.
    pub async fn pause(&self) {
        self.catch_up().await;
        sqlx::raw_sql("select pg_wal_replay_pause()").execute(&self.copy).await.unwrap();
        until("the replica to pause", async || {
            let state = "select pg_get_wal_replay_pause_state()";
            sqlx::query_scalar::<_, String>(state).fetch_one(&self.copy).await.unwrap() == "paused"
        })
        .await;
    }

    pub async fn resume(&self) {
        sqlx::raw_sql("select pg_wal_replay_resume()").execute(&self.copy).await.unwrap();
    }

    fn run(&self, name: &str, port: u16) -> Child {
        self.home.serve(name, self.home.command("postgres"), port, &["fsync=off".to_owned()])
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        stop(&mut self.replica);
        stop(&mut self.primary);
    }
}

fn pool(port: u16) -> PgPool {
    PgPoolOptions::new().max_connections(8).connect_lazy_with(options(port, "postgres", DATABASE))
}

/// Both are held until both are known, so that they differ.
fn two_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
