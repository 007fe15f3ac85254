//! What programs call: `/api/v1`, with a token. Errors are RFC 9457 problems.

mod bearer;
mod events;
mod hooks;
mod openapi;
mod problem;
mod reading;
mod wire;

use axum::{Router, routing};
use domain::caller::Source;
use http::{Method, StatusCode, Uri};

use super::dress::Asked;
use super::{Door, guard, session};
use problem::Problem;

/// Where events come in, and are read.
pub const EVENTS: &str = "/api/v1/events";
/// Where they are taken along as a file.
pub const EXPORT: &str = "/api/v1/events/export";
/// Where GitHub delivers what happens, for the source of that slug.
pub const GITHUB: &str = "/api/v1/hooks/github/{source}";
/// What all of this says of itself.
pub const OPENAPI: &str = "/api/openapi.json";

/// The routes. Those that change something read no cookies, so nobody's browser can be made to call them.
pub fn routes(door: &Door) -> Router {
    let sessions = || session::layer(&door.settings, &door.store);
    Router::new()
        .route(EVENTS, routing::get(reading::list).layer(sessions()).post(events::receive).fallback(unknown))
        .route(EXPORT, routing::get(reading::export).layer(sessions()).fallback(unknown))
        .route(GITHUB, routing::post(hooks::github).fallback(unknown))
        .route(OPENAPI, routing::get(openapi::document).fallback(unknown))
        .route("/api/v1/{*rest}", routing::any(unknown))
        .with_state(door.clone())
}

/// The origin of what programs do, until it is known of which source.
pub const ORIGIN: &str = "api";

/// From where a program calls.
fn source(asked: &Asked) -> Source {
    Source { origin: ORIGIN.to_owned(), ..guard::source(asked) }
}

async fn unknown(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Not found", format!("There is no {method} {}.", uri.path()))
}
