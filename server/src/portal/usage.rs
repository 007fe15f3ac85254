//! How access is used, for those who may see it: holders themselves, their managers, owners, auditors, administrators.

use std::collections::HashMap;

use app::backend::{GrantUsage, ResourceUsage, Use, UsedBy};
use chrono::TimeDelta;
use domain::caller::Caller;
use domain::id::{EntitlementId, GrantId, ResourceId};
use store::grant::GrantRecord;
use store::usage::GrantUse;
use store::{PgConnection, StoreError, person, usage};

/// The use of one grant is counted exactly up to here.
const COUNTED_MAX: i64 = 10_000;
/// Of many grants on one page, each up to here.
const LISTED_COUNTED_MAX: i64 = 1_000;
/// What was not used so long is unused.
const UNUSED_AFTER: TimeDelta = TimeDelta::days(90);

fn told(found: &GrantUse, counted_max: i64) -> Use {
    Use {
        last_at: found.last_at,
        times: usize::try_from(found.times.min(counted_max)).unwrap_or_default(),
        is_more: found.times > counted_max,
    }
}

/// The use of each of these grants that was used, for lists.
pub(super) async fn of_grants(
    conn: &mut PgConnection,
    grants: &[GrantRecord],
) -> Result<HashMap<GrantId, Use>, StoreError> {
    let ids: Vec<GrantId> = grants.iter().map(GrantRecord::id).collect();
    let found = usage::of_grants(conn, &ids, LISTED_COUNTED_MAX + 1).await?;
    Ok(found.iter().map(|(id, found)| (*id, told(found, LISTED_COUNTED_MAX))).collect())
}

/// The use of a request's grant; `None` where it never began, or is not the caller's to see.
pub(super) async fn of_grant(
    conn: &mut PgConnection,
    caller: &Caller,
    grant: Option<&GrantRecord>,
    owns: bool,
) -> Result<Option<GrantUsage>, StoreError> {
    let Some(grant) = grant.filter(|grant| grant.active_since.is_some()) else { return Ok(None) };
    let holder = grant.person().id;
    let sees = owns || holder == caller.id() || caller.roles.sees_all();
    if !sees {
        let manager = person::find(conn, holder).await?.and_then(|holder| holder.manager());
        if manager.is_none_or(|manager| manager.id != caller.id()) {
            return Ok(None);
        }
    }
    let found = usage::of_grants(conn, &[grant.id()], COUNTED_MAX + 1).await?;
    let used = found.get(&grant.id()).map(|found| told(found, COUNTED_MAX));
    Ok(Some(GrantUsage { grant: grant.id(), used }))
}

/// What is reported of a resource and its entitlements lately. Whether the caller may see it is the caller's to know.
pub(super) async fn of_resource(
    conn: &mut PgConnection,
    caller: &Caller,
    resource: ResourceId,
    entitlements: &[EntitlementId],
) -> Result<(ResourceUsage, HashMap<EntitlementId, UsedBy>), StoreError> {
    let since = caller.called_at - UNUSED_AFTER;
    let of_it = usage::of_resource(conn, resource, since, COUNTED_MAX + 1).await?;
    let of_each = usage::of_entitlements(conn, entitlements, since).await?;
    let used: HashMap<EntitlementId, UsedBy> =
        of_each.into_iter().map(|(id, (users, holders))| (id, UsedBy { users, holders })).collect();
    let of_it = ResourceUsage {
        // Sessions name no resource, and are use of what covered them.
        is_reported: of_it.is_reported || used.values().any(|used| used.users > 0),
        uncovered: usize::try_from(of_it.uncovered.min(COUNTED_MAX)).unwrap_or_default(),
        is_more: of_it.uncovered > COUNTED_MAX,
    };
    Ok((of_it, used))
}
