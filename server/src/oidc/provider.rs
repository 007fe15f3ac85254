//! What is known of the provider: its discovery document and keys, read when needed and kept.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJsonWebKeySet,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient as _, AuthType, Client, ClientId, ClientSecret,
    DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields,
    IssuerUrl, ProviderMetadata, RedirectUrl, StandardErrorResponse, StandardTokenResponse,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::OidcError;
use super::claims::OtherClaims;
use super::wire::{Wire, WireError};
use crate::config::OidcSettings;

/// How long the discovery document and the keys are believed without looking again.
const KEEP: Duration = Duration::from_secs(3600);
/// After a failure, nobody waits for the provider anew for this long.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(2);
/// How long somebody who wants to sign in waits for a sign of life of the provider.
const KNOCK_TIMEOUT: Duration = Duration::from_secs(3);
/// Tokens with unknown keys make Gatebook look for new keys at most this often.
const LOOK_FOR_KEYS_EVERY: Duration = Duration::from_secs(10);

/// What the discovery document says beyond what the library reads.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct OtherMetadata {
    /// OpenID Connect RP-Initiated Logout 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_session_endpoint: Option<Url>,
    /// RFC 9207: its answers always name it.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// OpenID Connect Back-Channel Logout 1.0.
    #[serde(default)]
    pub backchannel_logout_supported: bool,
    /// Whether its notices carry a `sid`.
    #[serde(default)]
    pub backchannel_logout_session_supported: bool,
}

impl AdditionalProviderMetadata for OtherMetadata {}

/// The discovery document.
pub type Metadata = ProviderMetadata<
    OtherMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What the token endpoint answers.
pub(super) type Tokens = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// The library's client, with any claims.
pub(super) type AnyClaimsClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The provider, as far as it is known. Cheap to share; answers even while the provider is away, if it was
/// there before.
#[derive(Debug)]
pub struct Provider {
    pub(super) settings: OidcSettings,
    pub(super) wire: Wire,
    redirect_uri: RedirectUrl,
    issuer: IssuerUrl,
    known: RwLock<Option<Arc<Metadata>>>,
    reading: Mutex<Reading>,
}

/// When what was tried.
#[derive(Debug, Default)]
struct Reading {
    succeeded: Option<Instant>,
    failed: Option<Instant>,
    looked_for_keys: Option<Instant>,
}

impl Provider {
    /// A provider that nothing is known of yet.
    ///
    /// # Errors
    /// When the settings cannot be used as addresses, or TLS cannot be set up.
    pub fn new(settings: OidcSettings, redirect_uri: String) -> Result<Self, OidcError> {
        let bad = |error: url::ParseError| OidcError::Misconfigured(error.to_string());
        Ok(Self {
            issuer: IssuerUrl::new(settings.issuer.clone()).map_err(bad)?,
            redirect_uri: RedirectUrl::new(redirect_uri).map_err(bad)?,
            wire: Wire::new().map_err(|error| OidcError::Misconfigured(error.to_string()))?,
            settings,
            known: RwLock::default(),
            reading: Mutex::default(),
        })
    }

