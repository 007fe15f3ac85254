//! Adding a resource to a system.

use app::backend::{ResourceNew, TypedResource};
use app::error::PortalError;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::ResourceId;
use serde_json::json;
use store::catalogue_edit::{self, ONE_AT_AN_ADDRESS};
use store::owner_edit::{self, Owned};
use store::system_edit::{self, EditedSystem};
use store::{PgConnection, Store, owner};

use super::form;
use super::may::{self, Allowed};
use crate::portal::typed::Faults;
use crate::portal::{Fault, Refused, refuse};

const MESSAGE: &str = "Only owners of a system and administrators add resources to it.";

/// Whether the caller may add resources to any system.
pub async fn may_any(store: &Store, caller: &Caller) -> Result<bool, Fault> {
    Ok(!systems(&mut *store.read().await?, caller).await?.is_empty())
}

/// The systems that the caller may add to, by name: slug and name.
async fn systems(conn: &mut PgConnection, caller: &Caller) -> Result<Vec<(String, String)>, Fault> {
    let owned_by = (!caller.roles.administrator).then(|| caller.id());
    let all = system_edit::list(conn, owned_by).await?;
    Ok(all.into_iter().map(|record| (record.slug, record.name)).collect())
}

/// The form, with the system with this slug chosen where one is given.
pub async fn show(store: &Store, caller: &Caller, slug: &str) -> Result<ResourceNew, Fault> {
    let mut conn = store.read().await?;
    let systems = systems(&mut conn, caller).await?;
    if !slug.is_empty() {
        let system = system_edit::keep(&mut conn, slug).await?.ok_or(PortalError::NotFound)?;
        may_add(&mut conn, caller, &system).await?.map_err(may::forbid)?;
    } else if systems.is_empty() {
        let message = if caller.roles.administrator {
            "There is no system yet that a resource could be on. Add one first."
        } else {
            MESSAGE
        };
        return Err(PortalError::Forbidden(message.to_owned()).into());
    }
    let typed = form::blank_resource(slug);
    Ok(ResourceNew { systems, typed, sign_in_again: !caller.is_fresh(caller.called_at) })
}

async fn may_add(
    conn: &mut PgConnection,
    caller: &Caller,
    system: &EditedSystem,
) -> Result<Allowed<()>, Fault> {
    if caller.roles.administrator || owner::owns_system(conn, caller.id(), system.id).await? {
        return Ok(Ok(()));
    }
    Ok(Err(Refused { tried: Action::ResourceAdded, about: system.about(), request: None, message: MESSAGE }))
}

/// Adds what was typed; answers its slug. It is a resource of its own, whatever stood at its address before.
pub async fn add(store: &Store, caller: &Caller, typed: &TypedResource) -> Result<String, Fault> {
    let mut tx = store.begin().await?;
    let system = typed.system.trim();
    if system.is_empty() {
        return Err(PortalError::field("system", "Choose the system that it is on.").into());
    }
    let system = system_edit::keep(tx.conn(), system).await?.ok_or(PortalError::NotFound)?;
    if let Err(refused) = may_add(tx.conn(), caller, &system).await? {
        drop(tx);
        return Err(refuse(store, caller, refused).await);
    }
    let mut faults = Faults::default();
    let slug = form::address(&mut faults, &typed.address, &typed.name);
    let facts = form::read_resource(tx.conn(), faults, typed, &[]).await?;
    if !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    let (id, now) = (ResourceId(tx.new_id()), tx.now);
    let inserted = catalogue_edit::insert_resource(tx.conn(), (id, &slug), system.id, &facts, now).await;
    inserted.map_err(
        |error| {
            if error.violates(ONE_AT_AN_ADDRESS) { form::taken(&slug) } else { error.into() }
        },
    )?;
    owner_edit::set(tx.conn(), Owned::Resource(id), &[], &facts.owners).await?;
    let about = About { resource_id: Some(id), resource: Some(facts.name.clone()), ..system.about() };
    let told = json!({ "after": {
        "slug": slug,
        "description": facts.description,
        "environment": facts.environment,
        "sensitivity": facts.sensitivity,
        "tags": facts.tags,
        "access_max_seconds": facts.access_max,
        "owners": facts.owners,
    } });
    tx.commit(NewEvent::by(caller, Action::ResourceAdded).about(about).detail(told)).await?;
    Ok(slug)
}
