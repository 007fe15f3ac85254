//! What the request form shows before anything is sent.

use std::collections::HashMap;

use app::backend::{Obstacle, Renewal, RequestForm, RequestFormItem, Wanted};
use app::error::PortalError;
use app::routes;
use domain::caller::Caller;
use domain::grant::GrantState;
use domain::id::{EntitlementId, GrantId, RequestId, SystemId};
use domain::policy::Deciders;
use domain::request::strictest;
use store::catalogue::{self, EntitlementRecord};
use store::grant::{self, GrantRecord, Which};
use store::{PgConnection, Store, StoreError, person, request};

use crate::portal::catalogue::usual_times;
use crate::portal::{Fault, deciding};

/// So many entitlements fit into one submission.
pub const ITEMS_MAX: usize = 50;

/// What the rules need to know of everything that is wanted.
pub struct Wish {
    /// What is wanted.
    pub records: Vec<EntitlementRecord>,
    /// The grant to renew.
    pub renewal: Option<GrantRecord>,
    /// The bundle's name.
    pub bundle: Option<String>,
    /// What stands in the way.
    pub obstacles: HashMap<EntitlementId, Obstacle>,
}

/// Looks up what is wanted and what stands in the way of it.
pub async fn wish(conn: &mut PgConnection, caller: &Caller, wanted: &Wanted) -> Result<Wish, Fault> {
    let mut ids = wanted.entitlements.clone();
    let mut bundle = None;
    if !wanted.bundle.is_empty() {
        let found =
            catalogue::bundles(conn, Some(&wanted.bundle)).await?.pop().ok_or(PortalError::NotFound)?;
        if ids.is_empty() {
            ids = found.entitlements;
        }
        bundle = Some(found.name);
    }
    let renewal = match wanted.renew {
        Some(id) => Some(renewable(conn, caller, id).await?),
        None => None,
    };
    if let Some(renewal) = &renewal {
        ids = vec![renewal.entitlement_id()];
    }
    ids.sort();
    ids.dedup();
    if ids.len() > ITEMS_MAX {
        let message =
            format!("At most {ITEMS_MAX} entitlements can be asked for at once; these are {}.", ids.len());
        return Err(PortalError::field("entitlements", message).into());
    }
    let records = catalogue::entitlements(conn, &ids).await?;
    if records.len() != ids.len() {
        return Err(PortalError::NotFound.into());
    }
    let obstacles = obstacles(conn, caller, &records, renewal.as_ref()).await?;
    Ok(Wish { records, renewal, bundle, obstacles })
}

/// The caller's own active grant with an end.
async fn renewable(conn: &mut PgConnection, caller: &Caller, id: GrantId) -> Result<GrantRecord, Fault> {
    let grant = grant::find(conn, id)
        .await?
        .filter(|grant| grant.person().id == caller.id())
        .ok_or(PortalError::NotFound)?;
    match grant.state()? {
        GrantState::Active { until: Some(_) } => Ok(grant),
        _ => Err(PortalError::Conflict(
            "Only access that is active and has an end can be renewed. Ask for it anew.".to_owned(),
        )
        .into()),
    }
}

async fn obstacles(
    conn: &mut PgConnection,
    caller: &Caller,
    records: &[EntitlementRecord],
    renewal: Option<&GrantRecord>,
) -> Result<HashMap<EntitlementId, Obstacle>, StoreError> {
    let ids: Vec<EntitlementId> = records.iter().map(EntitlementRecord::id).collect();
    let pending: HashMap<EntitlementId, RequestId> =
        request::pending_for(conn, caller.id(), &ids).await?.into_iter().collect();
    let accounts: Vec<SystemId> =
        person::accounts(conn, caller.id()).await?.into_iter().map(|(system, _)| system).collect();
    let live = grant::list(conn, Which::LiveOf(caller.id()), 1_000).await?;
    let mut found = HashMap::new();
    for record in records {
        let id = record.id();
        let held =
            live.iter().find(|g| g.entitlement_id() == id && Some(g.id()) != renewal.map(GrantRecord::id));
        let obstacle = match (pending.get(&id), held) {
            (Some(request), _) => Some(pending_already(record, *request)),
            (None, Some(grant)) => Some(held_already(record, grant)),
            (None, None) if !record.is_manual() && !accounts.contains(&record.system_id()) => {
                Some(Obstacle {
                    message: format!(
                        "You have no account on {} that access could be given to. Ask an administrator to set one.",
                        record.system
                    ),
                    way_out: None,
                })
            }
            (None, None) => None,
        };
        if let Some(obstacle) = obstacle {
            found.insert(id, obstacle);
        }
    }
    Ok(found)
}

