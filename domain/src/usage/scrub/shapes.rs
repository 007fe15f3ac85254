//! What a secret looks like in a running text.

use super::REMOVED;
use super::names::is_secret;

/// Prefixes that their makers gave to tokens so that they are found.
const PREFIXES: [&str; 24] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xoxe-",
    "xoxe.",
    "xapp-",
    "sk_live_",
    "rk_live_",
    "sk-ant-",
    "ya29.",
    "hvs.",
    "npm_",
    "dop_v1_",
    "AIza",
    "pypi-",
];
/// A token is its prefix and at least so much more, in characters.
const TOKEN_MIN_CHARS: usize = 8;

/// The text without its secrets; `None` where it has none.
pub(super) fn without_secrets(text: &str) -> Option<String> {
    // Nothing is copied before something is found: nearly all texts are clean.
    let mut out = None;
    let mut copied = 0;
    let mut here = 0;
    let mut word_before = "";
    let mut word_end = 0;
    while let Some(rest) = text.get(here..).filter(|rest| !rest.is_empty()) {
        let length = word_length(rest);
        let (word, after) = rest.split_at(length);
        let is_next = || text.get(word_end..here).is_some_and(|gap| gap.chars().all(|c| c == ' '));
        // Where what is taken out starts and ends, counted from here.
        let taken = if let Some(after) = after_private_key(rest) {
            Some((0, rest.len() - after.len()))
        } else if length == 0 {
            address_with_password(rest).map(|(head, after)| (head.len(), rest.len() - after.len()))
        } else if is_token(word) || (is_announced(word_before, word) && is_next()) {
            Some((0, length))
        } else if is_one_of_a_row(text.get(..here).unwrap_or_default(), after) {
            None
        } else {
            assigned(word, after).map(|(between, after)| (length + between.len(), rest.len() - after.len()))
        };
        if length > 0 {
            (word_before, word_end) = (word, here + length);
        }
        match taken {
            Some((start, end)) => {
                let out = out.get_or_insert_with(String::new);
                out.push_str(text.get(copied..here + start).unwrap_or_default());
                out.push_str(REMOVED);
                here += end;
                copied = here;
            }
            None => here += if length > 0 { length } else { rest.chars().next().map_or(1, char::len_utf8) },
        }
    }
    out.map(|mut out: String| {
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    })
}

/// A word ends before the dashes that a private key may start with.
fn word_length(rest: &str) -> usize {
    let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
    let word = rest.get(..end).unwrap_or_default();
    match word.get(1..).and_then(|word| word.find("-----BEGIN")) {
        Some(dashes) => dashes + 1,
        None => end,
    }
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// `arn:aws:secretsmanager:…`, `system:token:…`: colons that join names give no name a value.
fn is_one_of_a_row(before: &str, after: &str) -> bool {
    before.ends_with(':') && after.starts_with(':')
}

fn is_token(word: &str) -> bool {
    if word.len() < TOKEN_MIN_CHARS {
        return false;
    }
    let has_prefix = PREFIXES
        .iter()
        .any(|prefix| word.strip_prefix(prefix).is_some_and(|rest| rest.len() >= TOKEN_MIN_CHARS));
    let is_jwt = word.starts_with("eyJ") && word.len() >= 20 && word.contains('.');
    let is_key_id = word.len() == 20
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    has_prefix || is_jwt || is_key_id
}

/// `Bearer …` and `Basic …`, as they stand in headers.
fn is_announced(before: &str, word: &str) -> bool {
    word.len() >= TOKEN_MIN_CHARS
        && (before.eq_ignore_ascii_case("bearer") || before.eq_ignore_ascii_case("basic"))
        && word.chars().any(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
}

/// `password=…`, `"token": "…"`, and `PASSWORD '…'` as SQL has it: what stands between, and what comes after the
/// value.
fn assigned<'a>(word: &str, after: &'a str) -> Option<(&'a str, &'a str)> {
    // Long words are no names; asking each would make a large text slow.
    if word.len() > 64 {
        return None;
    }
    let trimmed = after.trim_start_matches(['"', '\'', '\\']).trim_start();
    let value = match trimmed.strip_prefix([':', '=']) {
        Some(value) => value.trim_start_matches('=').trim_start_matches([' ', '\t']),
        // In SQL a quote must follow: “token expired” is no secret.
        None => {
            let value = after.trim_start();
            let is_quoted = ["'", "E'", "e'", "U&'", "$"].iter().any(|quote| value.starts_with(quote));
            return (is_quoted && is_secret(word)).then(|| split_value(after, value)).flatten();
        }
    };
    if is_secret(word) { split_value(after, value) } else { None }
}

/// What comes before `value` in `after`, and what after its end.
fn split_value<'a>(after: &'a str, value: &'a str) -> Option<(&'a str, &'a str)> {
    let value = ["E'", "e'", "U&'"]
        .iter()
        .find_map(|start| value.starts_with(start).then(|| value.get(start.len() - 1..)).flatten())
        .unwrap_or(value);
    let unescaped = value.trim_start_matches('\\');
    let (inner, end) = match unescaped.chars().next()? {
        quote @ ('"' | '\'') => {
            let inner = unescaped.get(1..)?;
            (inner, quoted_end(inner, quote))
        }
        '$' => {
            let tag = unescaped.get(..unescaped.get(1..)?.find('$')? + 2)?;
            let inner = unescaped.get(tag.len()..)?;
            (inner, inner.find(tag).unwrap_or(inner.len()))
        }
        // `token=Bearer x`: the scheme is not the secret, the word after it is.
        _ => {
            let scheme =
                ["Bearer ", "bearer ", "Basic ", "basic "].iter().find_map(|s| unescaped.strip_prefix(s));
            let inner = scheme.unwrap_or(unescaped);
            (
                inner,
                inner.find(|c: char| c.is_whitespace() || "&;,\"'<>)]}".contains(c)).unwrap_or(inner.len()),
            )
        }
    };
    if end == 0 {
        return None;
    }
    let between = after.get(..after.len() - inner.len())?;
    Some((between, inner.get(end..)?))
}

