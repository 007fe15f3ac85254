//! A Postgres server of a test's own, which writes a log of its own: the one that other tests share writes none.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
/// Postgres refuses root.
const NOBODY: u32 = 65_534;

pub struct Cluster {
    home: TempDir,
    programs: PathBuf,
    server: Option<Child>,
    port: u16,
    options: Vec<String>,
    pub has_pgaudit: bool,
}

impl Cluster {
    /// Of the same version as the server that the tests share, with pgaudit where that has it.
    pub async fn start(shared: &PgPool) -> Self {
        let programs: String = sqlx::query_scalar("select setting from pg_config where name = 'BINDIR'")
            .fetch_one(shared)
            .await
            .unwrap();
        let has_pgaudit: bool =
            sqlx::query_scalar("select exists (select from pg_available_extensions where name = 'pgaudit')")
                .fetch_one(shared)
                .await
                .unwrap();
        let home = tempfile::Builder::new().prefix("gatebook-followed-").tempdir().unwrap();
        if is_root(home.path()) {
            chown(home.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut options: Vec<String> = [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "logging_collector=on",
            "log_destination=jsonlog,csvlog",
            "log_filename=postgresql-%Y%m%d-%H%M%S",
            "log_file_mode=0644",
            "log_min_duration_statement=0",
            "log_connections=on",
            "log_disconnections=on",
        ]
        .map(str::to_owned)
        .to_vec();
        if has_pgaudit {
            options.push("shared_preload_libraries=pgaudit".to_owned());
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut cluster = Self { home, programs: programs.into(), server: None, port, options, has_pgaudit };
        let data = cluster.home.path().join("data");
        let made = cluster
            .command("initdb")
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        cluster.run().await;
        cluster
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir("/").stdout(Stdio::piped()).stderr(Stdio::piped());
        if is_root(Path::new("/proc/self")) {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    async fn run(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.home.path().join("data")).arg("-k").arg(self.home.path());
        command.args(["-p", &self.port.to_string()]);
        command.arg("-c").arg(format!("log_directory={}", self.log().display()));
        for option in &self.options {
            command.args(["-c", option]);
        }
        self.server = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let begun = Instant::now();
        while PgConnection::connect_with(&self.options("postgres", "postgres")).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "the server does not start");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Where it writes its log.
    pub fn log(&self) -> PathBuf {
        self.home.path().join("log")
    }

    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    fn options(&self, role: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new()
            .host("127.0.0.1")
            .port(self.port)
            .username(role)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .application_name("psql")
            .disable_statement_logging()
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
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn restart(&mut self) {
        self.stop();
        self.run().await;
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = Command::new("kill").args(["-INT", &server.id().to_string()]).status();
            let _ = server.wait();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

fn is_root(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.uid() == 0)
}
