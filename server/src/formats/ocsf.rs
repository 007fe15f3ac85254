//! OCSF 1.5 (<https://schema.ocsf.io/1.5.0>): Authentication (3002) and API Activity (6003); events of other
//! classes stay with their original.

use chrono::{DateTime, Utc};
use domain::audit::Outcome;
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget, UsageAction, UsageError};
use serde_json::Value;

use super::draft::{email, kind_by_email};
use super::{Draft, Format, Found, pick, time};

const AUTHENTICATION: i64 = 3002;
const API_ACTIVITY: i64 = 6003;

/// The format itself.
pub(super) struct Ocsf;

impl Format for Ocsf {
    fn name(&self) -> &str {
        "ocsf"
    }

    fn title(&self) -> &str {
        "OCSF"
    }

    fn recognises(&self, record: &Value) -> bool {
        pick::number(record, "/class_uid").is_some() && pick::has(record, "/metadata/product")
    }

    fn id(&self, record: &Value) -> Option<String> {
        pick::text(record, "/metadata/uid")
    }

    fn read(&self, record: &Value, _: DateTime<Utc>) -> Result<Found, UsageError> {
        let class = pick::number(record, "/class_uid");
        let service = match class {
            Some(AUTHENTICATION) => ["/service/name", "/dst_endpoint/svc_name", "/dst_endpoint/hostname"],
            _ => ["/api/service/name", "/dst_endpoint/svc_name", "/dst_endpoint/hostname"],
        };
        let operation = match class {
            Some(API_ACTIVITY) => pick::text(record, "/api/operation"),
            _ => pick::first(record, &["/type_name", "/activity_name", "/class_name"]),
        };
        Ok(Found::Events(vec![Draft {
            time: time::since_1970_in(record, "/time", time::Unit::Millis)?,
            action: action(record, class).to_owned(),
            outcome: outcome(record),
            actor: actor(record, class),
            target: OutsideTarget {
                system: None,
                resource: pick::first(record, &["/resources/0/name", "/resources/0/uid"])
                    .or_else(|| pick::first(record, &service)),
                entitlement: pick::text(record, "/api/operation").map(|operation| {
                    pick::text(record, "/api/service/name")
                        .map_or_else(|| operation.clone(), |service| format!("{service}:{operation}"))
                }),
            },
            ip: pick::text(record, "/src_endpoint/ip"),
            user_agent: pick::text(record, "/http_request/user_agent"),
            operation,
            reason: pick::first(record, &["/status_detail", "/api/response/error_message", "/message"]),
        }]))
    }
}

fn action(record: &Value, class: Option<i64>) -> &'static str {
    match (class, pick::number(record, "/activity_id")) {
        (Some(AUTHENTICATION), Some(1)) => UsageAction::SESSION_OPENED,
        (Some(AUTHENTICATION), Some(2)) => UsageAction::SESSION_CLOSED,
        (Some(AUTHENTICATION), _) => UsageAction::SESSION_OTHER,
        (Some(API_ACTIVITY), Some(1)) => UsageAction::CREATED,
        (Some(API_ACTIVITY), Some(2)) => UsageAction::ACCESSED,
        (Some(API_ACTIVITY), Some(3)) => UsageAction::CHANGED,
        (Some(API_ACTIVITY), Some(4)) => UsageAction::DELETED,
        _ => UsageAction::OTHER,
    }
}

/// OCSF tells success from failure only; that a rule refused it stands in the code or the error.
fn outcome(record: &Value) -> Outcome {
    let code = pick::first(record, &["/status_code", "/http_response/code", "/api/response/code"]);
    let error = pick::first(record, &["/api/response/error", "/status_detail"]).unwrap_or_default();
    let is_refused = code.is_some_and(|code| code == "401" || code == "403")
        || ["AccessDenied", "UnauthorizedOperation", "Forbidden"].iter().any(|word| error.contains(word));
    match pick::number(record, "/status_id") {
        Some(1) => Outcome::Success,
        _ if is_refused => Outcome::Denied,
        Some(2) => Outcome::Failure,
        _ => Outcome::Success,
    }
}

fn actor(record: &Value, class: Option<i64>) -> OutsideActor {
    // Who signs in is the event's own user; the actor is the program that let them.
    let user = match class {
        Some(AUTHENTICATION) if pick::has(record, "/user") => "/user",
        _ => "/actor/user",
    };
    let of = |field: &str| pick::text(record, &format!("{user}/{field}"));
    let account = of("name").or_else(|| of("uid"));
    let email = email(of("email_addr").as_deref()).or_else(|| email(account.as_deref()));
    let application = pick::text(record, "/actor/app_name");
    // https://schema.ocsf.io/1.5.0/objects/user: 3 is System, 4 is Service.
    let kind = match pick::number(record, &format!("{user}/type_id")) {
        Some(1 | 2) => OutsideKind::Person,
        Some(3 | 4) => OutsideKind::Machine,
        _ if account.is_none() && application.is_some() => OutsideKind::Machine,
        _ => kind_by_email(email.as_deref()),
    };
    OutsideActor {
        kind,
        name: of("full_name")
            .or_else(|| of("display_name"))
            .or_else(|| account.clone())
            .or(application)
            .unwrap_or_default(),
        email,
        account,
        subject: of("uid"),
    }
}
