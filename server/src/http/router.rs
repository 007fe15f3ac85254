//! The one router: which layers stand before what, from the outside in.

use std::any::Any;
use std::time::Duration;

use app::routes;
use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::{Router, middleware, routing};
use http::{Request, Response, StatusCode};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::{ConfigError, CsrfLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::dress::{Asked, dress};
use super::guard::guard;
use super::{Door, api, assets, back_channel, callback, health, prefetch, session, sign_in, sign_out};

/// Nothing may take longer to begin its answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Nothing larger is read. Events from outside have a bound of their own.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// Everything that is served. `pages` stand behind the guard: they find [`super::guard::Visiting`] and
/// [`Asked`] among a request's extensions. Their fallback answers for unknown addresses, to anybody.
///
/// # Errors
/// When the public address cannot be trusted as an origin.
pub fn router(door: &Door, pages: Router) -> Result<Router, ConfigError> {
    let guarded = pages.layer(middleware::from_fn_with_state(door.clone(), guard));
    let doors = Router::new()
        .route(routes::SIGN_IN, routing::get(sign_in::begin))
        .route(routes::AUTH_CALLBACK, routing::get(callback::arrive))
        .route(routes::SIGN_OUT, routing::post(sign_out::leave));
    let with_session = Router::new()
        .merge(guarded)
        .merge(doors.with_state(door.clone()))
        .layer(session::layer(&door.settings, &door.store));
    let without = Router::new()
        .route(routes::BACK_CHANNEL_LOGOUT, routing::post(back_channel::obey))
        .route(routes::SIGNED_OUT, routing::get(sign_out::signed_out))
        .route(routes::HEALTHZ, routing::get(health::alive))
        .route(routes::READYZ, routing::get(health::ready))
        .route(prefetch::RULES_PATH, routing::get(prefetch::rules))
        .with_state(door.clone());
    let csrf = CsrfLayer::new().add_trusted_origin(door.settings.public_url.origin())?;
    // The first is the outermost: it sees the request first and the answer last.
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(door.clone(), dress))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(middleware::from_fn(assets::serve))
        .layer(middleware::from_fn(prefetch::refuse))
        .layer(csrf);
    // Inside the others: what programs send has a bound of its own.
    let for_browsers = with_session.merge(without).layer(RequestBodyLimitLayer::new(BODY_MAX_BYTES));
    Ok(for_browsers.merge(api::routes(door)).layer(layers))
}

/// The path without its query, which may hold codes and what somebody searched for.
fn span(request: &Request<Body>) -> Span {
    let id = request.extensions().get::<Asked>().map(|asked| asked.request_id.as_str()).unwrap_or_default();
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}

/// The status alone; the outermost layer makes a page of it.
fn panicked(cause: Box<dyn Any + Send>) -> Response<Body> {
    let cause = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("of unknown cause");
    tracing::error!(cause, "a request panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
