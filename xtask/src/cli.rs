//! The commands and their options.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::build_settings::BuildSettings;
use crate::progress::step;
use crate::{bench, crash, css, demo, fuzz, interrupt, postgres, progress, release, site, sqlx_data, test};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, tests and runs Gatebook")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the whole product with its own Postgres, sign-in provider and a sample company
    Demo(demo::Options),
    /// Builds what the browser gets, into target/site
    Site {
        /// As small as it gets, as in a release
        #[arg(long)]
        release: bool,
    },
    /// Builds the release binary, with the site inside it
    Build,
    /// Builds public/app.css from style/app.css
    Css {
        /// Changes nothing; fails where the committed file differs
        #[arg(long)]
        check: bool,
    },
    /// Renews .sqlx, the data that queries are checked against without a database
    Sqlx {
        /// Changes nothing; fails where the committed data differs
        #[arg(long)]
        check: bool,
    },
    /// Runs every check: exactly what CI runs
    Test(test::Options),
    /// Kills servers, workers and Postgres under load, and reckons whether anything was lost
    Crash(crash::Options),
    /// Throws mad input at everything that reads what comes from outside
    Fuzz(fuzz::Options),
    /// Migrates a populated database beneath the binary of before the newest migration
    Upgrade,
    /// Measures one thing against its yardstick, and writes target/bench/NAME.json
    Bench(bench::Options),
    /// Runs a throw-away Postgres until Ctrl-C and prints its DATABASE_URL
    Postgres,
}

/// Runs the command that was asked for; errors go to standard error as one sentence.
pub fn run() -> ExitCode {
    let command = Cli::parse().command;
    match interrupt::listen().and_then(|()| dispatch(command)) {
        Ok(code) => code,
        Err(error) if error.is::<interrupt::Interrupted>() => {
            progress::say("stopped");
            ExitCode::from(130)
        }
        Err(error) => {
            progress::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    let settings = BuildSettings::read()?;
    match command {
        Command::Demo(options) => demo::run(&settings, &options)?,
        Command::Site { release } => site::build(&settings, site::Kind::of(release))?,
        Command::Build => release::build(&settings)?,
        Command::Css { check: false } => css::renew(&settings)?,
        Command::Css { check: true } => {
            step("Comparing the stylesheet with its source", || css::check(&settings))?
        }
        Command::Sqlx { check: false } => sqlx_data::renew(&settings)?,
        Command::Sqlx { check: true } => {
            step("Comparing .sqlx with the database", || sqlx_data::check(&settings))?
        }
        Command::Test(options) => return test::run(&settings, &options),
        Command::Crash(options) => crash::run(&settings, &options)?,
        Command::Fuzz(options) => fuzz::run(&settings, &options)?,
        Command::Upgrade => return test::run(&settings, &test::Options::only(test::Part::Upgrade)),
        Command::Bench(options) => bench::run(&settings, &options)?,
        Command::Postgres => postgres::stay(&settings)?,
    }
    Ok(ExitCode::SUCCESS)
}
