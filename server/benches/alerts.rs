//! How long after an event is committed its alerts are to be seen, at a thousand events a second and a hundred rules;
//! and how fast the judge catches up with what waited.
//!
//! An alert is written together with how far the judge has come, so an event's alerts are to be seen as soon as the judge
//! has passed it. Many of these events raise or count one: nobody holds anything here, and whoever is known is uncovered.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark that cannot measure ends, and its figures need no more digits than a float has"
)]

mod company;
mod measure;
mod portal;
mod sender;
mod yearbook;

use std::future::pending;
use std::time::{Duration, Instant};

use clap::Parser;
use measure::{Figure, Report, rounded};
use sender::Sender;
use serde_json::{Value, json};
use server::jobs::{judge, linker, sequencer};
use server::rules::{self, Rule};
use sqlx::PgPool;
use store::Store;
use tokio::sync::mpsc;
use uuid::Uuid;
use yearbook::Book;

const JOB_CONNECTIONS: u32 = 8;
const RULES: usize = 100;
/// Events in a second, and in one batch of them.
const RATE: usize = 1_000;
const BATCH: usize = 100;
/// Events that the judge catches up with in a run.
const BEHIND: usize = 50_000;
/// The longest that an alert may take to be seen.
const GOAL_SECONDS: f64 = 2.0;

#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    shared: measure::Shared,
    /// Events in the book beforehand
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// How long events come in, in each run
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

fn main() {
    tokio::runtime::Runtime::new().unwrap().block_on(run(Options::parse()));
}

async fn run(options: Options) {
    let Book { url, pool, weight } = yearbook::open(&options.shared, options.events).await;
    let rules = hundred();
    let sender = Sender::to(&url, &pool).await;
    let store = Store::connect(&url, JOB_CONNECTIONS).unwrap();
    let mut sent = 0;
    let mut caught_up = Vec::new();
    for run in 1..=options.shared.runs {
        let speed = catch_up(&sender, &store, &rules, sent).await;
        sent += BEHIND;
        println!("run {run}: {speed:.0} events/s judged");
        caught_up.push(speed);
    }
    tokio::spawn(jobs(store, rules));
    let mut measured = Vec::new();
    for run in 1..=options.shared.runs {
        let seen = steadily(&sender, &pool, options.seconds, sent).await;
        sent += RATE * options.seconds as usize;
        println!(
            "run {run}: seen after {:.3} s at the median, {:.3} s at p99, {:.3} s at most",
            seen.median, seen.p99, seen.most
        );
        measured.push(seen);
    }
    let alerts: i64 = sqlx::query_scalar("select count(*) from alert").fetch_one(&pool).await.unwrap();
    println!("{alerts} alerts");
    let of_runs = measured.iter().map(|seen| seen.p99 / GOAL_SECONDS).collect();
    let label = "of two seconds from committed to seen, 99th percentile";
    let figure = Figure { name: "ratio", goal_name: "goal", label, goal: 1.0, is_floor: false, of_runs };
    let measured_as = json!({
        "thing": "events by POST /api/v1/events until the judge has passed them", "yardstick": "two seconds",
        "events": options.events, "rules": RULES, "per_second": RATE, "seconds": options.seconds, "bytes": weight,
        "alerts": alerts,
        "judged_per_second": caught_up.iter().map(|speed| rounded(*speed)).collect::<Vec<_>>(),
    });
    let runs = measured.iter().map(Seen::as_json).collect();
    options
        .shared
        .report(Report { name: "alerts", figures: vec![figure], runs, measured: measured_as })
        .await;
}

/// The rules that come with Gatebook, and more that look at every event and seldom find anything.
fn hundred() -> Vec<Rule> {
    let mut all = rules::built_in().unwrap();
    for number in all.len()..RULES {
        all.push(rules::read(Box::leak(made(number).into_boxed_str())).unwrap());
    }
    all
}

