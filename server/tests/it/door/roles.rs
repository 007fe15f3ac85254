use chrono::TimeDelta;
use http::StatusCode;
use serde_json::json;
use sqlx::PgPool;

use super::fake_provider::{Signature, query};
use super::gate::{Browser, Gate};

async fn role(browser: &mut Browser) -> String {
    let page = browser.get("/").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page.body.split("<p>").nth(1).unwrap().split(',').next().unwrap().to_owned()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn groups_make_roles(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut admin = gate.signed_in_as("ana", |c| c["groups"] = json!(["staff", "admins"])).await;
    let mut auditor = gate.signed_in_as("ben", |c| c["groups"] = "auditors".into()).await;
    let mut employee = gate.signed_in_as("cid", |c| c["groups"] = json!(["administrators"])).await;
    assert_eq!(role(&mut admin).await, "administrator");
    assert_eq!(role(&mut auditor).await, "auditor");
    assert_eq!(role(&mut employee).await, "employee");
    assert_eq!(gate.count("select count(*) from administrator").await, 1);
    gate.signed_in_as("ana", |c| c["groups"] = json!(["staff"])).await;
    assert_eq!(gate.count("select count(*) from administrator").await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn groups_may_come_from_the_userinfo_endpoint(pool: PgPool) {
    let gate = Gate::open(pool).await;
    gate.provider.set_userinfo(json!({ "sub": "ana", "groups": ["admins"], "email": "ana@example.com" }));
    let thin = |c: &mut serde_json::Value| drop(c.as_object_mut().unwrap().remove("groups"));
    let mut browser = gate.signed_in_as("ana", thin).await;
    assert_eq!(role(&mut browser).await, "administrator");
    // Somebody else's answer is not believed.
    let mut other = gate.browser();
    assert_eq!(gate.sign_in(&mut other, "ben", thin).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(other.is_taken_for().await, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn roles_lapse_after_an_hour_and_are_read_anew_without_a_page(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.signed_in_as("ana", |c| c["groups"] = json!(["admins"])).await;
    gate.pass(TimeDelta::minutes(59));
    assert_eq!(role(&mut browser).await, "administrator");
    gate.pass(TimeDelta::minutes(1));
    // What is no page is answered at once, without the role.
    let action = browser.post("/api/form/anything", &[("accept", "application/json")], "").await;
    assert_eq!(action.status, StatusCode::OK);
    let first = browser.get("/catalogue?q=1").await;
    assert_eq!(first.location(), "/sign-in?silent=1&return_to=%2Fcatalogue%3Fq%3D1");
    let asked = browser.begin(first.location()).await;
    assert_eq!(query(&asked, "prompt"), "none");
    let mut claims = gate.provider.claims(&asked, "ana", gate.now());
    claims["groups"] = json!(["auditors"]);
    let back = browser.get(&gate.provider.answer(&asked, claims, Signature::EdDsa)).await;
    assert_eq!(back.location(), "/catalogue?q=1");
    assert_eq!(role(&mut browser).await, "auditor");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn where_the_provider_would_have_to_ask_people_go_on_without_roles(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.signed_in_as("ana", |c| c["groups"] = json!(["admins"])).await;
    gate.pass(TimeDelta::minutes(30));
    assert_eq!(role(&mut browser).await, "administrator");
    gate.pass(TimeDelta::minutes(31));
    let asked = browser.begin(browser.clone().get("/").await.location()).await;
    let iss: String = url::form_urlencoded::byte_serialize(gate.provider.issuer.as_bytes()).collect();
    let refused = format!("/auth/callback?error=login_required&iss={iss}&state={}", query(&asked, "state"));
    assert_eq!(browser.get(&refused).await.location(), "/");
    assert_eq!(role(&mut browser).await, "employee", "asked once, not again and again");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn where_the_provider_is_away_people_go_on_without_roles(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.signed_in_as("ana", |c| c["groups"] = json!(["admins"])).await;
    gate.pass(TimeDelta::minutes(30));
    browser.get("/").await;
    gate.pass(TimeDelta::minutes(31));
    let asked = browser.begin(browser.clone().get("/").await.location()).await;
    let back =
        gate.provider.answer(&asked, gate.provider.claims(&asked, "ana", gate.now()), Signature::EdDsa);
    gate.provider.set_down(true);
    assert_eq!(browser.get(&back).await.location(), "/");
    assert_eq!(role(&mut browser).await, "employee");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn people_without_roles_are_never_sent_round(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    for _ in 0..5 {
        gate.pass(TimeDelta::minutes(50));
        assert_eq!(role(&mut browser).await, "employee");
    }
}
