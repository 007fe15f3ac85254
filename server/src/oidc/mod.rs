//! The client of the sign-in provider: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636).
//!
//! *Invariant:* nothing that a token says is used before its signature and claims are verified.

mod claims;
mod exchange;
mod logout_token;
mod provider;
mod wire;

pub use claims::{ClaimsError, OtherClaims};
pub use exchange::{Arrival, Pending, Purpose};
pub use logout_token::{LogoutNotice, LogoutTokenError};
pub use provider::{Metadata, OtherMetadata, Provider};

use chrono::TimeDelta;
use openidconnect::core::CoreJwsSigningAlgorithm;
use thiserror::Error;

/// How far the provider's clock may be off.
pub const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);

/// Signatures that are believed: asymmetric ones that providers use. Never `none`, never a shared secret.
const ALLOWED_ALGORITHMS: [CoreJwsSigningAlgorithm; 7] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why a sign-in did not come about. For the log and the book; people read a page about it.
#[derive(Debug, Error)]
pub enum OidcError {
    /// The provider cannot be reached, or does not speak as expected: try again later.
    #[error("the sign-in provider cannot be used now: {0}")]
    Unavailable(String),
    /// Gatebook and the provider do not agree: somebody has to change a setting.
    #[error("the sign-in provider and the settings do not fit: {0}")]
    Misconfigured(String),
    /// The provider refused the code: used already, too old, or not ours.
    #[error("the sign-in provider refused the code: {0}")]
    CodeRefused(String),
    /// The answer comes from another provider than the question went to (RFC 9207).
    #[error("the answer names another issuer")]
    IssuerMixedUp,
    /// The ID token does not hold.
    #[error("the ID token does not hold: {0}")]
    Token(String),
    /// The claims cannot be used.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
}
