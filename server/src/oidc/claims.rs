//! What the provider says about somebody, in Gatebook's words.

use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::identity::Identity;
use thiserror::Error;

/// The longest name that is kept.
const NAME_MAX_CHARS: usize = 200;
/// More groups than this are not looked through.
const GROUPS_MAX: usize = 10_000;

/// Claims beyond the standard ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OtherClaims {
    /// By name.
    #[serde(flatten)]
    pub all: Map<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

/// Why claims cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ClaimsError {
    /// The provider left the groups out because there are too many, and points elsewhere for them. That is
    /// not “no groups”: nobody can tell what was left out.
    #[error("the provider cut the claim {0:?} off; have it send only the groups that Gatebook needs")]
    GroupsCutOff(String),
    /// The groups are no list of texts.
    #[error("the claim {0:?} is not a list of texts")]
    GroupsUnreadable(String),
    /// The subject is missing or is nothing that can be kept.
    #[error("the provider names no usable subject")]
    NoSubject,
    /// The userinfo endpoint speaks of somebody else.
    #[error("the userinfo endpoint answered for another subject")]
    OtherSubject,
}

/// The groups that all claims of a token list. `None` where they say nothing about groups.
///
/// # Errors
/// When they were cut off, or are no list of texts.
pub fn groups(claims: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, ClaimsError> {
    if is_cut_off(claims, name) {
        return Err(ClaimsError::GroupsCutOff(name.to_owned()));
    }
    let unreadable = || ClaimsError::GroupsUnreadable(name.to_owned());
    match find(claims, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(one)) => Ok(Some(vec![one.clone()])),
        Some(Value::Array(items)) if items.len() <= GROUPS_MAX => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(unreadable))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(unreadable()),
    }
}

/// Distributed claims (OpenID Connect Core 5.6.2) and the marks of one provider that uses them for groups.
fn is_cut_off(claims: &Map<String, Value>, name: &str) -> bool {
    let names = claims.get("_claim_names").and_then(Value::as_object);
    let is_elsewhere = names.is_some_and(|names| names.contains_key(name) || names.contains_key("groups"));
    let is_marked = match claims.get("hasgroups") {
        Some(Value::Bool(marked)) => *marked,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    is_elsewhere || is_marked
}

/// The claim of this name; where there is none, a dot leads into an object (`realm_access.roles`).
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        find(claims.get(first)?.as_object()?, rest)
    })
}

/// Who the claims speak of.
///
/// # Errors
/// When they name nobody that can be kept.
pub fn identity(issuer: &str, claims: &Map<String, Value>) -> Result<Identity, ClaimsError> {
    let text = |name: &str| {
        let text = claims.get(name)?.as_str()?.trim();
        (!text.is_empty() && !text.contains('\0')).then(|| text.to_owned())
    };
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    // OpenID Connect Core 2: at most 255 ASCII characters.
    if subject.is_empty() || subject.len() > 255 || subject.contains('\0') {
        return Err(ClaimsError::NoSubject);
    }
    let email = text("email").filter(|email| email.contains('@') && email.len() <= 320);
    let name = text("name")
        .or_else(|| text("preferred_username"))
        .or_else(|| email.clone())
        .unwrap_or_else(|| subject.to_owned());
    let is_verified = match claims.get("email_verified") {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    Ok(Identity {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        email_verified: email.is_some() && is_verified,
        email,
        name: name.chars().filter(|c| !c.is_control()).take(NAME_MAX_CHARS).collect(),
        time_zone: text("zoneinfo").filter(|zone| zone.parse::<chrono_tz::Tz>().is_ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn groups_are_read_wherever_they_are() {
        let found = |claims, name| groups(&map(claims), name).unwrap();
        assert_eq!(found(json!({"groups": ["a", "b"]}), "groups").unwrap(), ["a", "b"]);
        assert_eq!(found(json!({"groups": "a"}), "groups").unwrap(), ["a"]);
        assert_eq!(found(json!({"realm_access": {"roles": ["a"]}}), "realm_access.roles").unwrap(), ["a"]);
        assert_eq!(found(json!({"https://x.org/groups": ["a"]}), "https://x.org/groups").unwrap(), ["a"]);
        assert_eq!(found(json!({}), "groups"), None);
        assert_eq!(found(json!({"groups": []}), "groups").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn groups_that_were_cut_off_are_an_error_and_not_no_groups() {
        for claims in [
            json!({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://x"}}}),
            json!({"hasgroups": true}),
            json!({"hasgroups": "true", "groups": ["a"]}),
        ] {
            assert_eq!(groups(&map(claims), "groups"), Err(ClaimsError::GroupsCutOff("groups".to_owned())));
        }
        for claims in [json!({"groups": 7}), json!({"groups": ["a", 7]}), json!({"groups": {"a": true}})] {
            assert_eq!(
                groups(&map(claims), "groups"),
                Err(ClaimsError::GroupsUnreadable("groups".to_owned()))
            );
        }
    }

    #[test]
    fn an_address_counts_as_verified_only_if_the_provider_says_so() {
        let of = |claims| identity("https://id", &map(claims)).unwrap();
        assert!(of(json!({"sub": "1", "email": "a@b.c", "email_verified": true})).email_verified);
        assert!(of(json!({"sub": "1", "email": "a@b.c", "email_verified": "true"})).email_verified);
        assert!(!of(json!({"sub": "1", "email": "a@b.c"})).email_verified);
        assert!(!of(json!({"sub": "1", "email_verified": true})).email_verified);
    }

    #[test]
    fn a_name_is_found_and_cut() {
        let of = |claims| identity("https://id", &map(claims)).unwrap().name;
        assert_eq!(of(json!({"sub": "1", "name": " Ana\u{7} Ruiz "})), "Ana Ruiz");
        assert_eq!(of(json!({"sub": "1", "name": "", "preferred_username": "ana"})), "ana");
        assert_eq!(of(json!({"sub": "1"})), "1");
        assert_eq!(of(json!({"sub": "1", "name": "x".repeat(500)})).len(), NAME_MAX_CHARS);
        assert_eq!(identity("i", &map(json!({"sub": ""}))), Err(ClaimsError::NoSubject));
    }

    #[test]
    fn an_unknown_zone_is_not_kept() {
        let of = |zone: &str| identity("i", &map(json!({"sub": "1", "zoneinfo": zone}))).unwrap().time_zone;
        assert_eq!(of("Europe/Berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(of("Europe/Atlantis"), None);
    }
}
