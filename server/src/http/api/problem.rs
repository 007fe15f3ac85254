//! Errors as programs read them: RFC 9457.

use std::fmt::Display;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The same each time.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// About this time.
    detail: String,
    /// The parameter that is wrong, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

impl Problem {
    /// A problem of this status; `title` is the same each time, `detail` is about this time.
    pub fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { kind: "about:blank", title, status: status.as_u16(), detail, field: None, retry_after: None }
    }

    /// A parameter that is wrong.
    pub fn of_field(field: &'static str, detail: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(StatusCode::BAD_REQUEST, "Wrong parameter", detail) }
    }

    /// Refused too often.
    pub fn too_often(wait: Duration) -> Self {
        let detail = "Too much from this address was refused. Wait, and correct what is sent.";
        Self { retry_after: Some(wait), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "Too often", detail) }
    }

    /// The database does not answer, or refuses; what it says is logged, not told.
    pub fn unavailable(error: impl Display) -> Self {
        tracing::error!(%error, "an answer to a program failed");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not available now", "Try again later.")
    }

    /// The same for what was sent to be stored.
    pub fn not_stored(error: impl Display) -> Self {
        let detail = "Nothing was acknowledged. Send the same again later.".to_owned();
        Self { detail, ..Self::unavailable(error) }
    }

    /// Something of ours; what it is stands in the log.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "An error", "This is ours to mend. Try again later.")
    }

    /// It does not work at the moment.
    pub fn not_now(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not available now", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().saturating_add(1)));
        }
        response
    }
}
