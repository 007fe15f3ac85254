//! Alive, and ready to serve.

use std::time::Duration;

use axum::extract::State;
use http::StatusCode;

use super::Door;

/// A database that takes longer is not there.
const DATABASE_WITHIN: Duration = Duration::from_secs(2);

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The database answers, too. The provider is not asked: signed-in people go on working without it.
pub(super) async fn ready(State(door): State<Door>) -> (StatusCode, &'static str) {
    match tokio::time::timeout(DATABASE_WITHIN, store::session::reach(&door.store)).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer in time\n"),
    }
}
