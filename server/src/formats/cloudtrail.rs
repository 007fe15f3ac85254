//! AWS CloudTrail (record contents 1.0 to 1.11), also as EventBridge delivers it.

use chrono::{DateTime, Utc};
use domain::audit::Outcome;
use domain::usage::scrub::REMOVED;
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget, UsageAction, UsageError};
use serde_json::Value;

use super::draft::email;
use super::{Draft, Format, Found, pick, time, verbs};

/// Acts that change who may do what, as they start.
const PERMISSIONS: [&str; 50] = [
    "AttachUserPolicy",
    "AttachRolePolicy",
    "AttachGroupPolicy",
    "DetachUserPolicy",
    "DetachRolePolicy",
    "DetachGroupPolicy",
    "PutUserPolicy",
    "PutRolePolicy",
    "PutGroupPolicy",
    "DeleteUserPolicy",
    "DeleteRolePolicy",
    "DeleteGroupPolicy",
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "PutResourcePolicy",
    "DeleteResourcePolicy",
    "PutKeyPolicy",
    "SetRepositoryPolicy",
    "UpdateAssumeRolePolicy",
    "AddPermission",
    "RemovePermission",
    "CreateAccessKey",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "CreateLoginProfile",
    "UpdateLoginProfile",
    "DeleteLoginProfile",
    "AddUserToGroup",
    "RemoveUserFromGroup",
    "CreatePolicy",
    "DeletePolicy",
    "SetDefaultPolicyVersion",
    "ModifySnapshotAttribute",
    "ModifyImageAttribute",
    "ModifyDBSnapshotAttribute",
    "ModifyDBClusterSnapshotAttribute",
    "AuthorizeSecurityGroup",
    "RevokeSecurityGroup",
    "PutBucketAcl",
    "PutObjectAcl",
    "PutBucketPublicAccessBlock",
    "CreateGrant",
    "RevokeGrant",
    "CreateAccountAssignment",
    "DeleteAccountAssignment",
    "AddRoleToInstanceProfile",
    "PutUserPermissionsBoundary",
    "PutRolePermissionsBoundary",
    "CreateTrustAnchor",
    "DeactivateMFADevice",
];
/// Where requests name what they are about, the most telling first.
const RESOURCES: [&str; 46] = [
    "secretId",
    "bucketName",
    "roleArn",
    "roleName",
    "userName",
    "groupName",
    "functionName",
    "tableName",
    "dBSnapshotIdentifier",
    "dBInstanceIdentifier",
    "dBClusterIdentifier",
    "snapshotId",
    "imageId",
    "instanceId",
    "instanceIds/0",
    "instancesSet/items/0/instanceId",
    "target",
    "keyId",
    "trailName",
    "clusterName",
    "repositoryName",
    "stackName",
    "queueUrl",
    "topicArn",
    "logGroupName",
    "streamName",
    "domainName",
    "fileSystemId",
    "projectName",
    "pipelineName",
    "workGroup",
    "policyArn",
    "policyName",
    "groupId",
    "securityGroupId",
    "vpcId",
    "subnetId",
    "resolverQueryLogConfigId",
    "DeleteFlowLogsRequest/FlowLogId/content",
    "modelId",
    "resourceArn",
    "resourceId",
    "name",
    "names/0",
    "arn",
    "policyDocumentName",
];

/// The format itself.
pub(super) struct CloudTrail;

impl Format for CloudTrail {
    fn name(&self) -> &str {
        "cloudtrail"
    }

    fn title(&self) -> &str {
        "AWS CloudTrail"
    }

    fn recognises(&self, record: &Value) -> bool {
        let is_record = |record: &Value| {
            pick::has(record, "/eventName")
                && (pick::text(record, "/eventSource")
                    .is_some_and(|source| source.contains(".amazonaws.com"))
                    || pick::has(record, "/eventVersion"))
        };
        is_record(record) || record.get("detail").is_some_and(is_record)
    }

    fn open(&self, mut record: Value) -> Value {
        match record.get_mut("detail") {
            Some(detail) if pick::has(detail, "/eventName") => detail.take(),
            _ => record,
        }
    }

    fn id(&self, record: &Value) -> Option<String> {
        pick::text(record, "/eventID")
    }

    fn read(&self, record: &Value, _: DateTime<Utc>) -> Result<Found, UsageError> {
        let operation = pick::text(record, "/eventName").unwrap_or_default();
        let service = pick::text(record, "/eventSource").unwrap_or_default();
        let service = service.split('.').next().unwrap_or_default();
        let code = pick::text(record, "/errorCode");
        let message = pick::text(record, "/errorMessage");
        Ok(Found::Events(vec![Draft {
            time: time::in_utc(record, "/eventTime")?,
            action: action(record, service, &operation).to_owned(),
            outcome: outcome(record, code.as_deref()),
            actor: actor(record, &operation),
            target: OutsideTarget {
                system: None,
                resource: resource(record),
                entitlement: (!service.is_empty() && !operation.is_empty())
                    .then(|| format!("{service}:{}", without_version(&operation))),
            },
            ip: pick::text(record, "/sourceIPAddress"),
            user_agent: pick::text(record, "/userAgent"),
            operation: Some(operation),
            reason: match (code, message) {
                (Some(code), Some(message)) => Some(format!("{code}: {message}")),
                (code, message) => code.or(message),
            },
        }]))
    }
}

