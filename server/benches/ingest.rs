//! Events that sources send in batches over HTTP until they can be searched, against binary `COPY` of the same events into
//! an empty table with the same indexes; and against that of all rows that are made of them, into all tables that they
//! stand in: what being searchable and stored once costs at least.
//!
//! The clock of the thing stops when the last event is numbered, linked and in the search index; when the last batch was
//! answered, and so durable, is told beside it. Afterwards batches come in for some minutes at four fifths of that speed:
//! what waits must not grow.
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
mod sender;
mod yearbook;

use std::future::pending;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use clap::Parser;
use futures::StreamExt as _;
use measure::{Figure, Report, rounded};
use sender::Sender;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolCopyExt as _;
use sqlx::{AssertSqlSafe, PgPool, Row as _};
use store::Store;
use tokio::task::JoinSet;
use yearbook::Book;

const JOB_CONNECTIONS: u32 = 8;
/// Who sends at once.
const SENDERS: usize = 2;
const BATCH: usize = 10_000;
/// The tables beside the book with a row for each report.
const MADE: [&str; 4] = ["event_external", "event_position", "event_link", "event_search"];
/// A batch while it is watched whether what waits grows.
const STEADY_BATCH: usize = 1_000;

#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    shared: measure::Shared,
    /// Events in the book beforehand
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// Batches of 10,000 in a run
    #[arg(long, default_value_t = 10)]
    batches: usize,
    /// How long it is watched whether what waits grows
    #[arg(long, default_value_t = 10)]
    minutes: u64,
}

fn main() {
    tokio::runtime::Runtime::new().unwrap().block_on(run(Options::parse()));
}

async fn run(options: Options) {
    let Book { url, pool, weight } = yearbook::open(&options.shared, options.events).await;
    let gatebook = Sender::to(&url, &pool).await;
    let store = Store::connect(&url, JOB_CONNECTIONS).unwrap();
    tokio::spawn(server::jobs::run(store, Vec::new(), pending()));
    caught_up(&pool).await;
    twins(&pool).await;
    let before = size(&pool).await;
    let (mut measured, mut sent) = (Vec::new(), 0);
    for run in 0..=options.shared.runs {
        let one = once(&gatebook, &pool, &options, sent).await;
        sent += options.batches * BATCH;
        if run > 0 {
            println!(
                "run {run}: searchable {:.0}/s, stored {:.0}/s; COPY {:.0}/s, of all {:.0}/s, without indexes {:.0}/s: {:.3}",
                one.searchable,
                one.stored,
                one.copied,
                one.copied_all,
                one.copied_bare,
                one.searchable / one.copied,
            );
            measured.push(one);
        }
    }
    let bytes = (size(&pool).await - before) as f64 / sent as f64;
    println!("{bytes:.0} bytes for an event, with everything made from it");
    let mut speeds: Vec<f64> = measured.iter().map(|one| one.searchable).collect();
    speeds.sort_by(f64::total_cmp);
    let steady = steadily(&gatebook, &pool, speeds[speeds.len() / 2] * 0.8, options.minutes, sent).await;
    let runs = measured.iter().map(Speeds::as_json).collect();
    let measured_as = json!({
        "thing": "POST /api/v1/events by a token: validated, stored once, numbered, linked, indexed for search",
        "yardstick": "copy … from stdin (format binary) of the same rows into an empty table with the indexes of the book",
        "events": options.events, "batch": BATCH, "senders": SENDERS, "bytes": weight,
        "bytes_per_event": rounded(bytes), "steady": steady,
    });
    let report = Report { name: "ingest", figures: figures(&measured), runs, measured: measured_as };
    options.shared.report(report).await;
}

/// Events in a second.
struct Speeds {
    /// Until all can be searched.
    searchable: f64,
    /// Until all are answered.
    stored: f64,
    /// By the yardstick.
    copied: f64,
    /// By a yardstick that has everything that is made of them, too.
    copied_all: f64,
    /// By a yardstick without indexes.
    copied_bare: f64,
}

impl Speeds {
    fn as_json(&self) -> Value {
        json!({
            "ratio": rounded(self.searchable / self.copied), "searchable_per_second": rounded(self.searchable),
            "stored_per_second": rounded(self.stored), "copy_per_second": rounded(self.copied),
            "copy_of_all_per_second": rounded(self.copied_all), "unindexed_copy_per_second": rounded(self.copied_bare),
        })
    }
}

fn figures(measured: &[Speeds]) -> Vec<Figure> {
    let figure = |name, goal_name, label, of: fn(&Speeds) -> f64| Figure {
        name,
        goal_name,
        label,
        goal: 0.7,
        is_floor: true,
        of_runs: measured.iter().map(of).collect(),
    };
    vec![
        figure("ratio", "goal", "events a second until searchable, of COPY with indexes", |one| {
            one.searchable / one.copied
        }),
        figure("all_ratio", "all_goal", "until searchable, of COPY of all that is made of them", |one| {
            one.searchable / one.copied_all
        }),
        figure("stored_ratio", "stored_goal", "until durable, of the same", |one| one.stored / one.copied),
        figure("unindexed_ratio", "unindexed_goal", "until searchable, of COPY without indexes", |one| {
            one.searchable / one.copied_bare
        }),
    ]
}

