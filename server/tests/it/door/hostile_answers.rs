//! Answers of a provider that must not let anybody in.

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::fake_provider::{Signature, query};
use super::gate::Gate;

/// What is changed about good claims.
type Change = fn(&mut Value);

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn claims_with_one_thing_wrong_let_nobody_in(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let changes: &[(&str, Change)] = &[
        ("another nonce", |c| c["nonce"] = "guessed".into()),
        ("no nonce", |c| drop(c.as_object_mut().unwrap().remove("nonce"))),
        ("another issuer", |c| c["iss"] = "https://evil.example".into()),
        ("no issuer", |c| drop(c.as_object_mut().unwrap().remove("iss"))),
        ("another audience", |c| c["aud"] = "somebody-else".into()),
        ("a further audience", |c| c["aud"] = json!(["gatebook-test", "somebody-else"])),
        ("no audience", |c| c["aud"] = json!([])),
        ("azp of another client", |c| c["azp"] = "somebody-else".into()),
        ("run out", |c| c["exp"] = (c["iat"].as_i64().unwrap() - 60).into()),
        ("from the future", |c| c["iat"] = (c["iat"].as_i64().unwrap() + 61).into()),
        ("no subject", |c| drop(c.as_object_mut().unwrap().remove("sub"))),
        ("an empty subject", |c| c["sub"] = "".into()),
        ("groups cut off", |c| {
            c.as_object_mut().unwrap().remove("groups");
            c["_claim_names"] = json!({ "groups": "src1" });
        }),
        ("groups cut off, marked", |c| c["hasgroups"] = true.into()),
        ("groups that are none", |c| c["groups"] = json!({ "admins": true })),
    ];
    for (name, change) in changes {
        let mut browser = gate.browser();
        let answer = gate.sign_in(&mut browser, "ana", change).await;
        assert!(
            answer.status.is_client_error() || answer.status == StatusCode::BAD_GATEWAY,
            "{name}: {}",
            answer.status
        );
        assert_eq!(browser.is_taken_for().await, None, "{name}");
    }
    assert_eq!(gate.count("select count(*) from person").await, 0);
    let events = gate.events().await;
    assert!(events.iter().all(|event| event == "session.sign_in_refused failure"), "{events:?}");
    assert_eq!(events.len(), changes.len());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_minute_of_skew_is_forgiven_and_no_more(pool: PgPool) {
    let gate = Gate::open(pool).await;
    gate.signed_in_as("ana", |c| c["exp"] = (c["iat"].as_i64().unwrap() - 59).into()).await;
    gate.signed_in_as("ben", |c| c["iat"] = (c["iat"].as_i64().unwrap() + 60).into()).await;
    gate.signed_in_as("cid", |c| c["aud"] = json!(["gatebook-test"])).await;
    gate.signed_in_as("dov", |c| c["azp"] = "gatebook-test".into()).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn signatures_that_prove_nothing_let_nobody_in(pool: PgPool) {
    let gate = Gate::open(pool).await;
    for signature in [Signature::None, Signature::Hs256, Signature::OtherKey, Signature::Tampered] {
        let mut browser = gate.browser();
        let asked = browser.begin("/sign-in").await;
        let claims = gate.provider.claims(&asked, "ana", gate.now());
        let answer = browser.get(&gate.provider.answer(&asked, claims, signature)).await;
        assert!(
            !answer.status.is_redirection() && !answer.status.is_success(),
            "{signature:?}: {}",
            answer.status
        );
        assert_eq!(browser.is_taken_for().await, None, "{signature:?}");
    }
    assert_eq!(gate.count("select count(*) from person").await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_answer_counts_once_and_only_in_the_browser_that_asked(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.browser();
    let asked = browser.begin("/sign-in").await;
    let back =
        gate.provider.answer(&asked, gate.provider.claims(&asked, "ana", gate.now()), Signature::EdDsa);
    // In another browser, with or without a sign-in of its own on the way.
    let mut other = gate.browser();
    assert_eq!(other.get(&back).await.status, StatusCode::BAD_REQUEST);
    other.begin("/sign-in").await;
    assert_eq!(other.get(&back).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(other.is_taken_for().await, None);
    // Where it belongs, once.
    let thief = browser.clone();
    assert_eq!(browser.get(&back).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get(&back).await.status, StatusCode::BAD_REQUEST);
    let mut thief = thief;
    assert_eq!(thief.get(&back).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(thief.is_taken_for().await, None, "the secret from before the sign-in signs nobody in");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_stolen_code_is_worth_nothing_in_another_sign_in(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let victim = gate.browser().begin("/sign-in").await;
    let back =
        gate.provider.answer(&victim, gate.provider.claims(&victim, "ana", gate.now()), Signature::EdDsa);
    let mut attacker = gate.browser();
    let own = attacker.begin("/sign-in").await;
    let injected = back.replace(&query(&victim, "state"), &query(&own, "state"));
    assert_eq!(attacker.get(&injected).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(attacker.is_taken_for().await, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_answer_of_another_provider_is_refused_before_its_code_is_used(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let iss: String = url::form_urlencoded::byte_serialize(gate.provider.issuer.as_bytes()).collect();
    for iss_parameter in ["&iss=https%3A%2F%2Fevil.example", ""] {
        let mut browser = gate.browser();
        let asked = browser.begin("/sign-in").await;
        let claims = gate.provider.claims(&asked, "ana", gate.now());
        let back = gate.provider.answer(&asked, claims, Signature::EdDsa);
        let mixed_up = back.replace(&format!("&iss={iss}"), iss_parameter);
        assert_ne!(back, mixed_up);
        assert_eq!(browser.get(&mixed_up).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(browser.is_taken_for().await, None);
    }
    assert_eq!(gate.count("select count(*) from event where reason like '%another issuer%'").await, 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_sign_in_that_took_too_long_is_not_finished(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.browser();
    let asked = browser.begin("/sign-in").await;
    gate.pass(TimeDelta::minutes(16));
    let back =
        gate.provider.answer(&asked, gate.provider.claims(&asked, "ana", gate.now()), Signature::EdDsa);
    assert_eq!(browser.get(&back).await.status, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_callback_out_of_nowhere_is_a_readable_page(pool: PgPool) {
    let gate = Gate::open(pool).await;
    for path in [
        "/auth/callback",
        "/auth/callback?code=x&state=y",
        "/auth/callback?state=&code=",
        "/auth/callback?error=x",
    ] {
        let answer = gate.browser().get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.body.contains("cannot be finished"), "{path}");
    }
    assert!(gate.events().await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_sign_in_never_leads_to_another_site(pool: PgPool) {
    let gate = Gate::open(pool).await;
    for hostile in [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "%2F%2Fevil.example",
    ] {
        let mut browser = gate.browser();
        let asked = browser.begin(&format!("/sign-in?return_to={hostile}")).await;
        let claims = gate.provider.claims(&asked, "ana", gate.now());
        let back = browser.get(&gate.provider.answer(&asked, claims, Signature::EdDsa)).await;
        assert_eq!(back.location(), "/", "{hostile}");
    }
}
