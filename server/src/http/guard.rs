//! Who is asking. One query tells; nothing behind this runs for somebody who is not signed in.

use app::error::PortalError;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, TimeDelta, Utc};
use domain::caller::{Caller, Roles, Source};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use store::session::{Seen, Visit};
use store::{Cause, StoreError};
use tower_sessions::Session;

use super::Door;
use super::dress::Asked;
use super::plain_page::PlainPage;
use super::prefetch::{self, is_prefetch};
use super::session::id_hash;

/// How long what the groups claim said counts.
pub const ROLES_LAST: TimeDelta = TimeDelta::hours(1);

/// Who is asking, for whatever is behind the guard.
#[derive(Debug, Clone)]
pub struct Visiting(pub Caller);

/// Lets signed-in people through and sends everybody else to sign in.
pub async fn guard(State(door): State<Door>, session: Session, mut request: Request, next: Next) -> Response {
    let Some(asked) = request.extensions().get::<Asked>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let visit = match visit(&door, &session, &asked).await {
        Ok(Some(visit)) => visit,
        // Where nothing is, nobody needs to sign in to learn that.
        Ok(None) if request.extensions().get::<MatchedPath>().is_none() => {
            return StatusCode::NOT_FOUND.into_response();
        }
        Ok(None) => return signed_out(&request),
        Err(error) => return unavailable(&error),
    };
    if is_page(&request) && should_ask_for_roles(&visit) {
        // Noted first: whoever comes back without an answer is not sent there again at once.
        match store::session::mark_roles_tried(&door.store, visit.id, visit.now).await {
            Ok(()) => return Redirect::to(&sign_in_path(&request, "silent=1&")).into_response(),
            Err(error) => tracing::warn!(%error, "roles are not read anew; the page is shown without them"),
        }
    }
    request.extensions_mut().insert(Visiting(caller(&door, visit, &asked)));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // Asked for anew each time, but “back” may show it as it was.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        headers.insert(prefetch::RULES_HEADER, prefetch::RULES_HEADER_VALUE);
    }
    response
}

/// The live session of this browser, if there is one.
pub async fn visit(door: &Door, session: &Session, asked: &Asked) -> Result<Option<Visit>, StoreError> {
    let Some(id) = session.id() else { return Ok(None) };
    let ip = asked.address.to_string();
    let seen = Seen { ip: Some(&ip), user_agent: asked.user_agent.as_deref() };
    store::session::visit(&door.store, &id_hash(id), seen, door.settings.sessions.idle).await
}

/// The caller that a visit makes.
pub fn caller(door: &Door, visit: Visit, asked: &Asked) -> Caller {
    let zone = visit.time_zone.as_deref().and_then(|zone| zone.parse().ok());
    Caller {
        roles: lasting_roles(visit.roles, visit.roles_read_at, visit.now),
        person: visit.person,
        authenticated_at: visit.authenticated_at,
        session: visit.id,
        source: source(asked),
        time_zone: zone.unwrap_or(door.settings.time_zone),
        called_at: visit.now,
    }
}

/// From where, for the book.
pub fn source(asked: &Asked) -> Source {
    Source {
        origin: "web".to_owned(),
        ip: Some(asked.address.to_string()),
        user_agent: asked.user_agent.clone(),
    }
}

/// Roles lapse to none when they were read too long ago, so that leaving a group works without signing out.
pub(crate) fn lasting_roles(roles: Roles, read_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Roles {
    if read_at.is_some_and(|at| now - at < ROLES_LAST) { roles } else { Roles::default() }
}

/// Whether to ask the provider, without a page, what groups somebody is in by now: only if they had a role
/// that has lapsed, and not again before another hour is over.
fn should_ask_for_roles(visit: &Visit) -> bool {
    let had = visit.roles != Roles::default();
    let is_within = |at: Option<DateTime<Utc>>| at.is_some_and(|at| visit.now - at < ROLES_LAST);
    had && !is_within(visit.roles_read_at) && !is_within(visit.roles_tried_at)
}

/// Whether somebody looks at a page, so that a redirect leads them somewhere.
fn is_page(request: &Request) -> bool {
    *request.method() == Method::GET && accepts_html(request.headers()) && !is_prefetch(request.headers())
}

/// Whether a browser asks, and not a script.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    accepts.windows(b"text/html".len()).any(|part| part == b"text/html")
}

fn sign_in_path(request: &Request, purpose: &str) -> String {
    let here = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let here: String = url::form_urlencoded::byte_serialize(here.as_bytes()).collect();
    format!("{}?{purpose}return_to={here}", app::routes::SIGN_IN)
}

fn signed_out(request: &Request) -> Response {
    if is_page(request) {
        return Redirect::to(&sign_in_path(request, "")).into_response();
    }
    if is_prefetch(request.headers()) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if accepts_html(request.headers()) {
        return PlainPage::new(
            StatusCode::UNAUTHORIZED,
            "You are signed out",
            "Nothing was sent. Sign in, then go back in this window and send the form again: what you typed \
             is still in it.",
        )
        .link(app::routes::SIGN_IN, "Sign in")
        .answer();
    }
    // What the portal's own scripts read.
    (StatusCode::UNAUTHORIZED, axum::Json(PortalError::SignedOut)).into_response()
}

/// The database cannot be asked, or cannot take it down: nobody is let in on a guess, and nobody without an event.
pub fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "the database could not be asked who this is");
    let (title, text) = match error.cause() {
        Cause::Full => (
            "Signing in does not work right now",
            "Gatebook’s database has no room left to write a sign-in down, so nobody was signed in. Whoever is \
             signed in already goes on. Try again when an administrator has made room.",
        ),
        _ => (
            "Gatebook cannot look that up",
            "Its database does not answer, so nothing was changed. Try again in a moment.",
        ),
    };
    PlainPage::new(StatusCode::SERVICE_UNAVAILABLE, title, text).link(app::routes::HOME, "Try again").answer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_last_an_hour_and_lapse_to_none() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let admin = Roles { administrator: true, auditor: false };
        assert_eq!(lasting_roles(admin, Some(now - TimeDelta::minutes(59)), now), admin);
        assert_eq!(lasting_roles(admin, Some(now - TimeDelta::minutes(60)), now), Roles::default());
        assert_eq!(lasting_roles(admin, None, now), Roles::default());
    }
}
