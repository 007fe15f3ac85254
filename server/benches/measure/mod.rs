//! What every benchmark shares: its options, a database of its own, runs in turn, and the report.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool};

/// Options that every benchmark takes.
#[derive(Debug, Args)]
pub struct Shared {
    /// How often the thing and its yardstick are run in turn
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    /// A Postgres where databases may be made; `cargo xtask bench` brings one along
    #[arg(long, env = "GATEBOOK_BENCH_POSTGRES", hide_env_values = true)]
    postgres: String,
    /// Where the report goes
    #[arg(long, env = "GATEBOOK_BENCH_REPORT")]
    report: Option<PathBuf>,
    /// Handed over by `cargo bench`
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

impl Shared {
    /// The address of an empty database with today's schema; one of an earlier run is forgotten.
    pub async fn fresh_database(&self, name: &str) -> String {
        let server: PgConnectOptions = self.postgres.parse().expect("the address of a Postgres");
        let mut admin = PgConnection::connect_with(&server).await.expect("a Postgres that answers");
        for statement in
            [format!("drop database if exists {name} with (force)"), format!("create database {name}")]
        {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
        }
        let url = self.database(name);
        let pool = pool(&url, 1).await;
        store::MIGRATOR.run(&pool).await.unwrap();
        pool.close().await;
        url
    }

    /// The address of a database there.
    pub fn database(&self, name: &str) -> String {
        let mut url = url::Url::parse(&self.postgres).unwrap();
        url.set_path(name);
        url.into()
    }

    /// Prints the medians, and writes the report where one is wanted.
    pub async fn report(&self, report: Report<'_>) {
        let mut whole = Map::new();
        whole.insert("name".into(), report.name.into());
        for figure in &report.figures {
            let mut of_runs: Vec<f64> = figure.of_runs.clone();
            let median = rounded(median(&mut of_runs));
            let is_met = if figure.is_floor { median >= figure.goal } else { median <= figure.goal };
            let (sign, word) =
                (if figure.is_floor { "≥" } else { "≤" }, if is_met { "met" } else { "MISSED" });
            println!("{}: {} {median} (goal {sign} {}, {word})", report.name, figure.label, figure.goal);
            whole.insert(figure.name.into(), median.into());
            whole.insert(figure.goal_name.into(), figure.goal.into());
        }
        whole.insert("runs".into(), report.runs.into());
        whole.insert("measured".into(), report.measured);
        whole.insert("machine".into(), machine(&self.postgres).await);
        whole.insert("date".into(), server::clock::machine().format("%Y-%m-%dT%H:%M:%SZ").to_string().into());
        if let Some(path) = &self.report {
            let text = serde_json::to_string_pretty(&whole).unwrap();
            std::fs::write(path, text + "\n").expect("a place for the report");
        }
    }
}

/// What a benchmark has found.
pub struct Report<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is compared with a goal; the first is the one that the benchmark is about.
    pub figures: Vec<Figure>,
    /// Every run's figures.
    pub runs: Vec<Value>,
    /// What was measured against what.
    pub measured: Value,
}

/// The ratio of the thing to its yardstick, and how it should be.
pub struct Figure {
    /// In the report.
    pub name: &'static str,
    /// The goal's name in the report.
    pub goal_name: &'static str,
    /// For people.
    pub label: &'static str,
    /// The goal.
    pub goal: f64,
    /// Whether the goal is the least that will do, not the most.
    pub is_floor: bool,
    /// One for each run.
    pub of_runs: Vec<f64>,
}

/// A pool for seeding and for yardsticks: nothing is asked of a connection but what the work needs.
pub async fn pool(url: &str, connections: u32) -> PgPool {
    let options = PgPoolOptions::new().min_connections(connections).max_connections(connections);
    options.test_before_acquire(false).connect(url).await.expect("a Postgres that answers")
}

/// To three digits behind the point.
pub fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 { numbers[middle] } else { (numbers[middle - 1] + numbers[middle]) / 2.0 }
}

async fn machine(postgres: &str) -> Value {
    let mut conn = PgConnection::connect(postgres).await.unwrap();
    let setting = async |conn: &mut PgConnection, name: &str| -> String {
        sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(conn).await.unwrap()
    };
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "cpu": cpu.map(|(_, name)| name),
        "postgres": setting(&mut conn, "server_version").await,
        "fsync": setting(&mut conn, "fsync").await,
        "synchronous_commit": setting(&mut conn, "synchronous_commit").await,
    })
}
