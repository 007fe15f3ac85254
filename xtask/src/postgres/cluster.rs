//! One running Postgres: made where there is none, started, and stopped when dropped.

use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use super::account::Account;
use super::binaries::Binaries;
use super::left_over::stop_left_over;
use crate::build_settings::BuildSettings;
use crate::interrupt;
use crate::process::{self, Running, Stop};

/// How long a server may take to be ready, with its recovery after a crash.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a throw-away cluster need not survive.
const NOT_DURABLE: [&str; 3] = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// A running server. It listens on the loopback address, where a password is needed, and on a socket
/// in a folder that only its account can enter.
pub struct Cluster {
    // Dropped in this order: first the server stops, then its folders go.
    server: Running,
    socket: TempDir,
    _home: Option<TempDir>,
    port: u16,
    parts: Parts,
}

/// What a cluster consists of before it runs.
struct Parts {
    binaries: Binaries,
    account: Account,
    data: PathBuf,
    log: PathBuf,
    password: String,
    options: &'static [&'static str],
    /// Where it writes what is done in it, for whoever follows that.
    own_log: Option<PathBuf>,
}

/// One file for each day of the week, so that it does not grow for ever.
const OWN_LOG: [&str; 7] = [
    "logging_collector=on",
    "log_destination=csvlog",
    "log_filename=postgresql-%a",
    "log_truncate_on_rotation=on",
    "log_file_mode=0640",
    "log_connections=on",
    "log_disconnections=on",
];

impl Cluster {
    /// A cluster in a temporary folder, faster than it is safe.
    pub fn throw_away(settings: &BuildSettings) -> Result<Self> {
        Self::temporary(settings, temporary_folder("gatebook-pg-")?, &NOT_DURABLE)
    }

    /// A cluster that keeps what it has acknowledged, in that folder, because the system's one for temporary files
    /// may be no disk.
    pub fn durable(settings: &BuildSettings, folder: &Path) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("postgres-").tempdir_in(folder);
        let home = home.with_context(|| format!("no folder can be made in {}", folder.display()))?;
        Self::temporary(settings, home, &[])
    }

    fn temporary(settings: &BuildSettings, home: TempDir, options: &'static [&'static str]) -> Result<Self> {
        let binaries = Binaries::find(settings, None)?;
        let account = Account::for_new(home.path(), &binaries)?;
        let parts = Parts {
            data: home.path().join("data"),
            log: home.path().join("log"),
            password: random_password()?,
            options,
            binaries,
            account,
            own_log: None,
        };
        parts.create(&parts.data)?;
        let mut cluster = parts.start(free_port(None)?)?;
        cluster._home = Some(home);
        Ok(cluster)
    }

    /// The cluster that is kept in that folder (of whoever runs this), made at the first time.
    pub fn kept(settings: &BuildSettings, home: &Path) -> Result<Self> {
        let data = home.join("postgres");
        let password_file = home.join("postgres-password");
        stop_left_over(&data)?;
        let major = fs::read_to_string(data.join("PG_VERSION")).ok();
        let exists = data.exists();
        let binaries = Binaries::find(settings, major.and_then(|major| major.trim().parse().ok()))?;
        let log = home.join("postgres.log");
        let own_log = home.join("postgres-log");
        fs::create_dir_all(&own_log)?;
        let parts = if exists {
            let account = Account::of_existing(&data)?;
            let password = fs::read_to_string(&password_file)
                .with_context(|| format!("{} is missing: start with --fresh", password_file.display()))?;
            Parts { binaries, account, data, log, password, options: &[], own_log: Some(own_log) }
        } else {
            // Moved in place when complete, so that a run broken off leaves nothing half.
            let unfinished = home.join("postgres.unfinished");
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished)?;
            }
            fs::create_dir(&unfinished)?;
            let account = Account::for_new(&unfinished, &binaries)?;
            let password = random_password()?;
            write_private(&password_file, &password)?;
            let own_log = Some(own_log);
            let parts = Parts { binaries, account, data, log, password, options: &[], own_log };
            parts.create(&unfinished)?;
            fs::rename(&unfinished, &parts.data)?;
            parts
        };
        let port_file = home.join("postgres-port");
        let last = fs::read_to_string(&port_file).ok().and_then(|port| port.trim().parse().ok());
        let cluster = parts.start(free_port(last)?)?;
        fs::write(&port_file, cluster.port.to_string())?;
        Ok(cluster)
    }

    /// The superuser's address, password included.
    pub fn url(&self) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/postgres", self.parts.password, self.port)
    }

    /// The superuser's address for where others can read it; the password goes another way.
    pub fn url_without_password(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The superuser's password.
    pub fn password(&self) -> &str {
        &self.parts.password
    }

    /// The folder of the log that it writes of what is done in it.
    pub fn own_log(&self) -> Option<&Path> {
        self.parts.own_log.as_deref()
    }

    /// The folder with the programs of its version.
    pub fn programs(&self) -> &Path {
        &self.parts.binaries.folder
    }

    /// Starts it again where somebody has killed it.
    pub fn revive(&mut self) -> Result<()> {
        if self.server.ended()?.is_none() {
            return Ok(());
        }
        let killed = Instant::now();
        loop {
            // Its processes may outlive the first of them for a moment, and hold on to what they share.
            match self.parts.start_at(self.socket.path(), self.port) {
                Ok(Some(server)) => {
                    self.server = server;
                    return Ok(());
                }
                Ok(None) => {}
                Err(error) if error.is::<interrupt::Interrupted>() || killed.elapsed() > PATIENCE => {
                    return Err(error);
                }
                Err(_) => {}
            }
            interrupt::pause(Duration::from_millis(50))?;
        }
    }
}

