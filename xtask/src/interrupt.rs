//! Ctrl-C, SIGTERM and SIGHUP: noted once, seen by everything that waits.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

static RECEIVED: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();

/// The error of a step that was given up because somebody asked to stop.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped by a signal")
    }
}

impl std::error::Error for Interrupted {}

/// From here on signals do not end this process but are noted.
pub fn listen() -> Result<()> {
    let mut wanted = vec![SIGINT, SIGTERM];
    if !started_by_nohup() {
        wanted.push(SIGHUP);
    }
    let mut signals = Signals::new(wanted).context("the system lets no signal handler be set")?;
    thread::spawn(move || {
        for _ in signals.forever() {
            *RECEIVED.lock().unwrap_or_else(PoisonError::into_inner) = true;
            CHANGED.notify_all();
        }
    });
    Ok(())
}

/// Waits that long, or until somebody asks to stop: then that is the error.
pub fn pause(duration: Duration) -> Result<()> {
    let received = RECEIVED.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = CHANGED.wait_timeout_while(received, duration, |received| !*received);
    let (received, _) = waited.unwrap_or_else(PoisonError::into_inner);
    if *received { Err(Interrupted.into()) } else { Ok(()) }
}

/// The error, where somebody asked to stop.
pub fn check() -> Result<()> {
    pause(Duration::ZERO)
}

/// Whether SIGHUP was ignored from the start, so that closing the terminal must end nothing.
fn started_by_nohup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
