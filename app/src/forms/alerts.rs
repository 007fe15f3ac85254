//! What becomes of an alert.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::backend::{TypedAlertComment, TypedHandOver, TypedTakeUp, TypedVerdict};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

impl Form for TypedTakeUp {
    const NAME: &'static str = "alert-take-up";

    fn path(&self) -> String {
        routes::alert(&self.id)
    }
}

impl Form for TypedAlertComment {
    const NAME: &'static str = "alert-comment";

    fn path(&self) -> String {
        routes::alert(&self.id)
    }
}

impl Form for TypedVerdict {
    const NAME: &'static str = "alert-verdict";

    fn path(&self) -> String {
        routes::alert(&self.id)
    }
}

impl Form for TypedHandOver {
    const NAME: &'static str = "alert-hand-over";

    fn path(&self) -> String {
        routes::alert(&self.id)
    }
}

/// The caller looks at an alert.
#[server(prefix = "/api/form", endpoint = "acknowledge-alert")]
pub async fn acknowledge_alert(typed: TypedTakeUp) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.alerts.acknowledge(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::AlertTakenUp.on(&typed.path())).await
}

/// The caller says what an alert was.
#[server(prefix = "/api/form", endpoint = "resolve-alert")]
pub async fn resolve_alert(typed: TypedVerdict) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.alerts.resolve(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::AlertResolved.on(&typed.path())).await
}

/// Somebody else takes care of an alert.
#[server(prefix = "/api/form", endpoint = "hand-over-alert")]
pub async fn hand_over_alert(typed: TypedHandOver) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.alerts.hand_over(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::AlertHandedOver.on(routes::ALERTS)).await
}

/// The caller says something about an alert.
#[server(prefix = "/api/form", endpoint = "comment-alert")]
pub async fn comment_alert(typed: TypedAlertComment) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.alerts.comment(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::AlertCommented.on(&typed.path())).await
}
