//! Which names of fields stand for secrets.

/// Anywhere in a name, these make it a secret's.
const SECRET_PARTS: [&str; 21] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "cookie",
    "credential",
    "accesskey",
    "privatekey",
    "apikey",
    "assertion",
    "samlresponse",
    "sessionid",
    "sessid",
    "sessionuuid",
    "sessionkey",
    "csrf",
    "recoverycode",
    "mfacode",
    "keymaterial",
];
/// The whole name.
const SECRET_NAMES: [&str; 14] = [
    "authorization",
    "proxyauthorization",
    "xauthorization",
    "authorizationheader",
    "pwd",
    "pin",
    "otp",
    "sid",
    "jwt",
    "bearer",
    "signature",
    "xamzsignature",
    "dthash",
    "plaintext",
];
/// What a name says about a secret without being it.
const ABOUT_ENDINGS: [&str; 27] = [
    "type",
    "name",
    "names",
    "arn",
    "ref",
    "count",
    "expiry",
    "expiration",
    "expirationseconds",
    "expiresat",
    "expiresin",
    "lastused",
    "lastchanged",
    "required",
    "policy",
    "length",
    "enabled",
    "disabled",
    "provider",
    "fromconsole",
    "scopes",
    "status",
    "publickey",
    "version",
    "versionid",
    "issuer",
    "endpoint",
];
/// Names that only sound like one. A secret's id is which secret it was, and what an auditor wants to know.
const HARMLESS: [&str; 17] = [
    "secretid",
    "secretids",
    "secretidlist",
    "secretkeyref",
    "imagepullsecrets",
    "secretlist",
    "deletedsecretid",
    "vaultsecretid",
    "secretsfilter",
    "secretsmanager",
    "secretmanager",
    "secretscanningalerts",
    "organizationsecrets",
    "dependabotsecrets",
    "accesstokensurl",
    "httptokens",
    "failedpasswdattempts",
];

/// The name in small letters and digits alone, so that `X-Amz-Security-Token` and `xAmzSecurityToken` are one.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a field of this name holds a secret or a session's id.
pub(super) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    if HARMLESS.contains(&name.as_str()) || ABOUT_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    SECRET_NAMES.contains(&name.as_str()) || SECRET_PARTS.iter().any(|part| name.contains(part))
}

/// Whether this is a session itself, not something about it.
pub(super) fn is_session(plain: &str) -> bool {
    plain.ends_with("session") || plain.ends_with("sessions")
}

/// What a session calls itself.
pub(super) fn is_bare_id(plain: &str) -> bool {
    matches!(plain, "id" | "uid" | "uuid" | "uidalt" | "key" | "identifier")
}

/// Where a Kubernetes secret keeps what it hides.
pub(super) fn is_payload(plain: &str) -> bool {
    matches!(plain, "data" | "stringdata")
}

/// Where a pair of name and value keeps its value.
pub(super) fn is_value(plain: &str) -> bool {
    matches!(plain, "value" | "values" | "stringvalue" | "intvalue" | "multivalue")
}

/// What sources write in a secret's place; not to be looked for elsewhere.
pub(super) fn is_harmless_text(text: &str) -> bool {
    text.contains("HIDDEN") || text.contains("REDACTED") || text.starts_with("http")
}
