//! The single steps of `cargo xtask test`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::build_settings::BuildSettings;
use crate::postgres::Cluster;
use crate::progress::step;
use crate::tally::Tally;
use crate::test::{Outcome, Part, Step};
use crate::{chromium, css, fuzz, npm, process, site, sqlx_data, upgrade, wasm_target};

/// The steps of a part.
pub fn of(part: Part) -> &'static [Step] {
    match part {
        Part::Fmt => &[Step { title: "Formatting", work: formatting }],
        Part::Css => &[Step { title: "Stylesheet", work: stylesheet }],
        Part::Sqlx => &[Step { title: "Query data", work: query_data }],
        Part::Lint => &[
            Step { title: "Lints for the server", work: lints_native },
            Step { title: "Lints for the browser", work: lints_browser },
        ],
        Part::Unit => &[Step { title: "Rust tests", work: rust_tests }],
        Part::Fuzz => &[Step { title: "Fuzzing", work: fuzz::check }],
        Part::Upgrade => &[Step { title: "Upgrade", work: upgrade::check }],
        Part::Browser => &[Step { title: "Browser tests", work: browser_tests }],
    }
}

fn passed(checked: Result<()>) -> Result<Outcome> {
    checked.map(|()| Outcome::Ran(Tally::PASSED))
}

fn skipped(reason: &str) -> Result<Outcome> {
    Ok(Outcome::Skipped(reason.to_owned()))
}

fn formatting(settings: &BuildSettings) -> Result<Outcome> {
    let mut command = settings.cargo();
    passed(process::run(
        command.args(["fmt", "--all", "--check"]),
        "cargo fmt (\"cargo fmt --all\" repairs it)",
    ))
}

fn stylesheet(settings: &BuildSettings) -> Result<Outcome> {
    if !css::source(settings).is_file() {
        return skipped("there is no style/app.css yet");
    }
    if !npm::available() {
        return skipped("there is no Node.js here");
    }
    passed(css::check(settings))
}

fn query_data(settings: &BuildSettings) -> Result<Outcome> {
    if sqlx_data::migrations(settings)?.is_empty() {
        return skipped("there are no migrations yet");
    }
    passed(sqlx_data::check(settings))
}

fn lints_native(settings: &BuildSettings) -> Result<Outcome> {
    let mut command = settings.cargo();
    command.args(["clippy", "--workspace", "--all-targets", "--features", &settings.bin_features()]);
    passed(process::run(command.args(["--", "-D", "warnings"]), "cargo clippy"))
}

fn lints_browser(settings: &BuildSettings) -> Result<Outcome> {
    let target = wasm_target::ensure(settings)?;
    let mut command = settings.cargo();
    command.args(["clippy", "--lib", "--package", &settings.site.lib_package]);
    command.args(["--no-default-features", "--features", &settings.site.lib_features.join(",")]);
    target.add_to(&mut command);
    passed(process::run(command.args(["--", "-D", "warnings"]), "cargo clippy for the browser"))
}

fn rust_tests(settings: &BuildSettings) -> Result<Outcome> {
    let cluster = Cluster::throw_away(settings)?;
    let mut command = settings.cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--features", &settings.bin_features()]);
    // The tests make databases of their own beside this one; the queries are checked against .sqlx.
    command.env("DATABASE_URL", cluster.url()).env("SQLX_OFFLINE", "true");
    command.env("GATEBOOK_POSTGRES_PROGRAMS", cluster.programs());
    let mut tally = Tally::default();
    let status = process::run_lines(&mut command, "cargo test", |line| {
        if let Some(counted) = Tally::from_cargo(line) {
            tally += counted;
        }
    })?;
    Ok(Outcome::Ran(tally.of_run(status.success())))
}

fn browser_tests(settings: &BuildSettings) -> Result<Outcome> {
    let folder = settings.root.join("end2end");
    let tests = test_files(&folder)?;
    if tests.is_empty() {
        return skipped("there are no end2end/*.test.mjs yet");
    }
    step("Installing the test's packages", || npm::install(&folder))?;
    let chromium = chromium::ensure()?;
    site::build(settings, site::Kind::Release)?;
    let binary = step("Building the server", || settings.build_debug_binary())?;
    let cluster = Cluster::throw_away(settings)?;

    let reports = tempfile::tempdir().context("no temporary folder can be made")?;
    let report = reports.path().join("report.tap");
    let mut node = Command::new("node");
    // One report for people, and one to count from.
    node.args(["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"]);
    node.arg("--test-reporter=tap").arg(format!("--test-reporter-destination={}", report.display()));
    node.args(&tests).current_dir(&folder);
    node.env("GATEBOOK_BIN", binary).env("GATEBOOK_TEST_POSTGRES", cluster.url()).env("CHROMIUM", chromium);
    settings.tell_site(&mut node);
    let status = process::run_lines(&mut node, "node --test", |_| ())?;
    let counted = Tally::from_tap(&fs::read_to_string(&report).unwrap_or_default());
    Ok(Outcome::Ran(counted.unwrap_or_default().of_run(status.success())))
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = PathBuf::from(entry?.file_name());
        if name.to_string_lossy().ends_with(".test.mjs") {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}
