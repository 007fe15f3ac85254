//! A Postgres server of a test's own, with a streaming replica.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgPool};
use tempfile::TempDir;

use crate::servers::until;

/// Postgres refuses root.
const NOBODY: u32 = 65_534;
const DATABASE: &str = "gatebook";

pub struct Pair {
    home: TempDir,
    programs: PathBuf,
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
        let programs: String = sqlx::query_scalar("select setting from pg_config where name = 'BINDIR'")
            .fetch_one(shared)
            .await
            .unwrap();
        let home = tempfile::Builder::new().prefix("gatebook-pair-").tempdir().unwrap();
        if is_root(home.path()) {
            chown(home.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let ports = two_ports();
        let (pool, copy) = (pool(ports[0]), pool(ports[1]));
        let (primary, replica) = (None, None);
        let mut pair = Self { home, programs: programs.into(), ports, primary, replica, pool, copy };
        let data = pair.data("primary");
        let made = pair
            .command("initdb")
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        pair.primary = Some(pair.run("primary", ports[0]));
        let admin = PgPoolOptions::new().max_connections(1).connect_lazy_with(options(ports[0], "postgres"));
        until("the server to start", async || admin.acquire().await.is_ok()).await;
        let create = AssertSqlSafe(format!("create database {DATABASE}"));
        sqlx::raw_sql(create).execute(&admin).await.unwrap();
        admin.close().await;
        store::MIGRATOR.run(&pair.pool).await.unwrap();
        let copied = pair
            .command("pg_basebackup")
            .args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-h", "127.0.0.1", "-U", "postgres"])
            .args(["-p", &ports[0].to_string(), "-D"])
            .arg(pair.data("replica"))
            .output()
            .unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
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

    fn data(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn run(&self, name: &str, port: u16) -> Child {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data(name)).arg("-k").arg(self.home.path());
        command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir("/").stdout(Stdio::piped()).stderr(Stdio::piped());
        if is_root(Path::new("/proc/self")) {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        stop(&mut self.replica);
        stop(&mut self.primary);
    }
}

fn options(port: u16, database: &str) -> PgConnectOptions {
    PgConnectOptions::new()
        .host("127.0.0.1")
        .port(port)
        .username("postgres")
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging()
}

fn pool(port: u16) -> PgPool {
    PgPoolOptions::new().max_connections(8).connect_lazy_with(options(port, DATABASE))
}

/// Both are held until both are known, so that they differ.
fn two_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn stop(server: &mut Option<Child>) {
    if let Some(mut server) = server.take() {
        let _ = Command::new("kill").args(["-INT", &server.id().to_string()]).status();
        let _ = server.wait();
    }
}

fn is_root(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.uid() == 0)
}
