//! Deciding.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::address;
use crate::backend::TypedDecision;
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

/// Names the request that was just decided, in the address of the queue.
pub const DECIDED: &str = "decided";
/// Instead of a request in the address of the queue: whatever waits below the one just decided.
pub const NEXT: &str = "next";

impl Form for TypedDecision {
    const NAME: &'static str = "decision";

    fn path(&self) -> String {
        address::with_all(routes::APPROVALS, &[("open", self.id.as_str())])
    }
}

/// Approves or denies one request, and goes on to what waits next.
#[server(prefix = "/api/form", endpoint = "decide")]
pub async fn decide(typed: TypedDecision) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.approvals.decide(&counter.caller, &typed).await;
    let notice = if typed.verdict == "deny" { Notice::Denied } else { Notice::Approved };
    let next = [("open", NEXT), (DECIDED, typed.id.as_str())];
    counter.close(&typed, done, |()| notice.on(&address::with_all(routes::APPROVALS, &next))).await
}
