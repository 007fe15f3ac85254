//! Tokens: how their secrets look.

/// What every secret begins with, so that scanners of repositories know one when they see it.
pub const PREFIX: &str = "gatebook_";
/// 256 bits as characters of base64url (RFC 4648, section 5).
const RANDOM_CHARS: usize = 43;

/// The secret made of these 43 random characters.
pub fn secret(random: &str) -> String {
    format!("{PREFIX}{random}")
}

/// Whether this looks like a secret of ours.
pub fn is_secret(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == RANDOM_CHARS
            && rest.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    })
}

/// Its last four characters: enough to tell tokens apart, too few to guess the rest.
pub fn hint(secret: &str) -> &str {
    secret.get(secret.len().saturating_sub(4)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_beginning_and_its_length() {
        let good = secret(&"aZ0-_".repeat(9)[..43]);
        assert!(is_secret(&good));
        assert_eq!(hint(&good).len(), 4);
        for bad in [
            "",
            "gatebook_",
            &good[1..],
            &format!("{good}a"),
            &good.replace('Z', "é"),
            &good.replace('Z', "+"),
        ] {
            assert!(!is_secret(bad), "{bad}");
        }
    }
}
