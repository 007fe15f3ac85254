//! What is done about an alert, what people are asked about one, and what is told again.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::backend::{TypedQuestion, TypedReply, TypedRevokeFrom, TypedSuppressionEnd, TypedSuspendFrom};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

impl Form for TypedRevokeFrom {
    const NAME: &'static str = "alert-revoke";

    fn path(&self) -> String {
        routes::alert(&self.id)
    }
}

impl Form for TypedSuspendFrom {
    const NAME: &'static str = "alert-suspend";

    fn path(&self) -> String {
        routes::alert(&self.id)
    }
}

impl Form for TypedQuestion {
    const NAME: &'static str = "alert-question";

    fn path(&self) -> String {
        routes::alert(&self.id)
    }
}

impl Form for TypedReply {
    const NAME: &'static str = "alert-reply";

    fn path(&self) -> String {
        routes::question(&self.id)
    }
}

impl Form for TypedSuppressionEnd {
    const NAME: &'static str = "suppression-end";

    fn path(&self) -> String {
        routes::SUPPRESSIONS.to_owned()
    }
}

/// Takes away access that an alert is about.
#[server(prefix = "/api/form", endpoint = "revoke-from-alert")]
pub async fn revoke_from_alert(typed: TypedRevokeFrom) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.acting.revoke_from(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::TakenAway.on(&typed.path())).await
}

/// Suspends the person that an alert is about.
#[server(prefix = "/api/form", endpoint = "suspend-from-alert")]
pub async fn suspend_from_alert(typed: TypedSuspendFrom) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.acting.suspend_from(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::SuspendedFromAlert.on(&typed.path())).await
}

/// Asks the person that an alert is about.
#[server(prefix = "/api/form", endpoint = "ask-about-alert")]
pub async fn ask_about_alert(typed: TypedQuestion) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.acting.ask(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::AlertAsked.on(&typed.path())).await
}

/// Answers such a question.
#[server(prefix = "/api/form", endpoint = "answer-question")]
pub async fn answer_question(typed: TypedReply) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.acting.reply(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::QuestionAnswered.on(&typed.path())).await
}

/// Has something told again.
#[server(prefix = "/api/form", endpoint = "end-suppression")]
pub async fn end_suppression(typed: TypedSuppressionEnd) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.acting.end_suppression(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::SuppressionEnded.on(&typed.path())).await
}
