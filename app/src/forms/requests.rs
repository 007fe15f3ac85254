//! Asking, and taking back.

use domain::id::{RequestId, SubmissionId};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Counter, Form, id};
use crate::address;
use crate::backend::{Answer, TypedRequest};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

impl Form for TypedRequest {
    const NAME: &'static str = "request";

    fn path(&self) -> String {
        let path = address::with_all(
            routes::REQUEST_FORM,
            &[("bundle", self.bundle.as_str()), ("renew", self.renew.as_str())],
        );
        if !self.bundle.is_empty() || !self.renew.is_empty() {
            return path;
        }
        self.entitlements
            .split(',')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .take(50)
            .fold(path, |path, id| address::with(&path, "entitlement", id))
    }
}

/// Asks for access.
#[server(prefix = "/api/form", endpoint = "submit-request")]
pub async fn submit_request(typed: TypedRequest) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = submit(&counter, &typed).await;
    counter.close(&typed, done, |path| path).await
}

/// Files it and says where it can be followed.
async fn submit(counter: &Counter, typed: &TypedRequest) -> Answer<String> {
    let submission = counter.backend.requests.submit(&counter.caller, &chosen(typed)).await?;
    let rows = counter.backend.requests.submission(&counter.caller, submission).await?;
    Ok(match rows.as_slice() {
        [only] => Notice::RequestSent.on(&format!("{}/{}", routes::REQUESTS, only.id)),
        _ => Notice::RequestsSent.on(&submission_path(submission)),
    })
}

/// Where the requests of one submission stand together.
fn submission_path(submission: SubmissionId) -> String {
    address::with(routes::REQUESTS, "submission", &submission.to_string())
}

/// The form offers lengths as choices of their own (`ends=4 hours`): they become durations.
pub(crate) fn chosen(typed: &TypedRequest) -> TypedRequest {
    match typed.ends.as_str() {
        "" | "duration" | "until" => typed.clone(),
        preset => TypedRequest { ends: "duration".to_owned(), duration: preset.to_owned(), ..typed.clone() },
    }
}

/// Which request is taken back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedCancel {
    /// The request.
    pub id: String,
}

impl Form for TypedCancel {
    const NAME: &'static str = "cancel";

    fn path(&self) -> String {
        format!("{}/{}", routes::REQUESTS, address::encode(&self.id))
    }
}

/// Takes an own pending request back.
#[server(prefix = "/api/form", endpoint = "cancel-request")]
pub async fn cancel_request(typed: TypedCancel) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done =
        async { counter.backend.requests.cancel(&counter.caller, id::<RequestId>(&typed.id)?).await }.await;
    counter.close(&typed, done, |()| Notice::RequestCancelled.on(&typed.path())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_length_is_a_duration_and_what_was_typed_otherwise_stays() {
        let preset = TypedRequest { ends: "4 hours".into(), duration: "9 days".into(), ..Default::default() };
        assert_eq!(chosen(&preset).ends, "duration");
        assert_eq!(chosen(&preset).duration, "4 hours");
        for ends in ["duration", "until", ""] {
            let typed = TypedRequest { ends: ends.into(), duration: "9 days".into(), ..Default::default() };
            assert_eq!(chosen(&typed), typed);
        }
    }

    #[test]
    fn a_failed_request_goes_back_to_a_form_for_the_same_access() {
        let typed = TypedRequest { entitlements: "a, b&c,".into(), ..Default::default() };
        assert_eq!(typed.path(), "/requests/new?entitlement=a&entitlement=b%26c");
        let bundle =
            TypedRequest { entitlements: "a".into(), bundle: "on-call".into(), ..Default::default() };
        assert_eq!(bundle.path(), "/requests/new?bundle=on-call");
    }
}
