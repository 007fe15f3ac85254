//! Writing what was read about the catalogue: rows, what follows from them, and the events that tell it.

use std::collections::BTreeSet;

use domain::audit::{About, Action};
use domain::id::{PersonId, PolicyVersionId};
use domain::policy::loosening::Loosening;
use store::policy::{self, NewPolicyVersion};
use store::stock::{self, Entitlement, Owned, Resource, System};
use store::system_edit;

use super::super::rows::Row;
use super::super::{ImportError, Work, differences};
use super::{ENTITLEMENTS, RESOURCES, SYSTEMS, looser};
use crate::portal::connection;

/// Writes one, if nothing was wrong so far.
pub(super) async fn save_system(work: &mut Work, row: &Row, system: System) -> Result<(), ImportError> {
    let place = work.stock.systems.iter().position(|known| known.id == system.id);
    if !work.faults.is_empty() {
        replace(&mut work.stock.systems, place, system);
        return Ok(());
    }
    let before = place.and_then(|place| work.stock.systems.get(place)).cloned();
    let mut kinds = Vec::new();
    if let Some(before) = &before {
        system_edit::lock(work.tx.conn(), system.id).await?;
        let from = (before.connector.as_str(), &before.connector_settings);
        let to = (system.connector.as_str(), &system.connector_settings);
        match connection::lead(work.tx.conn(), system.id, from, to).await? {
            Ok(switch) => kinds = looser::system(work, before, &system, switch).await?,
            Err(stranded) => {
                let column = if from.0 == to.0 { "connector_settings" } else { "connector" };
                work.faults.of_cell(row, column, stranded);
                return Ok(());
            }
        }
    }
    let about = About { system_id: Some(system.id), system: Some(system.name.clone()), ..About::default() };
    let owners = before.as_ref().map(|before| before.owners.clone()).unwrap_or_default();
    let plain = before.as_ref().map(|before| System { owners: system.owners.clone(), ..before.clone() });
    if plain.as_ref() != Some(&system) {
        stock::save_system(work.tx.conn(), &system, work.now).await?;
    }
    let item = Item { noun: SYSTEMS, label: &system.slug, about: &about, kinds: &kinds };
    changed(work, &item, Action::SystemChanged, plain.as_ref(), &system).await?;
    set_owners(work, &item, Owned::System(system.id), &owners, &system.owners).await?;
    replace(&mut work.stock.systems, place, system);
    Ok(())
}

/// Writes one, if nothing was wrong so far.
pub(super) async fn save_resource(work: &mut Work, resource: Resource) -> Result<(), ImportError> {
    let place = work.stock.resources.iter().position(|known| known.id == resource.id);
    if !work.faults.is_empty() {
        replace(&mut work.stock.resources, place, resource);
        return Ok(());
    }
    let before = place.and_then(|place| work.stock.resources.get(place)).cloned();
    let about = work.about_resource(&resource);
    let owners = before.as_ref().map(|before| before.owners.clone()).unwrap_or_default();
    let plain = before.as_ref().map(|before| Resource { owners: resource.owners.clone(), ..before.clone() });
    if plain.as_ref() != Some(&resource) {
        stock::save_resource(work.tx.conn(), &resource, work.now).await?;
    }
    let kinds = match &before {
        Some(before) => looser::resource(work, before, &resource).await?,
        None => Vec::new(),
    };
    let item = Item { noun: RESOURCES, label: &resource.slug, about: &about, kinds: &kinds };
    changed(work, &item, Action::ResourceChanged, plain.as_ref(), &resource).await?;
    set_owners(work, &item, Owned::Resource(resource.id), &owners, &resource.owners).await?;
    replace(&mut work.stock.resources, place, resource);
    Ok(())
}

