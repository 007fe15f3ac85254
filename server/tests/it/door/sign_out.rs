use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use url::Url;

use super::fake_provider::{CLIENT_ID, Signature, query};
use super::gate::{Answer, Gate};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn notice(gate: &Gate, jti: &str) -> Value {
    let now = gate.now().timestamp();
    json!({ "iss": gate.provider.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": jti,
            "events": { EVENT: {} } })
}

async fn send(gate: &Gate, claims: &Value, signature: Signature) -> Answer {
    let token = gate.provider.sign(json!({ "typ": "logout+jwt" }), claims, signature);
    // A server, not a browser: neither `Origin` nor `Sec-Fetch-Site`.
    gate.browser().post("/auth/back-channel-logout", &[], &format!("logout_token={token}")).await
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn signing_out_ends_the_session_and_leads_to_the_provider(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    let stolen = browser.clone();
    let answer = browser.post("/sign-out", &[], "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let to = Url::parse(answer.location()).unwrap();
    assert!(answer.location().starts_with(&format!("{}/end-session?", gate.provider.issuer)));
    assert_eq!(query(&to, "post_logout_redirect_uri"), "https://gatebook.test/signed-out");
    assert_eq!(query(&to, "id_token_hint").split('.').count(), 3);
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    assert_eq!(stolen.clone().is_taken_for().await, None);
    assert_eq!(gate.events().await.last().unwrap(), "session.signed_out success");
    assert_eq!(gate.count("select count(*) from session where id_token is not null").await, 0);
    // A second time there is nothing to end, and no event.
    browser.post("/sign-out", &[], "").await;
    assert_eq!(gate.events().await.len(), 3);
    assert_eq!(browser.get("/signed-out").await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_get_signs_nobody_out(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    assert_eq!(browser.get("/sign-out").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(browser.is_taken_for().await.is_some());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_provider_ends_one_sign_in_or_all_of_a_subject(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut one = gate.signed_in_as("ana", |c| c["sid"] = "s1".into()).await;
    let mut two = gate.signed_in_as("ana", |c| c["sid"] = "s2".into()).await;
    let mut other = gate.signed_in("ben").await;
    let mut by_sid = notice(&gate, "j1");
    by_sid["sid"] = "s1".into();
    let answer = send(&gate, &by_sid, Signature::EdDsa).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
    assert_eq!(one.is_taken_for().await, None);
    assert!(two.is_taken_for().await.is_some());
    let mut by_sub = notice(&gate, "j2");
    by_sub["sub"] = "ana".into();
    assert_eq!(send(&gate, &by_sub, Signature::EdDsa).await.status, StatusCode::OK);
    assert_eq!(two.is_taken_for().await, None);
    assert!(other.is_taken_for().await.is_some());
    let ended = gate.events().await.iter().filter(|event| *event == "session.ended success").count();
    assert_eq!(ended, 2);
    let (reason, _) = gate.event_detail("session.ended").await;
    assert!(reason.unwrap().contains("provider"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_notice_counts_once(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut claims = notice(&gate, "j1");
    claims["sub"] = "ana".into();
    assert_eq!(send(&gate, &claims, Signature::EdDsa).await.status, StatusCode::OK);
    let mut browser = gate.signed_in("ana").await;
    let replayed = send(&gate, &claims, Signature::EdDsa).await;
    assert_eq!((replayed.status, replayed.header("cache-control")), (StatusCode::BAD_REQUEST, "no-store"));
    assert!(browser.is_taken_for().await.is_some());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn notices_that_do_not_hold_end_nothing(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    let mut good = notice(&gate, "j1");
    good["sub"] = "ana".into();
    for signature in [Signature::None, Signature::Hs256, Signature::OtherKey, Signature::Tampered] {
        assert_eq!(send(&gate, &good, signature).await.status, StatusCode::BAD_REQUEST, "{signature:?}");
    }
    for (name, value) in [
        ("aud", json!("somebody-else")),
        ("iss", json!("https://evil.example")),
        ("nonce", json!("n")),
        ("events", json!({})),
        ("jti", Value::Null),
        ("sub", Value::Null),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert_eq!(send(&gate, &bad, Signature::EdDsa).await.status, StatusCode::BAD_REQUEST, "{name}");
    }
    // An ID token is no notice.
    let asked = gate.browser().begin("/sign-in").await;
    let id_token = gate.provider.claims(&asked, "ana", gate.now());
    assert_eq!(send(&gate, &id_token, Signature::EdDsa).await.status, StatusCode::BAD_REQUEST);
    let garbage = gate.browser().post("/auth/back-channel-logout", &[], "logout_token=a.b.c").await;
    assert_eq!(garbage.status, StatusCode::BAD_REQUEST);
    gate.pass(TimeDelta::minutes(10));
    assert_eq!(send(&gate, &good, Signature::EdDsa).await.status, StatusCode::BAD_REQUEST, "run out");
    assert!(browser.is_taken_for().await.is_some());
}
