//! The use cases: each port of the pages, over the rules of `domain` and the memory of `store`.

pub mod access;
pub mod account;
mod alerts;
pub mod approvals;
pub mod audit;
pub mod catalogue;
pub(crate) mod connection;
mod cursor;
mod deciding;
pub mod editing;
pub mod export;
pub mod exports;
mod holdings;
mod lagging;
mod matching;
pub mod people;
pub mod reader;
pub mod reading;
mod reports;
pub mod requests;
mod saved_queries;
pub mod sign_in;
pub mod sign_out;
mod sources;
mod stopping;
mod thread;
mod tokens;
mod typed;
mod usage;
mod windows;

use std::sync::Arc;

use app::backend::{Account, Answer, Backend, What};
use app::error::PortalError;
use domain::audit::{About, Action, NewEvent, Outcome};
use domain::caller::Caller;
use domain::id::RequestId;
use store::grant::GrantRecord;
use store::request::RequestRecord;
use store::{Cause, Store, StoreError};

/// All use cases over one database.
#[derive(Debug, Clone)]
pub struct Portal {
    store: Store,
}

impl Portal {
    /// Over this database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The ports for the pages.
    pub fn backend(&self, account: Arc<dyn Account>) -> Backend {
        let portal = Arc::new(self.clone());
        Backend {
            catalogue: portal.clone(),
            editing: portal.clone(),
            administration: portal.clone(),
            requests: portal.clone(),
            approvals: portal.clone(),
            access: portal.clone(),
            alerts: portal.clone(),
            acting: portal.clone(),
            sources: portal.clone(),
            reports: portal.clone(),
            windows: portal.clone(),
            saved_queries: portal.clone(),
            holdings: portal.clone(),
            exports: portal.clone(),
            matching: portal.clone(),
            audit: portal.clone(),
            people: portal,
            account,
        }
    }
}

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// For the person who asked.
    #[error(transparent)]
    Told(#[from] PortalError),
    /// For the log.
    #[error(transparent)]
    Hidden(#[from] StoreError),
}

/// Turns a fault into what may be told; what is internal is logged.
pub fn tell<T>(result: Result<T, Fault>) -> Answer<T> {
    result.map_err(|fault| match fault {
        Fault::Told(error) => error,
        Fault::Hidden(error) => {
            tracing::error!(%error, "a use case failed");
            told(&error)
        }
    })
}

/// What people are told of an error of the database: what is of the moment, and nothing of the rest.
pub(crate) fn told(error: &StoreError) -> PortalError {
    match error.cause() {
        Cause::Full => PortalError::Full,
        Cause::Away => PortalError::Away,
        Cause::Other => PortalError::Internal,
    }
}

/// Something tried that a rule refuses.
pub(crate) struct Refused<'a> {
    /// What was tried.
    pub tried: Action,
    /// About what.
    pub about: About,
    /// On which request.
    pub request: Option<RequestId>,
    /// What the person is told.
    pub message: &'a str,
}

/// Writes a refused attempt into the book, and answers with the refusal.
pub(crate) async fn refuse(store: &Store, caller: &Caller, refused: Refused<'_>) -> Fault {
    let mut event = NewEvent::by(caller, Action::AccessDenied)
        .outcome(Outcome::Denied)
        .about(refused.about)
        .reason(Some(refused.message.to_owned()))
        .detail(serde_json::json!({ "tried": refused.tried.as_str() }));
    event.request_id = refused.request;
    let written = async { store.begin().await?.commit(event).await }.await;
    match written {
        Ok(_) => PortalError::Forbidden(refused.message.to_owned()).into(),
        Err(error) => error.into(),
    }
}

fn what_is_asked(record: &RequestRecord) -> Result<What, StoreError> {
    Ok(What {
        entitlement: record.entitlement().to_owned(),
        resource: record.resource().to_owned(),
        resource_slug: record.resource_slug().to_owned(),
        system: record.system().to_owned(),
        sensitivity: record.sensitivity()?,
    })
}

fn what_is_held(record: &GrantRecord) -> Result<What, StoreError> {
    Ok(What {
        entitlement: record.entitlement.clone(),
        resource: record.resource.clone(),
        resource_slug: record.resource_slug.clone(),
        system: record.system.clone(),
        sensitivity: record.sensitivity()?,
    })
}