/// The same events by the thing and by both yardsticks.
async fn once(gatebook: &Sender, pool: &PgPool, options: &Options, from: usize) -> Speeds {
    let batches = (0..options.batches).map(|at| sender::batch(from + at * BATCH, BATCH)).collect();
    let events = options.batches * BATCH;
    let since = sqlx::query_scalar("select clock_timestamp()").fetch_one(pool).await.unwrap();
    let taken = send_all(gatebook, batches, pool).await;
    let rows = rows_since(pool, "event", since).await;
    let copied = copy(pool, "twin_event", &rows, events).await;
    let copied_bare = copy(pool, "bare", &rows, events).await;
    let mut copied_all = copied;
    for table in MADE {
        let rows = rows_since(pool, table, since).await;
        copied_all += copy(pool, &format!("twin_{table}"), &rows, events).await;
    }
    let per_second = |taken: Duration| events as f64 / taken.as_secs_f64();
    Speeds {
        searchable: per_second(taken.searchable),
        stored: per_second(taken.stored),
        copied: per_second(copied),
        copied_all: per_second(copied_all),
        copied_bare: per_second(copied_bare),
    }
}

/// Tables like those that reports stand in, empty, with their indexes; one of events without.
async fn twins(pool: &PgPool) {
    sqlx::raw_sql("drop table if exists bare; create table bare (like event_usage)")
        .execute(pool)
        .await
        .unwrap();
    for table in ["event"].iter().chain(&MADE) {
        let statement = format!(
            "drop table if exists twin_{table}; create table twin_{table} (like {table} including all)"
        );
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(pool).await.unwrap();
    }
}

struct Taken {
    stored: Duration,
    searchable: Duration,
}

async fn send_all(gatebook: &Sender, batches: Vec<String>, pool: &PgPool) -> Taken {
    let last = caught_up(pool).await + i64::try_from(batches.len() * BATCH).unwrap();
    let start = Instant::now();
    let mut senders = JoinSet::new();
    let mut queues = vec![Vec::new(); SENDERS];
    for (at, batch) in batches.into_iter().enumerate() {
        queues[at % SENDERS].push(batch);
    }
    for queue in queues {
        let gatebook = gatebook.clone();
        senders.spawn(async move {
            let client = reqwest::Client::new();
            for batch in queue {
                gatebook.send(&client, batch, BATCH).await;
            }
        });
    }
    senders.join_all().await;
    let stored = start.elapsed();
    searchable(pool, last).await;
    Taken { stored, searchable: start.elapsed() }
}

/// How far the book is numbered, and how far it can be searched.
async fn frontier(pool: &PgPool) -> (i64, i64) {
    sqlx::query_as(
        "select last_position, coalesce((select position from book_reader where name = 'search'), 0) from event_sequence",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

/// Until this position can be searched.
async fn searchable(pool: &PgPool, last: i64) {
    while frontier(pool).await.1 < last {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Until there is nothing that could not be searched; answers the last position.
async fn caught_up(pool: &PgPool) -> i64 {
    while store::audit::unindexed(&mut pool.acquire().await.unwrap()).await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    frontier(pool).await.0
}

/// Sends at that rate for so long; answers how much waited in each tenth of the time, at most.
async fn steadily(gatebook: &Sender, pool: &PgPool, rate: f64, minutes: u64, from: usize) -> Value {
    let whole = Duration::from_secs(minutes * 60);
    let client = reqwest::Client::new();
    let first = caught_up(pool).await;
    let (start, mut sent, mut most) = (Instant::now(), 0, vec![0_i64; 10]);
    while start.elapsed() < whole {
        let due = start + Duration::from_secs_f64(sent as f64 / rate);
        tokio::time::sleep(due.saturating_duration_since(Instant::now())).await;
        gatebook.send(&client, sender::batch(from + sent, STEADY_BATCH), STEADY_BATCH).await;
        sent += STEADY_BATCH;
        let tenth = (start.elapsed().as_secs_f64() / whole.as_secs_f64() * 10.0) as usize;
        let waiting = first + i64::try_from(sent).unwrap() - frontier(pool).await.1;
        most[tenth.min(9)] = most[tenth.min(9)].max(waiting);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{minutes} minutes at {:.0}/s: waiting at most, by tenths: {most:?}",
        sent as f64 / seconds.max(1.0)
    );
    json!({ "minutes": minutes, "wanted_per_second": rounded(rate), "per_second": rounded(sent as f64 / seconds.max(1.0)), "waiting_most_by_tenths": most })
}

/// The rows that have come in since, as `COPY` reads them.
async fn rows_since(pool: &PgPool, table: &str, since: DateTime<Utc>) -> Vec<Vec<u8>> {
    let class = if ["event_link", "event_external"].contains(&table) { "" } else { "class = 'usage' and" };
    let order = if table == "event_position" { "position" } else { "recorded_at" };
    let statement = format!(
        "copy (select * from {table} where {class} recorded_at >= '{}' order by {order}) to stdout (format binary)",
        since.to_rfc3339()
    );
    let mut chunks = pool.copy_out_raw(&statement).await.unwrap();
    let mut rows = Vec::new();
    while let Some(chunk) = chunks.next().await {
        rows.push(chunk.unwrap().to_vec());
    }
    rows
}

async fn copy(pool: &PgPool, table: &str, rows: &[Vec<u8>], events: usize) -> Duration {
    let start = Instant::now();
    let mut copy = pool.copy_in_raw(&format!("copy {table} from stdin (format binary)")).await.unwrap();
    for chunk in rows {
        copy.send(chunk.as_slice()).await.unwrap();
    }
    let written = copy.finish().await.unwrap();
    let taken = start.elapsed();
    assert_eq!(usize::try_from(written), Ok(events), "the yardstick writes the same events");
    taken
}

/// Of everything but the yardsticks'.
async fn size(pool: &PgPool) -> i64 {
    let statement = "select pg_database_size(current_database()) - sum(pg_total_relation_size(oid))::bigint
        from pg_class where relkind = 'r' and (relname like 'twin\\_%' or relname = 'bare')";
    sqlx::query(statement).fetch_one(pool).await.unwrap().get(0)
}
