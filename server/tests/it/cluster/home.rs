//! What every Postgres server of a test's own is made in: a folder of its own, with the programs of the server that the
//! tests share.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions as _, PgPool};
use tempfile::TempDir;

/// Postgres refuses root.
pub const NOBODY: u32 = 65_534;

pub struct Home {
    dir: TempDir,
    programs: PathBuf,
}

impl Home {
    /// For servers of the same version.
    pub async fn of(shared: &PgPool) -> Self {
        let programs: String = sqlx::query_scalar("select setting from pg_config where name = 'BINDIR'")
            .fetch_one(shared)
            .await
            .unwrap();
        let dir = tempfile::Builder::new().prefix("gatebook-cluster-").tempdir().unwrap();
        if is_root(dir.path()) {
            chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Self { dir, programs: programs.into() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.program(program));
        command.current_dir("/");
        if runs_as_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Makes the data of an empty server in this folder.
    pub fn make(&self, name: &str) {
        let mut initdb = self.command("initdb");
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ]);
        succeed(initdb.arg(self.path(name)));
    }

    /// Runs the server whose data is in this folder, by a command that begins it.
    pub fn serve(&self, name: &str, mut command: Command, port: u16, options: &[String]) -> Child {
        command.arg("-D").arg(self.path(name)).arg("-k").arg(self.dir.path());
        command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        for option in options {
            command.args(["-c", option]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Whether what is to be somebody else's can be given to them.
    pub fn is_of_root(&self) -> bool {
        is_root(self.dir.path()) || runs_as_root()
    }
}

pub fn succeed(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Ends it as a reboot does.
pub fn stop(server: &mut Option<Child>) {
    if let Some(mut server) = server.take() {
        let _ = Command::new("kill").args(["-INT", &server.id().to_string()]).status();
        let _ = server.wait();
    }
}

pub fn options(port: u16, role: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new()
        .host("127.0.0.1")
        .port(port)
        .username(role)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging()
}

fn runs_as_root() -> bool {
    is_root(Path::new("/proc/self"))
}

fn is_root(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.uid() == 0)
}
