//! What is said while working: a title per step, a sign of life in long ones, the time at the end.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Result;

/// How often a long step says that it is still at it.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Says something to the person in front: on standard error, which is not what a command answers.
pub fn say(text: &str) {
    // Nothing is left to do about a closed standard error.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Does a piece of work under a title, and says how long it took.
pub fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(&format!("==> {title}"));
    let start = Instant::now();
    let result = work();
    if result.is_ok() {
        say(&format!("    {title}: done in {}", spent(start.elapsed())));
    }
    result
}

/// A time as people read it.
pub fn spent(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

/// Says every now and then that a program is still running.
pub struct Heartbeat {
    start: Instant,
    last: Instant,
    wanted: bool,
}

impl Heartbeat {
    /// Beats for a program that shows its own progress only where nobody looks at it on a terminal.
    pub fn beside_output() -> Self {
        Self::new(!std::io::stderr().is_terminal())
    }

    /// Beats for a program whose output is kept back.
    pub fn alone() -> Self {
        Self::new(true)
    }

    /// Stays silent: for a program that is meant to go on.
    pub fn never() -> Self {
        Self::new(false)
    }

    fn new(wanted: bool) -> Self {
        let now = Instant::now();
        Self { start: now, last: now, wanted }
    }

    /// To be called often.
    pub fn beat(&mut self, name: &str) {
        if self.wanted && self.last.elapsed() >= HEARTBEAT {
            self.last = Instant::now();
            say(&format!("    … {name} is still running ({})", spent(self.start.elapsed())));
        }
    }
}
