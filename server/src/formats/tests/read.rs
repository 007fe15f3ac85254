//! What each format makes of a record.

use domain::usage::OutsideEvent;
use serde_json::{Value, json};

use super::super::{Format, Reading, all, github_webhook, named, read, recognise};
use super::{format, now, one};

/// Everything derived, in a line: action, outcome, who, on what, with which permission, from where, called what, why.
fn told(event: &OutsideEvent) -> String {
    let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {} | {} {} {} {} | {} | {} | {} | {} | {}",
        event.action.as_str(),
        event.outcome.as_str(),
        event.actor.kind.as_str(),
        event.actor.name,
        word(&event.actor.email),
        word(&event.actor.account),
        word(&event.target.resource),
        word(&event.target.entitlement),
        event.ip.map_or_else(|| "-".to_owned(), |ip| ip.to_string()),
        word(&event.operation),
        word(&event.reason),
    )
}

/// Recognised as this format, and read by it.
fn told_by(name: &str, record: Value) -> String {
    assert_eq!(recognise(&record).map(Format::name), Some(name), "{record}");
    told(&one(name, record))
}

#[test]
fn every_format_has_a_name_of_its_own() {
    let names: Vec<&str> = all().iter().map(|format| format.name()).collect();
    assert_eq!(
        names,
        [
            "gatebook",
            "ocsf",
            "cloudtrail",
            "kubernetes",
            "postgresql",
            "github_webhook",
            "okta",
            "google_workspace",
            "google_cloud",
            "slack",
            "onepassword",
            "sshd",
            "github",
        ]
    );
    assert!(named("nonsense").is_none());
    assert!(recognise(&json!({ "hello": "world" })).is_none());
}

#[test]
fn our_own_format_is_taken_as_it_is() {
    let record = json!({
        "id": "e-1", "time": "2026-11-23T10:00:00+01:00", "action": "resource.accessed", "outcome": "denied",
        "actor": { "kind": "person", "name": "Ada", "email": "ada@example.com", "account": "ada", "subject": "s-1" },
        "system": "payroll", "resource": "salaries", "entitlement": "read", "ip": "10.0.0.1", "user_agent": "x/1",
        "operation": "query", "reason": "no", "detail": { "rows": 3, "password": "canary-password-1" },
    });
    let event = one("gatebook", record.clone());
    assert_eq!(
        told_by("gatebook", record),
        "resource.accessed denied | person Ada ada@example.com ada | salaries | read | 10.0.0.1 | query | no"
    );
    assert_eq!(event.external_id, "e-1");
    assert_eq!(event.occurred_at.to_rfc3339(), "2026-11-23T09:00:00+00:00");
    assert_eq!(event.target.system.as_deref(), Some("payroll"));
    assert_eq!(event.actor.subject.as_deref(), Some("s-1"));
    assert!(!event.undated);
    assert_eq!(event.original["detail"], json!({ "rows": 3, "password": "removed" }));
}

#[test]
fn cloudtrail_says_who_used_which_permission_on_what() {
    let record = |name: &str, extra: Value| {
        let mut record = json!({
            "eventVersion": "1.09", "eventID": "e-1", "eventTime": "2026-11-23T10:00:00Z",
            "eventSource": "secretsmanager.amazonaws.com", "eventName": name, "readOnly": true,
            "sourceIPAddress": "10.0.0.1", "userAgent": "aws-cli",
            "userIdentity": {
                "type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev_1/ada@example.com",
                "accessKeyId": "ASIACANARYCANARY1234",
                "sessionContext": { "sessionIssuer": { "arn": "arn:aws:iam::1:role/aws-reserved/AWSReservedSSO_Dev_1" } },
            },
            "requestParameters": { "secretId": "prod/db" },
        });
        record.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        record
    };
    assert_eq!(
        told_by("cloudtrail", record("GetSecretValue", json!({}))),
        "resource.accessed success | person ada@example.com ada@example.com \
         arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev_1/ada@example.com | prod/db | secretsmanager:GetSecretValue | \
         10.0.0.1 | GetSecretValue | -"
    );
    let denied = json!({ "errorCode": "AccessDenied", "errorMessage": "no" });
    assert!(told_by("cloudtrail", record("GetSecretValue", denied)).ends_with("| AccessDenied: no"));
    let by_aws = json!({ "userIdentity": { "type": "AWSService", "invokedBy": "ec2.amazonaws.com" }, "readOnly": false });
    assert_eq!(
        told_by("cloudtrail", record("PutResourcePolicy", by_aws)),
        "resource.permissions_changed success | machine ec2.amazonaws.com - ec2.amazonaws.com | prod/db | \
         secretsmanager:PutResourcePolicy | 10.0.0.1 | PutResourcePolicy | -"
    );
    let login = json!({
        "eventSource": "signin.amazonaws.com", "responseElements": { "ConsoleLogin": "Failure" },
        "errorMessage": "Failed authentication", "requestParameters": null,
    });
    assert!(
        told_by("cloudtrail", record("ConsoleLogin", login)).starts_with("session.opened denied | person")
    );
    let bridged = json!({ "detail-type": "AWS API Call via CloudTrail", "detail": record("GetSecretValue", json!({})) });
    assert_eq!(one("cloudtrail", bridged).external_id, "e-1");
}

