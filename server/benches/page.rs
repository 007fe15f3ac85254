//! A page of 1,000 rows from Postgres, against a handler that writes the same rows into a string by hand.
//!
//! The page is the catalogue, the one that lists so many: through the real router with all its layers, in a
//! signed-in session. The yardstick looks up the same session with the same query, asks for the same rows with
//! the same SELECT, and writes the same elements and classes; it has no frame, no counts, no filters, no headers.
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

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use axum::{Router, routing};
use chrono::TimeDelta;
use clap::Parser;
use company::Size;
use http::{HeaderMap, StatusCode, header};
use measure::{Figure, Report, rounded};
use serde_json::json;
use sqlx::{FromRow, PgPool};
use store::Store;
use store::session::Seen;
use taken::Taken;
use tokio::task::JoinSet;
use tower_sessions::session::Id;
use wire::Wire;

const SIZE: Size = Size { people: 200, owners: 32, resources: 1_000 };
const PATH: &str = "/catalogue";
const CONNECTIONS: u32 = 20;

#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    shared: measure::Shared,
    /// Browsers that ask at once
    #[arg(long, default_value_t = 8)]
    browsers: usize,
    /// How long each side is asked in a run
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

fn main() {
    tokio::runtime::Runtime::new().unwrap().block_on(run(Options::parse()));
}

