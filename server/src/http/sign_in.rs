//! The way to the sign-in provider.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use store::session::Visit;
use tokio::time::Instant;
use tower_sessions::Session;

use super::Door;
use super::dress::Asked;
use super::guard;
use super::plain_page::PlainPage;
use super::return_to::local_path;
use super::session::SIGN_IN_MAX;
use crate::oidc::{OidcError, Pending, Purpose};

/// What a browser's session keeps sign-ins on their way under.
const KEY: &str = "sign_ins";
/// One for each tab that somebody may have open; the oldest goes first.
const UNDERWAY_MAX: usize = 5;

/// A sign-in on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Underway {
    /// What the provider's answer is checked against.
    pub pending: Pending,
    /// Where it leads back to: a path of this portal.
    pub return_to: String,
    /// When it began.
    pub begun_at: DateTime<Utc>,
}

/// `?return_to=/path`, `&again=1` to prove anew who one is, `&silent=1` to read roles without a page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wish {
    return_to: Option<String>,
    again: Option<String>,
    silent: Option<String>,
}

impl Wish {
    fn purpose(&self) -> Purpose {
        match (&self.again, &self.silent) {
            (Some(_), _) => Purpose::Again,
            (None, Some(_)) => Purpose::Silent,
            (None, None) => Purpose::SignIn,
        }
    }
}

/// Sends the browser to the provider.
pub(super) async fn begin(
    State(door): State<Door>,
    Extension(asked): Extension<Asked>,
    Query(wish): Query<Wish>,
    session: Session,
) -> Response {
    let return_to = local_path(wish.return_to.as_deref());
    let visit = match guard::visit(&door, &session, &asked).await {
        Ok(visit) => visit,
        Err(error) => return guard::unavailable(&error),
    };
    // Whoever is sent here for their roles was sent once an hour, and would be without them if this was refused.
    let is_for_roles = wish.purpose() == Purpose::Silent && visit.is_some();
    if !is_for_roles && let Err(wait) = door.limiter.take(asked.address, Instant::now()) {
        let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().saturating_add(1)));
        return response;
    }
    let purpose = match (wish.purpose(), &visit) {
        (Purpose::SignIn, Some(_)) => return Redirect::to(return_to).into_response(),
        // There is nobody to ask silently about.
        (Purpose::Silent, None) => Purpose::SignIn,
        (purpose, _) => purpose,
    };
    match door.provider.begin(purpose).await {
        Ok((url, pending)) => {
            let begun_at = crate::clock::now(door.store.clock());
            let underway = Underway { pending, return_to: return_to.to_owned(), begun_at };
            match remember(&session, underway).await {
                Ok(()) => Redirect::to(url.as_str()).into_response(),
                Err(error) => lost(&error),
            }
        }
        Err(error) if purpose == Purpose::Silent => {
            tracing::warn!(%error, "roles could not be read anew");
            Redirect::to(return_to).into_response()
        }
        Err(error) => provider_away(&error, return_to, visit.as_ref()),
    }
}

async fn remember(session: &Session, underway: Underway) -> Result<(), tower_sessions::session::Error> {
    let mut all: Vec<Underway> = session.get(KEY).await?.unwrap_or_default();
    let too_many = (all.len() + 1).saturating_sub(UNDERWAY_MAX);
    all.drain(..too_many.min(all.len()));
    all.push(underway);
    session.insert(KEY, all).await?;
    // Now, where it can still be said that it did not work.
    session.save().await
}

/// Takes a sign-in out of the session, so that its answer counts once. `None` when this browser has none of
/// this state, or it has run out.
pub(super) async fn take(
    session: &Session,
    state: &str,
    now: DateTime<Utc>,
) -> Result<Option<Underway>, tower_sessions::session::Error> {
    let mut all: Vec<Underway> = session.get(KEY).await?.unwrap_or_default();
    let Some(at) = all.iter().position(|underway| is_same(&underway.pending.state, state)) else {
        return Ok(None);
    };
    let underway = all.remove(at);
    session.insert(KEY, all).await?;
    // Now, not after the answer: what fails later is not saved.
    session.save().await?;
    Ok((now - underway.begun_at <= SIGN_IN_MAX).then_some(underway))
}

fn is_same(one: &str, other: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// The session could not be kept.
pub(super) fn lost(error: &tower_sessions::session::Error) -> Response {
    tracing::error!(%error, "a sign-in could not be kept");
    PlainPage::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "Signing in does not work right now",
        "Gatebook’s database takes nothing down at the moment, so nobody was signed in. Try again in a while.",
    )
    .link(app::routes::HOME, "Try again")
    .answer()
}

/// The provider cannot be used.
pub(super) fn provider_away(error: &OidcError, return_to: &str, visit: Option<&Visit>) -> Response {
    tracing::error!(%error, "somebody could not sign in");
    let text = match visit {
        Some(_) => {
            "The sign-in provider does not answer. You are still signed in, and everything else goes on working."
        }
        None => {
            "The sign-in provider does not answer. Nothing is wrong with your account; try again in a moment."
        }
    };
    let return_to: String = url::form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
    let retry = format!("{}?return_to={return_to}", app::routes::SIGN_IN);
    let page = PlainPage::new(StatusCode::SERVICE_UNAVAILABLE, "Signing in does not work right now", text)
        .link(&retry, "Try again");
    let page = if visit.is_some() { page.link(app::routes::HOME, "Go home") } else { page };
    let mut response = page.answer();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}