#[test]
fn kubernetes_says_which_verb_was_used_on_what() {
    let record = |verb: &str, object: Value, code: i64| {
        json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "a-1", "stage": "ResponseComplete",
            "verb": verb, "user": { "username": "ada@example.com" }, "sourceIPs": ["10.0.0.1"], "objectRef": object,
            "responseStatus": { "code": code }, "requestReceivedTimestamp": "2026-11-23T10:00:00.5Z",
        })
    };
    let secret = json!({ "resource": "secrets", "namespace": "shop", "name": "db", "apiVersion": "v1" });
    assert_eq!(
        told_by("kubernetes", record("get", secret, 403)),
        "resource.accessed denied | person ada@example.com ada@example.com ada@example.com | shop/secrets/db | \
         get secrets | 10.0.0.1 | get | -"
    );
    let exec = json!({ "resource": "pods", "subresource": "exec", "namespace": "shop", "name": "web" });
    assert!(told_by("kubernetes", record("create", exec, 101)).starts_with("resource.accessed success"));
    let binding = json!({ "resource": "rolebindings", "apiGroup": "rbac.authorization.k8s.io", "name": "x" });
    let told = told_by("kubernetes", record("create", binding, 201));
    assert!(told.starts_with("resource.permissions_changed success"), "{told}");
    assert!(told.contains("create rolebindings.rbac.authorization.k8s.io"), "{told}");
    let mut early = record("get", json!({}), 200);
    assert_eq!(one("kubernetes", early.clone()).external_id, "a-1/ResponseComplete");
    early["stage"] = json!("RequestReceived");
    assert!(matches!(read(format("kubernetes"), early, now()), Ok(Reading::Skipped(_))));
    let mut account = record("list", json!({ "resource": "pods" }), 200);
    account["user"]["username"] = json!("system:serviceaccount:shop:web");
    account["impersonatedUser"] = json!({ "username": "root" });
    let event = one("kubernetes", account);
    assert_eq!(event.actor.kind.as_str(), "machine");
    assert_eq!(event.reason.as_deref(), Some("Acted as root."));
}

#[test]
fn github_is_read_from_its_audit_log_and_from_its_deliveries() {
    let record = json!({
        "_document_id": "d-1", "action": "org.add_member", "actor": "ada", "org": "acme", "user": "bo",
        "created_at": 1_795_428_173_515_i64, "actor_ip": "10.0.0.1", "permission": "admin", "hashed_token": "canary=",
    });
    assert_eq!(
        told_by("github", record),
        "resource.permissions_changed success | person ada - ada | acme | admin | 10.0.0.1 | org.add_member | -"
    );
    let payload = json!({
        "action": "added", "member": { "login": "bo" }, "repository": { "full_name": "acme/web" },
        "sender": { "login": "renovate[bot]", "type": "Bot" }, "changes": { "permission": { "to": "write" } },
    });
    let record = github_webhook::record("member", "d-2", payload);
    let event = one("github_webhook", record.clone());
    assert_eq!((event.external_id.as_str(), event.undated, event.occurred_at), ("d-2", true, now()));
    assert_eq!(
        told_by("github_webhook", record),
        "resource.permissions_changed success | machine renovate[bot] - renovate[bot] | acme/web | write | - | \
         member.added | -"
    );
    let gone = github_webhook::record("membership", "d-4", json!({ "action": "removed" }));
    assert_eq!(one("github_webhook", gone).operation.as_deref(), Some("membership.removed"));
    let ping = github_webhook::record("ping", "d-3", json!({ "zen": "…" }));
    assert!(matches!(read(format("github_webhook"), ping, now()), Ok(Reading::Skipped(_))));
}

#[test]
fn a_record_without_an_id_is_known_by_its_content() {
    let record = json!({ "action": "repo.create", "actor": "ada", "repo": "acme/web", "created_at": "2026-11-23T10:00:00Z" });
    let id = one("github", record.clone()).external_id;
    assert!(id.starts_with("sha256:") && id.len() == 39, "{id}");
    assert_eq!(one("github", record.clone()).external_id, id);
    let mut other = record;
    other["actor"] = json!("bo");
    assert_ne!(one("github", other).external_id, id);
}
