//! The token endpoint: OpenID Connect Core 3.1.3, RFC 7636 4.6.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Form, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use http::{HeaderMap, StatusCode, header};
use openidconnect::core::{
    CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreTokenType,
};
use openidconnect::{
    AccessToken, Audience, EmptyExtraTokenFields, EndUserEmail, EndUserName, EndUserTimezone, IdToken,
    IdTokenClaims, IdTokenFields, IssuerUrl, LocalizedClaim, Nonce, StandardClaims, StandardTokenResponse,
    SubjectIdentifier,
};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::{CODE_LASTS, Code, DemoProvider, Shared};
use crate::oidc::OtherClaims;
use crate::{clock, secret};

/// How long an ID token counts.
const ID_TOKEN_LASTS: TimeDelta = TimeDelta::minutes(5);

type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// Trades a code for an ID token, once.
pub(super) async fn trade(
    State(provider): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if !is_client(&provider, &headers, &form) {
        return error(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if field("grant_type") != "authorization_code" {
        return error(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    // Taken out before anything is checked: a code counts once, also for whoever guesses the rest.
    let Some(code) = provider.codes().remove(field("code")) else {
        return error(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let challenge = URL_SAFE_NO_PAD.encode(secret::hash(field("code_verifier").as_bytes()));
    let is_in_time = clock::machine() - code.issued_at <= CODE_LASTS;
    if !is_in_time || challenge != code.challenge || field("redirect_uri") != provider.redirect_uri {
        return error(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    match tokens(&provider, &code) {
        Ok(tokens) => Json(tokens).into_response(),
        Err(cause) => {
            tracing::error!(cause, "the demo’s provider could not make an ID token");
            error(StatusCode::INTERNAL_SERVER_ERROR, "server_error")
        }
    }
}

/// Client authentication by header or by form (RFC 6749 2.3.1).
fn is_client(provider: &DemoProvider, headers: &HeaderMap, form: &HashMap<String, String>) -> bool {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
    let (id, secret) = match &basic {
        Some(pair) => pair.split_once(':').unwrap_or_default(),
        None => {
            let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
            (field("client_id"), field("client_secret"))
        }
    };
    let decode = |text: &str| {
        let pair = format!("x={text}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let (id, secret) = if basic.is_some() {
        (decode(id), decode(secret))
    } else {
        (Some(id.to_owned()), Some(secret.to_owned()))
    };
    id.as_deref() == Some(provider.client_id.as_str())
        && secret.is_some_and(|secret| secret.as_bytes().ct_eq(provider.client_secret.as_bytes()).into())
}

fn tokens(
    provider: &DemoProvider,
    code: &Code,
) -> Result<StandardTokenResponse<Fields, CoreTokenType>, String> {
    let person = code.who.person;
    let named = |name: &str| {
        let mut claim = LocalizedClaim::new();
        claim.insert(None, EndUserName::new(name.to_owned()));
        claim
    };
    let standard = StandardClaims::new(SubjectIdentifier::new(person.sub.to_owned()))
        .set_name(Some(named(person.name)))
        .set_email(Some(EndUserEmail::new(person.email.to_owned())))
        .set_email_verified(Some(true))
        .set_zoneinfo(Some(EndUserTimezone::new(person.time_zone.to_owned())));
    let other = json!({ "groups": person.groups, "sid": code.who.sid });
    let now = clock::machine();
    let claims = IdTokenClaims::new(
        IssuerUrl::new(provider.issuer.clone()).map_err(|error| error.to_string())?,
        vec![Audience::new(provider.client_id.clone())],
        now + ID_TOKEN_LASTS,
        now,
        standard,
        OtherClaims { all: other.as_object().cloned().unwrap_or_default() },
    )
    .set_auth_time(Some(code.who.authenticated_at))
    .set_nonce(code.nonce.clone().map(Nonce::new));
    let access_token = AccessToken::new(secret::token());
    let id_token = IdToken::new(
        claims,
        provider.key.signing(),
        CoreJwsSigningAlgorithm::EdDsa,
        Some(&access_token),
        None,
    )
    .map_err(|error| error.to_string())?;
    Ok(StandardTokenResponse::new(
        access_token,
        CoreTokenType::Bearer,
        IdTokenFields::new(Some(id_token), EmptyExtraTokenFields {}),
    ))
}

fn error(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({ "error": code }))).into_response()
}
