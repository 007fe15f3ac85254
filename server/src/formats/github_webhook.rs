//! Webhooks of a GitHub organisation: the delivery's two headers beside its body.

use chrono::{DateTime, Utc};
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget, UsageAction, UsageError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Draft, Format, Found, pick, verbs};

const EVENT: &str = "X-GitHub-Event";
const DELIVERY: &str = "X-GitHub-Delivery";

/// Whether the body was signed with this secret: `header` is that of `X-Hub-Signature-256`. Takes as long for a
/// wrong signature as for a right one.
pub fn is_signed(secret: &[u8], body: &[u8], header: &str) -> bool {
    let Some(signature) = header.strip_prefix("sha256=").and_then(bytes) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    mac.update(body);
    // An empty secret would let everybody sign.
    !secret.is_empty() && mac.verify_slice(&signature).is_ok()
}

/// The record of one delivery: its headers `X-GitHub-Event` and `X-GitHub-Delivery`, and its body.
pub fn record(event: &str, delivery: &str, payload: Value) -> Value {
    json!({ EVENT: event, DELIVERY: delivery, "payload": payload })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}

/// The format itself.
pub(super) struct GithubWebhook;

impl Format for GithubWebhook {
    fn name(&self) -> &str {
        "github_webhook"
    }

    fn title(&self) -> &str {
        "GitHub webhooks"
    }

    fn recognises(&self, record: &Value) -> bool {
        pick::has(record, "/X-GitHub-Event") && record.get("payload").is_some_and(Value::is_object)
    }

    fn id(&self, record: &Value) -> Option<String> {
        pick::text(record, "/X-GitHub-Delivery")
    }

    fn read(&self, record: &Value, _: DateTime<Utc>) -> Result<Found, UsageError> {
        let event = pick::text(record, "/X-GitHub-Event").unwrap_or_default();
        if event == "ping" {
            return Ok(Found::Skipped("a webhook's greeting".into()));
        }
        let verb = pick::text(record, "/payload/action").unwrap_or_default();
        let operation = if verb.is_empty() { event.clone() } else { format!("{event}.{verb}") };
        let account = pick::text(record, "/payload/sender/login");
        let is_bot = pick::is(record, "/payload/sender/type", "Bot")
            || account.as_deref().is_some_and(|name| name.ends_with("[bot]"));
        Ok(Found::Events(vec![Draft {
            // Deliveries have no time of their own; they come within seconds.
            time: None,
            action: action(&event, &verb).to_owned(),
            actor: OutsideActor {
                kind: match pick::text(record, "/payload/sender/type").as_deref() {
                    _ if is_bot => OutsideKind::Machine,
                    Some("User") => OutsideKind::Person,
                    _ => OutsideKind::Unknown,
                },
                name: account.clone().unwrap_or_default(),
                email: None,
                account,
                subject: None,
            },
            target: OutsideTarget {
                system: None,
                resource: resource(record),
                entitlement: pick::first(
                    record,
                    &[
                        "/payload/changes/permission/to",
                        "/payload/changes/role_name/to",
                        "/payload/membership/role",
                        "/payload/invitation/role",
                        "/payload/team/permission",
                    ],
                ),
            },
            operation: Some(operation),
            ..Draft::default()
        }]))
    }
}

fn action(event: &str, verb: &str) -> &'static str {
    match (event, verb) {
        ("team", "created") | ("repository", "created") => UsageAction::CREATED,
        ("team", "deleted") | ("repository", "deleted") => UsageAction::DELETED,
        ("repository", "publicized" | "privatized" | "transferred") | ("public", _) => {
            UsageAction::PERMISSIONS_CHANGED
        }
        (
            "member"
            | "membership"
            | "organization"
            | "team"
            | "team_add"
            | "deploy_key"
            | "installation"
            | "installation_repositories"
            | "org_block"
            | "branch_protection_rule"
            | "branch_protection_configuration"
            | "repository_ruleset"
            | "personal_access_token_request"
            | "github_app_authorization"
            | "custom_property_values",
            _,
        ) if !matches!(verb, "renamed" | "edited")
            || matches!(event, "member" | "branch_protection_rule") =>
        {
            UsageAction::PERMISSIONS_CHANGED
        }
        ("push", _) => UsageAction::CHANGED,
        ("meta", "deleted") => UsageAction::DELETED,
        _ => verbs::action(verb).unwrap_or(UsageAction::OTHER),
    }
}

fn resource(record: &Value) -> Option<String> {
    if let Some(repository) = pick::text(record, "/payload/repository/full_name") {
        return Some(repository);
    }
    let organisation =
        pick::first(record, &["/payload/organization/login", "/payload/installation/account/login"]);
    match (organisation, pick::text(record, "/payload/team/slug")) {
        (Some(organisation), Some(team)) => Some(format!("{organisation}/{team}")),
        (organisation, team) => organisation.or(team),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of GitHub's own documentation (“Validating webhook deliveries”).
    const SECRET: &[u8] = b"It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn only_whoever_has_the_secret_signs() {
        assert!(is_signed(SECRET, BODY, SIGNATURE));
        assert!(!is_signed(b"another", BODY, SIGNATURE));
        assert!(!is_signed(SECRET, b"Hello, World?", SIGNATURE));
        for header in
            ["", "sha256=", "sha1=757107ea", "sha256=zz", "sha256=7", &SIGNATURE[7..], &SIGNATURE[..70]]
        {
            assert!(!is_signed(SECRET, BODY, header), "{header}");
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").expect("any length");
        mac.update(BODY);
        let header: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!is_signed(b"", BODY, &format!("sha256={header}")), "without a secret nobody signs");
    }
}