async fn run(options: Options) {
    let url = options.shared.fresh_database("bench_page").await;
    let pool = measure::pool(&url, 2).await;
    company::settle(&pool, SIZE).await;
    sqlx::raw_sql("vacuum analyze").execute(&pool).await.unwrap();
    let cookie = session::sign_in(&pool, false).await;
    let gatebook = portal::serve_gatebook(&url).await;
    let by_hand = portal::serve(by_hand(&url).await).await;

    let (page_bytes, by_hand_bytes) =
        (rows_shown(gatebook, &cookie).await, rows_shown(by_hand, &cookie).await);
    let (mut runs, mut throughput, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    // The first pair warms up connections, plans and caches, and is not counted.
    for run in 0..=options.shared.runs {
        let page = ask(gatebook, &cookie, &options).await;
        let yardstick = ask(by_hand, &cookie, &options).await;
        if run == 0 {
            continue;
        }
        let ratio = page.per_second() / yardstick.per_second();
        println!(
            "run {run}: {:.0}/s against {:.0}/s by hand: {ratio:.3}",
            page.per_second(),
            yardstick.per_second()
        );
        runs.push(json!({
            "ratio": rounded(ratio), "gatebook": page.as_json(), "yardstick": yardstick.as_json(),
        }));
        throughput.push(ratio);
        bytes.push(page_bytes as f64 / by_hand_bytes as f64);
    }
    let figures = vec![
        Figure {
            name: "ratio",
            goal_name: "goal",
            label: "requests in a second, of those by hand",
            goal: 0.5,
            is_floor: true,
            of_runs: throughput,
        },
        Figure {
            name: "bytes_ratio",
            goal_name: "bytes_goal",
            label: "bytes, of those by hand",
            goal: 1.3,
            is_floor: false,
            of_runs: bytes,
        },
    ];
    let measured = json!({
        "thing": "GET /catalogue with 1,000 resources: the whole router, the session, every query of the page",
        "yardstick": "an axum handler: the same session query, the same SELECT, written into a string and escaped",
        "browsers": options.browsers, "seconds": options.seconds,
        "bytes": page_bytes, "yardstick_bytes": by_hand_bytes,
    });
    options.shared.report(Report { name: "page", figures, runs, measured }).await;
}

/// Makes sure that every row is there; answers the page's length.
async fn rows_shown(port: u16, cookie: &str) -> usize {
    let mut wire = Wire::open(port, PATH, cookie).await;
    let length = wire.get().await;
    let rows = wire.body().matches("<li class=\"row row-link\">").count();
    assert_eq!(i64::try_from(rows), Ok(SIZE.resources), "rows on the page");
    length
}

async fn ask(port: u16, cookie: &str, options: &Options) -> Taken {
    let mut browsers = JoinSet::new();
    let start = Instant::now();
    let end = start + Duration::from_secs(options.seconds);
    for _ in 0..options.browsers {
        let cookie = cookie.to_owned();
        browsers.spawn(async move {
            let mut wire = Wire::open(port, PATH, &cookie).await;
            let mut each = Vec::new();
            while Instant::now() < end {
                let start = Instant::now();
                wire.get().await;
                each.push(start.elapsed());
            }
            each
        });
    }
    let each = browsers.join_all().await.concat();
    Taken::new(start.elapsed(), each)
}

#[derive(Clone)]
struct ByHand {
    pool: PgPool,
    sessions: Store,
}

async fn by_hand(url: &str) -> Router {
    let pool = measure::pool(url, CONNECTIONS).await;
    let sessions = Store::new(pool.clone(), store::Clock::Database);
    Router::new().route(PATH, routing::get(catalogue)).with_state(ByHand { pool, sessions })
}

#[derive(FromRow)]
struct Row {
    slug: String,
    name: String,
    description: String,
    environment: String,
    sensitivity: String,
    system: String,
    entitlements: Vec<String>,
}

async fn catalogue(State(by_hand): State<ByHand>, headers: HeaderMap) -> Response {
    let Some(secret) = headers
        .get(header::COOKIE)
        .and_then(|cookie| cookie.to_str().ok()?.strip_prefix("gatebook=")?.parse::<Id>().ok())
    else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let seen = Seen { ip: Some("127.0.0.1"), user_agent: None };
    let visit =
        store::session::visit(&by_hand.sessions, &session::id_hash(secret), seen, TimeDelta::hours(1)).await;
    let Some(visit) = visit.unwrap() else { return StatusCode::UNAUTHORIZED.into_response() };
    let rows: Vec<Row> = sqlx::query_as(
        "select o.id, o.slug, o.name, o.description, o.environment, o.sensitivity, o.tags,
           s.id as system_id, s.slug as system_slug, s.name as system, s.connector,
           array(select e.name from entitlement e where e.resource_id = o.id and e.deleted_at is null order by e.name)
             as entitlements
         from resource o join system s on s.id = o.system_id
         where o.deleted_at is null and s.deleted_at is null
         order by s.name, o.name, o.id limit $1",
    )
    .bind(2_000_i64)
    .fetch_all(&by_hand.pool)
    .await
    .unwrap();
    Html(written(&visit.person.name, &rows)).into_response()
}

fn written(name: &str, rows: &[Row]) -> String {
    let mut html = String::with_capacity(1_000_000);
    html.push_str(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Catalogue</title>\
         <link rel=\"stylesheet\" href=\"/app.css\"></head><body><header class=\"top\">",
    );
    escape(name, &mut html);
    html.push_str("</header><main id=\"main\" class=\"main\"><h1 class=\"title\">Catalogue</h1>");
    let mut system = None;
    for row in rows {
        if system != Some(&row.system) {
            html.push_str(if system.is_some() { "</ul></section>" } else { "" });
            html.push_str("<section class=\"section\"><h2 class=\"heading\">");
            escape(&row.system, &mut html);
            html.push_str("</h2><ul class=\"rows\">");
            system = Some(&row.system);
        }
        write_row(row, &mut html);
    }
    html.push_str("</ul></section></main></body></html>");
    html
}

fn write_row(row: &Row, html: &mut String) {
    html.push_str(
        "<li class=\"row row-link\"><div class=\"row-main\"><p class=\"row-title\"><a class=\"row-cover ",
    );
    html.push_str("what-resource\" href=\"/catalogue/");
    escape(&row.slug, html);
    html.push_str("\">");
    escape(&row.name, html);
    html.push_str("</a></p><p class=\"row-sub\">");
    escape(&row.description, html);
    html.push_str("</p></div><p class=\"row-kinds\">");
    for (at, entitlement) in row.entitlements.iter().enumerate() {
        html.push_str(if at > 0 { ", " } else { "" });
        escape(entitlement, html);
    }
    html.push_str("</p><div class=\"row-tags row-tags-grid\"><span><span class=\"tag\">");
    escape(&row.environment, html);
    html.push_str("</span></span> ");
    let filled =
        ["low", "medium", "high", "critical"].iter().position(|level| *level == row.sensitivity).unwrap();
    let _ = write!(html, "<span class=\"sense sense-{}\">", row.sensitivity);
    html.push_str("<svg class=\"sense-bars\" viewBox=\"0 0 15 10\" aria-hidden=\"true\">");
    for (at, (x, y, height)) in [(0, 7, 3), (4, 5, 5), (8, 3, 7), (12, 1, 9)].into_iter().enumerate() {
        let is_on = if at <= filled { "on" } else { "off" };
        let _ = write!(
            html,
            "<rect class=\"sense-{is_on}\" x=\"{x}\" y=\"{y}\" width=\"2.6\" height=\"{height}\" rx=\"1\"/>"
        );
    }
    let _ = write!(html, "</svg>{}</span></div></li>", row.sensitivity);
}

fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}