/// A rule; each fourth counts over time.
fn made(number: usize) -> String {
    let own = "gatebook: {key: [actor.key], sentence: '{actor.name}', why: W., action: A., controls: [C]}";
    let single = format!(
        "title: Made {number}\nid: made-{number}\nname: made-{number}\ndescription: D.\nlevel: low\n\
         logsource: {{product: gatebook}}\ndetection:\n  s:\n    action|startswith: 'resource.'\n    \
         detail.operation: Operation{number}\n    actor.name|contains: 'u{number}'\n  \
         n:\n    source.ip|cidr: 192.168.0.0/16\n  condition: s and not n\n"
    );
    if !number.is_multiple_of(4) {
        return format!("{single}{own}\n");
    }
    format!(
        "{single}---\ntitle: Counted {number}\nid: counted-{number}\nname: counted-{number}\ndescription: D.\n\
         level: low\ncorrelation:\n  type: event_count\n  rules: [made-{number}]\n  group-by: [actor.key]\n  \
         timespan: 1h\n  condition: {{gte: 50}}\n{own}\n"
    )
}

/// Events in a second that the judge gets through, with everything that it reads and writes.
async fn catch_up(sender: &Sender, store: &Store, rules: &[Rule], from: usize) -> f64 {
    let client = reqwest::Client::new();
    for at in (0..BEHIND).step_by(10_000) {
        sender.send(&client, sender::batch(from + at, 10_000), 10_000).await;
    }
    sequencer::catch_up(store).await.unwrap();
    linker::catch_up(store).await.unwrap();
    let start = Instant::now();
    judge::catch_up_by(store, rules, judge::BATCH).await.unwrap();
    BEHIND as f64 / start.elapsed().as_secs_f64()
}

/// Those that the way from an event to its alert leads through.
async fn jobs(store: Store, rules: Vec<Rule>) {
    tokio::join!(sequencer::run(&store), linker::run(&store), judge::run_by(&store, &rules), pending::<()>());
}

/// In seconds.
struct Seen {
    median: f64,
    p99: f64,
    most: f64,
}

impl Seen {
    fn as_json(&self) -> Value {
        json!({
            "ratio": rounded(self.p99 / GOAL_SECONDS), "median_seconds": rounded(self.median),
            "p99_seconds": rounded(self.p99), "most_seconds": rounded(self.most),
        })
    }
}

/// Sends for so long; answers how long each event took from when its batch was answered.
async fn steadily(sender: &Sender, pool: &PgPool, seconds: u64, from: usize) -> Seen {
    let (tell, mut told) = mpsc::unbounded_channel::<(Instant, Uuid)>();
    let watching = {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Some((committed, event)) = told.recv().await {
                until_judged(&pool, event).await;
                taken.push(committed.elapsed().as_secs_f64());
            }
            taken
        })
    };
    let client = reqwest::Client::new();
    let start = Instant::now();
    let mut sent = 0;
    while sent < RATE * seconds as usize {
        let due = start + Duration::from_secs_f64(sent as f64 / RATE as f64);
        tokio::time::sleep(due.saturating_duration_since(Instant::now())).await;
        let last = sender.send(&client, sender::batch(from + sent, BATCH), BATCH).await;
        sent += BATCH;
        tell.send((Instant::now(), last)).unwrap();
    }
    drop(tell);
    let behind = start.elapsed().as_secs_f64() - seconds as f64;
    assert!(behind < 2.0, "the events came in {behind:.1} s too slowly: it is no thousand a second");
    let mut taken = watching.await.unwrap();
    taken.sort_by(f64::total_cmp);
    let at = |part: f64| taken[((taken.len() - 1) as f64 * part) as usize];
    Seen { median: at(0.5), p99: at(0.99), most: at(1.0) }
}

/// Until the judge has passed this event.
async fn until_judged(pool: &PgPool, event: Uuid) {
    let is_judged = "select exists (select from event_position where event_id = $1
        and position <= (select position from book_reader where name = 'judge'))";
    while !sqlx::query_scalar::<_, bool>(is_judged).bind(event).fetch_one(pool).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
