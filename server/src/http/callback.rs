//! The way back from the sign-in provider.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;
use tower_sessions::Session;

use super::dress::Asked;
use super::plain_page::PlainPage;
use super::session::id_hash;
use super::sign_in::{self, Underway};
use super::{Door, guard};
use crate::oidc::{Arrival, OidcError, Purpose};
use crate::portal::sign_in::{Browser, Refusal, admit, is_somebody_else, refuse};

/// What the provider sends along: RFC 6749 4.1.2, RFC 9207.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Takes the provider's answer.
pub(super) async fn arrive(
    State(door): State<Door>,
    Extension(asked): Extension<Asked>,
    Query(answer): Query<Answer>,
    session: Session,
) -> Response {
    let now = crate::clock::now(door.store.clock());
    let underway = match sign_in::take(&session, answer.state.as_deref().unwrap_or_default(), now).await {
        Ok(Some(underway)) => underway,
        Ok(None) => return unknown_sign_in(),
        Err(error) => return sign_in::lost(&error),
    };
    let arrival = match proven(&door, &underway, &answer).await {
        Ok(Some(arrival)) => arrival,
        Ok(None) => return declined(&underway, answer.error.as_deref()),
        Err(error) => return not_proven(&door, &asked, &underway, &error).await,
    };
    let visit = match guard::visit(&door, &session, &asked).await {
        Ok(visit) => visit,
        Err(error) => return guard::unavailable(&error),
    };
    let purpose = underway.pending.purpose;
    if let Some(visit) = &visit
        && purpose != Purpose::SignIn
    {
        match is_somebody_else(&door.store, &visit.person, &arrival, guard::source(&asked)).await {
            Ok(false) => {}
            Ok(true) if purpose == Purpose::Silent => {
                return Redirect::to(&underway.return_to).into_response();
            }
            Ok(true) => return somebody_else(&visit.person.name, &underway.return_to),
            Err(error) => return guard::unavailable(&error),
        }
    }
    let replaces = visit.map(|visit| visit.id);
    // A new secret from here on: whoever knew the old one must not be signed in by this.
    let hash = match rotate(&session).await {
        Ok(Some(hash)) => hash,
        Ok(None) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(error) => return sign_in::lost(&error),
    };
    let browser = Browser { hash, source: guard::source(&asked), replaces };
    match admit(&door.store, &door.settings, &arrival, &browser).await {
        Ok(Ok(person)) => {
            tracing::info!(person = %person.id, "signed in");
            Redirect::to(&underway.return_to).into_response()
        }
        Ok(Err(refusal)) => refused(&refusal),
        Err(error) => guard::unavailable(&error),
    }
}

async fn rotate(session: &Session) -> Result<Option<[u8; 32]>, tower_sessions::session::Error> {
    session.cycle_id().await?;
    session.save().await?;
    Ok(session.id().map(id_hash))
}

/// Who it is. `None` when the provider says that it did not come to that.
async fn proven(door: &Door, underway: &Underway, answer: &Answer) -> Result<Option<Arrival>, OidcError> {
    door.provider.check_issuer(answer.iss.as_deref()).await?;
    match (&answer.code, &answer.error) {
        (Some(code), None) => {
            let now = crate::clock::now(door.store.clock());
            door.provider.finish(&underway.pending, code.clone(), now).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// The provider did not sign them in: they gave up, or it would have had to ask and was told not to.
fn declined(underway: &Underway, error: Option<&str>) -> Response {
    tracing::info!(error, purpose = ?underway.pending.purpose, "the provider declined a sign-in");
    if underway.pending.purpose == Purpose::Silent {
        return Redirect::to(&underway.return_to).into_response();
    }
    again(
        StatusCode::FORBIDDEN,
        "You are not signed in",
        "The sign-in provider ended the sign-in before it was done.",
    )
}

fn unknown_sign_in() -> Response {
    again(
        StatusCode::BAD_REQUEST,
        "This sign-in cannot be finished",
        "It took too long, was finished already, or was begun in another browser.",
    )
}

/// Something about the answer does not hold. The log says what; the person cannot mend it.
async fn not_proven(door: &Door, asked: &Asked, underway: &Underway, error: &OidcError) -> Response {
    if underway.pending.purpose == Purpose::Silent {
        tracing::warn!(%error, "roles could not be read anew");
        return Redirect::to(&underway.return_to).into_response();
    }
    if let OidcError::Unavailable(_) = error {
        return sign_in::provider_away(error, &underway.return_to, None);
    }
    tracing::warn!(%error, "a sign-in was refused");
    if let Err(error) = refuse(&door.store, guard::source(asked), &error.to_string()).await {
        return guard::unavailable(&error);
    }
    match error {
        OidcError::Claims(_) | OidcError::Misconfigured(_) => again(
            StatusCode::BAD_GATEWAY,
            "Gatebook and the sign-in provider do not fit together",
            "What the provider says about you cannot be used. Tell whoever looks after Gatebook; the log says more.",
        ),
        _ => again(
            StatusCode::BAD_REQUEST,
            "This sign-in was refused",
            "The answer of the sign-in provider does not hold, so nobody was signed in.",
        ),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let text = match refusal {
        Refusal::Suspended => "Your access is suspended. Ask your manager or an administrator of Gatebook.",
        Refusal::Left => {
            "According to Gatebook you do not work here any more. If that is wrong, tell an administrator."
        }
        Refusal::Unknown => {
            "Gatebook does not know you yet. Ask an administrator to add you, then sign in again."
        }
        Refusal::EmailTaken => {
            "Your address belongs to somebody else in Gatebook, or the sign-in provider does not vouch for it. \
             Ask an administrator to sort it out."
        }
    };
    again(StatusCode::FORBIDDEN, "You cannot come in", text)
}

/// They were to prove that they are still themselves, and came back as another. Nothing has changed.
fn somebody_else(name: &str, return_to: &str) -> Response {
    let text = format!(
        "You are signed in here as {name}, and the sign-in provider answered for somebody else. Nothing was \
         changed. Sign in there as {name}, or sign out here first."
    );
    PlainPage::new(StatusCode::FORBIDDEN, "That was somebody else", &text).link(return_to, "Go back").answer()
}

fn again(status: StatusCode, title: &str, text: &str) -> Response {
    PlainPage::new(status, title, text).link(app::routes::SIGN_IN, "Sign in again").answer()
}