    /// The issuer, exactly as set.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// Reads the discovery document and the keys ahead of need.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn get_to_know(&self) -> Result<(), OidcError> {
        self.metadata().await.map(|_| ())
    }

    /// The discovery document with the keys. Read when it is needed; an old one serves while a new one cannot
    /// be had.
    ///
    /// # Errors
    /// When none can be had.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, OidcError> {
        let mut reading = self.reading.lock().await;
        let known = self.latest();
        let is_recent = |at: Option<Instant>, within| at.is_some_and(|at: Instant| at.elapsed() < within);
        if let Some(known) = &known
            && is_recent(reading.succeeded, KEEP)
        {
            return Ok(Arc::clone(known));
        }
        if is_recent(reading.failed, PAUSE_AFTER_FAILURE) {
            return known.ok_or_else(|| OidcError::Unavailable("it failed a moment ago".to_owned()));
        }
        match Metadata::discover_async(self.issuer.clone(), &self.wire).await {
            Ok(fresh) => {
                reading.succeeded = Some(Instant::now());
                Ok(self.keep(fresh))
            }
            Err(error) => {
                reading.failed = Some(Instant::now());
                let error = describe(error);
                tracing::warn!(%error, is_known = known.is_some(), "the sign-in provider could not be read");
                known.ok_or(error)
            }
        }
    }

    /// Asks for a sign of life, so that nobody is sent to a provider that is away: their browser could say no more
    /// than that it found nothing there.
    ///
    /// # Errors
    /// When it does not answer in time, or with a failure of its own.
    pub(super) async fn knock(&self, known: &Metadata) -> Result<(), OidcError> {
        let away = |why: String| OidcError::Unavailable(why);
        let request = http::Request::get(known.jwks_uri().as_str()).body(Vec::new());
        let request = request.map_err(|error| OidcError::Misconfigured(error.to_string()))?;
        match tokio::time::timeout(KNOCK_TIMEOUT, self.wire.call(request)).await {
            Ok(Ok(answer)) if answer.status().is_server_error() => {
                Err(away(format!("it answers with {}", answer.status())))
            }
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(away(with_causes(&error))),
            Err(_) => Err(away(format!("it does not answer within {} s", KNOCK_TIMEOUT.as_secs()))),
        }
    }

    /// The document with keys read anew, because a token was signed with one that is not known.
    /// `None` when that was done a moment ago.
    ///
    /// # Errors
    /// When the keys cannot be had.
    pub(super) async fn look_for_keys(&self) -> Result<Option<Arc<Metadata>>, OidcError> {
        let mut reading = self.reading.lock().await;
        let Some(known) = self.latest() else { return Ok(None) };
        if reading.looked_for_keys.is_some_and(|at| at.elapsed() < LOOK_FOR_KEYS_EVERY) {
            return Ok(None);
        }
        reading.looked_for_keys = Some(Instant::now());
        let keys = CoreJsonWebKeySet::fetch_async(known.jwks_uri(), &self.wire).await.map_err(describe)?;
        Ok(Some(self.keep(Metadata::clone(&known).set_jwks(keys))))
    }

    /// The library's client for what is known.
    pub(super) fn client(&self, known: &Metadata) -> AnyClaimsClient {
        let secret = ClientSecret::new(self.settings.client_secret.expose_secret().to_owned());
        let id = ClientId::new(self.settings.client_id.clone());
        let methods = known.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_none_or(|methods| methods.contains(&method));
        let auth = match (
            takes(CoreClientAuthMethod::ClientSecretBasic),
            takes(CoreClientAuthMethod::ClientSecretPost),
        ) {
            (false, true) => AuthType::RequestBody,
            _ => AuthType::BasicAuth,
        };
        AnyClaimsClient::from_provider_metadata(known.clone(), id, Some(secret))
            .set_redirect_uri(self.redirect_uri.clone())
            .set_auth_type(auth)
    }

    /// Where somebody who has signed out here goes to sign out there. `None` where the provider has no such
    /// place, or was never reached.
    pub fn end_session_url(&self, id_token: Option<&str>, back_to: &str) -> Option<Url> {
        let mut url = self.latest()?.additional_metadata().end_session_endpoint.clone()?;
        {
            let mut query = url.query_pairs_mut();
            if let Some(id_token) = id_token {
                query.append_pair("id_token_hint", id_token);
            }
            query.append_pair("client_id", &self.settings.client_id);
            query.append_pair("post_logout_redirect_uri", back_to);
        }
        Some(url)
    }

    /// The origin that signing out leads to, which a page's policy has to allow its forms.
    pub fn end_session_origin(&self) -> Option<String> {
        let url = self.latest()?.additional_metadata().end_session_endpoint.clone()?;
        Some(url.origin().ascii_serialization())
    }

    fn latest(&self) -> Option<Arc<Metadata>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, fresh: Metadata) -> Arc<Metadata> {
        let fresh = Arc::new(fresh);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
        fresh
    }
}

/// An error of the library, in words for the log.
fn describe(error: DiscoveryError<WireError>) -> OidcError {
    match error {
        DiscoveryError::Validation(what) => OidcError::Misconfigured(what),
        DiscoveryError::Request(error) => OidcError::Unavailable(with_causes(&error)),
        other => OidcError::Unavailable(with_causes(&other)),
    }
}

/// An error with what lies behind it.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
