//! The page `/audit` over HTTP in every cell of the search matrix, against the bare SQL that answers the same, and against
//! the same page with nothing looked for.
//!
//! The yardstick knows beforehand what the product finds out: which names a part of a name stands in, and which way of
//! looking is the best. It reads the events of the page and what the facets count, and makes nothing of them.
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
mod taken;
mod wire;
mod yearbook;

use std::future::pending;
use std::time::Instant;

use clap::Parser;
use measure::{Figure, Report, rounded};
use serde_json::json;
use sqlx::PgPool;
use store::Store;
use taken::Taken;
use wire::Wire;
use yearbook::Book;

const JOB_CONNECTIONS: u32 = 8;

#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    shared: measure::Shared,
    /// Events in the book
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// How often each page is asked for in a run
    #[arg(long, default_value_t = 20)]
    times: usize,
}

/// What is looked for, with the condition on the index that answers it.
struct Cell {
    name: &'static str,
    query: &'static str,
    sql: &'static str,
}

/// The worst that people look for, field by field and together.
const MATRIX: [Cell; 10] = [
    Cell { name: "zero-hit actor", query: "actor:nobodyatall", sql: "s.terms @@ ''':0'''" },
    Cell { name: "rare actor", query: "actor:u4999 OR actor:okafor4641", sql: "s.terms @@ ''':aben.okafor4641@example.com'''" },
    Cell {
        name: "common and rare",
        query: "action:resource.accessed actor:okafor3241",
        sql: "s.terms @@ ''':kresource.accessed'' & '':aben.okafor3241@example.com'''",
    },
    Cell {
        name: "common and common, never together",
        query: "actor:ci-runner-0 action:request.*",
        sql: "s.terms @@ ''':aci-runner-0'' & ('':krequest.submitted'' | '':krequest.approved'')'",
    },
    Cell {
        name: "old window",
        query: "during:OLD",
        sql: "s.occurred_at >= OLD_FROM and s.occurred_at < OLD_TO and s.recorded_at >= OLD_FROM
           and s.recorded_at < OLD_TO + interval '1 day'",
    },
    Cell {
        name: "old window and rare",
        query: "during:OLD outcome:denied actor:ci-runner-3",
        sql: "s.terms @@ ''':odenied'' & '':aci-runner-3''' and s.occurred_at >= OLD_FROM and s.occurred_at < OLD_TO
           and s.recorded_at >= OLD_FROM and s.recorded_at < OLD_TO + interval '1 day'",
    },
    Cell { name: "rare word", query: "Operation299", sql: "s.terms @@ '''operation299'':*'" },
    Cell { name: "zero-hit word", query: "xylophone", sql: "s.terms @@ '''xylophone'':*'" },
    Cell {
        name: "phrase",
        query: "\"failed payouts of ticket 4711\"",
        sql: "s.terms @@ '''failed'' & ''payouts'' & ''of'' & ''ticket'' & ''4711'':*'",
    },
    Cell { name: "network", query: "ip:10.7.3.0/24 outcome:failure", sql: "s.terms @@ ''':i4:0a0703'':* & '':ofailure'''" },
];

fn main() {
    tokio::runtime::Runtime::new().unwrap().block_on(run(Options::parse()));
}

