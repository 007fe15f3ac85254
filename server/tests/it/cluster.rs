//! A Postgres server of a test's own: to be killed, filled up, or read the log of, which the one that the tests share
//! cannot be.

pub mod home;

use std::io::Write as _;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};

use self::home::{Home, NOBODY};
use crate::servers::free_port;

const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(30);
/// The folder of its data.
const DATA: &str = "data";
/// What is over soon need not be safe.
const HASTY: &str = "fsync=off";
const LOGGING: [&str; 7] = [
    "logging_collector=on",
    "log_destination=jsonlog,csvlog",
    "log_filename=postgresql-%Y%m%d-%H%M%S",
    "log_file_mode=0644",
    "log_min_duration_statement=0",
    "log_connections=on",
    "log_disconnections=on",
];

/// Mounts a small file system that nobody else sees and that is gone with the last process in it, and becomes another
/// program in its place, as somebody else than root: where root may mount, and where anybody may in a namespace of
/// their own.
const AS_ROOT: [&str; 6] = [
    "unshare",
    "--mount",
    "--propagation=private",
    "sh",
    "-c",
    "mount -t tmpfs -o size=\"$1\"m,mode=700,uid=65534,gid=65534 gatebook \"$2\" && shift 2 &&
     exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"",
];
const AS_ANYBODY: [&str; 7] = [
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    "mount -t tmpfs -o size=\"$1\"m,mode=700 gatebook \"$2\" && shift 2 &&
     exec unshare --user --map-user=65534 --map-group=65534 -- \"$@\"",
];

pub struct Cluster {
    home: Home,
    server: Option<Child>,
    port: u16,
    options: Vec<String>,
    /// What the server runs in, so that it has a small disk, and the size of that.
    small_disk: Option<(&'static [&'static str], u32)>,
    pub has_pgaudit: bool,
}

impl Cluster {
    /// It writes a log, with pgaudit where the server that the tests share has it.
    pub async fn that_logs(shared: &PgPool) -> Self {
        let mut cluster = Self::make(shared, &LOGGING).await;
        cluster.options.push(HASTY.to_owned());
        if cluster.has_pgaudit {
            cluster.options.push("shared_preload_libraries=pgaudit".to_owned());
        }
        cluster.run().await;
        cluster
    }

    /// It keeps what it has acknowledged, however it ends.
    pub async fn that_syncs(shared: &PgPool) -> Self {
        let mut cluster =
            Self::make(shared, &["fsync=on", "synchronous_commit=on", "max_connections=200"]).await;
        cluster.run().await;
        cluster
    }

    /// With a tablespace `small` on a file system of this size, and all else on the ordinary one, the log of changes
    /// (WAL) among it. Nothing, said aloud, where nobody may mount one.
    pub async fn with_little_room(shared: &PgPool, mebibytes: u32) -> Option<Self> {
        let mut cluster = Self::make(shared, &[HASTY, "autovacuum=off"]).await;
        let small = cluster.small();
        std::fs::create_dir(&small).unwrap();
        if cluster.home.is_of_root() {
            chown(&small, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let works = |wrap: &&[&str]| {
            let mut probe = wrapped(wrap, &small, mebibytes);
            probe.arg("true").stdout(Stdio::null()).stderr(Stdio::null());
            probe.status().is_ok_and(|status| status.success())
        };
        let Some(wrap) = [&AS_ROOT[..], &AS_ANYBODY[..]].into_iter().find(works) else {
            // Past what keeps the output of tests that pass to itself.
            let mut stderr = std::io::stderr();
            let _ = writeln!(
                stderr,
                "NOT RUN: nobody may mount a small file system here, so no disk can be full"
            );
            return None;
        };
        cluster.small_disk = Some((wrap, mebibytes));
        cluster.run().await;
        let made = format!("create tablespace small location '{}'", small.display());
        assert_eq!(cluster.session("postgres", "postgres", &[&made]).await, [Ok(())]);
        Some(cluster)
    }

    fn small(&self) -> PathBuf {
        self.home.path("small")
    }

    /// Leaves no room where the tablespace `small` is.
    pub async fn fill_up(&self) {
        let ballast = "select repeat('x', 1000) from generate_series(1, 10000000)";
        let filled = format!("copy ({ballast}) to '{}/ballast'", self.small().display());
        let filled = self.session("postgres", "postgres", &[&filled]).await;
        assert!(filled[0].as_ref().is_err_and(|error| error.contains("No space left")), "{filled:?}");
    }

    /// Gives the room back.
    pub async fn make_room(&self) {
        let emptied = format!("copy (select 1 where false) to '{}/ballast'", self.small().display());
        assert_eq!(self.session("postgres", "postgres", &[&emptied]).await, [Ok(())]);
    }

    /// Of the same version as the server that the tests share.
    async fn make(shared: &PgPool, options: &[&str]) -> Self {
        let has_pgaudit: bool =
            sqlx::query_scalar("select exists (select from pg_available_extensions where name = 'pgaudit')")
                .fetch_one(shared)
                .await
                .unwrap();
        let home = Home::of(shared).await;
        home.make(DATA);
        let log = home.path("log");
        let mut options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        options.push(format!("log_directory={}", log.display()));
        Self { home, server: None, port: free_port(), options, small_disk: None, has_pgaudit }
    }

    /// Starts it, also where its processes of before are just about to end.
    pub async fn run(&mut self) {
        let begun = Instant::now();
        self.server = Some(self.spawn());
        while PgConnection::connect_with(&self.options("postgres", "postgres")).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "the server does not start");
            tokio::time::sleep(LOOK_EVERY).await;
            if self.server.as_mut().unwrap().try_wait().unwrap().is_some() {
                self.server = Some(self.spawn());
            }
        }
    }

