use chrono::TimeDelta;
use http::{Method, StatusCode};
use sqlx::PgPool;

use super::gate::Gate;

const COOKIE: &str = "__Host-gatebook";

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn signing_in_changes_the_secret_and_ends_what_was_before(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.browser();
    browser.begin("/sign-in").await;
    let before = browser.cookies[COOKIE].clone();
    let answer = gate.sign_in(&mut browser, "ana", |_| {}).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_ne!(browser.cookies[COOKIE], before);
    let mut fixated = gate.browser();
    fixated.cookies.insert(COOKIE.to_owned(), before);
    assert_eq!(fixated.is_taken_for().await, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_cookie_is_for_this_site_and_no_script(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let answer = gate.browser().get("/sign-in").await;
    let cookie = answer.header("set-cookie").to_owned();
    for part in ["__Host-gatebook=", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain") && !cookie.contains("Max-Age"), "{cookie}");
    // The database never learns the secret.
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    let rows: Vec<String> =
        sqlx::query_scalar("select session::text from session").fetch_all(&gate.pool).await.unwrap();
    assert!(rows.len() == 1 && !rows[0].contains(secret));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_suspension_ends_a_session_at_once(pool: PgPool) {
    let gate = Gate::open(pool).await;
    for status in ["suspended", "left"] {
        let mut browser = gate.signed_in("ana").await;
        assert!(browser.is_taken_for().await.is_some());
        gate.set_status("ana", status).await;
        assert_eq!(browser.is_taken_for().await, None);
        let action = browser.post("/api/form/anything", &[("accept", "application/json")], "").await;
        assert_eq!((action.status, action.body.as_str()), (StatusCode::UNAUTHORIZED, "\"SignedOut\""));
        gate.set_status("ana", "active").await;
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_session_ends_after_an_hour_without_being_seen(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    for _ in 0..3 {
        gate.pass(TimeDelta::minutes(59));
        assert!(browser.is_taken_for().await.is_some(), "being seen keeps it alive");
    }
    gate.pass(TimeDelta::minutes(61));
    assert_eq!(browser.is_taken_for().await, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_session_ends_after_twelve_hours_in_any_case(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    for _ in 0..23 {
        gate.pass(TimeDelta::minutes(30));
        assert!(browser.is_taken_for().await.is_some());
    }
    gate.pass(TimeDelta::minutes(31));
    assert_eq!(browser.is_taken_for().await, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_request_on_its_way_does_not_bring_an_ended_session_back(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    let mut on_its_way = browser.clone();
    browser.post("/sign-out", &[], "").await;
    // It still has the old secret, and writes into its session.
    on_its_way.get("/sign-in?again=1").await;
    assert_eq!(on_its_way.is_taken_for().await, None);
    assert_eq!(
        gate.count("select count(*) from session where ended_at is null and person_id is not null").await,
        0
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn reading_pages_sets_no_cookie_and_rarely_writes(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    for _ in 0..3 {
        let answer = browser.get("/").await;
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let seen = "select extract(epoch from seen_at)::bigint from session where person_id is not null";
    let first = gate.count(seen).await;
    gate.pass(TimeDelta::seconds(30));
    browser.get("/").await;
    assert_eq!(gate.count(seen).await, first, "half a minute later is not worth a write");
    gate.pass(TimeDelta::seconds(31));
    browser.get("/").await;
    assert_eq!(gate.count(seen).await, first + 61);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_is_signed_out_gets_what_they_can_use(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.browser();
    assert_eq!(browser.get("/").await.location(), "/sign-in?return_to=%2F");
    let form = browser.post("/api/form/anything", &[("accept", "text/html")], "a=b").await;
    assert_eq!(form.status, StatusCode::UNAUTHORIZED);
    assert!(form.body.contains("You are signed out"));
    let script = browser.ask(Method::GET, "/", &[("accept", "application/json")], "").await;
    assert_eq!((script.status, script.body.as_str()), (StatusCode::UNAUTHORIZED, "\"SignedOut\""));
    for nonsense in ["x", "", "AAAAAAAAAAAAAAAAAAAAAA", "../../etc"] {
        browser.cookies.insert(COOKIE.to_owned(), nonsense.to_owned());
        assert_eq!(browser.is_taken_for().await, None);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_over_is_forgotten_in_time(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    gate.browser().begin("/sign-in").await;
    let mut browser = gate.signed_in("ana").await;
    assert_eq!(store::session::forget_old(&gate.store).await.unwrap(), 0);
    gate.pass(TimeDelta::hours(2));
    assert_eq!(store::session::forget_old(&gate.store).await.unwrap(), 1, "the sign-in that never arrived");
    gate.pass(TimeDelta::days(31));
    assert_eq!(store::session::forget_old(&gate.store).await.unwrap(), 1);
    assert_eq!(browser.is_taken_for().await, None);
}
