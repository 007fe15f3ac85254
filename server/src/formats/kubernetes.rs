//! Kubernetes audit (`audit.k8s.io/v1`), also as Azure's `kube-audit` category delivers it. Of the stages, that a
//! request was answered (or panicked) is what was done; the ones before it are the same request once more.

use chrono::{DateTime, Utc};
use domain::audit::Outcome;
use domain::json::Plain;
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget, UsageAction, UsageError};
use serde_json::Value;

use super::draft::email;
use super::{Draft, Format, Found, pick, time};

/// Who writes these decides who may do what.
const RBAC: [&str; 5] =
    ["roles", "rolebindings", "clusterroles", "clusterrolebindings", "certificatesigningrequests"];
/// Made to ask a question; nothing stays of them.
const QUESTIONS: [&str; 6] = [
    "tokenreviews",
    "subjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "localsubjectaccessreviews",
    "selfsubjectreviews",
];
/// Ways into a running container, whatever verb they have.
const WAYS_IN: [&str; 5] = ["exec", "attach", "portforward", "proxy", "token"];

/// The format itself.
pub(super) struct Kubernetes;

impl Format for Kubernetes {
    fn name(&self) -> &str {
        "kubernetes"
    }

    fn title(&self) -> &str {
        "Kubernetes audit"
    }

    fn recognises(&self, record: &Value) -> bool {
        let is_event = |record: &Value| {
            pick::is(record, "/kind", "Event")
                && (pick::text(record, "/apiVersion")
                    .is_some_and(|version| version.starts_with("audit.k8s.io/"))
                    || (pick::has(record, "/verb")
                        && (pick::has(record, "/user") || pick::has(record, "/objectRef"))))
        };
        is_event(record)
            || pick::text(record, "/category").is_some_and(|category| category.starts_with("kube-audit"))
    }

    fn open(&self, record: Value) -> Value {
        let inner = pick::at(&record, "/properties/log")
            .and_then(Value::as_str)
            .filter(|_| pick::has(&record, "/category"))
            .and_then(|text| serde_json::from_str(text).ok())
            .map(|Plain(value)| value);
        match inner {
            Some(inner @ Value::Object(_)) => inner,
            _ => record,
        }
    }

    fn id(&self, record: &Value) -> Option<String> {
        let stage = pick::text(record, "/stage").unwrap_or_else(|| "ResponseComplete".to_owned());
        pick::text(record, "/auditID").map(|id| format!("{id}/{stage}"))
    }

    fn read(&self, record: &Value, _: DateTime<Utc>) -> Result<Found, UsageError> {
        if let Some("RequestReceived" | "ResponseStarted") = pick::text(record, "/stage").as_deref() {
            let reason = "an earlier stage of a request that is reported again when it is answered";
            return Ok(Found::Skipped(reason.into()));
        }
        let verb = pick::text(record, "/verb");
        let object = Object::of(record);
        let received = time::in_utc(record, "/requestReceivedTimestamp")?;
        Ok(Found::Events(vec![Draft {
            time: match received {
                Some(time) => Some(time),
                None => time::in_utc(record, "/stageTimestamp")?,
            },
            action: action(verb.as_deref(), &object).to_owned(),
            outcome: outcome(record),
            actor: actor(record),
            target: OutsideTarget {
                system: None,
                resource: object.path().or_else(|| {
                    pick::text(record, "/requestURI")
                        .map(|uri| uri.split('?').next().unwrap_or_default().to_owned())
                }),
                entitlement: object.permission(verb.as_deref()),
            },
            ip: pick::text(record, "/sourceIPs/0"),
            user_agent: pick::text(record, "/userAgent"),
            operation: verb,
            reason: reason(record),
        }]))
    }
}

/// What a request is about.
#[derive(Default)]
struct Object {
    group: Option<String>,
    kind: Option<String>,
    subresource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
}