fn pending_already(record: &EntitlementRecord, request: RequestId) -> Obstacle {
    Obstacle {
        message: format!(
            "You have asked for {} on {} already; it waits for a decision.",
            record.name, record.resource
        ),
        way_out: Some((format!("{}/{request}", routes::REQUESTS), "Open that request".to_owned())),
    }
}

fn held_already(record: &EntitlementRecord, grant: &GrantRecord) -> Obstacle {
    let message = format!("You hold {} on {} already.", record.name, record.resource);
    let way_out = if grant.state_word() == "active" && grant.ends_at.is_some() {
        (format!("{}?renew={}", routes::REQUEST_FORM, grant.id()), "Renew it".to_owned())
    } else {
        (routes::HOME.to_owned(), "See what you hold".to_owned())
    };
    Obstacle { message, way_out: Some(way_out) }
}

/// What the form shows.
pub async fn form(store: &Store, caller: &Caller, wanted: &Wanted) -> Result<RequestForm, Fault> {
    let mut conn = store.read().await?;
    let wish = wish(&mut conn, caller, wanted).await?;
    let ids: Vec<EntitlementId> = wish.records.iter().map(EntitlementRecord::id).collect();
    let mut deciders = deciding::deciders_for(&mut conn, &ids, caller.id(), caller.called_at).await?;
    let usual = usual_times(&mut conn, &ids).await?;
    let mut items = Vec::with_capacity(wish.records.len());
    let (mut limits, mut rationale_required) = (Vec::new(), false);
    for record in &wish.records {
        let limit = record.limit()?;
        limits.extend(limit.clone());
        rationale_required |= record.policy()?.rationale_required;
        let held = || Deciders::Held { reason: "Nobody is known to decide this.".to_owned() };
        items.push(RequestFormItem {
            entitlement_id: record.id(),
            entitlement: record.name.clone(),
            purpose: record.purpose.clone(),
            resource_slug: record.resource_slug.clone(),
            resource: record.resource.clone(),
            system: record.system.clone(),
            sensitivity: record.sensitivity()?,
            deciders: deciders.remove(&record.id()).unwrap_or_else(held),
            limit,
            usual: usual.get(&record.id()).copied(),
            obstacle: wish.obstacles.get(&record.id()).cloned(),
        });
    }
    let renewal = match &wish.renewal {
        Some(grant) => renewal(&mut conn, caller, grant).await?,
        None => None,
    };
    Ok(RequestForm { items, limit: strictest(limits), rationale_required, bundle: wish.bundle, renewal })
}

async fn renewal(
    conn: &mut PgConnection,
    caller: &Caller,
    grant: &GrantRecord,
) -> Result<Option<Renewal>, StoreError> {
    let Some(starts_at) = grant.ends_at else { return Ok(None) };
    let since = grant::held_since(conn, caller.id(), grant.entitlement_id(), caller.called_at).await?;
    let rationale = match grant.request() {
        Some(id) => request::find(conn, id).await?.and_then(|request| request.rationale),
        None => None,
    };
    Ok(Some(Renewal {
        grant: grant.id(),
        starts_at,
        held_since: since.or(grant.active_since).unwrap_or(starts_at),
        rationale,
    }))
}
