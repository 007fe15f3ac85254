//! Editing and adding an entitlement.

use app::backend::{AtStake, EntitlementEdit, Saved, TypedEntitlement};
use app::error::PortalError;
use domain::audit::Action;
use domain::caller::Caller;
use domain::editable::Facts as _;
use domain::policy::loosening;
use store::catalogue_edit::{EditedEntitlement, EditedResource};
use store::loosening::Of;
use store::{Store, Tx};

use super::apply;
use super::may::For;
use super::proposals::{self, Edit};
use super::{check_version, commit, consequences, form, may, needs_fresh_sign_in};
use crate::portal::{Fault, Refused, refuse};

/// The entitlement as its editors see it; an empty `id` is one to be added.
pub async fn show(store: &Store, caller: &Caller, slug: &str, id: &str) -> Result<EntitlementEdit, Fault> {
    let forbid = |refused: Refused<'_>| PortalError::Forbidden(refused.message.to_owned());
    let mut tx = store.begin().await?;
    if id.is_empty() {
        let resource = may::resource(tx.conn(), caller, slug, For::Show).await?.map_err(forbid)?;
        return view(&mut tx, caller, &resource, None).await;
    }
    let (resource, entitlement) =
        may::entitlement(tx.conn(), caller, slug, id, For::Show).await?.map_err(forbid)?;
    view(&mut tx, caller, &resource, Some(&entitlement)).await
}

async fn view(
    tx: &mut Tx,
    caller: &Caller,
    resource: &EditedResource,
    entitlement: Option<&EditedEntitlement>,
) -> Result<EntitlementEdit, Fault> {
    let at_stake = match entitlement {
        Some(entitlement) => consequences::at_stake(tx.conn(), &[entitlement.id]).await?,
        None => AtStake::default(),
    };
    let of = entitlement
        .map_or(Of::Resource(resource.id), |entitlement| Of::Entitlement(resource.id, entitlement.id));
    Ok(EntitlementEdit {
        resource: resource.facts.name.clone(),
        system: resource.system.clone(),
        is_manual: resource.is_manual(),
        name: entitlement.map(|entitlement| entitlement.facts.name.clone()).unwrap_or_default(),
        typed: entitlement.map_or_else(
            || form::blank_entitlement(&resource.slug),
            |entitlement| form::write_entitlement(&resource.slug, entitlement),
        ),
        at_stake,
        sign_in_again: !caller.is_fresh(caller.called_at),
        proposal: match entitlement {
            Some(_) => proposals::waiting_for(tx.conn(), caller, of).await?,
            None => None,
        },
        seconds: proposals::seconds(tx.conn(), caller, of).await?,
    })
}

/// Saves what was typed, if the entitlement stands as it did when the form was opened.
pub async fn save(store: &Store, caller: &Caller, typed: &TypedEntitlement) -> Result<Saved, Fault> {
    let mut tx = store.begin().await?;
    let tried = For::Write(Action::EntitlementChanged);
    let (resource, entitlement) =
        match may::entitlement(tx.conn(), caller, &typed.slug, &typed.id, tried).await? {
            Ok(found) => found,
            Err(refused) => {
                drop(tx);
                return Err(refuse(store, caller, refused).await);
            }
        };
    check_version(&entitlement.facts, &typed.version)?;
    let after = form::read_entitlement(tx.conn(), typed, &resource, Some(&entitlement)).await?;
    let changes = entitlement.facts.changes(&after);
    if changes.is_empty() {
        return Ok(Saved::Unchanged);
    }
    if needs_fresh_sign_in(&changes) && !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    let edit = Edit {
        of: Of::Entitlement(resource.id, entitlement.id),
        about: entitlement.about(&resource),
        before: serde_json::json!(entitlement.facts),
        after: serde_json::json!(after),
        changes: &changes,
        kinds: &loosening::of_entitlement(&entitlement.facts, &after),
    };
    let Some(way) = proposals::way(&mut tx, caller, &edit).await? else {
        proposals::propose(tx, caller, &edit).await?;
        return Ok(Saved::Proposed);
    };
    let events = apply::entitlement(&mut tx, &way, (&resource, &entitlement), &after).await?;
    commit(tx, events).await?;
    Ok(Saved::Done)
}

/// Adds what was typed.
pub async fn add(store: &Store, caller: &Caller, typed: &TypedEntitlement) -> Result<Saved, Fault> {
    let mut tx = store.begin().await?;
    let resource =
        match may::resource(tx.conn(), caller, &typed.slug, For::Write(Action::EntitlementAdded)).await? {
            Ok(resource) => resource,
            Err(refused) => {
                drop(tx);
                return Err(refuse(store, caller, refused).await);
            }
        };
    let facts = form::read_entitlement(tx.conn(), typed, &resource, None).await?;
    if !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    let events = apply::new_entitlement(&mut tx, caller, &resource, &facts).await?;
    commit(tx, events).await?;
    Ok(Saved::Done)
}