impl Object {
    fn of(record: &Value) -> Self {
        let of = |field: &str| pick::text(record, &format!("/objectRef/{field}"));
        // Some clusters write group and version into one.
        let group = of("apiGroup").or_else(|| {
            of("apiVersion").and_then(|version| version.split_once('/').map(|(group, _)| group.to_owned()))
        });
        Self {
            group,
            kind: of("resource"),
            subresource: of("subresource"),
            namespace: of("namespace"),
            // One that the server names is known from its answer.
            name: of("name").or_else(|| pick::text(record, "/responseObject/metadata/name")),
        }
    }

    /// `default/pods/web-1/log`
    fn path(&self) -> Option<String> {
        self.kind.as_ref()?;
        let parts = [&self.namespace, &self.kind, &self.name, &self.subresource];
        Some(parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("/"))
    }

    /// `create deployments.apps`, as RBAC names it.
    fn permission(&self, verb: Option<&str>) -> Option<String> {
        let kind = self.kind.as_ref()?;
        let subresource = self.subresource.as_ref().map_or(String::new(), |name| format!("/{name}"));
        let group = self.group.as_ref().map_or(String::new(), |name| format!(".{name}"));
        Some(format!("{} {kind}{group}{subresource}", verb?))
    }

    fn is_one_of(&self, kinds: &[&str]) -> bool {
        self.kind.as_deref().is_some_and(|kind| kinds.contains(&kind))
    }
}

fn action(verb: Option<&str>, object: &Object) -> &'static str {
    let is_way_in = object.subresource.as_deref().is_some_and(|name| WAYS_IN.contains(&name));
    match verb {
        Some("get" | "list" | "watch" | "head" | "proxy" | "connect" | "options") => UsageAction::ACCESSED,
        Some("create" | "update" | "patch") if is_way_in || object.is_one_of(&QUESTIONS) => {
            UsageAction::ACCESSED
        }
        Some(
            "create" | "update" | "patch" | "delete" | "deletecollection" | "bind" | "escalate" | "approve",
        ) if object.is_one_of(&RBAC) => UsageAction::PERMISSIONS_CHANGED,
        Some("create" | "post") => UsageAction::CREATED,
        Some("update" | "patch" | "put") => UsageAction::CHANGED,
        Some("delete" | "deletecollection") => UsageAction::DELETED,
        _ => UsageAction::OTHER,
    }
}

fn outcome(record: &Value) -> Outcome {
    let is_forbidden = pick::is(record, "/annotations/authorization.k8s.io~1decision", "forbid");
    match pick::number(record, "/responseStatus/code") {
        _ if is_forbidden => Outcome::Denied,
        Some(401 | 403) => Outcome::Denied,
        Some(code) if code >= 400 => Outcome::Failure,
        _ if pick::is(record, "/stage", "Panic") || pick::is(record, "/responseStatus/status", "Failure") => {
            Outcome::Failure
        }
        _ => Outcome::Success,
    }
}

fn actor(record: &Value) -> OutsideActor {
    let account = pick::text(record, "/user/username");
    let name = account.clone().unwrap_or_default();
    let email = email(account.as_deref());
    let kind = match name.as_str() {
        "" | "system:anonymous" | "system:unauthenticated" => OutsideKind::Unknown,
        name if name.starts_with("system:")
            || name.starts_with("eks:")
            || name.starts_with("aks-service") =>
        {
            OutsideKind::Machine
        }
        _ if email.is_some() => OutsideKind::Person,
        _ => OutsideKind::Unknown,
    };
    OutsideActor { kind, name, email, account, subject: None }
}

/// What the server said, and whom somebody passed themselves off as.
fn reason(record: &Value) -> Option<String> {
    let said = pick::first(record, &["/responseStatus/message", "/responseStatus/reason"]);
    let taken = pick::text(record, "/impersonatedUser/username").map(|name| format!("Acted as {name}."));
    match (taken, said) {
        (Some(taken), Some(said)) => Some(format!("{taken} {said}")),
        (taken, said) => taken.or(said),
    }
}
