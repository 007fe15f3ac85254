//! The provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8).

use axum::extract::{Form, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use domain::caller::Source;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::Door;
use super::dress::Asked;
use crate::oidc::LogoutTokenError;
use crate::portal::sign_out;

#[derive(Debug, Deserialize)]
pub(super) struct Notice {
    logout_token: String,
}

/// Obeys a notice of the provider, once.
pub(super) async fn obey(
    State(door): State<Door>,
    Extension(asked): Extension<Asked>,
    Form(form): Form<Notice>,
) -> Response {
    let now = crate::clock::now(door.store.clock());
    let notice = match door.provider.read_logout_token(&form.logout_token, now).await {
        Ok(notice) => notice,
        Err(LogoutTokenError::Provider(error)) => {
            tracing::error!(%error, "a sign-out notice could not be checked");
            return answer(StatusCode::SERVICE_UNAVAILABLE, "the keys to check it with cannot be had");
        }
        Err(error @ LogoutTokenError::Invalid(_)) => {
            tracing::warn!(%error, "a sign-out notice was refused");
            return answer(StatusCode::BAD_REQUEST, &error.to_string());
        }
    };
    let source =
        Source { origin: "provider".to_owned(), ip: Some(asked.address.to_string()), user_agent: None };
    match sign_out::by_provider(&door.store, door.provider.issuer(), &notice, source).await {
        Ok(true) => done(StatusCode::OK.into_response()),
        Ok(false) => answer(StatusCode::BAD_REQUEST, "this notice was obeyed before"),
        Err(error) => {
            tracing::error!(%error, "a sign-out notice could not be obeyed");
            answer(StatusCode::SERVICE_UNAVAILABLE, "try again")
        }
    }
}

fn answer(status: StatusCode, why: &str) -> Response {
    done((status, Json(json!({ "error": "invalid_request", "error_description": why }))).into_response())
}

fn done(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
