//! Editing a resource.

use app::backend::{ResourceEdit, Saved, TypedResource};
use app::error::PortalError;
use app::routes;
use domain::audit::Action;
use domain::caller::Caller;
use domain::editable::Facts as _;
use domain::policy::loosening;
use store::loosening::Of;
use store::{Store, catalogue, owner};

use super::apply;
use super::may::For;
use super::proposals::{self, Edit};
use super::{check_version, commit, consequences, form, may, needs_fresh_sign_in};
use crate::portal::typed::Faults;
use crate::portal::{Fault, refuse};

/// The resource as its editors see it.
pub async fn show(store: &Store, caller: &Caller, slug: &str) -> Result<ResourceEdit, Fault> {
    let mut tx = store.begin().await?;
    let resource = may::resource(tx.conn(), caller, slug, For::Show)
        .await?
        .map_err(|refused| PortalError::Forbidden(refused.message.to_owned()))?;
    let entitlements = catalogue::entitlements_on(tx.conn(), resource.id).await?;
    let ids = consequences::entitlements(tx.conn(), resource.id).await?;
    let sees_system =
        caller.roles.administrator || owner::owns_system(tx.conn(), caller.id(), resource.system_id).await?;
    Ok(ResourceEdit {
        name: resource.facts.name.clone(),
        system: resource.system.clone(),
        system_path: sees_system.then(|| routes::system(&resource.system_id.to_string())),
        typed: form::write_resource(&resource),
        entitlements: entitlements.into_iter().map(|e| (e.id().to_string(), e.name)).collect(),
        at_stake: consequences::at_stake(tx.conn(), &ids).await?,
        sign_in_again: !caller.is_fresh(caller.called_at),
        proposal: proposals::waiting_for(tx.conn(), caller, Of::Resource(resource.id)).await?,
        seconds: proposals::seconds(tx.conn(), caller, Of::Resource(resource.id)).await?,
    })
}

/// Saves what was typed, if the resource stands as it did when the form was opened.
pub async fn save(store: &Store, caller: &Caller, typed: &TypedResource) -> Result<Saved, Fault> {
    let mut tx = store.begin().await?;
    let resource =
        match may::resource(tx.conn(), caller, &typed.slug, For::Write(Action::ResourceChanged)).await? {
            Ok(resource) => resource,
            Err(refused) => {
                // The lock is given up first: the refusal is written in a transaction of its own.
                drop(tx);
                return Err(refuse(store, caller, refused).await);
            }
        };
    check_version(&resource.facts, &typed.version)?;
    let after = form::read_resource(tx.conn(), Faults::default(), typed, &resource.owners).await?;
    let changes = resource.facts.changes(&after);
    if changes.is_empty() {
        return Ok(Saved::Unchanged);
    }
    if needs_fresh_sign_in(&changes) && !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    let edit = Edit {
        of: Of::Resource(resource.id),
        about: resource.about(),
        before: serde_json::json!(resource.facts),
        after: serde_json::json!(after),
        changes: &changes,
        kinds: &loosening::of_resource(&resource.facts, &after),
    };
    let Some(way) = proposals::way(&mut tx, caller, &edit).await? else {
        proposals::propose(tx, caller, &edit).await?;
        return Ok(Saved::Proposed);
    };
    let events = apply::resource(&mut tx, &way, &resource, &after).await?;
    commit(tx, events).await?;
    Ok(Saved::Done)
}
