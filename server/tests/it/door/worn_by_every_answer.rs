use http::{Method, StatusCode};
use sqlx::PgPool;

use super::gate::{Answer, Gate};

fn assert_worn(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy");
    // A page lets its own scripts run by a nonce; what is no page lets nothing run.
    let scripts = policy.split("script-src ").nth(1).unwrap().split(';').next().unwrap();
    assert!(scripts == "'none'" || scripts.starts_with("'nonce-"), "{what}: {policy}");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe-inline"), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("strict-transport-security", "max-age=63072000"),
    ] {
        assert_eq!(answer.header(name), value, "{what}");
    }
    for name in ["permissions-policy", "x-request-id", "cache-control"] {
        assert!(!answer.header(name).is_empty(), "{what}: {name}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_answer_wears_the_security_headers(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    for (path, status) in [
        ("/", StatusCode::OK),
        ("/healthz", StatusCode::OK),
        ("/readyz", StatusCode::OK),
        ("/nothing/here", StatusCode::NOT_FOUND),
        ("/pkg/nothing.js", StatusCode::NOT_FOUND),
        ("/sign-out", StatusCode::METHOD_NOT_ALLOWED),
        ("/boom", StatusCode::INTERNAL_SERVER_ERROR),
        ("/auth/callback", StatusCode::BAD_REQUEST),
        ("/sign-in", StatusCode::SEE_OTHER),
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_worn(&answer, path);
        if status.is_client_error() || status.is_server_error() {
            assert!(
                answer.body.contains("<h1") && answer.header("content-type").starts_with("text/html"),
                "{path}"
            );
            assert!(!answer.body.contains("boom"), "what is internal stays internal");
        }
    }
    assert_worn(&gate.browser().get("/").await, "signed out");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_answer_has_an_id_of_its_own(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.browser();
    let (one, two) = (browser.get("/healthz").await, browser.get("/healthz").await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    let sent = browser.ask(Method::GET, "/healthz", &[("x-request-id", "mine")], "").await;
    assert_ne!(sent.header("x-request-id"), "mine");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn another_site_can_do_nothing_in_somebodys_name(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    for headers in [
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
        [("sec-fetch-site", "same-site"), ("origin", "https://other.test")],
        [("sec-fetch-site", ""), ("origin", "https://evil.example")],
        [("sec-fetch-site", ""), ("origin", "null")],
        [("sec-fetch-site", ""), ("origin", "https://gatebook.test:8443")],
    ] {
        for path in ["/sign-out", "/api/form/anything"] {
            let answer = browser.post(path, &headers, "").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
            assert!(answer.body.contains("This came from elsewhere"));
            assert_worn(&answer, path);
        }
    }
    assert!(browser.is_taken_for().await.is_some());
    for headers in [
        [("sec-fetch-site", "same-origin"), ("origin", "https://gatebook.test")],
        [("sec-fetch-site", ""), ("origin", "https://gatebook.test")],
    ] {
        assert_eq!(browser.post("/api/form/anything", &headers, "").await.status, StatusCode::OK);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn too_much_at_once_is_refused_readably(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    let much = "a".repeat(1024 * 1024 + 1);
    let length = much.len().to_string();
    let headers = [("content-length", length.as_str())];
    let answer = browser.post("/api/form/anything", &headers, &much).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("Too much at once"), "{}", answer.body);
    assert_worn(&answer, "too much");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn only_listed_pages_are_fetched_ahead(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    let ahead = [("accept", "text/html"), ("sec-purpose", "prefetch")];
    for (path, status) in [
        ("/", StatusCode::OK),
        ("/catalogue", StatusCode::OK),
        ("/boom", StatusCode::SERVICE_UNAVAILABLE),
        ("/sign-in", StatusCode::SERVICE_UNAVAILABLE),
        ("/audit", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        assert_eq!(browser.ask(Method::GET, path, &ahead, "").await.status, status, "{path}");
    }
    let page = browser.get("/").await;
    assert_eq!(page.header("speculation-rules"), "\"/speculation-rules.json\"");
    assert_eq!(page.header("cache-control"), "private, no-cache");
    let rules = browser.get("/speculation-rules.json").await;
    assert_eq!(rules.header("content-type"), "application/speculationrules+json");
    assert!(!rules.body.contains("audit"));
    // Signed out, nothing is begun ahead either.
    let answer = gate.browser().ask(Method::GET, "/", &ahead, "").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_database_that_is_away_is_said_so(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    gate.pool.close().await;
    assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(browser.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = browser.get("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("cannot look that up"));
}