    fn spawn(&self) -> Child {
        let command = match self.small_disk {
            None => self.home.command("postgres"),
            Some((wrap, mebibytes)) => {
                let mut command = wrapped(wrap, &self.small(), mebibytes);
                command.arg(self.home.program("postgres"));
                command
            }
        };
        self.home.serve(DATA, command, self.port, &self.options)
    }

    /// SIGKILL for the postmaster and all of its processes at once.
    pub fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        let postmaster = server.id();
        let mut kill = Command::new("kill");
        kill.arg("-KILL").arg(postmaster.to_string()).args(children_of(postmaster));
        // Some may have ended meanwhile, so nothing is read from how it went.
        kill.stderr(Stdio::null()).status().unwrap();
        server.wait().unwrap();
    }

    /// An empty, migrated database on it.
    pub async fn database(&self, name: &str, clause: &str) -> PgPool {
        let made = self.session("postgres", "postgres", &[&format!("create database {name} {clause}")]).await;
        assert_eq!(made, [Ok(())]);
        let pool = PgPoolOptions::new().max_connections(10).acquire_timeout(PATIENCE);
        let pool = pool.connect_with(self.options("postgres", name)).await.unwrap();
        store::MIGRATOR.run(&pool).await.unwrap();
        pool
    }

    /// Where it writes its log.
    pub fn log(&self) -> PathBuf {
        self.home.path("log")
    }

    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    fn options(&self, role: &str, database: &str) -> PgConnectOptions {
        home::options(self.port, role, database).application_name("psql")
    }

    /// One session: it connects, says this, and leaves.
    pub async fn session(&self, role: &str, database: &str, statements: &[&str]) -> Vec<Result<(), String>> {
        let mut conn = PgConnection::connect_with(&self.options(role, database)).await.unwrap();
        let mut results = Vec::new();
        for statement in statements {
            let statement = AssertSqlSafe((*statement).to_owned());
            let done = sqlx::raw_sql(statement).execute(&mut conn).await;
            results.push(done.map(|_| ()).map_err(|error| error.to_string()));
        }
        conn.close().await.unwrap();
        results
    }

    /// Has it go on in another file: names of files tell seconds apart.
    pub async fn rotate(&self) {
        let files = || std::fs::read_dir(self.log()).unwrap().count();
        let (before, begun) = (files(), Instant::now());
        while files() == before {
            assert!(begun.elapsed() < PATIENCE, "no other file");
            self.session("postgres", "postgres", &["select pg_rotate_logfile()"]).await;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub async fn restart(&mut self) {
        self.stop();
        self.run().await;
    }

    fn stop(&mut self) {
        home::stop(&mut self.server);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

fn wrapped(wrap: &[&str], small: &Path, mebibytes: u32) -> Command {
    let mut command = Command::new(wrap[0]);
    command.current_dir("/").args(&wrap[1..]).arg("sh").arg(mebibytes.to_string()).arg(small);
    command
}

/// The processes that it has started and that are still there.
fn children_of(parent: u32) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let names = processes.filter_map(|process| process.file_name().into_string().ok());
    let is_child = |name: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
        // `NUMBER (NAME) STATE PARENT …`, where the name may hold anything.
        let parent_of = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        parent_of == Some(parent.to_string().as_str())
    };
    names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).filter(is_child).collect()
}
