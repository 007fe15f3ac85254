//! What has lost its last active owner.

use app::backend::{Overview, TypedGiveUp, Unowned};
use app::error::PortalError;
use app::routes;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::person::{PersonRef, PersonStatus};
use serde_json::json;
use store::group_edit::{self, Kind};
use store::unowned::{self, UnownedRecord};
use store::{Store, Tx, alias, source, system_edit};

use super::may;
use crate::portal::{Fault, refuse};

const LISTED_MAX: i64 = 200;
const WAITING_MAX: i64 = 1_000;
const OWNED_MAX: i64 = 10_000;

/// The start page of administrators.
pub async fn overview(store: &Store, caller: &Caller) -> Result<Overview, Fault> {
    may::must_administer(caller)?;
    let mut conn = store.read().await?;
    Ok(Overview {
        systems: system_edit::list(&mut conn, None).await?.len(),
        bundles: group_edit::list(&mut conn, Kind::Bundle).await?.len(),
        job_roles: group_edit::list(&mut conn, Kind::JobRole).await?.len(),
        sources: source::list(&mut conn, None).await?.iter().filter(|one| one.ended_at.is_none()).count(),
        reading_tokens: source::tokens(&mut conn, None)
            .await?
            .iter()
            .filter(|one| one.ended_at.is_none())
            .count(),
        unmatched: usize::try_from(alias::waiting(&mut conn, WAITING_MAX).await?).unwrap_or_default(),
        unowned: unowned::list(&mut conn, None, LISTED_MAX).await?.into_iter().map(view).collect(),
    })
}

/// “read on payments-prod”.
pub fn label(about: &About) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    match (&about.entitlement, &about.resource) {
        (Some(entitlement), _) => format!("{entitlement} on {}", name(&about.resource)),
        (None, Some(resource)) => resource.clone(),
        (None, None) => name(&about.system),
    }
}

fn view(record: UnownedRecord) -> Unowned {
    let UnownedRecord { about, resource_slug, owned_by } = record;
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let typed = TypedGiveUp {
        system: id(about.system_id.map(Into::into)),
        resource: id(about.resource_id.map(Into::into)),
        entitlement: id(about.entitlement_id.map(Into::into)),
    };
    let slug = resource_slug.unwrap_or_default();
    let (kind, path) = match (about.entitlement_id, about.resource_id) {
        (Some(id), _) => ("entitlement", routes::entitlement_edit(&slug, &id.to_string())),
        (None, Some(_)) => ("resource", routes::resource_edit(&slug)),
        (None, None) => ("system", routes::system(&typed.system)),
    };
    let system = if kind == "system" { None } else { about.system.clone() };
    Unowned { label: label(&about), kind, system: system.unwrap_or_default(), path, owned_by, typed }
}

/// Gives up owners who do not work here any more.
pub async fn give_up(store: &Store, caller: &Caller, typed: &TypedGiveUp) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let lost = unowned::list(tx.conn(), None, OWNED_MAX).await?;
    let found = lost.into_iter().find(|record| view(record.clone()).typed == *typed);
    let found = found.ok_or(PortalError::NotFound)?;
    if let Some(refused) = may::not_administrator(caller, Action::OwnersChanged, found.about.clone()) {
        drop(tx);
        return Err(refuse(store, caller, refused).await);
    }
    let before = unowned::give_up(tx.conn(), &found.about).await?;
    if before.is_empty() {
        return Err(PortalError::Conflict("It has an owner by now; nothing was changed.".to_owned()).into());
    }
    let event = NewEvent::by(caller, Action::OwnersChanged)
        .about(found.about)
        .reason(Some("Its owners do not work here any more.".to_owned()))
        .detail(json!({ "before": before, "after": [] }));
    tx.commit(event).await?;
    Ok(())
}

/// Writes down what somebody who does not work here from now on was the last active owner of, each with an event.
/// To be called in the transaction that changes their status, before ([`expect_loss`]) and after.
pub(crate) async fn note_lost(tx: &mut Tx, who: &PersonRef, status: PersonStatus) -> Result<(), Fault> {
    let how = if status == PersonStatus::Left { "has left" } else { "is suspended" };
    for lost in unowned::list(tx.conn(), Some(who.id), OWNED_MAX).await? {
        let event = NewEvent::by_system(Action::OwnerLost)
            .about(lost.about)
            .subject(who.clone())
            .reason(Some(format!("{} {how}, and was its last active owner.", who.name)))
            .detail(json!({ "owned_by": lost.owned_by }));
        tx.record(event).await?;
    }
    Ok(())
}

/// Lets nobody else leave the same things without an owner meanwhile.
pub(crate) async fn expect_loss(tx: &mut Tx, who: &PersonRef) -> Result<(), Fault> {
    Ok(unowned::lock_owned_by(tx.conn(), who.id).await?)
}
