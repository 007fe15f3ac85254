//! What every answer wears: security headers, a request id, and a readable page where a layer below gave
//! only a status.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::Door;
use super::client_address::client_address;
use super::plain_page::PlainPage;
use crate::secret;

/// The longest `User-Agent` that is kept, in characters.
const USER_AGENT_MAX: usize = 300;
/// Told to proxies and to whoever asks for help; the log has it too.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How a page tells which nonce its scripts carry; never sent.
pub const NONCE: HeaderName = HeaderName::from_static("x-gatebook-nonce");

/// What is known of a request before anybody looks at it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Unique, for the log.
    pub request_id: String,
    /// From where.
    pub address: IpAddr,
    /// As the browser sent it, at most 300 characters.
    pub user_agent: Option<String>,
}

/// Notes what is known of the request, and dresses the answer.
pub async fn dress(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let headers = request.headers();
    let asked = Asked {
        request_id: secret::short_token(),
        address: client_address(
            peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            headers,
            &door.settings.trusted_proxies,
        ),
        user_agent: headers
            .get(header::USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .map(|text| text.chars().filter(|c| !c.is_control()).take(USER_AGENT_MAX).collect()),
    };
    request.extensions_mut().insert(asked.clone());
    let theme = theme_cookie(request.headers());
    let mut response = next.run(request).await;
    let nonce = response.headers_mut().remove(NONCE);
    let mut response = PlainPage::write(readable(response, &asked.request_id), &theme);
    add_headers(response.headers_mut(), &door, &asked, nonce.as_ref().and_then(|nonce| nonce.to_str().ok()));
    response
}

/// The headers that name the chosen theme, kept for after the answer.
fn theme_cookie(headers: &HeaderMap) -> HeaderMap {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies.map(|cookie| (header::COOKIE, cookie.clone())).collect()
}

/// A status that a layer gave without a word becomes a page.
fn readable(response: Response, request_id: &str) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_bare = match response.headers().get(header::CONTENT_TYPE) {
        None => true,
        // The body limit speaks, but not to people.
        Some(kind) => status == StatusCode::PAYLOAD_TOO_LARGE && kind.as_bytes().starts_with(b"text/plain"),
    };
    if !is_error || !is_bare {
        return response;
    }
    let (title, text) = words(status);
    let page = PlainPage::new(status, title, text).link(app::routes::HOME, "Go home");
    let mut dressed = page.request_id(request_id).answer();
    for (name, value) in response.headers() {
        if *name != header::CONTENT_LENGTH
            && *name != header::CONTENT_TYPE
            && *name != header::CONTENT_ENCODING
        {
            dressed.headers_mut().append(name, value.clone());
        }
    }
    dressed
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        403 => (
            "This came from elsewhere",
            "Another site tried to do this in your name, so nothing was done. Do it from Gatebook’s own pages.",
        ),
        404 => ("Nothing here", "There is nothing here, or nothing that you may see."),
        405 => ("That does not work here", "This address takes another kind of request."),
        408 | 503 => (
            "This took too long",
            "The answer did not come in time. What you sent may or may not have been done; look before you send it again.",
        ),
        413 => (
            "Too much at once",
            "What was sent is larger than Gatebook takes here. Go back in this window: what you typed is still in the form.",
        ),
        429 => ("Too often", "Wait a moment, then try again."),
        400..=499 => {
            ("That was not understood", "Something about this request is not right, so nothing was done.")
        }
        _ => {
            ("Something went wrong", "This is ours to mend, and nothing was changed. Try again in a moment.")
        }
    }
}

fn add_headers(headers: &mut HeaderMap, door: &Door, asked: &Asked, nonce: Option<&str>) {
    let set = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::REFERRER_POLICY, "same-origin");
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(headers, HeaderName::from_static("permissions-policy"), PERMISSIONS);
    if door.settings.public_url.is_https() {
        set(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=63072000");
    }
    let form_targets = door.provider.end_session_origin().unwrap_or_default();
    if let Ok(policy) = HeaderValue::from_str(&content_policy(nonce, &form_targets)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&asked.request_id) {
        headers.insert(REQUEST_ID, id);
    }
}

const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), usb=()";

/// Nothing runs that this answer did not name. Signing out is a form that leads on to the provider, so that
/// one origin is allowed beside this one.
fn content_policy(nonce: Option<&str>, form_targets: &str) -> String {
    let scripts = match nonce {
        Some(nonce) => format!("'nonce-{nonce}' 'wasm-unsafe-eval'"),
        None => "'none'".to_owned(),
    };
    format!(
        "default-src 'none'; script-src {scripts}; style-src 'self'; font-src 'self'; \
         img-src 'self' data:; connect-src 'self'; manifest-src 'self'; form-action 'self' {form_targets}; \
         frame-ancestors 'none'; base-uri 'none'"
    )
    .replace(" ;", ";")
}
