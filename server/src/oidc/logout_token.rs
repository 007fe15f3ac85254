//! The provider's notices that somebody signed out there (OpenID Connect Back-Channel Logout 1.0, 2.6).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::JsonWebKey as _;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::provider::{Metadata, Provider};
use super::{ALLOWED_ALGORITHMS, CLOCK_SKEW, OidcError};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// A notice without `exp` (older providers) counts for this long after `iat`.
const WITHOUT_EXP: TimeDelta = TimeDelta::minutes(5);
/// No notice counts for longer than this, whatever it says: its `jti` is remembered that long.
const LONGEST: TimeDelta = TimeDelta::hours(1);
/// Longer identifiers are refused.
const ID_MAX_BYTES: usize = 300;

/// A notice that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    /// Its own id, so that it counts once.
    pub jti: String,
    /// Which sign-in at the provider is over.
    pub sid: Option<String>,
    /// Whose sign-ins are over.
    pub subject: Option<String>,
    /// Until when it counts.
    pub expires_at: DateTime<Utc>,
}

/// Why a notice is not obeyed.
#[derive(Debug, Error)]
pub enum LogoutTokenError {
    /// It is no token, or its claims do not hold.
    #[error("the logout token does not hold: {0}")]
    Invalid(&'static str),
    /// The keys to check it with cannot be had.
    #[error(transparent)]
    Provider(#[from] OidcError),
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl Provider {
    /// Reads a notice.
    ///
    /// # Errors
    /// When it does not hold, or its key cannot be had.
    pub async fn read_logout_token(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<LogoutNotice, LogoutTokenError> {
        let known = self.metadata().await?;
        let claims = match verify_signature(&known, token) {
            Err(LogoutTokenError::Invalid(NO_KEY)) => match self.look_for_keys().await? {
                Some(known) => verify_signature(&known, token)?,
                None => return Err(LogoutTokenError::Invalid(NO_KEY)),
            },
            verified => verified?,
        };
        notice(&claims, self.issuer(), &self.settings.client_id, now).map_err(LogoutTokenError::Invalid)
    }
}

const NO_KEY: &str = "no key of the provider fits";

/// The claims, once the signature holds (RFC 7515 5.2).
fn verify_signature(known: &Metadata, token: &str) -> Result<Map<String, Value>, LogoutTokenError> {
    let bad = LogoutTokenError::Invalid;
    let (signed, signature) = token.rsplit_once('.').ok_or(bad("it is no JWT"))?;
    let (header, payload) = signed.split_once('.').ok_or(bad("it is no JWT"))?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| bad("it is no JWT"));
    let header: Header =
        serde_json::from_slice(&decode(header)?).map_err(|_| bad("its header is unreadable"))?;
    if header.crit.is_some() {
        return Err(bad("it asks for extensions"));
    }
    if let Some(typ) = &header.typ {
        let typ = typ.to_ascii_lowercase();
        if !matches!(typ.strip_prefix("application/").unwrap_or(&typ), "logout+jwt" | "jwt") {
            return Err(bad("its typ is another"));
        }
    }
    let algorithm: CoreJwsSigningAlgorithm = serde_json::from_value(Value::String(header.alg))
        .map_err(|_| bad("its algorithm is not believed"))?;
    if !ALLOWED_ALGORITHMS.contains(&algorithm) {
        return Err(bad("its algorithm is not believed"));
    }
    let signature = decode(signature)?;
    let mut keys = known.jwks().keys().iter().filter(|key| match (&header.kid, key.key_id()) {
        (Some(wanted), Some(kid)) => wanted == kid.as_str(),
        (Some(_), None) => false,
        (None, _) => true,
    });
    // `verify_signature` refuses keys whose type or use does not fit the algorithm.
    if !keys.any(|key| key.verify_signature(&algorithm, signed.as_bytes(), &signature).is_ok()) {
        return Err(bad(NO_KEY));
    }
    serde_json::from_slice(&decode(payload)?).map_err(|_| bad("its claims are unreadable"))
}

/// Checks the claims: Back-Channel Logout 1.0, 2.6, steps 3 to 8.
fn notice(
    claims: &Map<String, Value>,
    issuer: &str,
    client_id: &str,
    now: DateTime<Utc>,
) -> Result<LogoutNotice, &'static str> {
    let text = |name: &str| {
        claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty() && text.len() <= ID_MAX_BYTES)
    };
    let time = |name: &str| {
        let seconds = claims.get(name)?.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "the fraction of a second is not needed")]
        DateTime::from_timestamp(seconds as i64, 0)
    };
    if text("iss") != Some(issuer) {
        return Err("iss names another issuer");
    }
    let is_for_us = match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(client_id)),
        _ => false,
    };
    if !is_for_us {
        return Err("aud names others");
    }
    let issued_at = time("iat").ok_or("iat is missing")?;
    if issued_at > now + CLOCK_SKEW {
        return Err("it is from the future");
    }
    let exp = if claims.contains_key("exp") {
        time("exp").ok_or("exp is unreadable")?
    } else {
        issued_at + WITHOUT_EXP
    };
    let expires_at = exp.min(issued_at + LONGEST) + CLOCK_SKEW;
    if now >= expires_at {
        return Err("it has run out");
    }
    if !claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
        return Err("it is no logout event");
    }
    if claims.contains_key("nonce") {
        return Err("it carries a nonce, so it may be an ID token");
    }
    let (sid, subject) = (text("sid").map(str::to_owned), text("sub").map(str::to_owned));
    if sid.is_none() && subject.is_none() {
        return Err("it names neither sid nor sub");
    }
    Ok(LogoutNotice { jti: text("jti").ok_or("jti is missing")?.to_owned(), sid, subject, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({"iss": "https://id", "aud": ["gatebook"], "iat": 1_000, "exp": 1_120, "jti": "j1", "sid": "s1",
               "sub": "u1", "events": {EVENT: {}}})
    }

    fn read(claims: &Value) -> Result<LogoutNotice, &'static str> {
        let now = DateTime::from_timestamp(1_010, 0).unwrap();
        notice(claims.as_object().unwrap(), "https://id", "gatebook", now)
    }

    #[test]
    fn a_good_notice_is_read() {
        let notice = read(&good()).unwrap();
        assert_eq!((notice.sid.as_deref(), notice.subject.as_deref()), (Some("s1"), Some("u1")));
        assert_eq!(notice.expires_at.timestamp(), 1_180);
        let mut old = good();
        old.as_object_mut().unwrap().remove("exp");
        assert_eq!(read(&old).unwrap().expires_at.timestamp(), 1_360);
    }

    #[test]
    fn a_notice_with_one_thing_wrong_is_refused() {
        for (name, value) in [
            ("iss", json!("https://other")),
            ("aud", json!("other")),
            ("aud", json!(null)),
            ("iat", json!(2_000)),
            ("iat", json!(null)),
            ("exp", json!(900)),
            ("exp", json!("never")),
            ("events", json!({})),
            ("events", json!({EVENT: true})),
            ("events", json!([EVENT])),
            ("nonce", json!("n")),
            ("jti", json!("")),
            ("jti", json!("x".repeat(301))),
        ] {
            let mut claims = good();
            claims.as_object_mut().unwrap().insert(name.to_owned(), value.clone());
            assert!(read(&claims).is_err(), "{name} {value}");
        }
        let mut nobody = good();
        nobody.as_object_mut().unwrap().remove("sid");
        nobody.as_object_mut().unwrap().remove("sub");
        assert!(read(&nobody).is_err());
    }
}
