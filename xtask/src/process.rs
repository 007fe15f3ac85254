//! Programs that this driver starts: waited for, stoppable, and never left behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::interrupt;
use crate::progress::Heartbeat;

const POLL: Duration = Duration::from_millis(40);

/// How a program is asked to stop.
#[derive(Clone, Copy)]
pub enum Stop {
    /// SIGTERM to it and to all that it started.
    Group,
    /// A signal to it alone: it looks after its own children.
    Leader(Signal),
}

/// A started program in a process group of its own; dropping it stops it.
pub struct Running {
    child: Child,
    name: String,
    stop: Stop,
    patience: Duration,
    ended: Option<ExitStatus>,
}

impl Running {
    /// Starts a program under the name that messages will call it by.
    pub fn start(command: &mut Command, name: &str, stop: Stop) -> Result<Self> {
        interrupt::check()?;
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} cannot be started ({})", command.get_program().display()))?;
        Ok(Self { child, name: name.to_owned(), stop, patience: Duration::from_secs(15), ended: None })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended =
                self.child.try_wait().with_context(|| format!("{} cannot be waited for", self.name))?;
        }
        Ok(self.ended)
    }

    /// Waits for its end; being asked to stop meanwhile is an error.
    pub fn wait(&mut self, heartbeat: &mut Heartbeat) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            interrupt::pause(POLL)?;
            heartbeat.beat(&self.name);
        }
    }

    /// Asks it to stop, waits, and ends it by force where it does not.
    pub fn stop(&mut self) {
        let Ok(pid) = i32::try_from(self.child.id()) else { return };
        let Some(pid) = Pid::from_raw(pid) else { return };
        // A signal that finds nobody is as good as one that works, so results are of no interest.
        if !matches!(self.ended(), Ok(Some(_))) {
            let _ = match self.stop {
                Stop::Group => kill_process_group(pid, Signal::TERM),
                Stop::Leader(signal) => kill_process(pid, signal),
            };
            let asked = Instant::now();
            while matches!(self.ended(), Ok(None)) && asked.elapsed() < self.patience {
                thread::park_timeout(POLL);
            }
        }
        // Also what the program itself left behind.
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs a program whose output people see; anything but success is an error.
pub fn run(command: &mut Command, name: &str) -> Result<()> {
    let status = Running::start(command, name, Stop::Group)?.wait(&mut Heartbeat::beside_output())?;
    succeeded(name, status)
}

/// Runs a program whose output is shown only if it fails.
pub fn run_quietly(command: &mut Command, name: &str) -> Result<()> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running::start(command, name, Stop::Group)?;
    let out = collected(running.child.stdout.take());
    let err = collected(running.child.stderr.take());
    let status = running.wait(&mut Heartbeat::alone())?;
    running.stop();
    if status.success() {
        return Ok(());
    }
    let said = [out, err].map(|text| text.recv_timeout(Duration::from_secs(2)).unwrap_or_default());
    bail!("{name} failed ({status}):\n{}", said.concat().trim())
}

/// Runs a program, hands each line of its output on to standard output and to `line`.
pub fn run_lines(command: &mut Command, name: &str, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
    command.stdout(Stdio::piped());
    let mut running = Running::start(command, name, Stop::Group)?;
    let lines = lines_of(running.child.stdout.take());
    let mut heartbeat = Heartbeat::beside_output();
    let mut heard = |text: String| {
        // Nothing is left to do about a closed standard output.
        let _ = writeln!(std::io::stdout(), "{text}");
        line(&text);
    };
    let status = loop {
        match lines.recv_timeout(POLL) {
            Ok(text) => heard(text),
            Err(RecvTimeoutError::Disconnected) => break running.wait(&mut heartbeat)?,
            Err(RecvTimeoutError::Timeout) => {
                interrupt::check()?;
                heartbeat.beat(name);
                if let Some(status) = running.ended()? {
                    break status;
                }
            }
        }
    };
    running.stop();
    while let Ok(text) = lines.recv_timeout(POLL) {
        heard(text);
    }
    Ok(status)
}

/// The standard output of a short program that must succeed.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        bail!("{name} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// An error that names the program, unless it succeeded.
pub fn succeeded(name: &str, status: ExitStatus) -> Result<()> {
    if status.success() { Ok(()) } else { bail!("{name} failed ({status})") }
}

fn collected(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read until an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn lines_of(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in pipe.into_iter().flat_map(|pipe| BufReader::new(pipe).split(b'\n')) {
            let Ok(bytes) = line else { return };
            if sender.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}
