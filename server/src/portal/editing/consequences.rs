//! What an edit does to requests and access that are there already.

use std::collections::HashMap;

use app::backend::AtStake;
use domain::audit::{Action, NewEvent};
use domain::grant::{Cause, GrantState};
use domain::id::{EntitlementId, ResourceId};
use domain::request::Limit;
use domain::shortening::{Shortening, shorten};
use domain::span::Span;
use store::catalogue::EntitlementRecord;
use store::grant::{GrantRecord, Which};
use store::{PgConnection, Tx, catalogue, catalogue_edit, grant, request};

use crate::portal::access::mark_taken_away;
use crate::portal::{Fault, stopping};

const GRANTS_MAX: i64 = 100_000;

/// The strictest limit on each entitlement; `None` is without a limit.
pub type Limits = HashMap<EntitlementId, Option<Span>>;

/// The limits in force on everything that can be held on a resource.
pub async fn limits(conn: &mut PgConnection, resource: ResourceId) -> Result<Limits, Fault> {
    let records = catalogue::entitlements_on(conn, resource).await?;
    records.iter().map(|record| Ok((record.id(), record.limit()?.map(|limit| limit.max)))).collect()
}

/// What can be held on a resource.
pub async fn entitlements(
    conn: &mut PgConnection,
    resource: ResourceId,
) -> Result<Vec<EntitlementId>, Fault> {
    Ok(catalogue::entitlements_on(conn, resource).await?.iter().map(EntitlementRecord::id).collect())
}

/// What deleting these would end.
pub async fn at_stake(conn: &mut PgConnection, ids: &[EntitlementId]) -> Result<AtStake, Fault> {
    let grants = grant::list(conn, Which::LiveOn(ids), GRANTS_MAX).await?.len();
    let mut requests = 0;
    for id in ids {
        requests += request::list(conn, request::Which::PendingOn(*id), GRANTS_MAX).await?.len();
    }
    Ok(AtStake { grants, requests })
}

/// Ends live access earlier where a limit has become stricter than in `before`, each with its own event. Access
/// that was found beforehand was never given under a limit, and stays as it was found. Answers how many it ended
/// earlier.
pub async fn shorten_to_limits(tx: &mut Tx, resource: ResourceId, before: &Limits) -> Result<usize, Fault> {
    let mut shortened = 0;
    for entitlement in catalogue::entitlements_on(tx.conn(), resource).await? {
        let (id, limit) = (entitlement.id(), entitlement.limit()?);
        let Some(limit) = limit else { continue };
        if before.get(&id).copied().flatten().is_some_and(|old| old <= limit.max) {
            continue;
        }
        for listed in grant::list(tx.conn(), Which::LiveOn(&[id]), GRANTS_MAX).await? {
            if let Some(record) = grant::lock(tx.conn(), listed.id()).await?
                && shorten_one(tx, &record, &limit).await?
            {
                shortened += 1;
            }
        }
    }
    Ok(shortened)
}

async fn shorten_one(tx: &mut Tx, record: &GrantRecord, limit: &Limit) -> Result<bool, Fault> {
    // What is not active yet gets today's limit when it becomes so.
    let (GrantState::Active { until }, Some(since)) = (record.state()?, record.active_since) else {
        return Ok(false);
    };
    if record.is_imported() {
        return Ok(false);
    }
    let why = Some(format!("At most {} now, the limit of {}.", limit.max, limit.source));
    match shorten(since, until, limit.max, tx.now) {
        Shortening::Stays => return Ok(false),
        Shortening::EndsNow => {
            let event = NewEvent::by_system(Action::GrantRevoking).reason(why);
            let event = mark_taken_away(tx, record, Cause::LimitLowered, event).await?;
            tx.record(event).await?;
        }
        Shortening::EndsAt(end) => {
            if !catalogue_edit::mark_shortened(tx.conn(), record.id(), end).await? {
                return Ok(false);
            }
            let mut event = NewEvent::by_system(Action::GrantShortened)
                .subject(record.person())
                .about(record.about())
                .grant(record.id())
                .reason(why)
                .detail(serde_json::json!({ "before": { "ends_at": until }, "after": { "ends_at": end } }));
            event.request_id = record.request();
            tx.record(event).await?;
        }
    }
    Ok(true)
}

/// Denies what is pending and takes away what is held, each with its own event.
pub async fn stop(tx: &mut Tx, ids: &[EntitlementId], why: &str) -> Result<AtStake, Fault> {
    let mut stopped = AtStake::default();
    for id in ids {
        let pending = request::list(tx.conn(), request::Which::PendingOn(*id), GRANTS_MAX).await?;
        stopped.requests += stopping::deny_all(tx, pending, why).await?;
    }
    let held = grant::list(tx.conn(), Which::LiveOn(ids), GRANTS_MAX).await?;
    stopped.grants = stopping::revoke_all(tx, held, Cause::ResourceDeleted, why).await?;
    Ok(stopped)
}
