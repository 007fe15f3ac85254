//! Giving back, taking away, and what owners do by hand.

use domain::id::GrantId;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Counter, Form, id};
use crate::address;
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

/// Which access is given back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedGiveBack {
    /// The grant.
    pub id: String,
    /// The page that the form stands on.
    pub back: String,
}

impl Form for TypedGiveBack {
    const NAME: &'static str = "give-back";

    fn path(&self) -> String {
        address::safe_local(&self.back, routes::HOME).to_owned()
    }
}

/// Ends the caller's own access.
#[server(prefix = "/api/form", endpoint = "give-back")]
pub async fn give_back(typed: TypedGiveBack) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done =
        async { counter.backend.access.give_back(&counter.caller, id::<GrantId>(&typed.id)?).await }.await;
    counter.close(&typed, done, |()| Notice::GivenBack.on(&typed.path())).await
}

/// Whose access is taken away, and why.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedRevoke {
    /// The grant.
    pub id: String,
    /// Why.
    pub reason: String,
    /// The page that the form stands on.
    pub back: String,
}

impl Form for TypedRevoke {
    const NAME: &'static str = "revoke";

    fn path(&self) -> String {
        address::safe_local(&self.back, routes::HOME).to_owned()
    }
}

/// Takes somebody's access away.
#[server(prefix = "/api/form", endpoint = "revoke")]
pub async fn revoke(typed: TypedRevoke) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = async {
        counter.backend.access.revoke(&counter.caller, id::<GrantId>(&typed.id)?, &typed.reason).await
    }
    .await;
    counter.close(&typed, done, |()| Notice::TakenAway.on(&typed.path())).await
}

/// Which task is done.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedAttest {
    /// The grant.
    pub id: String,
    /// What was done; may be empty.
    pub note: String,
}

impl Form for TypedAttest {
    const NAME: &'static str = "attest";

    fn path(&self) -> String {
        routes::TASKS.to_owned()
    }
}

/// Says that a manual task is done.
#[server(prefix = "/api/form", endpoint = "attest")]
pub async fn attest(typed: TypedAttest) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = async {
        counter.backend.access.attest(&counter.caller, id::<GrantId>(&typed.id)?, &typed.note).await
    }
    .await;
    counter.close(&typed, done, |()| Notice::TaskDone.on(routes::TASKS)).await
}

/// Which task is tried again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedRetry {
    /// The grant.
    pub id: String,
}

impl Form for TypedRetry {
    const NAME: &'static str = "retry";

    fn path(&self) -> String {
        routes::TASKS.to_owned()
    }
}

/// Asks for the next try of a failed task now.
#[server(prefix = "/api/form", endpoint = "retry")]
pub async fn retry(typed: TypedRetry) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = async { counter.backend.access.retry(&counter.caller, id::<GrantId>(&typed.id)?).await }.await;
    counter.close(&typed, done, |()| Notice::TaskRetried.on(routes::TASKS)).await
}
