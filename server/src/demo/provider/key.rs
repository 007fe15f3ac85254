//! The provider's key: Ed25519, new at each start.

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use openidconnect::JsonWebKeyId;
use openidconnect::core::CoreEdDsaPrivateSigningKey;

use crate::secret;

/// A signing key with its id.
pub(super) struct ProviderKey {
    signing: CoreEdDsaPrivateSigningKey,
    id: String,
}

impl std::fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ProviderKey {
    /// A new key. The error is for people.
    pub(super) fn new() -> Result<Self, String> {
        let id = secret::short_token();
        let pem = SigningKey::from_bytes(&secret::bytes())
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|e| e.to_string())?;
        let signing =
            CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(id.clone())))?;
        Ok(Self { signing, id })
    }

    pub(super) fn signing(&self) -> &CoreEdDsaPrivateSigningKey {
        &self.signing
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}
