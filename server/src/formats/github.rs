//! GitHub's audit log, as its API, its export and its streaming write it.

use chrono::{DateTime, Utc};
use domain::audit::Outcome;
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget, UsageAction, UsageError};
use serde_json::Value;

use super::draft::email;
use super::{Draft, Format, Found, pick, time, verbs};

/// Categories in which everything is about who may do what.
const PERMISSIONS: [&str; 24] = [
    "public_key",
    "deploy_key",
    "integration_installation",
    "integration_installation_request",
    "protected_branch",
    "repository_ruleset",
    "personal_access_token",
    "oauth_authorization",
    "oauth_access",
    "team",
    "role",
    "org_credential_authorization",
    "organization_moderators",
    "two_factor_authentication",
    "external_identity",
    "invite_member",
    "ip_allow_list",
    "ip_allow_list_entry",
    "org_role",
    "repository_invitation",
    "organization_role",
    "environment",
    "secret_scanning_push_protection_bypass",
    "members_can_create_repos",
];
/// Such words in an act make it one about permissions, whatever its category.
const PERMISSION_WORDS: [&str; 16] = [
    "member",
    "two_factor",
    "saml",
    "oauth_app",
    "permission",
    "add_user",
    "remove_user",
    "collaborator",
    "add_team",
    "remove_team",
    "add_repository",
    "remove_repository",
    "access",
    "transfer",
    "role",
    "moderator",
];

/// The format itself.
pub(super) struct Github;

impl Format for Github {
    fn name(&self) -> &str {
        "github"
    }

    fn title(&self) -> &str {
        "GitHub audit log"
    }

    fn recognises(&self, record: &Value) -> bool {
        pick::text(record, "/action").is_some_and(|action| action.contains('.'))
            && (pick::has(record, "/created_at") || pick::has(record, "/@timestamp"))
            && ["/actor", "/org", "/repo", "/business", "/user"]
                .iter()
                .any(|field| pick::at(record, field).is_some_and(Value::is_string))
    }

    fn id(&self, record: &Value) -> Option<String> {
        pick::text(record, "/_document_id")
    }

    fn read(&self, record: &Value, _: DateTime<Utc>) -> Result<Found, UsageError> {
        let operation = pick::text(record, "/action").unwrap_or_default();
        let created = time::in_utc(record, "/created_at")?;
        let resource =
            pick::first(record, &["/repo", "/repository", "/team", "/data/team", "/org", "/business"]);
        Ok(Found::Events(vec![Draft {
            time: match created {
                Some(time) => Some(time),
                None => time::in_utc(record, "/@timestamp")?,
            },
            action: action(record, &operation).to_owned(),
            outcome: if operation.contains("failed_login") { Outcome::Denied } else { Outcome::Success },
            actor: actor(record),
            target: OutsideTarget {
                system: None,
                resource,
                entitlement: pick::first(record, &["/permission", "/role", "/new_repo_permission"]),
            },
            ip: pick::text(record, "/actor_ip"),
            user_agent: pick::text(record, "/user_agent"),
            reason: pick::first(record, &["/reason", "/explanation"]),
            operation: Some(operation),
        }]))
    }
}

fn action(record: &Value, operation: &str) -> &'static str {
    let (category, verb) = operation.split_once('.').unwrap_or((operation, ""));
    match (category, verb) {
        ("user", "login") | ("org" | "business", "sso_response") => return UsageAction::SESSION_OPENED,
        ("user", "logout") => return UsageAction::SESSION_CLOSED,
        ("user", _) if verb.contains("login") => return UsageAction::SESSION_OPENED,
        ("team", "create") | ("environment", "create") => return UsageAction::CREATED,
        ("team", "destroy") | ("environment", "delete") => return UsageAction::DELETED,
        ("git", "push") => return UsageAction::CHANGED,
        ("git", _) => return UsageAction::ACCESSED,
        _ => {}
    }
    let is_permission =
        PERMISSIONS.contains(&category) || PERMISSION_WORDS.iter().any(|word| verb.contains(word));
    if is_permission {
        return UsageAction::PERMISSIONS_CHANGED;
    }
    if let Some(action) = verbs::action(verb) {
        return action;
    }
    match pick::text(record, "/operation_type").as_deref() {
        Some("create") => UsageAction::CREATED,
        Some("access") => UsageAction::ACCESSED,
        Some("modify" | "restore") => UsageAction::CHANGED,
        Some("transfer") => UsageAction::PERMISSIONS_CHANGED,
        Some("remove") => UsageAction::DELETED,
        Some("authentication") => UsageAction::SESSION_OTHER,
        _ => UsageAction::OTHER,
    }
}

fn actor(record: &Value) -> OutsideActor {
    let account = pick::text(record, "/actor");
    let is_bot = pick::text(record, "/actor_is_bot").as_deref() == Some("true")
        || account.as_deref().is_some_and(|name| name.ends_with("[bot]"))
        || pick::text(record, "/programmatic_access_type")
            .is_some_and(|kind| kind.contains("server-to-server"));
    OutsideActor {
        kind: match &account {
            _ if is_bot => OutsideKind::Machine,
            Some(_) => OutsideKind::Person,
            None => OutsideKind::Unknown,
        },
        name: account.clone().unwrap_or_default(),
        email: email(pick::first(record, &["/external_identity_nameid", "/actor_email"]).as_deref()),
        account,
        subject: None,
    }
}
