//! One sign-in: the way there, and what comes back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreJsonWebKey, CoreResponseType,
};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, CsrfToken, IdTokenVerifier, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RequestTokenError, Scope,
    SignatureVerificationError, StandardErrorResponse, TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::identity::Identity;
use url::Url;

use super::claims::{self, ClaimsError};
use super::provider::{AnyClaimsClient, Metadata, Provider, Tokens, with_causes};
use super::wire::WireError;
use super::{ALLOWED_ALGORITHMS, CLOCK_SKEW, OidcError};
use crate::secret;

/// Why somebody is sent to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To prove anew who they are.
    Again,
    /// To read groups anew, without a page.
    Silent,
}

/// A sign-in on its way: what the browser's session keeps until the answer is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pending {
    /// Ties the answer to this browser.
    pub state: String,
    /// Ties the ID token to this sign-in.
    nonce: String,
    /// Ties the code to this sign-in (PKCE).
    verifier: String,
    /// Why.
    pub purpose: Purpose,
}

/// Somebody the provider vouches for.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Who.
    pub identity: Identity,
    /// Their groups; empty where the provider says nothing about groups.
    pub groups: Vec<String>,
    /// `sid` at the provider.
    pub sid: Option<String>,
    /// As it came, for signing out.
    pub id_token: String,
    /// When they last proved who they are; `None` where the provider does not say, or says nonsense.
    pub authenticated_at: Option<DateTime<Utc>>,
}

impl Provider {
    /// Begins a sign-in: where to send the browser, and what to remember.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn begin(&self, purpose: Purpose) -> Result<(Url, Pending), OidcError> {
        let known = self.metadata().await?;
        self.knock(&known).await?;
        let pending =
            Pending { state: secret::token(), nonce: secret::token(), verifier: secret::token(), purpose };
        let (state, nonce) = (pending.state.clone(), pending.nonce.clone());
        let verifier = PkceCodeVerifier::new(pending.verifier.clone());
        let client = self.client(&known);
        let flow: CoreAuthenticationFlow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = client
            .authorize_url(flow, move || CsrfToken::new(state), move || Nonce::new(nonce))
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        request = match purpose {
            Purpose::SignIn => request,
            Purpose::Again => request.set_max_age(Duration::ZERO).add_prompt(CoreAuthPrompt::Login),
            Purpose::Silent => request.add_prompt(CoreAuthPrompt::None),
        };
        Ok((request.url().0, pending))
    }

    /// Whether an answer may come from this provider, by its `iss` parameter (RFC 9207).
    ///
    /// # Errors
    /// When it names another, or none although this provider always does.
    pub async fn check_issuer(&self, iss: Option<&str>) -> Result<(), OidcError> {
        let is_named = match iss {
            Some(iss) if iss != self.issuer() => return Err(OidcError::IssuerMixedUp),
            iss => iss.is_some(),
        };
        let known = self.metadata().await?;
        if known.additional_metadata().authorization_response_iss_parameter_supported && !is_named {
            return Err(OidcError::IssuerMixedUp);
        }
        Ok(())
    }

    /// Ends a sign-in: trades the code for who it is.
    ///
    /// # Errors
    /// When the provider refuses the code, or what it answers does not hold.
    pub async fn finish(
        &self,
        pending: &Pending,
        code: String,
        now: DateTime<Utc>,
    ) -> Result<Arrival, OidcError> {
        let known = self.metadata().await?;
        let client = self.client(&known);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| OidcError::Misconfigured(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()))
            .request_async(&self.wire)
            .await
            .map_err(no_tokens)?;
        let mut claims = self.verified(&client, &tokens, pending, now).await?;
        let id_token = tokens.id_token().map(ToString::to_string).unwrap_or_default();
        let mut groups = claims::groups(&claims, &self.settings.groups_claim)?;
        if groups.is_none() || !claims.contains_key("email") {
            self.add_userinfo(&known, tokens.access_token().secret(), &mut claims).await?;
            groups = claims::groups(&claims, &self.settings.groups_claim)?;
        }
        Ok(Arrival {
            identity: claims::identity(self.issuer(), &claims)?,
            groups: groups.unwrap_or_default(),
            sid: claims.get("sid").and_then(Value::as_str).filter(|sid| sid.len() <= 300).map(str::to_owned),
            id_token,
            authenticated_at: authenticated_at(&claims, now),
        })
    }

    /// The claims of the ID token, once it holds. A key that is not known is looked for once.
    async fn verified(
        &self,
        client: &AnyClaimsClient,
        tokens: &Tokens,
        pending: &Pending,
        now: DateTime<Utc>,
    ) -> Result<Map<String, Value>, OidcError> {
        match self.verify(client, tokens, pending, now) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let Some(known) = self.look_for_keys().await? else {
                    return Err(OidcError::Token("no matching key found".to_owned()));
                };
                self.verify(&self.client(&known), tokens, pending, now)
            }
            verified => verified,
        }
        .map_err(|error| OidcError::Token(with_causes(&error)))
    }

    /// OpenID Connect Core 3.1.3.7.
    fn verify(
        &self,
        client: &AnyClaimsClient,
        tokens: &Tokens,
        pending: &Pending,
        now: DateTime<Utc>,
    ) -> Result<Map<String, Value>, ClaimsVerificationError> {
        let Some(id_token) = tokens.id_token() else {
            return Err(ClaimsVerificationError::Other("there is no ID token".to_owned()));
        };
        let verifier: IdTokenVerifier<'_, CoreJsonWebKey> = client
            .id_token_verifier()
            .set_allowed_algs(ALLOWED_ALGORITHMS)
            .set_time_fn(move || now - CLOCK_SKEW)
            .set_issue_time_verifier_fn(move |at| {
                if at > now + CLOCK_SKEW { Err("issued in the future".to_owned()) } else { Ok(()) }
            });
        let claims = id_token.claims(&verifier, &Nonce::new(pending.nonce.clone()))?;
        if claims.authorized_party().is_some_and(|azp| azp.as_str() != self.settings.client_id) {
            return Err(ClaimsVerificationError::InvalidAudience("azp names another client".to_owned()));
        }
        match serde_json::to_value(claims) {
            Ok(Value::Object(claims)) => Ok(claims),
            _ => Err(ClaimsVerificationError::Other("the claims are no object".to_owned())),
        }
    }

    /// Adds what the userinfo endpoint says beyond the ID token: some providers keep ID tokens thin.
    async fn add_userinfo(
        &self,
        known: &Metadata,
        access_token: &str,
        claims: &mut Map<String, Value>,
    ) -> Result<(), OidcError> {
        let Some(endpoint) = known.userinfo_endpoint() else { return Ok(()) };
        let request = http::Request::get(endpoint.url().as_str())
            .header(http::header::AUTHORIZATION, format!("Bearer {access_token}"))
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|error| OidcError::Misconfigured(error.to_string()))?;
        let answer = openidconnect::AsyncHttpClient::call(&self.wire, request)
            .await
            .map_err(|error| OidcError::Unavailable(with_causes(&error)))?;
        let said: Map<String, Value> = match serde_json::from_slice(answer.body()) {
            Ok(said) if answer.status().is_success() => said,
            _ => return Err(OidcError::Unavailable(format!("userinfo answered {}", answer.status()))),
        };
        if said.get("sub") != claims.get("sub") {
            return Err(ClaimsError::OtherSubject.into());
        }
        for (name, value) in said {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }
}

