use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::fake_provider::{Signature, query};
use super::gate::Gate;

async fn import(gate: &Gate, email: &str) {
    sqlx::query(
        "insert into person (id, email, name, created_at) values (gen_random_uuid(), $1, 'Imported', now())",
    )
    .bind(email)
    .execute(&gate.pool)
    .await
    .unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn somebody_new_is_added_signed_in_and_led_back(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.browser();
    let first = browser.get("/catalogue?q=ledger&tag=a%20b").await;
    assert_eq!(first.location(), "/sign-in?return_to=%2Fcatalogue%3Fq%3Dledger%26tag%3Da%2520b");
    let asked = browser.begin(first.location()).await;
    assert_eq!(query(&asked, "code_challenge_method"), "S256");
    assert_eq!(query(&asked, "redirect_uri"), "https://gatebook.test/auth/callback");
    assert!(query(&asked, "scope").split(' ').any(|scope| scope == "openid"));
    let mut claims = gate.provider.claims(&asked, "ana", gate.now());
    claims["zoneinfo"] = "Asia/Tokyo".into();
    let back = browser.get(&gate.provider.answer(&asked, claims, Signature::EdDsa)).await;
    assert_eq!((back.status, back.location()), (StatusCode::SEE_OTHER, "/catalogue?q=ledger&tag=a%20b"));
    let page = browser.get("/").await;
    assert!(page.body.contains("Hello, Person ana") && page.body.contains("Asia/Tokyo"), "{}", page.body);
    assert_eq!(gate.events().await, ["person.created success", "session.signed_in success"]);
    let given: bool =
        sqlx::query_scalar("select time_zone_given from person").fetch_one(&gate.pool).await.unwrap();
    assert!(given);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn rsa_signatures_are_believed_too(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.browser();
    let asked = browser.begin("/sign-in").await;
    let claims = gate.provider.claims(&asked, "ana", gate.now());
    browser.get(&gate.provider.answer(&asked, claims, Signature::Rs256)).await;
    assert_eq!(browser.is_taken_for().await.as_deref(), Some("Person ana"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_imported_person_is_linked_once_by_a_verified_address(pool: PgPool) {
    let gate = Gate::open(pool).await;
    import(&gate, "Ana@Example.com").await;
    gate.signed_in("ana").await;
    assert_eq!(gate.count("select count(*) from person").await, 1);
    let events = gate.events().await;
    assert_eq!(events.first().unwrap(), "person.linked success");
    // Another subject with the same address is another person, and is not let in as this one.
    let mut browser = gate.browser();
    let answer =
        gate.sign_in(&mut browser, "mallory", |claims| claims["email"] = "ana@example.com".into()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.is_taken_for().await, None);
    assert_eq!(gate.count("select count(*) from person where subject = 'ana'").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_address_nobody_vouches_for_links_nobody(pool: PgPool) {
    let gate = Gate::open(pool).await;
    import(&gate, "ana@example.com").await;
    let mut browser = gate.browser();
    let answer = gate.sign_in(&mut browser, "ana", |claims| claims["email_verified"] = false.into()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(gate.count("select count(*) from person where issuer is not null").await, 0);
    assert_eq!(gate.events().await, ["session.sign_in_refused denied"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn unknown_people_are_refused_where_the_settings_say_so(pool: PgPool) {
    let gate = Gate::open_with(pool, &[("GATEBOOK_UNKNOWN_PEOPLE", "refuse")]).await;
    import(&gate, "ana@example.com").await;
    let answer = gate.sign_in(&mut gate.browser(), "eve", |_| {}).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("does not know you yet"));
    assert_eq!(gate.event_detail("session.sign_in_refused").await.1["subject"], "eve");
    gate.signed_in("ana").await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn suspended_people_and_leavers_are_refused_with_an_event(pool: PgPool) {
    let gate = Gate::open(pool).await;
    gate.signed_in("ana").await;
    for (status, text) in [("suspended", "suspended"), ("left", "do not work here")] {
        gate.set_status("ana", status).await;
        let mut browser = gate.browser();
        let answer = gate.sign_in(&mut browser, "ana", |_| {}).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.body.contains(text), "{}", answer.body);
        assert_eq!(browser.is_taken_for().await, None);
        let (reason, _) = gate.event_detail("session.sign_in_refused").await;
        assert!(reason.unwrap().contains(status));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_changed_name_is_taken_over_with_before_and_after(pool: PgPool) {
    let gate = Gate::open(pool).await;
    gate.signed_in("ana").await;
    gate.signed_in_as("ana", |claims| claims["name"] = "Ana Nova".into()).await;
    let (_, detail) = gate.event_detail("person.updated").await;
    assert_eq!(
        (&detail["before"]["name"], &detail["after"]["name"]),
        (&json!("Person ana"), &json!("Ana Nova"))
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn signing_in_again_asks_for_proof_and_believes_only_a_time(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    gate.pass(chrono::TimeDelta::minutes(20));
    for (auth_time, is_known) in
        [(json!(gate.now().timestamp()), true), (json!(0), false), (Value::Null, false)]
    {
        let asked = browser.begin("/sign-in?return_to=/approvals&again=1").await;
        assert_eq!((query(&asked, "max_age").as_str(), query(&asked, "prompt").as_str()), ("0", "login"));
        let mut claims = gate.provider.claims(&asked, "ana", gate.now());
        claims["auth_time"] = auth_time;
        let back = browser.get(&gate.provider.answer(&asked, claims, Signature::EdDsa)).await;
        assert_eq!(back.location(), "/approvals");
        let live = "select count(*) from session where ended_at is null and person_id is not null";
        assert_eq!(gate.count(live).await, 1, "the old session is replaced");
        let proven = gate
            .count("select count(*) from session where ended_at is null and authenticated_at is not null")
            .await;
        assert_eq!(proven == 1, is_known);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_new_key_of_the_provider_is_looked_for(pool: PgPool) {
    let gate = Gate::open(pool).await;
    gate.signed_in("ana").await;
    gate.provider.rotate_key();
    gate.signed_in("ben").await;
    assert_eq!(gate.provider.discoveries(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn without_the_provider_nobody_new_comes_in_and_nobody_is_thrown_out(pool: PgPool) {
    let gate = Gate::open(pool.clone()).await;
    let mut inside = gate.signed_in("ana").await;
    gate.provider.set_down(true);
    assert_eq!(inside.is_taken_for().await.as_deref(), Some("Person ana"));
    // A provider that was there before: nobody is sent where nothing answers.
    let answer = inside.clone().get("/sign-in?again=1").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("You are still signed in"), "{}", answer.body);
    assert_eq!(gate.browser().get("/sign-in").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(inside.get("/sign-in?silent=1&return_to=/catalogue").await.location(), "/catalogue");
    // A portal that never saw its provider.
    let other = Gate::open(pool).await;
    other.provider.set_down(true);
    let answer = other.browser().get("/sign-in?return_to=/catalogue").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("href=\"/sign-in?return_to=%2Fcatalogue\""), "{}", answer.body);
    assert_eq!(answer.header("retry-after"), "10");
    // The code cannot be traded either; that is no refusal of the person.
    gate.provider.set_down(false);
    let mut browser = gate.browser();
    let asked = browser.begin("/sign-in").await;
    let back =
        gate.provider.answer(&asked, gate.provider.claims(&asked, "ben", gate.now()), Signature::EdDsa);
    gate.provider.set_down(true);
    assert_eq!(browser.get(&back).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!gate.events().await.iter().any(|event| event.starts_with("session.sign_in_refused")));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn proving_anew_who_one_is_as_somebody_else_changes_nothing(pool: PgPool) {
    let gate = Gate::open(pool).await;
    gate.signed_in("ben").await;
    let mut browser = gate.signed_in("ana").await;
    for (other, how) in [("ben", "again"), ("never seen", "again"), ("ben", "silent")] {
        let asked = browser.begin(&format!("/sign-in?{how}=1&return_to=/catalogue")).await;
        let claims = gate.provider.claims(&asked, other, gate.now());
        let answer = browser.get(&gate.provider.answer(&asked, claims, Signature::EdDsa)).await;
        if how == "again" {
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
            assert!(answer.body.contains("signed in here as Person ana"), "{}", answer.body);
            assert!(answer.body.contains("href=\"/catalogue\""), "{}", answer.body);
        } else {
            assert_eq!(answer.location(), "/catalogue");
        }
        assert_eq!(browser.is_taken_for().await.as_deref(), Some("Person ana"));
        assert_eq!(gate.events().await.last().unwrap(), "session.sign_in_refused denied");
    }
    assert_eq!(gate.count("select count(*) from person where subject = 'never seen'").await, 0);
    let asked = browser.begin("/sign-in?again=1").await;
    let claims = gate.provider.claims(&asked, "ana", gate.now());
    let answer = browser.get(&gate.provider.answer(&asked, claims, Signature::EdDsa)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "as oneself it works");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn giving_up_at_the_provider_leads_to_a_page(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.browser();
    let asked = browser.begin("/sign-in").await;
    let iss: String = url::form_urlencoded::byte_serialize(gate.provider.issuer.as_bytes()).collect();
    let path = format!("/auth/callback?error=access_denied&iss={iss}&state={}", query(&asked, "state"));
    let answer = browser.get(&path).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("Sign in again"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_tabs_can_sign_in_side_by_side(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.browser();
    let one = browser.begin("/sign-in?return_to=/catalogue").await;
    let two = browser.begin("/sign-in?return_to=/requests").await;
    for (asked, to) in [(two, "/requests"), (one, "/catalogue")] {
        let claims = gate.provider.claims(&asked, "ana", gate.now());
        assert_eq!(browser.get(&gate.provider.answer(&asked, claims, Signature::EdDsa)).await.location(), to);
    }
    assert_eq!(browser.is_taken_for().await.as_deref(), Some("Person ana"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn too_many_sign_ins_of_one_address_have_to_wait(pool: PgPool) {
    let gate = Gate::open_with(pool, &[("GATEBOOK_SIGN_INS_PER_MINUTE", "2")]).await;
    let mut browser = gate.browser();
    browser.begin("/sign-in").await;
    browser.begin("/sign-in").await;
    let answer = browser.get("/sign-in").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!answer.header("retry-after").is_empty() && answer.body.contains("Too often"));
    // The test's peer is a trusted proxy, so another client behind it has a bound of its own.
    let other = [("accept", "text/html"), ("x-forwarded-for", "203.0.113.5")];
    assert_eq!(browser.ask(http::Method::GET, "/sign-in", &other, "").await.status, StatusCode::SEE_OTHER);
}
