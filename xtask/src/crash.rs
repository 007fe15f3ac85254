//! Processes and Postgres killed at random moments under load; afterwards nothing may be lost.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::build_settings::BuildSettings;
use crate::postgres::Cluster;
use crate::process::{self, Running, Stop};
use crate::progress::{Heartbeat, step};
use crate::{interrupt, it_test};

/// How often is looked whether Postgres must be started again.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What is lost if anything is.
#[derive(Clone, Copy, ValueEnum)]
enum Of {
    /// Requests, decisions and grants
    Changes,
    /// Reports from outside, what is made from the book, and exports; a short run is part of the tests
    Book,
}

impl Of {
    /// The test that does it, in the server's test binary.
    fn test(self) -> &'static str {
        match self {
            Self::Changes => "crash::whatever_is_killed_nothing_that_was_acknowledged_is_lost",
            Self::Book => {
                "killed::whatever_is_killed_reports_stand_in_the_book_once_and_all_that_is_made_from_it_is_whole"
            }
        }
    }
}

/// How much is killed.
#[derive(Args)]
pub struct Options {
    /// What people and programs do meanwhile
    #[arg(long, value_enum, default_value = "changes")]
    of: Of,
    /// How often something is killed
    #[arg(long, default_value_t = 20)]
    rounds: u32,
    /// Decides what is killed and when
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the test, and starts Postgres again as often as the test kills it.
pub fn run(settings: &BuildSettings, options: &Options) -> Result<()> {
    step("Building the tests", || it_test::build(settings))?;
    let folder = settings.root.join("target").join("crash");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut cluster =
        step("Starting a Postgres that keeps what it acknowledges", || Cluster::durable(settings, &folder))?;
    let mut command = it_test::command(settings, options.of.test(), &cluster);
    command.env("GATEBOOK_CRASH_ROUNDS", options.rounds.to_string());
    command.env("GATEBOOK_CRASH_SEED", options.seed.to_string());
    let mut test = Running::start(&mut command, "the crash test", Stop::Group)?;
    let mut heartbeat = Heartbeat::beside_output();
    let status = loop {
        if let Some(status) = test.ended()? {
            break status;
        }
        cluster.revive()?;
        interrupt::pause(LOOK_EVERY)?;
        heartbeat.beat("the crash test");
    };
    process::succeeded("the crash test", status)
}
