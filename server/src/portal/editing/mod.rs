//! Editing the catalogue: what stands there, what is typed, who may, and what follows from it.

mod account;
mod administration;
mod apply;
pub(crate) mod consequences;
mod delete;
mod entitlement;
pub(super) mod form;
mod group;
pub(super) mod job_roles;
pub(super) mod may;
mod new_resource;
mod proposals;
mod resource;
mod system;
pub(crate) mod unowned;

use app::backend::{
    AccountRow, Answer, Editing, EntitlementEdit, Proposal, ResourceEdit, Saved, TypedAccount, TypedAnswer,
    TypedDeletion, TypedEntitlement, TypedResource,
};
use app::error::PortalError;
use async_trait::async_trait;
use domain::audit::NewEvent;
use domain::caller::Caller;
use domain::editable::{Change, Concern, Facts};
use domain::id::PersonId;
use store::Tx;

use super::{Fault, Portal, tell};

#[async_trait]
impl Editing for Portal {
    async fn resource(&self, caller: &Caller, slug: &str) -> Answer<ResourceEdit> {
        tell(resource::show(&self.store, caller, slug).await)
    }

    async fn entitlement(&self, caller: &Caller, slug: &str, id: &str) -> Answer<EntitlementEdit> {
        tell(entitlement::show(&self.store, caller, slug, id).await)
    }

    async fn save_resource(&self, caller: &Caller, typed: &TypedResource) -> Answer<Saved> {
        tell(resource::save(&self.store, caller, typed).await)
    }

    async fn save_entitlement(&self, caller: &Caller, typed: &TypedEntitlement) -> Answer<Saved> {
        tell(if typed.id.trim().is_empty() {
            entitlement::add(&self.store, caller, typed).await
        } else {
            entitlement::save(&self.store, caller, typed).await
        })
    }

    async fn delete(&self, caller: &Caller, typed: &TypedDeletion) -> Answer<()> {
        tell(delete::delete(&self.store, caller, typed).await)
    }

    async fn accounts(&self, caller: &Caller, person: PersonId) -> Answer<Vec<AccountRow>> {
        tell(account::list(&self.store, caller, person).await)
    }

    async fn set_account(&self, caller: &Caller, typed: &TypedAccount) -> Answer<Saved> {
        tell(account::set(&self.store, caller, typed).await)
    }

    async fn proposals(&self, caller: &Caller) -> Answer<Vec<Proposal>> {
        tell(proposals::list(&self.store, caller).await)
    }

    async fn answer(&self, caller: &Caller, typed: &TypedAnswer) -> Answer<()> {
        tell(proposals::answer(&self.store, caller, typed).await)
    }
}

/// A conflict where the facts stand otherwise than when the form was opened.
fn check_version<T: Facts>(facts: &T, version: &str) -> Result<(), PortalError> {
    let since: Vec<String> = match serde_json::from_str::<T>(version) {
        Ok(opened) => opened.changes(facts).iter().map(Change::words).collect(),
        Err(_) => {
            let message = "This form is from another time. Look at what stands there now, then save again.";
            return Err(PortalError::Conflict(message.to_owned()));
        }
    };
    if since.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Somebody changed this since you opened it ({}). Nothing of yours was saved yet.",
        since.join("; ")
    );
    Err(PortalError::Conflict(message))
}

/// Whether an edit touches what takes a fresh sign-in: rules, owners, limits, and what is opened at the target.
fn needs_fresh_sign_in(changes: &[Change]) -> bool {
    changes.iter().any(|change| change.concern != Concern::Description || change.field == "target")
}

/// Commits what was written with all of its events.
async fn commit(mut tx: Tx, mut events: Vec<NewEvent>) -> Result<(), Fault> {
    let last = events.pop().ok_or(PortalError::Internal)?;
    for event in events {
        tx.record(event).await?;
    }
    tx.commit(last).await?;
    Ok(())
}
