//! The only source of randomness for secrets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

/// 256 random bits as 43 characters that may stand in an address or a header.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// 128 random bits as 22 characters, for what only has to be unique or unguessable for a moment.
pub fn short_token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<16>())
}

/// A session's secret.
pub fn session_id() -> i128 {
    i128::from_le_bytes(bytes())
}

/// Random bytes of the operating system's generator.
#[expect(clippy::disallowed_methods, reason = "this is the one place that the ban leads to")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// SHA-256, for keeping a secret without knowing it.
pub fn hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_secrets_are_the_same() {
        assert_ne!(token(), token());
        assert_ne!(session_id(), session_id());
        assert_eq!((token().len(), short_token().len()), (43, 22));
    }
}
