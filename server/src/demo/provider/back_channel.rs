//! Telling the portal that somebody signed out (OpenID Connect Back-Channel Logout 1.0, 2.4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::PrivateSigningKey as _;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde_json::json;

use super::DemoProvider;
use crate::{clock, secret};

/// How long a notice counts, in seconds.
const NOTICE_LASTS_SECONDS: i64 = 120;

impl DemoProvider {
    /// A notice that the sign-in `sid` of `sub` is over.
    ///
    /// # Errors
    /// When it cannot be signed, in words.
    pub fn logout_token(&self, sid: &str, sub: &str) -> Result<String, String> {
        let now = clock::machine().timestamp();
        let header = json!({ "alg": "EdDSA", "typ": "logout+jwt", "kid": self.key.id() });
        let claims = json!({
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + NOTICE_LASTS_SECONDS,
            "jti": secret::short_token(),
            "sub": sub,
            "sid": sid,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self
            .key
            .signing()
            .sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes())
            .map_err(|error| error.to_string())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    pub(super) async fn notify(&self, sid: &str, sub: &str) -> Result<(), String> {
        let token = self.logout_token(sid, sub)?;
        let answer = self
            .wire
            .post(&self.back_channel_uri)
            .form(&[("logout_token", token)])
            .send()
            .await
            .map_err(|error| error.to_string())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status())) }
    }
}
