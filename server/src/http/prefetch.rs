//! What a browser may fetch before anybody clicks.
//!
//! A prefetch is a real GET: it costs a query and it would write an event where reading writes one. So the
//! paths that may be fetched ahead are listed; elsewhere a prefetch gets 503, and the browser fetches the
//! page the usual way once somebody does click.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// Where the rules are served.
pub const RULES_PATH: &str = "/speculation-rules.json";
/// The header that names them.
pub const RULES_HEADER: HeaderName = HeaderName::from_static("speculation-rules");
/// What that header says: a list of quoted addresses.
pub const RULES_HEADER_VALUE: HeaderValue = HeaderValue::from_static("\"/speculation-rules.json\"");
const SEC_PURPOSE: &str = "sec-purpose";

/// Pages that may be fetched ahead: reading them writes no event. Not the book, whose searches are events.
const PATHS: [&str; 7] = ["/", "/catalogue", "/requests", "/approvals", "/tasks", "/people", "/settings"];
/// Below these, too.
const BELOW: [&str; 2] = ["/catalogue/", "/requests/"];

/// Whether a browser asks only in case somebody clicks.
pub fn is_prefetch(headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).is_some_and(|value| value.as_bytes().starts_with(b"prefetch"));
    says(SEC_PURPOSE) || says("purpose")
}

fn may_prefetch(path: &str) -> bool {
    PATHS.contains(&path) || BELOW.iter().any(|below| path.starts_with(below))
}

/// Refuses to answer ahead where that is not free of consequences.
pub async fn refuse(request: Request, next: Next) -> Response {
    if is_prefetch(request.headers()) && !may_prefetch(request.uri().path()) {
        let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return response;
    }
    next.run(request).await
}

/// The rules, as browsers read them.
pub async fn rules() -> Response {
    let patterns: Vec<String> = PATHS
        .iter()
        .map(|path| (*path).to_owned())
        .chain(BELOW.iter().map(|below| format!("{below}*")))
        .collect();
    let rules = serde_json::json!({
        "prefetch": [{
            "where": { "and": [
                { "href_matches": patterns },
                { "not": { "selector_matches": "[rel~=nofollow], [download], [target=_blank]" } },
            ]},
            "eagerness": "moderate",
        }]
    });
    let mut response = rules.to_string().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/speculationrules+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_the_book_ahead_is_not_allowed() {
        for path in [
            app::routes::AUDIT,
            app::routes::AUDIT_EXPORT,
            "/audit/1",
            "/sign-in",
            "/auth/callback",
            "/people/1",
        ] {
            assert!(!may_prefetch(path), "{path}");
        }
        for path in
            [app::routes::HOME, app::routes::CATALOGUE, "/catalogue/ledger", app::routes::REQUEST_FORM]
        {
            assert!(may_prefetch(path), "{path}");
        }
    }
}
