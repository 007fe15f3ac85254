//! One process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::{LOOK_EVERY, PATIENCE};

/// A started `gatebook`; dropping it kills it.
pub struct Process {
    child: Child,
    /// Where it listens, if it serves.
    pub port: u16,
    log: PathBuf,
}

impl Process {
    /// Starts `gatebook COMMAND` with these settings.
    pub async fn start(binary: &Path, command: &str, settings: &[(&'static str, String)]) -> Self {
        let port = free_port();
        let mut gatebook = Command::new(binary);
        gatebook.arg(command).env_clear().envs(settings.iter().map(|(name, value)| (*name, value)));
        Self::spawn(gatebook.env("GATEBOOK_LISTEN", format!("127.0.0.1:{port}")), port)
    }

    /// Starts `gatebook demo` on this Postgres, and waits until the sample company is there.
    pub async fn demo(binary: &Path, postgres: &str, state: &Path) -> Self {
        // The sign-in provider takes the next one.
        let port = free_port();
        let mut gatebook = Command::new(binary);
        gatebook.args(["demo", "--postgres", postgres, "--port", &port.to_string(), "--state"]).arg(state);
        let mut process = Self::spawn(gatebook.env_clear(), port);
        process.wait_until_ready(&super::wire()).await;
        process
    }

    fn spawn(gatebook: &mut Command, port: u16) -> Self {
        let log = std::env::temp_dir().join(format!("gatebook-test-{}-{port}.log", std::process::id()));
        if !gatebook.as_std().get_envs().any(|(name, _)| name == "RUST_LOG") {
            gatebook
                .env("RUST_LOG", std::env::var("GATEBOOK_TEST_LOG").unwrap_or_else(|_| "warn".to_owned()));
        }
        let child = gatebook
            // No settings file, and nothing of whoever runs the test.
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child, port, log }
    }

    /// What it said on standard error.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub async fn wait_until_ready(&mut self, wire: &reqwest::Client) {
        let asked = std::time::Instant::now();
        loop {
            let answer = wire.get(format!("http://127.0.0.1:{}/readyz", self.port)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && asked.elapsed() < PATIENCE, "{ended:?}: {}", self.said());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits for it to end by itself.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }

    /// SIGKILL: nothing is finished, nothing is said.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM, and its end.
    pub async fn stop(mut self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let ended = self.ended().await;
        assert!(ended.success(), "{ended}: {}", self.said());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // What it said is of interest as long as somebody could still ask.
        let _ = std::fs::remove_file(&self.log);
    }
}

/// A port that nobody listens at.
pub fn free_port() -> u16 {
    // Below those that systems give to whoever calls out, which could take it before it is listened at; of a pair,
    // since the demo's provider listens at the next one.
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 5_000).unwrap() * 2;
    loop {
        let step = NEXT.fetch_add(2, std::sync::atomic::Ordering::Relaxed);
        let port = 20_000 + (begin + step) % 10_000;
        let is_free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free(port) && is_free(port + 1) {
            return port;
        }
    }
}
