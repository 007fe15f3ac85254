//! What programs call: `/api/v1`, with a token. Errors are RFC 9457 problems.

mod bearer;
mod events;
mod problem;

use axum::{Router, routing};
use http::{Method, StatusCode, Uri};

use super::Door;
use problem::Problem;

/// Where events come in.
pub const EVENTS: &str = "/api/v1/events";

/// The routes; they read no cookies, so nobody's browser can be made to call them.
pub fn routes(door: &Door) -> Router {
    Router::new()
        .route(EVENTS, routing::post(events::receive).fallback(unknown))
        .route("/api/v1/{*rest}", routing::any(unknown))
        .with_state(door.clone())
}

async fn unknown(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Not found", format!("There is no {method} {}.", uri.path()))
}