/// What it means that there are no tokens. An answer with an ID token that cannot be read is a token that does
/// not hold; any other unreadable answer is a provider in trouble.
fn no_tokens(error: RequestTokenError<WireError, StandardErrorResponse<CoreErrorResponseType>>) -> OidcError {
    match error {
        RequestTokenError::ServerResponse(answer) => OidcError::CodeRefused(answer.to_string()),
        RequestTokenError::Request(error) => OidcError::Unavailable(with_causes(&error)),
        RequestTokenError::Parse(error, body) => match serde_json::from_slice::<Map<String, Value>>(&body) {
            Ok(answer) if answer.contains_key("id_token") => OidcError::Token(with_causes(&error)),
            _ => OidcError::Unavailable(with_causes(&error)),
        },
        other @ RequestTokenError::Other(_) => OidcError::Unavailable(with_causes(&other)),
    }
}

/// `auth_time`, where it can be believed. Providers write it as a whole number, as a float, or as 0 for
/// “not known”; one in the future is nonsense.
fn authenticated_at(claims: &Map<String, Value>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let seconds = claims.get("auth_time")?.as_f64().filter(|seconds| *seconds >= 1.0)?;
    #[expect(clippy::cast_possible_truncation, reason = "the fraction of a second is not needed")]
    let at = DateTime::from_timestamp(seconds as i64, 0)?;
    (at <= now + CLOCK_SKEW).then_some(at.min(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unknown_or_impossible_time_of_proof_fails_closed() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let of = |value: Value| authenticated_at(json!({"auth_time": value}).as_object().unwrap(), now);
        assert_eq!(of(json!(1_799_999_000)).unwrap().timestamp(), 1_799_999_000);
        assert_eq!(of(json!(1_799_999_000.75)).unwrap().timestamp(), 1_799_999_000);
        assert_eq!(of(json!(1_800_000_030)).unwrap(), now, "within the skew is now");
        for nonsense in [json!(0), json!(-5), json!(null), json!("soon"), json!(1_800_000_100)] {
            assert_eq!(of(nonsense.clone()), None, "{nonsense}");
        }
        assert_eq!(authenticated_at(&Map::new(), now), None);
    }
}
