//! The built site: styles, fonts, and what runs in the browser. Inside the binary in a release build, read
//! from `target/site` otherwise.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

/// The files, by their path without a leading slash.
#[derive(RustEmbed)]
#[folder = "../target/site"]
struct Site;

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_ANEW: HeaderValue = HeaderValue::from_static("public, no-cache");
/// What `?v=` carries: so much of the content's hash.
const VERSION_BYTES: usize = 8;

/// The address of a file with its content's hash, so that browsers may keep it for good:
/// `/app.css?v=0123456789abcdef`. Without the hash while the file is not there.
pub fn versioned(path: &str) -> String {
    match Site::get(path.trim_start_matches('/')) {
        Some(file) => format!("{path}?v={}", version(&file.metadata.sha256_hash())),
        None => path.to_owned(),
    }
}

/// Serves a file of the site; whatever else is asked for is somebody else's to answer.
pub(super) async fn serve(request: Request, next: Next) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match Site::get(path).filter(|_| is_read) {
        Some(file) => answer(path, file, &request),
        None => next.run(request).await,
    }
}

fn answer(path: &str, file: EmbeddedFile, request: &Request) -> Response {
    let hash = version(&file.metadata.sha256_hash());
    let wanted = request.uri().query().and_then(|query| query.strip_prefix("v="));
    let etag = format!("\"{hash}\"");
    let is_known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tags| String::from_utf8_lossy(tags.as_bytes()).contains(&etag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => content(path, file.data, request.headers()),
    };
    let headers = response.headers_mut();
    // An address with another version's hash gets today's file, but may not keep it.
    headers.insert(header::CACHE_CONTROL, if wanted == Some(&hash) { IMMUTABLE } else { ASK_ANEW });
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// The file, or its brotli sibling `FILE.br` where the build made one and the browser takes it.
fn content(path: &str, plain: Cow<'static, [u8]>, asked: &HeaderMap) -> Response {
    let takes_brotli = asked
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|coding| coding.trim().split(';').next() == Some("br")));
    let smaller = if takes_brotli { Site::get(&format!("{path}.br")) } else { None };
    let is_smaller = smaller.is_some();
    let data = smaller.map_or(plain, |file| file.data);
    let body = match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(path)));
    if is_smaller {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn version(hash: &[u8; 32]) -> String {
    hash.iter().take(VERSION_BYTES).map(|byte| format!("{byte:02x}")).collect()
}
