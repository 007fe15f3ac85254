//! Signing out at the provider: because the portal asks (OpenID Connect RP-Initiated Logout 1.0), or here.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

use super::{COOKIE, Shared, page};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

/// Ends this browser's sign-in and leads back to the portal.
pub(super) async fn from_portal(
    State(provider): State<Shared>,
    headers: HeaderMap,
    Query(wish): Query<Wish>,
) -> Response {
    provider.sign_out(&headers);
    let back = wish.post_logout_redirect_uri.filter(|uri| *uri == provider.signed_out_uri);
    let response = match (back, wish.state) {
        (Some(uri), Some(state)) => {
            let state: String = url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
            Redirect::to(&format!("{uri}?state={state}")).into_response()
        }
        (Some(uri), None) => Redirect::to(&uri).into_response(),
        (None, _) => page::saying("You are signed out", "Nobody is signed in here now.").into_response(),
    };
    without_cookie(response)
}

/// Ends this browser's sign-in, and tells the portal behind its back.
pub(super) async fn everywhere(State(provider): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(who) = provider.sign_out(&headers)
        && let Err(error) = provider.notify(&who.sid, who.person.sub).await
    {
        tracing::warn!(error, "the portal could not be told that somebody signed out");
    }
    without_cookie(Redirect::to("/").into_response())
}

fn without_cookie(mut response: Response) -> Response {
    let gone = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    if let Ok(gone) = HeaderValue::from_str(&gone) {
        response.headers_mut().insert(header::SET_COOKIE, gone);
    }
    response
}
