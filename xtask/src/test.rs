//! Every check there is, one after the other, and the sum of them.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::build_settings::BuildSettings;
use crate::interrupt::Interrupted;
use crate::progress::{self, spent};
use crate::tally::Tally;
use crate::test_steps;

/// Which checks are run.
#[derive(Args)]
pub struct Options {
    /// Only these parts, instead of all (several: --only fmt,lint)
    #[arg(long, value_enum, value_delimiter = ',', num_args = 1..)]
    only: Vec<Part>,
}

impl Options {
    /// This part alone.
    pub fn only(part: Part) -> Self {
        Self { only: vec![part] }
    }
}

/// The parts of the checks, in the order they are run: quick ones first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The formatting of Rust code
    Fmt,
    /// The committed stylesheet against its source
    Css,
    /// The committed query data against the migrations
    Sqlx,
    /// Clippy, for the server and for the browser
    Lint,
    /// All Rust tests, with a database
    Unit,
    /// Mad input for a moment, where the compiler for it is there
    Fuzz,
    /// The newest migration beneath the server of before it
    Upgrade,
    /// The demo in a browser
    Browser,
}

/// What came of one step.
pub enum Outcome {
    Ran(Tally),
    /// There was nothing to check, for this reason.
    Skipped(String),
}

/// A step's title and work.
pub struct Step {
    pub title: &'static str,
    pub work: fn(&BuildSettings) -> Result<Outcome>,
}

/// Runs the checks; a failed one does not keep the others from running.
pub fn run(settings: &BuildSettings, options: &Options) -> Result<ExitCode> {
    let mut total = Tally::default();
    let mut not_passed = Vec::new();
    for part in Part::value_variants() {
        if !options.only.is_empty() && !options.only.contains(part) {
            continue;
        }
        for step in test_steps::of(*part) {
            let tally = run_step(settings, step)?;
            if tally.failed > 0 {
                not_passed.push(step.title);
            }
            total += tally;
        }
    }
    if !not_passed.is_empty() {
        progress::say(&format!("failed: {}", not_passed.join(", ")));
    }
    println!("{total}");
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_step(settings: &BuildSettings, step: &Step) -> Result<Tally> {
    progress::say(&format!("==> {}", step.title));
    let start = Instant::now();
    let (tally, said) = match (step.work)(settings) {
        Ok(Outcome::Ran(tally)) if tally.failed == 0 => (tally, format!("passed ({})", tally.passed)),
        Ok(Outcome::Ran(tally)) => (tally, format!("FAILED ({tally})")),
        Ok(Outcome::Skipped(reason)) => (Tally::default(), format!("not run: {reason}")),
        Err(error) if error.is::<Interrupted>() => return Err(error),
        Err(error) => (Tally::FAILED, format!("FAILED: {error:#}")),
    };
    progress::say(&format!("    {}: {said}, {}", step.title, spent(start.elapsed())));
    Ok(tally)
}
