//! Which names of fields stand for secrets.

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
    is_plain_secret(&plain(name))
}

/// The same of a [`plain`] name.
pub(super) fn is_plain_secret(name: &str) -> bool {
    (SECRET_NAMES.contains(&name) || has_secret_part(name))
        && !HARMLESS.contains(&name)
        && !ABOUT_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Anywhere in a name, these make it a secret's. Asked of every field of every record: by first letter.
fn has_secret_part(name: &str) -> bool {
    name.char_indices().any(|(index, first)| {
        let parts: &[&str] = match first {
            'a' => &["accesskey", "apikey", "assertion"],
            'c' => &["cookie", "credential", "csrf"],
            'k' => &["keymaterial"],
            'm' => &["mfacode"],
            'p' => &["password", "passwd", "passphrase", "passcode", "privatekey"],
            'r' => &["recoverycode"],
            's' => &["secret", "samlresponse", "sessionid", "sessid", "sessionuuid", "sessionkey"],
            't' => &["token"],
            _ => return false,
        };
        name.get(index..).is_some_and(|rest| parts.iter().any(|part| rest.starts_with(part)))
    })
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
