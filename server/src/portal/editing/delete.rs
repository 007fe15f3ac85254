//! Deleting: what is pending is denied, what is held is taken away, and the history stays.

use app::backend::TypedDeletion;
use app::error::PortalError;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::EntitlementId;
use store::catalogue_edit::{self, EditedResource};
use store::loosening::{self, Of};
use store::{Store, Tx};

use super::consequences;
use super::may::{self, For};
use crate::portal::typed::Faults;
use crate::portal::{Fault, refuse};

/// Deletes a resource or, where one is named, an entitlement on it.
pub async fn delete(store: &Store, caller: &Caller, typed: &TypedDeletion) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let is_resource = typed.id.trim().is_empty();
    let allowed = if is_resource {
        let allowed =
            may::resource(tx.conn(), caller, &typed.slug, For::Write(Action::ResourceDeleted)).await?;
        allowed.map(|resource| (resource, None))
    } else {
        let tried = For::Write(Action::EntitlementDeleted);
        let allowed = may::entitlement(tx.conn(), caller, &typed.slug, &typed.id, tried).await?;
        allowed.map(|(resource, entitlement)| (resource, Some(entitlement)))
    };
    let (resource, entitlement) = match allowed {
        Ok(found) => found,
        Err(refused) => {
            drop(tx);
            return Err(refuse(store, caller, refused).await);
        }
    };
    let mut faults = Faults::default();
    let reason = faults.prose("reason", &typed.reason);
    if reason.is_none() && faults.is_empty() {
        faults.add("reason", "Say why; it stands in the book.");
    }
    faults.check()?;
    if !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    let deletion = match entitlement {
        None => all(&mut tx, &resource).await?,
        Some(entitlement) => {
            let about = entitlement.about(&resource);
            one(&mut tx, about, entitlement.id).await?
        }
    };
    let now = tx.now;
    let of = deletion.only.map_or(Of::Resource(resource.id), |id| Of::Entitlement(resource.id, id));
    loosening::overtake(tx.conn(), of, caller.id(), now).await?;
    let stopped = consequences::stop(&mut tx, &deletion.ended, &deletion.why).await?;
    let event = NewEvent::by(caller, deletion.action)
        .about(deletion.about)
        .reason(reason)
        .detail(serde_json::json!({ "denied": stopped.requests, "taken_away": stopped.grants }));
    tx.commit(event).await?;
    Ok(())
}

struct Deletion {
    action: Action,
    about: About,
    ended: Vec<EntitlementId>,
    /// Where it is one entitlement that is deleted.
    only: Option<EntitlementId>,
    /// What those are told who held it or asked for it.
    why: String,
}

async fn all(tx: &mut Tx, resource: &EditedResource) -> Result<Deletion, Fault> {
    let now = tx.now;
    let ended = consequences::entitlements(tx.conn(), resource.id).await?;
    if !catalogue_edit::delete_resource(tx.conn(), resource.id, now).await? {
        return Err(PortalError::NotFound.into());
    }
    let why = format!("{} was deleted from the catalogue.", resource.facts.name);
    Ok(Deletion { action: Action::ResourceDeleted, about: resource.about(), ended, only: None, why })
}

async fn one(tx: &mut Tx, about: About, id: EntitlementId) -> Result<Deletion, Fault> {
    let now = tx.now;
    if !catalogue_edit::delete_entitlement(tx.conn(), id, now).await? {
        return Err(PortalError::NotFound.into());
    }
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    let why =
        format!("{} on {} was deleted from the catalogue.", name(&about.entitlement), name(&about.resource));
    Ok(Deletion { action: Action::EntitlementDeleted, about, ended: vec![id], only: Some(id), why })
}