/// Where a quoted text ends; a doubled or escaped quote belongs to it.
fn quoted_end(inner: &str, quote: char) -> usize {
    let mut chars = inner.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        if c == '\\' {
            // The quote that ends a text inside of an escaped text.
            if chars.peek().is_some_and(|(_, next)| *next == quote) && quote == '"' {
                return index;
            }
            chars.next();
        } else if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote && quote == '\'' => {
                    chars.next();
                }
                _ => return index,
            }
        }
    }
    inner.len()
}

/// `://user:password@`: what comes before the password, and what after it.
fn address_with_password(rest: &str) -> Option<(&str, &str)> {
    let authority = rest.strip_prefix("://")?;
    let end =
        authority.find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c)).unwrap_or(authority.len());
    let authority = authority.get(..end)?;
    let at = authority.rfind('@')?;
    let colon = authority.get(..at)?.find(':')?;
    (colon + 1 < at).then(|| Some((rest.get(..3 + colon + 1)?, rest.get(3 + at..)?))).flatten()
}

/// What comes after a private key in PEM that starts here.
fn after_private_key(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix("-----BEGIN ")?;
    let (label, body) = inner.split_once("-----")?;
    if label.len() > 40 || !label.ends_with("PRIVATE KEY") {
        return None;
    }
    // Cut off before its end, all of the rest is key.
    Some(
        body.split_once("-----END ")
            .and_then(|(_, end)| end.split_once("-----"))
            .map_or("", |(_, after)| after),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "Canary7f3a9c1e5b";

    #[test]
    fn secrets_are_known_by_their_shape() {
        for text in [
            format!("got eyJhbGciOi.{CANARY}.x, thanks"),
            format!("ghp_{CANARY}"),
            format!("token:github_pat_{CANARY}"),
            format!("xoxb-1-{CANARY}"),
            format!("Authorization: Bearer {CANARY}"),
            format!("authorization=Basic {CANARY}=="),
            format!("sent Bearer {CANARY} to x"),
            format!("postgres://ada:{CANARY}@db/x"),
            format!("https://a/b?x=1&access_token={CANARY}&y=2"),
            format!("/login?stateToken={CANARY}"),
            format!("aws_secret_access_key = {CANARY}\n"),
            format!("-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----\n"),
            format!("-----BEGIN PRIVATE KEY-----\n{CANARY}"),
            format!("\\n-----BEGIN EC PRIVATE KEY-----\\n{CANARY}"),
            format!("alter role ada password '{CANARY}''x{CANARY}' valid until 'x'"),
            format!("ALTER ROLE ada PASSWORD E'a\\'{CANARY}'"),
            format!("alter role ada password $a$x{CANARY}$a$"),
            format!("{{\"password\": \"{CANARY}\", oops"),
            format!("{{\\\"password\\\":\\\"{CANARY}\\\"}} oops"),
            format!("password='a b {CANARY}'"),
        ] {
            let clean = without_secrets(&text).unwrap_or_else(|| panic!("{text} is kept"));
            assert!(!clean.contains(CANARY) && clean.contains(REMOVED), "{text} → {clean}");
        }
        assert_eq!(without_secrets("key AKIAIOSFODNN7EXAMPLE gone").expect("touched"), "key removed gone");
        assert_eq!(
            without_secrets("postgres://ada:x@db/x?y").expect("touched"),
            "postgres://ada:removed@db/x?y"
        );
    }

    #[test]
    fn ordinary_texts_stay() {
        for text in [
            "password authentication failed for user \"ada\"",
            "The security token included in the request is expired",
            "Basic authentication failed",
            "arn:aws:sts::1:assumed-role/Role/ada",
            "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db",
            "ada may not perform: secretsmanager:GetSecretValue on it",
            "select token from api_token where id = 1",
            "Accepted publickey for ada from 10.0.0.1 port 22 ssh2: RSA SHA256:abc",
            "https://a.b:443/x@y",
            "-----BEGIN CERTIFICATE-----\nabc",
            "",
            "äöü – ok",
        ] {
            assert_eq!(without_secrets(text), None, "{text}");
        }
    }

    #[test]
    fn a_megabyte_is_read_in_one_go() {
        for text in [
            "password=".repeat(100_000),
            "://a:".repeat(200_000),
            "-----BEGIN ".repeat(90_000),
            format!("bearer{}Ab", " ".repeat(1 << 20)),
            format!("token{}", "\"".repeat(1 << 20)),
            "token '".repeat(150_000),
            "password $a".repeat(100_000),
        ] {
            let _ = without_secrets(&text);
        }
    }
}
