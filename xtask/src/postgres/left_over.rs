//! A server of an earlier run that was ended too hard to stop what it had started.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::{process, progress};

/// How long a fast shutdown may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stops the server that still runs on the data in that folder, if there is one.
pub fn stop_left_over(data: &Path) -> Result<()> {
    let Some(pid) = running(data) else { return Ok(()) };
    progress::say(&format!("    stopping the Postgres of an earlier run (process {})", pid.as_raw_pid()));
    // It may have ended by itself in between; the loop sees that.
    let _ = kill_process(pid, Signal::INT);
    let asked = Instant::now();
    while running(data).is_some() {
        if asked.elapsed() > PATIENCE {
            bail!("the Postgres of an earlier run (process {}) does not stop: end it", pid.as_raw_pid());
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    Ok(())
}

fn running(data: &Path) -> Option<Pid> {
    let lock = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid = Pid::from_raw(lock.lines().next()?.trim().parse().ok()?)?;
    test_kill_process(pid).ok()?;
    // The number may have gone to some other program since.
    command_line(pid)?.contains(data.to_str()?).then_some(pid)
}

fn command_line(pid: Pid) -> Option<String> {
    let pid = pid.as_raw_pid();
    if let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) {
        return Some(String::from_utf8_lossy(&line).into_owned());
    }
    process::output(Command::new("ps").args(["-o", "args=", "-p", &pid.to_string()])).ok()
}
