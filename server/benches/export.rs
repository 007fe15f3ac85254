//! The whole book as CSV over HTTP, against Postgres' own `COPY TO` of the same events on one connection.
//!
//! The export reads page after page through the search index as a reader of the book may, keeps spreadsheets from taking
//! cells for formulas, and says what it is. The yardstick copies the columns of all events in the order of nothing.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure ends, and its figures need no more digits than a float has"
)]

mod company;
mod measure;
mod portal;
mod session;
mod yearbook;

use std::time::{Duration, Instant};

use clap::Parser;
use futures::StreamExt as _;
use measure::{Figure, Report, rounded};
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgPoolCopyExt as _;
use yearbook::Book;

#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    shared: measure::Shared,
    /// Events in the book
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
}

fn main() {
    tokio::runtime::Runtime::new().unwrap().block_on(run(Options::parse()));
}

async fn run(options: Options) {
    let Book { url, pool, weight } = yearbook::open(&options.shared, options.events).await;
    let cookie = session::sign_in(&pool, true).await;
    let gatebook = portal::serve_gatebook(&url).await;
    // What is loaded once is loaded.
    export(gatebook, &cookie, "during:yesterday").await;
    let (mut runs, mut speed, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for run in 1..=options.shared.runs {
        let (copied, copy) = copy(&pool).await;
        let exported = export(gatebook, &cookie, "").await;
        assert!(exported.lines >= options.events, "{} lines of {} events", exported.lines, options.events);
        let ratio = copy.as_secs_f64() / exported.taken.as_secs_f64();
        let per_second = options.events as f64 / exported.taken.as_secs_f64();
        println!(
            "run {run}: {per_second:.0} events/s, {:.0} MB in {:.1} s; COPY {:.0} MB in {:.1} s: {ratio:.3}; {:.1} MB more memory",
            megabytes(exported.bytes),
            exported.taken.as_secs_f64(),
            megabytes(copied),
            copy.as_secs_f64(),
            exported.memory_mb,
        );
        runs.push(json!({
            "ratio": rounded(ratio), "events_per_second": rounded(per_second), "bytes": exported.bytes, "copied_bytes": copied,
            "seconds": rounded(exported.taken.as_secs_f64()), "copy_seconds": rounded(copy.as_secs_f64()),
            "memory_mb": rounded(exported.memory_mb),
        }));
        speed.push(ratio);
        memory.push(exported.memory_mb);
    }
    let figures = vec![
        Figure {
            name: "ratio",
            goal_name: "goal",
            label: "speed of an export of everything, of that of COPY TO",
            goal: 0.5,
            is_floor: true,
            of_runs: speed,
        },
        Figure {
            name: "memory_mb",
            goal_name: "memory_goal_mb",
            label: "megabytes of memory more, of server and reader together",
            goal: 64.0,
            is_floor: false,
            of_runs: memory,
        },
    ];
    let measured = json!({
        "thing": "GET /audit/export?format=csv: the whole router, the session, page after page of the search index",
        "yardstick": "copy (select … from event) to stdout (format csv), read on one connection",
        "events": options.events, "bytes": weight,
    });
    options.shared.report(Report { name: "export", figures, runs, measured }).await;
}

struct Exported {
    taken: Duration,
    bytes: u64,
    lines: u64,
    memory_mb: f64,
}

async fn export(port: u16, cookie: &str, query: &str) -> Exported {
    let client = reqwest::Client::new();
    let before = resident_mb();
    let start = Instant::now();
    let asked = client
        .get(format!("http://127.0.0.1:{port}/audit/export?format=csv&q={query}"))
        .header("cookie", cookie);
    let mut answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (mut bytes, mut lines, mut most, mut last) = (0, 0, before, Vec::new());
    while let Some(chunk) = answer.chunk().await.expect("a whole export") {
        bytes += chunk.len() as u64;
        lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
        most = f64::max(most, resident_mb());
        last = chunk.to_vec();
    }
    let last = String::from_utf8_lossy(&last).into_owned();
    assert!(last.lines().last().is_some_and(|line| line.starts_with("end,")), "no end: {last}");
    Exported { taken: start.elapsed(), bytes, lines, memory_mb: most - before }
}

async fn copy(pool: &PgPool) -> (u64, Duration) {
    let start = Instant::now();
    let mut chunks = pool
        .copy_out_raw(
            "copy (select id, occurred_at, recorded_at, actor_kind, actor_id, actor_name, action, outcome, subject_id,
               subject_name, system_id, system_name, resource_id, resource_name, entitlement_id, entitlement_name,
               request_id, grant_id, origin, ip, user_agent, reason, detail from event) to stdout (format csv)",
        )
        .await
        .unwrap();
    let mut bytes = 0;
    while let Some(chunk) = chunks.next().await {
        bytes += chunk.unwrap().len() as u64;
    }
    (bytes, start.elapsed())
}

/// What the process has in memory.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
