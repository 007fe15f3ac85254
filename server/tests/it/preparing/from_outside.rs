//! As a browser sees it, and as real processes do it.

use http::{Method, StatusCode};
use server::jobs::exporter::{Bounds, let_go, round};
use server::portal::export::Format;
use sqlx::PgPool;

use super::{events, fetch, fill, newest, number};
use crate::door::gate::Gate;
use crate::house::{House, caller_of};
use crate::servers::{Servers, drop_role, until};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_asked_for_and_fetched_in_a_browser_like_one_that_comes_at_once(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser =
        gate.signed_in_as("ada", |claims| claims["groups"] = serde_json::json!(["auditors"])).await;
    let form = "typed[query]=action:session.*&typed[format]=csv";
    let html = [("accept", "text/html")];
    let answer = browser.post("/api/form/prepare-export", &html, form).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/audit/exports?done=export-asked")
    );
    let page = browser.get("/audit/exports").await.body;
    assert!(
        page.contains("action:session.*") && page.contains("waiting") && page.contains("data-open"),
        "{page}"
    );
    let wrong = "typed[query]=actr:x&typed[format]=csv";
    let back = browser.post("/api/form/prepare-export", &html, wrong).await.location().to_owned();
    let page = browser.get(&back).await.body;
    assert!(
        page.contains("value=\"actr:x\"") && page.contains("field-error"),
        "what was typed is still there"
    );

    number(&gate.store).await;
    while round(&gate.store, Bounds::default()).await.unwrap() {}
    for path in ["/", "/audit"] {
        assert!(browser.get(path).await.body.contains("An export of yours is ready"), "{path}");
    }
    let page = browser.get("/audit/exports").await.body;
    assert!(!page.contains("data-open"), "nothing is to come");
    let path =
        page.split("href=\"").find(|part| part.ends_with("/file") || part.contains("/file\"")).unwrap();
    let path = path.split('"').next().unwrap().to_owned();
    let (direct, fetched) =
        (browser.get("/audit/export?format=csv&q=action:session.*").await, browser.get(&path).await);
    assert_eq!(fetched.status, StatusCode::OK, "{}", fetched.body);
    for header in ["content-type", "content-disposition", "cache-control", "x-content-type-options"] {
        assert_eq!(fetched.header(header), direct.header(header), "{header}");
    }
    assert_eq!(events(&fetched.body, Format::Csv), events(&direct.body, Format::Csv));
    let prefetch = browser.ask(Method::GET, &path, &[("sec-purpose", "prefetch")], "").await;
    assert_eq!(prefetch.status, StatusCode::SERVICE_UNAVAILABLE);

    let mut other = gate.signed_in("ben").await;
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    sqlx::query("update export_job set expires_at = asked_at").execute(&pool).await.unwrap();
    let_go(&gate.store).await.unwrap();
    let gone = browser.get(&path).await;
    assert_eq!(gone.status, StatusCode::GONE);
    assert!(gone.body.contains("Files are kept for 7 days"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_killed_worker_s_export_is_prepared_by_the_next_one(pool: PgPool) {
    let servers = Servers::over(&pool).await;
    let serving = servers.serve().await;
    let ada = servers.sign_in(&serving, "ada", "ada@example.com", &["admins"]).await;
    let house = House::new(pool.clone()).await;
    fill(&house, 20_000).await;
    let asked = ada
        .send(serving.port, "prepare-export", &[("query", "action:resource.*"), ("format", "ocsf")])
        .await
        .unwrap();
    assert!(asked.is_done(), "{}", asked.body);
    let state = async || -> (String, i32, i32) {
        sqlx::query_as("select state, attempt, chunks from export_job").fetch_one(&pool).await.unwrap()
    };
    let mut first = servers.work().await;
    until("a part of the file", async || state().await.2 > 0).await;
    first.kill().await;
    assert_eq!(state().await.0, "running", "it was killed in the middle");
    let second = servers.work().await;
    until("the file", async || state().await.0 == "done").await;
    assert_eq!(state().await.1, 2);
    let mut caller = caller_of(&pool, "ada").await;
    caller.roles.administrator = true;
    let row = newest(&house, &caller).await;
    let text = fetch(&house, &caller, &row.id).await.unwrap();
    assert_eq!(events(&text, Format::Ocsf).len(), 20_000, "each once");
    second.stop().await;
    serving.stop().await;
    drop_role(&pool).await;
}
