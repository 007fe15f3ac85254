//! What administrators are told about how the server runs.

use app::context::Risks;
use server::config::Source;
use server::fit;
use sqlx::PgPool;
use store::{Clock, Store};

use super::gate::Gate;

const WARNING: &str = "The database role of this server could change the book.";

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_role_that_could_change_the_book_stops_the_start_or_is_told_to_every_administrator(pool: PgPool) {
    // The tests run as the owner of their database.
    let store = Store::new(pool.clone(), Clock::Database);
    assert!(fit::check(&store, &Source::of([])).await.is_err());
    let allowed = Source::of([(fit::OVERRIDE.to_owned(), "1".to_owned())]);
    let risks = fit::check(&store, &allowed).await.unwrap();
    assert!(risks.could_rewrite_book);

    let gate = Gate::open_at_risk(pool, risks).await;
    let mut dev = gate.signed_in_as("dev", |claims| claims["groups"] = serde_json::json!(["admins"])).await;
    let mut ben = gate.signed_in("ben").await;
    for path in ["/", "/catalogue", "/audit", "/nothing/here"] {
        assert!(dev.get(path).await.body.contains(WARNING), "{path}");
        assert!(!ben.get(path).await.body.contains(WARNING), "{path}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_server_as_it_should_be_warns_nobody(pool: PgPool) {
    let gate = Gate::open_at_risk(pool, Risks::default()).await;
    let mut dev = gate.signed_in_as("dev", |claims| claims["groups"] = serde_json::json!(["admins"])).await;
    assert!(!dev.get("/").await.body.contains(WARNING));
}
