//! Leaving, here and at the provider (OpenID Connect RP-Initiated Logout 1.0).

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use store::StoreError;
use tower_sessions::Session;

use super::dress::Asked;
use super::plain_page::PlainPage;
use super::session::cookie_name;
use super::{Door, guard};
use crate::portal::sign_out;

/// Ends this browser's session, then leads to the provider, so that the next sign-in asks who it is.
pub(super) async fn leave(
    State(door): State<Door>,
    Extension(asked): Extension<Asked>,
    session: Session,
) -> Response {
    let visit = match guard::visit(&door, &session, &asked).await {
        Ok(visit) => visit,
        Err(error) => return guard::unavailable(&error),
    };
    let id_token = match visit {
        None => None,
        Some(visit) => match sign_out::by_self(&door.store, &guard::caller(&door, visit, &asked)).await {
            Ok(id_token) => id_token,
            Err(error) => return still_here(&error),
        },
    };
    // What is left is the cookie; an empty session takes it away.
    if let Err(error) = session.flush().await {
        tracing::warn!(%error, "a session's cookie could not be taken away");
    }
    let back_to = door.settings.public_url.of_path(app::routes::SIGNED_OUT);
    let onward = door.provider.end_session_url(id_token.as_deref(), &back_to);
    let to = onward.map_or_else(|| app::routes::SIGNED_OUT.to_owned(), String::from);
    let mut response = Redirect::to(&to).into_response();
    // Pages kept for “back” go as well.
    response
        .headers_mut()
        .insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    if door.settings.public_url.is_https() {
        // The session layer takes the cookie away without `Secure`, which browsers refuse for this name.
        let gone =
            format!("{}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax", cookie_name(&door.settings));
        if let Ok(gone) = HeaderValue::from_str(&gone) {
            response.headers_mut().append(header::SET_COOKIE, gone);
        }
    }
    response
}

/// The end could not be written down, so there was none.
fn still_here(error: &StoreError) -> Response {
    tracing::error!(%error, "somebody could not be signed out");
    let text = "This could not be written down, so this browser is still signed in to Gatebook. Go back and try again; \
                on a computer of others, delete this site’s data in the browser before you leave.";
    PlainPage::new(StatusCode::SERVICE_UNAVAILABLE, "You are still signed in", text)
        .link(app::routes::HOME, "Go home")
        .answer()
}

/// After signing out.
pub(super) async fn signed_out() -> Response {
    PlainPage::new(StatusCode::OK, "You are signed out", "This browser is no longer signed in to Gatebook.")
        .link(app::routes::SIGN_IN, "Sign in")
        .answer()
}