/// `UpdateFunctionCode` of `UpdateFunctionCode20150331v2`.
fn without_version(operation: &str) -> &str {
    let bare = operation.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'v' || c == '_');
    if operation.len() - bare.len() >= 8 { bare } else { operation }
}

fn action(record: &Value, service: &str, operation: &str) -> &'static str {
    let operation = without_version(operation);
    match (service, operation) {
        ("signin", "ConsoleLogin" | "UserAuthentication" | "Authenticate" | "Federate") => {
            return UsageAction::SESSION_OPENED;
        }
        ("sso", "Authenticate" | "Federate" | "UserAuthentication") => return UsageAction::SESSION_OPENED,
        ("signin", "Logout") | ("sso", "Logout") => return UsageAction::SESSION_CLOSED,
        ("signin", _) => return UsageAction::SESSION_OTHER,
        ("sts", "GetFederationToken" | "GetSessionToken") | ("ssm", "StartSession" | "ResumeSession") => {
            return UsageAction::SESSION_OPENED;
        }
        ("sts", _) if operation.starts_with("AssumeRole") => return UsageAction::SESSION_OPENED,
        ("ssm", "TerminateSession") => return UsageAction::SESSION_CLOSED,
        _ if PERMISSIONS.iter().any(|start| operation.starts_with(start)) => {
            return UsageAction::PERMISSIONS_CHANGED;
        }
        _ => {}
    }
    match (verbs::action(operation), pick::text(record, "/readOnly").as_deref()) {
        (_, Some("true")) => UsageAction::ACCESSED,
        (Some(action), _) => action,
        (None, Some("false")) => UsageAction::CHANGED,
        (None, _) => UsageAction::OTHER,
    }
}

fn outcome(record: &Value, code: Option<&str>) -> Outcome {
    // A console login that failed has no error code.
    if pick::is(record, "/responseElements/ConsoleLogin", "Failure") {
        return Outcome::Denied;
    }
    let is_refusal = |code: &str| {
        ["AccessDenied", "Unauthorized", "NotAuthorized", "Forbidden"].iter().any(|word| code.contains(word))
    };
    match code {
        Some(code) if is_refusal(code) => Outcome::Denied,
        Some(_) => Outcome::Failure,
        // Service events carry an errorMessage alone.
        None if pick::has(record, "/errorMessage") => Outcome::Failure,
        None => Outcome::Success,
    }
}

fn actor(record: &Value, operation: &str) -> OutsideActor {
    let of = |field: &str| pick::text(record, &format!("/userIdentity/{field}"));
    let arn = of("arn");
    let issuer = of("sessionContext/sessionIssuer/arn").unwrap_or_default();
    let arn_text = arn.as_deref().unwrap_or_default();
    // Programs of AWS itself; roles that Identity Center makes for people; the rest could be either.
    let is_aws = of("type").as_deref() == Some("AWSService")
        || (arn.is_none() && of("invokedBy").is_some())
        || issuer.contains("/aws-service-role/")
        || pick::is(record, "/eventType", "AwsServiceEvent");
    let is_person = arn_text.contains("AWSReservedSSO_")
        || issuer.contains("AWSReservedSSO_")
        || matches!(of("type").as_deref(), Some("SAMLUser" | "IdentityCenterUser"))
        || operation == "ConsoleLogin"
        || pick::text(record, "/sessionCredentialFromConsole").as_deref() == Some("true");
    let is_instance =
        arn_text.rsplit('/').next().is_some_and(|name| name.starts_with("i-") && name.len() >= 10)
            && arn_text.contains(":assumed-role/");
    let kind = if is_aws || is_instance {
        OutsideKind::Machine
    } else if is_person {
        OutsideKind::Person
    } else {
        OutsideKind::Unknown
    };
    let last = arn_text.rsplit(['/', ':']).next().filter(|name| !name.is_empty()).map(str::to_owned);
    // An assumed role's own name says what, its session's name says who.
    let name = if arn_text.contains(":assumed-role/") { last.clone() } else { of("userName").or(last) };
    let name = name.or_else(|| of("userName")).or_else(|| of("invokedBy")).or_else(|| of("type"));
    OutsideActor {
        kind,
        email: email(name.as_deref()).or_else(|| email(of("userName").as_deref())),
        account: arn.or_else(|| of("invokedBy")).or_else(|| of("principalId")).or_else(|| of("accountId")),
        subject: of("onBehalfOf/userId"),
        name: name.unwrap_or_default(),
    }
}

fn resource(record: &Value) -> Option<String> {
    RESOURCES
        .iter()
        .find_map(|field| pick::text(record, &format!("/requestParameters/{field}")))
        .or_else(|| {
            pick::first(record, &["/resources/0/ARN", "/resources/0/arn", "/resources/0/resourceName"])
        })
        .or_else(|| any_name(record))
}

/// What any parameter names that is called like a name, and is not the caller's own.
fn any_name(record: &Value) -> Option<String> {
    let is_name = |name: &str| {
        ["Id", "Identifier", "Name", "Arn", "ARN"].iter().any(|ending| name.ends_with(ending))
            && !["Session", "session", "Source", "source", "client"].iter().any(|part| name.contains(part))
    };
    let parameters = pick::at(record, "/requestParameters")?.as_object()?;
    parameters
        .iter()
        .filter(|(name, _)| is_name(name))
        .find_map(|(_, value)| value.as_str().filter(|text| !text.is_empty() && *text != REMOVED))
        .map(str::to_owned)
}