async fn run(options: Options) {
    let Book { url, pool, weight } = yearbook::open(&options.shared, options.events).await;
    let cookie = session::sign_in(&pool, true).await;
    let gatebook = portal::serve_gatebook(&url).await;
    // Each search is an event: it is numbered and indexed as in the product.
    let store = Store::connect(&url, JOB_CONNECTIONS).unwrap();
    tokio::spawn(server::jobs::run(store, Vec::new(), pending()));
    let old = old_day(&pool).await;

    let (mut runs, mut worst, mut growth) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..=options.shared.runs {
        let newest = page(gatebook, &cookie, "", options.times).await;
        let (mut cells, mut worst_here, mut growth_here) = (Vec::new(), f64::MIN, f64::MIN);
        for cell in &MATRIX {
            let query = cell.query.replace("OLD", &old);
            let taken = page(gatebook, &cookie, &query, options.times).await;
            let bare = bare(&pool, &with_days(cell.sql, &old), options.times).await;
            // What is above twice the bare SQL, in milliseconds: at most two.
            let over = taken.percentile_ms(95) - 2.0 * bare.percentile_ms(95);
            worst_here = over.max(worst_here);
            growth_here = (taken.percentile_ms(95) / newest.percentile_ms(95)).max(growth_here);
            if run > 0 {
                println!(
                    "run {run}: {:34} p50 {:6.1} p95 {:6.1} ms, bare SQL {:6.1} ms",
                    cell.name,
                    taken.percentile_ms(50),
                    taken.percentile_ms(95),
                    bare.percentile_ms(95)
                );
            }
            cells.push(json!({
                "cell": cell.name, "query": query, "p50_ms": rounded(taken.percentile_ms(50)), "p95_ms": rounded(taken.percentile_ms(95)),
                "bare_sql_p95_ms": rounded(bare.percentile_ms(95)),
            }));
        }
        if run == 0 {
            continue;
        }
        println!(
            "run {run}: newest-50 p95 {:.1} ms; worst cell {growth_here:.1} times that",
            newest.percentile_ms(95)
        );
        runs.push(json!({
            "ratio": rounded(growth_here), "over_bare_ms": rounded(worst_here),
            "newest_p95_ms": rounded(newest.percentile_ms(95)), "newest": newest.as_json(), "cells": cells,
        }));
        growth.push(growth_here);
        worst.push(worst_here);
    }
    let measured = json!({
        "thing": "GET /audit?q=…: the whole router, the session, the page of 50, the count and the facets; the jobs run beside it",
        "yardstick": "the SQL of the page and of what the facets count, names and best way known beforehand",
        "events": options.events, "times": options.times, "bytes": weight,
    });
    options.shared.report(Report { name: "search", figures: figures(growth, worst), runs, measured }).await;
}

/// What is compared with the goals.
fn figures(growth: Vec<f64>, worst: Vec<f64>) -> Vec<Figure> {
    vec![
        Figure {
            name: "ratio",
            goal_name: "goal",
            label: "p95 of the worst cell, of that of the newest page",
            goal: 30.0,
            is_floor: false,
            of_runs: growth,
        },
        Figure {
            name: "over_bare_ms",
            goal_name: "over_bare_goal_ms",
            label: "milliseconds of p95 beyond twice the bare SQL, worst cell",
            goal: 2.0,
            is_floor: false,
            of_runs: worst,
        },
    ]
}

/// A day ten months ago.
async fn old_day(pool: &PgPool) -> String {
    sqlx::query_scalar("select to_char(now() - interval '300 days', 'YYYY-MM-DD')")
        .fetch_one(pool)
        .await
        .unwrap()
}

fn with_days(sql: &str, day: &str) -> String {
    sql.replace("OLD_FROM", &format!("timestamptz '{day} 00:00+00'"))
        .replace("OLD_TO", &format!("(timestamptz '{day} 00:00+00' + interval '1 day')"))
}

async fn page(port: u16, cookie: &str, query: &str, times: usize) -> Taken {
    let escaped: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let mut wire = Wire::open(port, &format!("/audit?q={escaped}"), cookie).await;
    let mut each = Vec::new();
    let all = Instant::now();
    for _ in 0..times {
        let start = Instant::now();
        wire.get().await;
        each.push(start.elapsed());
    }
    let is_answer = |body: &str| body.contains("/audit/export?") || body.contains("Nothing");
    assert!(is_answer(&wire.body()), "{query}: no page of the book");
    Taken::new(all.elapsed(), each)
}

/// The page and what the facets count, by hand.
async fn bare(pool: &PgPool, condition: &str, times: usize) -> Taken {
    let newest =
        format!("from event_search s where {condition} order by s.recorded_at + interval '0 s' desc limit");
    let page = format!(
        "select e.* from (select s.class, s.recorded_at, s.event_id {newest} 51) h
         join event e on e.class = h.class and e.recorded_at = h.recorded_at and e.id = h.event_id"
    );
    let facets =
        format!("select s.occurred_at, s.action, s.outcome, s.actor_name, s.system_name {newest} 10001");
    let mut conn = pool.acquire().await.unwrap();
    sqlx::raw_sql("set jit = off; set enable_seqscan = off").execute(&mut *conn).await.unwrap();
    let mut each = Vec::new();
    let all = Instant::now();
    for _ in 0..times {
        let start = Instant::now();
        for sql in [&page, &facets] {
            sqlx::query(sqlx::AssertSqlSafe(sql.clone())).fetch_all(&mut *conn).await.expect(sql);
        }
        each.push(start.elapsed());
    }
    Taken::new(all.elapsed(), each)
}
