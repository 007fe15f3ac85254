//! What nobody serves: the same words for everybody, in the frame for those who are signed in.

use http::StatusCode;
use sqlx::PgPool;

use super::gate::Gate;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_unknown_address_keeps_the_frame_of_who_is_signed_in_and_asks_nobody_to_sign_in(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool).await;
    let known = gate.signed_in("ana").await.get("/nothing/here").await;
    let unknown = gate.browser().get("/nothing/here").await;
    for answer in [&known, &unknown] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(answer.body.contains("Nothing here") && answer.body.contains("/app.css"), "{}", answer.body);
    }
    assert!(known.body.contains("class=\"rail\"") && !unknown.body.contains("class=\"rail\""));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_goes_wrong_at_the_door_looks_like_the_rest_in_the_chosen_theme(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool).await;
    let mut browser = gate.browser();
    browser.cookies.insert("theme".into(), "dark".into());
    let answer = browser.get("/auth/callback?state=wrong&code=x").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    for part in ["data-theme=\"dark\"", "class=\"mark\"", "/app.css", "Sign in again"] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    assert!(!answer.body.contains("<script"), "{}", answer.body);
}
