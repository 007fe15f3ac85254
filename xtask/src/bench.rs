//! Measuring: each benchmark runs beside its yardstick, and what counts is their ratio.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::build_settings::BuildSettings;
use crate::postgres::Cluster;
use crate::process;
use crate::progress::{self, step};

mod client;

/// What is measured, and how.
#[derive(Args)]
pub struct Options {
    /// The benchmarks; those that need a book of many events fill one for all
    #[arg(value_enum, required = true)]
    names: Vec<Name>,
    /// How often the thing and its yardstick are run in turn (default: what the benchmark thinks enough)
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// Events in the book beforehand (append: 100000; alerts: 1000000; export, ingest, search: 10000000)
    #[arg(long)]
    events: Option<u64>,
}

/// A benchmark.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// A decision through its use case, against its bare writes
    Append,
    /// A page of 1,000 rows, against a handler that writes them into a string
    Page,
    /// Everything as CSV, against `COPY TO`
    Export,
    /// Events over HTTP until they can be searched, against binary `COPY`
    Ingest,
    /// Pages of the book in every cell of the search matrix, against the bare SQL and the newest page
    Search,
    /// Events until their alerts are seen, at 1,000 a second with 100 rules; and how fast the judge catches up
    Alerts,
    /// What the browser loads, in kilobytes
    Client,
}

impl Name {
    fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Page => "page",
            Self::Export => "export",
            Self::Ingest => "ingest",
            Self::Search => "search",
            Self::Alerts => "alerts",
            Self::Client => "client",
        }
    }
}

/// Runs benchmarks; their reports are kept, and their ratios are printed.
pub fn run(settings: &BuildSettings, options: &Options) -> Result<()> {
    // In the repository, wherever cargo compiles.
    let folder = settings.root.join("target/bench");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut cluster = None;
    for name in &options.names {
        let report = folder.join(format!("{}.json", name.as_str()));
        match name {
            Name::Client => client::measure(settings, &report)?,
            _ => beside_postgres(settings, options, name.as_str(), &report, &mut cluster)?,
        }
        progress::say(&format!("    {}", settings.shown(&report)));
    }
    Ok(())
}

/// Runs a measured program of the server with a Postgres of our own.
fn beside_postgres(
    settings: &BuildSettings,
    options: &Options,
    name: &str,
    report: &Path,
    cluster: &mut Option<Cluster>,
) -> Result<()> {
    let cargo = || {
        let mut command = settings.cargo();
        command.args(["bench", "--package", &settings.site.bin_package, "--bench", name]);
        // The queries are checked against .sqlx, not against the database that is measured.
        command.env("SQLX_OFFLINE", "true");
        command
    };
    step("Building the benchmark", || process::run(cargo().arg("--no-run"), "cargo bench --no-run"))?;
    let folder = report.parent().context("the report has no folder")?;
    let cluster = match cluster {
        Some(cluster) => cluster,
        None => cluster.insert(step("Starting a Postgres as durable as in production", || {
            Cluster::durable(settings, folder)
        })?),
    };
    let mut command = cargo();
    command.arg("--");
    if let Some(runs) = options.runs {
        command.args(["--runs", &runs.to_string()]);
    }
    if let Some(events) = options.events {
        command.args(["--events", &events.to_string()]);
    }
    command.env("GATEBOOK_BENCH_POSTGRES", cluster.url()).env("GATEBOOK_BENCH_REPORT", report);
    step("Measuring", || process::run(&mut command, "cargo bench"))
}
