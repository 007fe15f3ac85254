//! Rules that an import makes looser. A command has nobody to confirm them, so they hold at once and are flagged
//! for good, as where there is a single owner.

use std::collections::BTreeSet;

use domain::audit::Actor;
use domain::connection::Switch;
use domain::editable::{EntitlementFacts, ResourceFacts, SystemFacts};
use domain::id::PersonId;
use domain::person::PersonRef;
use domain::policy::loosening::{self, Loosening};
use serde_json::{Value, json};
use store::loosening::{By, NewLoosening, Of};
use store::stock::{Entitlement, Resource, System};

use super::super::{ImportError, Work};

/// How a system is looser; written down where it is.
pub async fn system(
    work: &mut Work,
    before: &System,
    after: &System,
    switch: Switch,
) -> Result<Vec<Loosening>, ImportError> {
    let facts = |system: &System| SystemFacts {
        name: system.name.clone(),
        description: system.description.clone(),
        connector: system.connector.clone(),
        settings: system.connector_settings.clone(),
        access_max: system.access_max,
        owners: people(work, &system.owners),
    };
    let (before, now) = (facts(before), facts(after));
    let kinds = loosening::of_system(&before, &now, switch);
    write_down(work, Of::System(after.id), &kinds, json!(before), json!(now)).await?;
    Ok(kinds)
}

/// How a resource is looser; written down where it is.
pub async fn resource(
    work: &mut Work,
    before: &Resource,
    after: &Resource,
) -> Result<Vec<Loosening>, ImportError> {
    let facts = |resource: &Resource| ResourceFacts {
        name: resource.name.clone(),
        description: resource.description.clone(),
        environment: resource.environment.clone(),
        sensitivity: resource.sensitivity,
        tags: resource.tags.iter().cloned().collect(),
        access_max: resource.access_max,
        owners: people(work, &resource.owners),
    };
    let (before, now) = (facts(before), facts(after));
    let kinds = loosening::of_resource(&before, &now);
    write_down(work, Of::Resource(after.id), &kinds, json!(before), json!(now)).await?;
    Ok(kinds)
}

/// How an entitlement or its policy is looser; written down where it is.
pub async fn entitlement(
    work: &mut Work,
    before: &Entitlement,
    after: &Entitlement,
) -> Result<Vec<Loosening>, ImportError> {
    let facts = |entitlement: &Entitlement| EntitlementFacts {
        name: entitlement.name.clone(),
        purpose: entitlement.purpose.clone(),
        target: entitlement.target.clone(),
        access_max: entitlement.rules.access_max,
        pending_for: entitlement.rules.pending_for,
        rationale_required: entitlement.rules.rationale_required,
        owners: people(work, &entitlement.owners),
    };
    let (before, now) = (facts(before), facts(after));
    let kinds = loosening::of_entitlement(&before, &now);
    write_down(work, Of::Entitlement(after.resource, after.id), &kinds, json!(before), json!(now)).await?;
    Ok(kinds)
}

fn people(work: &Work, ids: &BTreeSet<PersonId>) -> Vec<PersonRef> {
    ids.iter().map(|id| PersonRef { id: *id, name: work.label(*id) }).collect()
}

async fn write_down(
    work: &mut Work,
    of: Of,
    kinds: &[Loosening],
    before: Value,
    after: Value,
) -> Result<(), ImportError> {
    if kinds.is_empty() {
        return Ok(());
    }
    let command = match &work.actor {
        Actor::Command { name } => name.as_str(),
        _ => "import",
    };
    let new = NewLoosening { id: work.tx.new_id(), of, before, after, kinds, by: By::Command(command) };
    store::loosening::insert(work.tx.conn(), &new, work.now).await?;
    Ok(())
}