impl Parts {
    fn create(&self, data: &Path) -> Result<()> {
        let secret = temporary_folder("gatebook-pw-")?;
        let password_file = secret.path().join("password");
        write_private(&password_file, &self.password)?;
        self.account.take(&password_file)?;
        self.account.take(secret.path())?;
        let initdb = |locale: &str| {
            let mut command = self.account.command(&self.binaries.folder.join("initdb"));
            command.args(["--username=postgres", "--encoding=UTF8", "--no-instructions"]);
            command.args(["--auth-local=trust", "--auth-host=scram-sha-256"]);
            command.arg(format!("--locale={locale}")).arg("--pwfile").arg(&password_file);
            if !self.options.is_empty() {
                command.arg("--no-sync");
            }
            process::run_quietly(command.arg("--pgdata").arg(data), "initdb")
        };
        // Not every system has C.UTF-8; initdb leaves nothing behind when it fails.
        initdb("C.UTF-8").or_else(|error| {
            interrupt::check()?;
            initdb("C").map_err(|_| error)
        })
    }

    fn start(self, mut port: u16) -> Result<Cluster> {
        let socket = temporary_folder("gatebook-")?;
        self.account.take(socket.path())?;
        for _ in 0..3 {
            if let Some(server) = self.start_at(socket.path(), port)? {
                return Ok(Cluster { server, socket, _home: None, port, parts: self });
            }
            port = free_port(None)?;
        }
        bail!("Postgres found no free port on 127.0.0.1; its log is {}", self.log.display())
    }

    /// Nothing, where somebody else has the port.
    fn start_at(&self, socket: &Path, port: u16) -> Result<Option<Running>> {
        let log =
            File::create(&self.log).with_context(|| format!("{} cannot be written", self.log.display()))?;
        let mut command = self.account.command(&self.binaries.folder.join("postgres"));
        command.arg("-D").arg(&self.data).arg("-k").arg(socket).arg("-p").arg(port.to_string());
        for option in ["listen_addresses=127.0.0.1", "max_connections=200"].iter().chain(self.options) {
            command.args(["-c", option]);
        }
        match &self.own_log {
            Some(folder) => {
                self.account.take(folder)?;
                command.arg("-c").arg(format!("log_directory={}", folder.display()));
                OWN_LOG.iter().for_each(|option| {
                    command.args(["-c", option]);
                });
            }
            None => {
                command.args(["-c", "logging_collector=off"]);
            }
        }
        command.stdout(log.try_clone()?).stderr(log);
        let mut server = Running::start(&mut command, "Postgres", Stop::Leader(Signal::INT))?;
        Ok(self.ready(&mut server)?.then_some(server))
    }

    /// What it said before it ended: to whoever started it, and in its own log.
    fn last_words(&self) -> String {
        const LAST_BYTES: usize = 4 * 1024;
        let mut words = fs::read_to_string(&self.log).unwrap_or_default();
        let own = self.own_log.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        let newest = own.max_by_key(|entry| entry.metadata().and_then(|meta| meta.modified()).ok());
        let newest = newest.and_then(|entry| fs::read(entry.path()).ok()).unwrap_or_default();
        let last = newest.get(newest.len().saturating_sub(LAST_BYTES)..).unwrap_or_default();
        words.push_str(&String::from_utf8_lossy(last));
        words
    }

    /// Waits until the server takes connections; `false` where somebody else took its port.
    fn ready(&self, server: &mut Running) -> Result<bool> {
        let start = Instant::now();
        loop {
            let lock = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
            if lock.lines().nth(7).is_some_and(|status| status.trim() == "ready") {
                return Ok(true);
            }
            if let Some(status) = server.ended()? {
                let log = self.last_words();
                if log.contains("could not bind") {
                    return Ok(false);
                }
                bail!("Postgres does not start ({status}):\n{}", log.trim());
            }
            if start.elapsed() > PATIENCE {
                bail!("Postgres was not ready within {} s: see {}", PATIENCE.as_secs(), self.log.display());
            }
            interrupt::pause(Duration::from_millis(30))?;
        }
    }
}

/// In the system's folder for such, because the path of a socket must be short.
fn temporary_folder(prefix: &str) -> Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).tempdir().context("no temporary folder can be made")
}

/// A port that nobody listens on: that one if possible.
fn free_port(wished: Option<u16>) -> Result<u16> {
    let listener = wished.and_then(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    let listener = listener.map_or_else(|| TcpListener::bind(("127.0.0.1", 0)), Ok);
    Ok(listener.and_then(|listener| listener.local_addr()).context("127.0.0.1 has no free port")?.port())
}

fn random_password() -> Result<String> {
    let mut bytes = [0; 24];
    let mut source = File::open("/dev/urandom").context("/dev/urandom cannot be read")?;
    source.read_exact(&mut bytes).context("/dev/urandom cannot be read")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn write_private(file: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    let mut options = File::options();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(file);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", file.display()))
}
