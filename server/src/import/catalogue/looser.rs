//! Rules that an import makes looser. A command has nobody to confirm them, so they hold at once and are flagged
//! for good, as where there is a single owner.

use std::collections::BTreeSet;

use domain::audit::Actor;
use domain::editable::{EntitlementFacts, ResourceFacts};
use domain::id::{EntitlementId, PersonId, ResourceId};
use domain::person::PersonRef;
use domain::policy::loosening::{self, Loosening};
use serde_json::{Value, json};
use store::loosening::ByCommand;
use store::stock::{Entitlement, Resource, System};

use super::super::{ImportError, Work};

/// How a system is looser. It stands in the events alone: looser rules are kept by resource.
pub fn system(work: &Work, before: &System, after: &System) -> Vec<Loosening> {
    let (was, is) = (people(work, &before.owners), people(work, &after.owners));
    loosening::of_owners_and_limit((&was, before.access_max), (&is, after.access_max))
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
    write_down(work, after.id, None, &kinds, json!(before), json!(now)).await?;
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
    write_down(work, after.resource, Some(after.id), &kinds, json!(before), json!(now)).await?;
    Ok(kinds)
}

fn people(work: &Work, ids: &BTreeSet<PersonId>) -> Vec<PersonRef> {
    ids.iter().map(|id| PersonRef { id: *id, name: work.label(*id) }).collect()
}

async fn write_down(
    work: &mut Work,
    resource: ResourceId,
    entitlement: Option<EntitlementId>,
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
    let new = ByCommand { id: work.tx.new_id(), resource, entitlement, before, after, kinds, command };
    store::loosening::insert_by_command(work.tx.conn(), &new, work.now).await?;
    Ok(())
}
