//! Deciding: exactly one decision, by somebody who may, under today's limits.

use app::backend::TypedDecision;
use app::error::PortalError;
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::grant::GrantState;
use domain::id::{GrantId, RequestId};
use domain::person::PersonStatus;
use domain::policy::Deciders;
use domain::request::{TransitionError, Window};
use store::grant::NewGrant;
use store::request::RequestRecord;
use store::{Store, Tx, catalogue, grant, request};

use super::waiting;
use crate::portal::typed::{self, Faults};
use crate::portal::{Fault, Refused, deciding, refuse};

/// Approves or denies, and answers what waits next for the caller.
pub async fn decide(
    store: &Store,
    caller: &Caller,
    typed: &TypedDecision,
) -> Result<Option<RequestId>, Fault> {
    let id: RequestId = typed.id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let is_approval = match typed.verdict.as_str() {
        "approve" => true,
        "deny" => false,
        _ => return Err(PortalError::field("verdict", "Choose Approve or Deny.").into()),
    };
    let mut tx = store.begin().await?;
    let record = request::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    if let Some((refused, sees)) = may_not(&mut tx, caller, &record, is_approval).await? {
        // The lock is given up first: the refusal is written in a transaction of its own.
        drop(tx);
        return Err(match refuse(store, caller, refused).await {
            Fault::Told(_) if !sees => PortalError::NotFound.into(),
            fault => fault,
        });
    }
    if record.state_word() != "pending" {
        return Err(decided_already(&record));
    }
    let sensitivity = record.sensitivity()?;
    if sensitivity.needs_fresh_sign_in() && !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    let mut faults = Faults::default();
    let summary = faults.prose("summary", &typed.summary);
    if summary.is_none() && faults.is_empty() && (!is_approval || sensitivity.needs_summary()) {
        let why = if is_approval {
            format!(
                "Say why: access of {} sensitivity is not approved without a reason.",
                sensitivity.as_str()
            )
        } else {
            "Say why; whoever asked reads this.".to_owned()
        };
        faults.add("summary", why);
    }
    if is_approval {
        approve(tx, caller, &record, &typed.shorter, summary, faults).await?;
    } else {
        faults.check()?;
        deny(tx, caller, &record, summary).await?;
    }
    let mut conn = store.read().await?;
    Ok(next_below(&waiting(&mut conn, caller).await?, &record))
}

/// What stands below this one in the queue, which is oldest first; at its end, the oldest that was passed over.
fn next_below(waiting: &[(RequestRecord, Deciders)], decided: &RequestRecord) -> Option<RequestId> {
    let place = |record: &RequestRecord| (record.filed_at, record.id());
    let below = waiting.iter().find(|(record, _)| place(record) > place(decided));
    below.or(waiting.first()).map(|(next, _)| next.id())
}

fn decided_already(record: &RequestRecord) -> Fault {
    let message = match record.state_word() {
        "approved" => "Somebody approved this request before you; nothing was changed.",
        "denied" => "Somebody denied this request before you; nothing was changed.",
        "cancelled" => "This request was taken back; nothing was changed.",
        _ => "The time for this request ran out; nothing was changed.",
    };
    PortalError::Conflict(message.to_owned()).into()
}

/// Why the caller may not decide this, and whether they may see it at all.
async fn may_not(
    tx: &mut Tx,
    caller: &Caller,
    record: &RequestRecord,
    is_approval: bool,
) -> Result<Option<(Refused<'static>, bool)>, Fault> {
    let now = tx.now;
    let deciders = deciding::deciders_of(tx.conn(), std::slice::from_ref(record), now).await?;
    let nobody = Deciders::Held { reason: String::new() };
    let deciders = deciders.first().unwrap_or(&nobody);
    if deciding::may_decide(caller, deciders) {
        return Ok(None);
    }
    let sees = deciding::may_see(tx.conn(), caller, record, deciders).await?;
    let is_own = record.requester().id == caller.id() || record.beneficiary().id == caller.id();
    let message = if is_own {
        "Nobody decides their own request, whatever else they may do here."
    } else {
        "This request is not yours to decide."
    };
    let tried = if is_approval { Action::RequestApproved } else { Action::RequestDenied };
    Ok(Some((Refused { tried, about: record.about(), request: Some(record.id()), message }, sees)))
}

