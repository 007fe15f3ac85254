//! Fuzzing: mad input for everything that reads what comes from outside (`fuzz/`).

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::build_settings::BuildSettings;
use crate::process;
use crate::progress::{self, step};
use crate::tally::Tally;
use crate::test::Outcome;

/// For each target in the full test run, which is to stay short: about four minutes for all of them, with the build.
const SECONDS_IN_TESTS: u32 = 8;
/// Largest input, in bytes: enough for a record that breaks every bound of its fields.
const INPUT_MAX_BYTES: u32 = 8 * 1024;

/// What is fuzzed.
#[derive(Args)]
pub struct Options {
    /// Seconds for each target
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Only these targets, instead of all
    targets: Vec<String>,
}

/// Fuzzes by hand.
pub fn run(settings: &BuildSettings, options: &Options) -> Result<()> {
    if let Some(reason) = missing() {
        bail!("{reason}");
    }
    let all = targets(settings)?;
    let wanted = if options.targets.is_empty() { &all } else { &options.targets };
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        bail!("there is no target \"{unknown}\"; there are {}", all.join(", "));
    }
    build(settings)?;
    wanted.iter().try_for_each(|target| fuzz(settings, target, options.seconds))
}

/// Fuzzes for a moment, as part of the tests.
pub fn check(settings: &BuildSettings) -> Result<Outcome> {
    if let Some(reason) = missing() {
        return Ok(Outcome::Skipped(reason));
    }
    build(settings)?;
    let mut tally = Tally::default();
    for target in targets(settings)? {
        let found = fuzz(settings, &target, SECONDS_IN_TESTS);
        if let Err(error) = &found {
            progress::say(&format!("{error:#}"));
        }
        tally += if found.is_ok() { Tally::PASSED } else { Tally::FAILED };
    }
    Ok(Outcome::Ran(tally))
}

/// Why it cannot be done here.
fn missing() -> Option<String> {
    let mut probe = Command::new("rustup");
    probe.args(["run", "nightly", "cargo", "fuzz", "--version"]);
    process::output(&mut probe).err().map(|_| {
        "it takes a nightly compiler and cargo-fuzz: rustup toolchain install nightly; cargo install cargo-fuzz"
            .to_owned()
    })
}

/// One for each file.
fn targets(settings: &BuildSettings) -> Result<Vec<String>> {
    let folder = settings.root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn cargo_fuzz(settings: &BuildSettings, verb: &str) -> Command {
    let mut command = settings.rustup("nightly");
    command.args(["cargo", "fuzz", verb, "--target-dir"]).arg(settings.target.join("fuzz"));
    command
}

fn build(settings: &BuildSettings) -> Result<()> {
    step("Building what is fuzzed", || process::run(&mut cargo_fuzz(settings, "build"), "cargo fuzz build"))
}

/// What it comes upon is kept below the target folder, and what it finds in `fuzz/artifacts`.
fn fuzz(settings: &BuildSettings, target: &str, seconds: u32) -> Result<()> {
    progress::say(&format!("==> {target}, {seconds} s"));
    let corpus = settings.target.join("fuzz/corpus").join(target);
    fs::create_dir_all(&corpus).with_context(|| format!("{} cannot be made", corpus.display()))?;
    let mut command = cargo_fuzz(settings, "run");
    command.arg(target).arg(corpus).args(seeds(settings, target)?);
    command.args(["--", "-print_final_stats=1", "-verbosity=0", "-timeout=10"]);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={INPUT_MAX_BYTES}"));
    process::run(&mut command, &format!("fuzzing {target}"))
}

/// What it begins with: a small record of each format, and the mappings that come with the product.
fn seeds(settings: &BuildSettings, target: &str) -> Result<Vec<PathBuf>> {
    if target == "mapping" {
        return Ok(vec![settings.root.join("server/src/formats/mappings")]);
    }
    // What is of no format that anybody named may be of any.
    let is_wanted = |name: &str| name == target || (target == "recognised" && name.starts_with("format_"));
    let mut folders = Vec::new();
    for entry in fs::read_dir(settings.root.join("fuzz/seeds")).context("there is no fuzz/seeds")? {
        let entry = entry?;
        if is_wanted(&entry.file_name().to_string_lossy()) {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}