/// Writes one, if nothing was wrong so far.
pub(super) async fn save_entitlement(work: &mut Work, new: Entitlement) -> Result<(), ImportError> {
    let place = work.stock.entitlements.iter().position(|known| known.id == new.id);
    if !work.faults.is_empty() {
        replace(&mut work.stock.entitlements, place, new);
        return Ok(());
    }
    let before = place.and_then(|place| work.stock.entitlements.get(place)).cloned();
    let about = work.about_entitlement(&new);
    let slug = work.resource_slug(new.resource);
    let label = format!("{slug}/{}", new.name.to_lowercase());
    let owners = before.as_ref().map(|before| before.owners.clone()).unwrap_or_default();
    let plain = before.as_ref().map(|before| Entitlement {
        owners: new.owners.clone(),
        rules: new.rules,
        ..before.clone()
    });
    if plain.as_ref() != Some(&new) {
        stock::save_entitlement(work.tx.conn(), &new, work.now).await?;
    }
    let kinds = match &before {
        Some(before) => looser::entitlement(work, before, &new).await?,
        None => Vec::new(),
    };
    let item = Item { noun: ENTITLEMENTS, label: &label, about: &about, kinds: &kinds };
    changed(work, &item, Action::EntitlementChanged, plain.as_ref(), &new).await?;
    let rules = before.map(|before| before.rules);
    if rules != Some(new.rules) {
        let version = NewPolicyVersion {
            id: PolicyVersionId(work.tx.new_id()),
            entitlement: new.id,
            pending_for: new.rules.pending_for,
            access_max: new.rules.access_max,
            rationale_required: new.rules.rationale_required,
            created_at: work.now,
        };
        let version = policy::insert_flagged(work.tx.conn(), &version, !kinds.is_empty()).await?;
        let detail = serde_json::json!({ "version": version, "before": rules, "after": new.rules });
        item.record(work, Action::PolicyChanged, detail).await?;
    }
    set_owners(work, &item, Owned::Entitlement(new.id), &owners, &new.owners).await?;
    replace(&mut work.stock.entitlements, place, new);
    Ok(())
}

fn replace<T>(stock: &mut Vec<T>, place: Option<usize>, item: T) {
    match place.and_then(|place| stock.get_mut(place)) {
        Some(known) => *known = item,
        None => stock.push(item),
    }
}

/// What a row is about.
struct Item<'a> {
    noun: &'static str,
    label: &'a str,
    about: &'a About,
    /// How it is looser than what stood there.
    kinds: &'a [Loosening],
}

impl Item<'_> {
    /// Writes an event about it. Nobody confirms what a command loosens, so that is flagged.
    async fn record(
        &self,
        work: &mut Work,
        action: Action,
        mut detail: serde_json::Value,
    ) -> Result<(), ImportError> {
        if let Some(detail) = detail.as_object_mut().filter(|_| !self.kinds.is_empty()) {
            detail.insert("loosened".to_owned(), serde_json::json!(self.kinds));
            detail.insert("alone".to_owned(), true.into());
        }
        work.report.change(self.noun, self.label);
        let event = work.event(action).about(self.about.clone()).detail(detail);
        work.record(event).await
    }
}

/// Writes the event of something that is new or different, and notes it in the report.
async fn changed<T: serde::Serialize + PartialEq>(
    work: &mut Work,
    item: &Item<'_>,
    action: Action,
    before: Option<&T>,
    after: &T,
) -> Result<(), ImportError> {
    let detail = match before {
        Some(before) if before == after => return Ok(()),
        Some(before) => differences(before, after),
        None => {
            work.report.create(item.noun, item.label);
            serde_json::json!({ "after": after })
        }
    };
    item.record(work, action, detail).await
}

async fn set_owners(
    work: &mut Work,
    item: &Item<'_>,
    owned: Owned,
    before: &BTreeSet<PersonId>,
    after: &BTreeSet<PersonId>,
) -> Result<(), ImportError> {
    if before == after {
        return Ok(());
    }
    stock::set_owners(work.tx.conn(), owned, after).await?;
    let names = |ids: &BTreeSet<PersonId>| ids.iter().map(|id| work.label(*id)).collect::<Vec<_>>();
    let detail = serde_json::json!({ "before": names(before), "after": names(after) });
    item.record(work, Action::OwnersChanged, detail).await
}
