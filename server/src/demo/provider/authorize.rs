//! The authorization endpoint: OpenID Connect Core 3.1.2, always with PKCE (RFC 7636, S256).

use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::TimeDelta;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use url::Url;

use super::{DemoProvider, Shared, SignedIn, page};
use crate::clock;

/// What the portal asks, and what the page sends back once somebody has chosen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ask {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) response_type: String,
    pub(super) scope: String,
    pub(super) state: String,
    pub(super) nonce: Option<String>,
    pub(super) code_challenge: String,
    pub(super) code_challenge_method: String,
    pub(super) prompt: Option<String>,
    pub(super) max_age: Option<String>,
    /// What to look for on the page.
    pub(super) q: Option<String>,
    /// Who was chosen.
    pub(super) sub: Option<String>,
}

impl Ask {
    /// What goes along with every form of the page.
    pub(super) fn fields(&self) -> Vec<(&'static str, &str)> {
        let mut fields = vec![
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", &self.response_type),
            ("scope", &self.scope),
            ("state", &self.state),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ];
        let optional = [("nonce", &self.nonce), ("prompt", &self.prompt), ("max_age", &self.max_age)];
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
        fields
    }

    /// Whether somebody who signed in here before is still believed.
    fn takes(&self, who: &SignedIn) -> bool {
        let wants_login = self.prompt.as_deref() == Some("login");
        let max_age = self.max_age.as_deref().and_then(|text| text.parse().ok()).map(TimeDelta::seconds);
        !wants_login && max_age.is_none_or(|max| clock::machine() - who.authenticated_at < max)
    }

    /// An answer through the browser.
    fn answer(&self, provider: &DemoProvider, pairs: &[(&str, &str)]) -> Response {
        match Url::parse(&self.redirect_uri) {
            Ok(mut url) => {
                url.query_pairs_mut()
                    .extend_pairs(pairs)
                    .append_pair("state", &self.state)
                    .append_pair("iss", &provider.issuer);
                Redirect::to(url.as_str()).into_response()
            }
            Err(_) => refuse("redirect_uri is no address"),
        }
    }

    /// What is wrong with the question: told here where the way back cannot be trusted, else on the way back.
    fn fault(&self, provider: &DemoProvider) -> Option<Response> {
        if self.client_id != provider.client_id {
            return Some(refuse("client_id is not known"));
        }
        if self.redirect_uri != provider.redirect_uri {
            return Some(refuse("redirect_uri is not the portal’s"));
        }
        let error = if self.response_type != "code" {
            "unsupported_response_type"
        } else if !self.scope.split(' ').any(|scope| scope == "openid") {
            "invalid_scope"
        } else if self.code_challenge_method != "S256" || self.code_challenge.len() != 43 {
            "invalid_request"
        } else {
            return None;
        };
        Some(self.answer(provider, &[("error", error)]))
    }

    fn give_code(&self, provider: &DemoProvider, who: SignedIn) -> Response {
        let code = provider.issue_code(who, self.nonce.clone(), self.code_challenge.clone());
        self.answer(provider, &[("code", &code)])
    }
}

/// Asks who it is, unless that is known.
pub(super) async fn ask(
    State(provider): State<Shared>,
    headers: HeaderMap,
    Query(ask): Query<Ask>,
) -> Response {
    if let Some(fault) = ask.fault(&provider) {
        return fault;
    }
    match provider.signed_in(&headers).filter(|who| ask.takes(who)) {
        Some(who) => ask.give_code(&provider, who),
        None if ask.prompt.as_deref() == Some("none") => {
            ask.answer(&provider, &[("error", "login_required")])
        }
        None => page::who_are_you(&provider, &ask),
    }
}

/// Somebody has said who they are.
pub(super) async fn choose(
    State(provider): State<Shared>,
    headers: HeaderMap,
    Form(ask): Form<Ask>,
) -> Response {
    if let Some(fault) = ask.fault(&provider) {
        return fault;
    }
    let Some(person) = ask.sub.as_deref().and_then(|sub| provider.person(sub)) else {
        return refuse("nobody of that name is known");
    };
    provider.sign_out(&headers);
    let (who, cookie) = provider.sign_in(person);
    let mut response = ask.give_code(&provider, who);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

fn refuse(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, page::saying("This cannot be answered", why)).into_response()
}