async fn approve(
    mut tx: Tx,
    caller: &Caller,
    record: &RequestRecord,
    shorter: &str,
    summary: Option<String>,
    mut faults: Faults,
) -> Result<(), Fault> {
    let (now, asked) = (tx.now, record.asked()?);
    if record.beneficiary_status()? != PersonStatus::Active {
        let name = record.beneficiary().name;
        return Err(PortalError::Conflict(format!(
            "{name} does not work here now, so this cannot be approved."
        ))
        .into());
    }
    let today = catalogue::entitlements(tx.conn(), &[record.entitlement_id()]).await?.pop();
    let Some(today) = today else {
        let message = format!("{} on {} has been deleted.", record.entitlement(), record.resource());
        return Err(PortalError::Conflict(message).into());
    };
    // Locked, so that whoever takes it away at this moment also finds what is to follow on from it.
    if let Some(renewed) = record.renews()
        && let Some(renewed) = grant::lock(tx.conn(), renewed).await?
        && matches!(renewed.state_word(), "revoking" | "revoked")
    {
        let message =
            "The access that this would renew has been taken away since. Deny this, and let them ask anew.";
        return Err(PortalError::Conflict(message.to_owned()).into());
    }
    let given = typed::shorter(&mut faults, shorter, &asked, caller.time_zone, now);
    if let Some(given) = given {
        // The start of a renewal or a late approval may have passed by now; what counts is the length.
        let from_now = Window { start_at: given.start_at.filter(|start| *start > now), ..given };
        if !given.is_within(&asked, now) {
            faults.add("shorter", TransitionError::Lengthened);
        } else if let Err(error) = from_now.check(today.limit()?.as_ref(), now) {
            faults.add("shorter", error);
        }
    }
    faults.check()?;
    let given = given.ok_or(PortalError::Internal)?;
    record.state()?.approve(&asked, given, now).map_err(|error| match error {
        TransitionError::Lengthened => PortalError::field("shorter", error),
        TransitionError::Already(_) | TransitionError::TooLate | TransitionError::TooEarly => {
            PortalError::Conflict(error.to_string())
        }
    })?;
    if !request::mark_approved(tx.conn(), record.id(), given, now).await? {
        return Err(decided_already(record));
    }
    request::insert_decision(tx.conn(), record.id(), Some(caller.id()), true, summary.as_deref(), now)
        .await?;
    let approved = NewEvent::by(caller, Action::RequestApproved)
        .subject(record.beneficiary())
        .about(record.about())
        .request(record.id())
        .reason(summary)
        .detail(serde_json::json!({ "asked": asked, "given": given }));
    tx.record(approved).await?;
    let event = make_grant(&mut tx, record, given, today.is_manual()).await?;
    tx.commit(event).await?;
    Ok(())
}

/// The intent stands in the book before the target is touched.
async fn make_grant(
    tx: &mut Tx,
    record: &RequestRecord,
    window: Window,
    is_manual: bool,
) -> Result<NewEvent, Fault> {
    let state = GrantState::new(&window, tx.now);
    let id = GrantId(tx.new_id());
    let new = NewGrant {
        id,
        request: record.id(),
        person: record.beneficiary().id,
        entitlement: record.entitlement_id(),
        window,
        state,
        is_manual,
        created_at: tx.now,
    };
    grant::insert(tx.conn(), &new).await?;
    let action = match state {
        GrantState::Scheduled { .. } => Action::GrantScheduled,
        _ => Action::GrantActivating,
    };
    Ok(NewEvent::by_system(action)
        .subject(record.beneficiary())
        .about(record.about())
        .request(record.id())
        .grant(id)
        .detail(serde_json::json!({ "window": window, "by_hand": is_manual })))
}

async fn deny(
    mut tx: Tx,
    caller: &Caller,
    record: &RequestRecord,
    summary: Option<String>,
) -> Result<(), Fault> {
    let now = tx.now;
    record.state()?.deny(now).map_err(|error| PortalError::Conflict(error.to_string()))?;
    if !request::mark_denied(tx.conn(), record.id(), now).await? {
        return Err(decided_already(record));
    }
    request::insert_decision(tx.conn(), record.id(), Some(caller.id()), false, summary.as_deref(), now)
        .await?;
    let event = NewEvent::by(caller, Action::RequestDenied)
        .subject(record.beneficiary())
        .about(record.about())
        .request(record.id())
        .reason(summary);
    tx.commit(event).await?;
    Ok(())
}
