//! The demo's own sign-in provider: OpenID Connect on the loopback, where everybody says who they are.
//!
//! It asks for no password, so it is only ever there in a demo and in tests.

mod authorize;
mod back_channel;
mod end_session;
mod key;
mod page;
mod token;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, middleware, routing};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use openidconnect::core::{
    CoreClientAuthMethod, CoreJsonWebKeySet, CoreJwsSigningAlgorithm, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{
    AuthUrl, IssuerUrl, JsonWebKeySetUrl, PrivateSigningKey as _, ResponseTypes, Scope, TokenUrl,
};
use secrecy::ExposeSecret as _;
use url::Url;

use super::company::DemoPerson;
use crate::config::Settings;
use crate::oidc::{Metadata, OtherMetadata};
use crate::{clock, secret};
use key::ProviderKey;

/// Not the portal's: cookies are shared by all ports of a host.
const COOKIE: &str = "gatebook_demo_provider";
/// A code counts this long.
const CODE_LASTS: TimeDelta = TimeDelta::seconds(60);

/// Shared by all requests.
pub type Shared = std::sync::Arc<DemoProvider>;

/// The provider with all it knows, in memory.
#[derive(Debug)]
pub struct DemoProvider {
    issuer: String,
    client_id: String,
    client_secret: String,
    redirect_uri: String,
    signed_out_uri: String,
    back_channel_uri: String,
    key: ProviderKey,
    people: &'static [DemoPerson],
    wire: reqwest::Client,
    codes: Mutex<HashMap<String, Code>>,
    sessions: Mutex<HashMap<String, SignedIn>>,
}

/// Somebody signed in at the provider.
#[derive(Debug, Clone)]
struct SignedIn {
    person: &'static DemoPerson,
    sid: String,
    authenticated_at: DateTime<Utc>,
}

/// A code on its way through the browser.
#[derive(Debug)]
struct Code {
    who: SignedIn,
    nonce: Option<String>,
    challenge: String,
    issued_at: DateTime<Utc>,
}

impl DemoProvider {
    /// A provider for the portal of these settings.
    ///
    /// # Errors
    /// When its key cannot be made, in words.
    pub fn new(settings: &Settings, people: &'static [DemoPerson]) -> Result<Self, String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wire = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(5))
            .build()
            .map_err(|error| error.to_string())?;
        let of_portal = |path| settings.public_url.of_path(path);
        Ok(Self {
            issuer: settings.oidc.issuer.clone(),
            client_id: settings.oidc.client_id.clone(),
            client_secret: settings.oidc.client_secret.expose_secret().to_owned(),
            redirect_uri: of_portal(app::routes::AUTH_CALLBACK),
            signed_out_uri: of_portal(app::routes::SIGNED_OUT),
            back_channel_uri: of_portal(app::routes::BACK_CHANNEL_LOGOUT),
            key: ProviderKey::new()?,
            people,
            wire,
            codes: Mutex::default(),
            sessions: Mutex::default(),
        })
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer.trim_end_matches('/'))
    }

    fn metadata(&self) -> Result<Metadata, url::ParseError> {
        let other = OtherMetadata {
            end_session_endpoint: Some(Url::parse(&self.at("/end-session"))?),
            authorization_response_iss_parameter_supported: true,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
        };
        Ok(Metadata::new(
            IssuerUrl::new(self.issuer.clone())?,
            AuthUrl::new(self.at("/authorize"))?,
            JsonWebKeySetUrl::new(self.at("/jwks"))?,
            vec![ResponseTypes::new(vec![CoreResponseType::Code])],
            vec![CoreSubjectIdentifierType::Public],
            vec![CoreJwsSigningAlgorithm::EdDsa],
            other,
        )
        .set_token_endpoint(Some(TokenUrl::new(self.at("/token"))?))
        .set_token_endpoint_auth_methods_supported(Some(vec![
            CoreClientAuthMethod::ClientSecretBasic,
            CoreClientAuthMethod::ClientSecretPost,
        ]))
        .set_scopes_supported(Some(
            ["openid", "profile", "email"].map(|scope| Scope::new(scope.to_owned())).to_vec(),
        )))
    }

    fn person(&self, sub: &str) -> Option<&'static DemoPerson> {
        self.people.iter().find(|person| person.sub == sub)
    }

    fn codes(&self) -> MutexGuard<'_, HashMap<String, Code>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, SignedIn>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signed_in(&self, headers: &HeaderMap) -> Option<SignedIn> {
        self.sessions().get(&cookie(headers)?).cloned()
    }

    /// Signs somebody in here. Answers them with the cookie to set.
    fn sign_in(&self, person: &'static DemoPerson) -> (SignedIn, HeaderValue) {
        let who = SignedIn { person, sid: secret::short_token(), authenticated_at: clock::machine() };
        let id = secret::token();
        let cookie = HeaderValue::from_str(&format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Lax"));
        self.sessions().insert(id, who.clone());
        (who, cookie.unwrap_or(HeaderValue::from_static("")))
    }

    /// Forgets this browser. Answers who it was.
    fn sign_out(&self, headers: &HeaderMap) -> Option<SignedIn> {
        self.sessions().remove(&cookie(headers)?)
    }

    fn issue_code(&self, who: SignedIn, nonce: Option<String>, challenge: String) -> String {
        let code = secret::token();
        let now = clock::machine();
        let mut codes = self.codes();
        codes.retain(|_, code| now - code.issued_at <= CODE_LASTS);
        codes.insert(code.clone(), Code { who, nonce, challenge, issued_at: now });
        code
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then(|| value.to_owned())
    })
}

/// All that the provider serves.
pub fn router(provider: Shared) -> Router {
    Router::new()
        .route("/", routing::get(page::home))
        .route("/sign-out", routing::post(end_session::everywhere))
        .route("/.well-known/openid-configuration", routing::get(discovery))
        .route("/jwks", routing::get(jwks))
        .route("/authorize", routing::get(authorize::ask).post(authorize::choose))
        .route("/token", routing::post(token::trade))
        .route("/end-session", routing::get(end_session::from_portal).post(end_session::from_portal))
        .route(page::STYLE_PATH, routing::get(style))
        .layer(middleware::map_response_with_state(provider.clone(), dress))
        .with_state(provider)
}

async fn dress(State(provider): State<Shared>, mut response: Response) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        Url::parse(&provider.redirect_uri).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY"));
    response
}

async fn discovery(State(provider): State<Shared>) -> Response {
    match provider.metadata() {
        Ok(metadata) => Json(metadata).into_response(),
        Err(error) => (http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn jwks(State(provider): State<Shared>) -> Json<CoreJsonWebKeySet> {
    Json(CoreJsonWebKeySet::new(vec![provider.key.signing().as_verification_key()]))
}

async fn style() -> Response {
    let kind =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (kind, page::STYLE).into_response()
}
