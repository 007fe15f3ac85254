//! Limits that an import makes stricter end live access earlier, as an edit in the portal does.

use std::collections::{BTreeSet, HashMap};

use domain::id::{ResourceId, SystemId};
use domain::span::Span;
use store::stock::{Resource, Stock};

use super::super::{ImportError, Work};
use crate::portal::editing::consequences::{Limits, shorten_to_limits};

/// The strictest limit on everything, as the catalogue stands in memory.
pub fn of(stock: &Stock) -> Limits {
    let systems: HashMap<SystemId, Option<Span>> =
        stock.systems.iter().map(|system| (system.id, system.access_max)).collect();
    let resources: HashMap<ResourceId, &Resource> =
        stock.resources.iter().map(|resource| (resource.id, resource)).collect();
    let strictest = |entitlement: &store::stock::Entitlement| {
        let resource = resources.get(&entitlement.resource);
        let of_system = resource.and_then(|resource| systems.get(&resource.system).copied().flatten());
        let of_resource = resource.and_then(|resource| resource.access_max);
        [entitlement.rules.access_max, of_resource, of_system].into_iter().flatten().min()
    };
    stock.entitlements.iter().map(|entitlement| (entitlement.id, strictest(entitlement))).collect()
}

/// Ends live access earlier where a limit is stricter now than in `before`.
pub async fn shorten(work: &mut Work, before: &Limits) -> Result<(), ImportError> {
    if !work.faults.is_empty() {
        return Ok(());
    }
    let after = of(&work.stock);
    let is_stricter = |old: Option<Span>, new: Option<Span>| match (old, new) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => new < old,
    };
    // What is new has nobody who holds it.
    let known = work.stock.entitlements.iter().filter_map(|one| Some((one, *before.get(&one.id)?)));
    let stricter: BTreeSet<ResourceId> = known
        .filter(|(one, old)| is_stricter(*old, after.get(&one.id).copied().flatten()))
        .map(|(one, _)| one.resource)
        .collect();
    let mut shortened = 0;
    for resource in stricter {
        shortened += shorten_to_limits(&mut work.tx, resource, before).await?;
    }
    work.events += shortened;
    if shortened > 0 {
        work.report.note(format!("access that ends earlier: {shortened}"));
    }
    Ok(())
}
