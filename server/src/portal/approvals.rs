//! The queue: what waits for one approver, and what they should know.

use app::backend::{Answer, Approvals, EarlierRequest, HeldLine, QueueItem, QueueRow, TypedDecision};
use app::error::PortalError;
use async_trait::async_trait;
use chrono_tz::Tz;
use domain::caller::Caller;
use domain::id::RequestId;
use domain::policy::Deciders;
use domain::request::pressing;
use store::grant::GrantRecord;
use store::request::{RequestRecord, Which};
use store::{PgConnection, Store, access_fact, grant, person, request};

use super::{Fault, Portal, deciding, tell, what_is_asked};

mod decide;

/// So many are shown; the rest comes as these are decided.
const QUEUE_MAX: usize = 100;
/// So many are looked at for those that really wait for the caller.
const CONSIDERED_MAX: i64 = 1_000;
/// Peers are only told in numbers from here on.
const PEERS_TOLD_FROM: i64 = 5;

#[async_trait]
impl Approvals for Portal {
    async fn count(&self, caller: &Caller) -> Answer<usize> {
        tell(async { Ok(waiting(&mut *self.store.read().await?, caller).await?.len()) }.await)
    }

    async fn queue(&self, caller: &Caller) -> Answer<Vec<QueueRow>> {
        tell(queue(&self.store, caller).await)
    }

    async fn item(&self, caller: &Caller, id: RequestId) -> Answer<QueueItem> {
        tell(item(&self.store, caller, id).await)
    }

    async fn decide(&self, caller: &Caller, typed: &TypedDecision) -> Answer<()> {
        tell(decide::decide(&self.store, caller, typed).await)
    }
}

/// What waits for the caller, oldest first, with who decides.
pub(super) async fn waiting(
    conn: &mut PgConnection,
    caller: &Caller,
) -> Result<Vec<(RequestRecord, Deciders)>, Fault> {
    let which = Which::MaybeFor(caller.id(), caller.roles.administrator);
    let mut records = request::list(conn, which, CONSIDERED_MAX).await?;
    records.retain(|record| record.is_open(caller.called_at));
    let deciders = deciding::deciders_of(conn, &records, caller.called_at).await?;
    let mut waiting: Vec<_> = records
        .into_iter()
        .zip(deciders)
        .filter(|(_, deciders)| deciding::may_decide(caller, deciders))
        .collect();
    waiting.truncate(QUEUE_MAX);
    Ok(waiting)
}

async fn queue(store: &Store, caller: &Caller) -> Result<Vec<QueueRow>, Fault> {
    let mut conn = store.read().await?;
    waiting(&mut conn, caller).await?.iter().map(|(record, _)| row(caller, record)).collect()
}

fn row(caller: &Caller, record: &RequestRecord) -> Result<QueueRow, Fault> {
    let decide_by = record.decide_by.ok_or(PortalError::NotFound)?;
    Ok(QueueRow {
        id: record.id(),
        beneficiary: record.beneficiary(),
        what: what_is_asked(record)?,
        filed_at: record.filed_at,
        decide_by,
        pressing: pressing(decide_by, record.renewed_until, caller.called_at),
        is_renewal: record.renews().is_some(),
        asked: record.asked()?,
    })
}

async fn item(store: &Store, caller: &Caller, id: RequestId) -> Result<QueueItem, Fault> {
    let mut conn = store.read().await?;
    let (record, deciders) = find(&mut conn, caller, id).await?;
    let who = record.beneficiary().id;
    let person = person::find(&mut conn, who).await?.ok_or(PortalError::NotFound)?;
    let job_roles = person::job_roles(&mut conn, who).await?;
    let wanted = record.entitlement_id();
    let held = grant::list(&mut conn, grant::Which::LiveOf(who), 200).await?;
    let peers = access_fact::peers_holding(&mut conn, who, wanted).await?;
    let earlier = request::list(&mut conn, Which::Earlier(who, wanted), 5).await?;
    let sensitivity = record.sensitivity()?;
    let their_time_zone = person
        .time_zone
        .as_deref()
        .and_then(|zone| zone.parse::<Tz>().ok())
        .filter(|zone| *zone != caller.time_zone);
    Ok(QueueItem {
        row: row(caller, &record)?,
        requester: record.requester(),
        title: person.title.clone(),
        department: person.department.clone(),
        manager: person.manager(),
        their_time_zone,
        rationale: record.rationale.clone(),
        ticket: record.ticket.clone(),
        would_end_at: record.asked()?.end_if_started(caller.called_at),
        holds: held.iter().filter(|g| g.system_id() == record.system_id()).map(held_line).collect(),
        has_job_roles: !job_roles.is_empty(),
        explained_by: job_roles
            .into_iter()
            .filter(|(_, justified)| justified.contains(&wanted))
            .map(|(name, _)| name)
            .collect(),
        peers: usize::try_from(peers).ok().filter(|_| peers >= PEERS_TOLD_FROM),
        held_since: grant::held_since(&mut conn, who, wanted, caller.called_at).await?,
        renewed_until: record.renewed_until,
        earlier: earlier.iter().map(earlier_request).collect(),
        deciders,
        summary_required: sensitivity.needs_summary(),
        sign_in_again: sensitivity.needs_fresh_sign_in() && !caller.is_fresh(caller.called_at),
    })
}

/// A pending request that waits for this caller; anything else is not found.
async fn find(
    conn: &mut PgConnection,
    caller: &Caller,
    id: RequestId,
) -> Result<(RequestRecord, Deciders), Fault> {
    let record = request::find(conn, id).await?.ok_or(PortalError::NotFound)?;
    let deciders = deciding::deciders_of(conn, std::slice::from_ref(&record), caller.called_at).await?;
    let deciders = deciders.into_iter().next().ok_or(PortalError::NotFound)?;
    let waits = record.is_open(caller.called_at);
    if waits && deciding::may_decide(caller, &deciders) {
        Ok((record, deciders))
    } else {
        Err(PortalError::NotFound.into())
    }
}

fn held_line(grant: &GrantRecord) -> HeldLine {
    HeldLine {
        entitlement: grant.entitlement.clone(),
        resource: grant.resource.clone(),
        until: grant.ends_at,
    }
}

fn earlier_request(record: &RequestRecord) -> EarlierRequest {
    EarlierRequest {
        id: record.id(),
        state: record.state_word().to_owned(),
        filed_at: record.filed_at,
        summary: record.summary.clone(),
    }
}
