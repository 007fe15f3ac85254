//! Deciding: exactly one decision, by somebody who may, under today's limits.

use app::backend::TypedDecision;
use app::error::PortalError;
use chrono::{DateTime, Utc};
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::grant::GrantState;
use domain::id::{GrantId, RequestId};
use domain::person::PersonStatus;
use domain::policy::Deciders;
use domain::request::{TransitionError, Window};
use store::grant::NewGrant;
use store::request::{NewDecision, RequestRecord};
use store::{Store, Tx, catalogue, grant, request};

use crate::portal::typed::{self, Faults};
use crate::portal::{Fault, Refused, deciding, refuse};

/// Approves or denies.
pub async fn decide(store: &Store, caller: &Caller, typed: &TypedDecision) -> Result<(), Fault> {
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
        approve(tx, caller, &record, &typed.shorter, summary, faults).await
    } else {
        faults.check()?;
        deny(tx, caller, &record, summary).await
    }
}

fn decided_already(record: &RequestRecord) -> Fault {
    let message = match record.state_word() {
        _ if record.is_imported() => "This was decided elsewhere, long ago; nothing was changed.",
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
    let decision = new_decision(caller, record, summary.as_deref(), now);
    let grant = new_grant(&tx, record, given, today.is_manual());
    if !request::mark_approved(tx.conn(), &decision, &grant).await? {
        return Err(decided_already(record));
    }
    let approved = NewEvent::by(caller, Action::RequestApproved)
        .subject(record.beneficiary())
        .about(record.about())
        .request(record.id())
        .reason(summary)
        .detail(serde_json::json!({ "asked": asked, "given": given }));
    tx.record(approved).await?;
    tx.commit(intent(record, &grant)).await?;
    Ok(())
}

fn new_grant(tx: &Tx, record: &RequestRecord, window: Window, is_manual: bool) -> NewGrant {
    NewGrant {
        id: GrantId(tx.new_id()),
        person: record.beneficiary().id,
        entitlement: record.entitlement_id(),
        window,
        state: GrantState::new(&window, tx.now),
        is_manual,
    }
}

/// The intent stands in the book before the target is touched.
fn intent(record: &RequestRecord, grant: &NewGrant) -> NewEvent {
    let action = match grant.state {
        GrantState::Scheduled { .. } => Action::GrantScheduled,
        _ => Action::GrantActivating,
    };
    NewEvent::by_system(action)
        .subject(record.beneficiary())
        .about(record.about())
        .request(record.id())
        .grant(grant.id)
        .detail(serde_json::json!({ "window": grant.window, "by_hand": grant.is_manual }))
}

fn new_decision<'a>(
    caller: &Caller,
    record: &RequestRecord,
    summary: Option<&'a str>,
    now: DateTime<Utc>,
) -> NewDecision<'a> {
    NewDecision { request: record.id(), by: Some(caller.id()), summary, decided_at: now }
}

async fn deny(
    mut tx: Tx,
    caller: &Caller,
    record: &RequestRecord,
    summary: Option<String>,
) -> Result<(), Fault> {
    let now = tx.now;
    record.state()?.deny(now).map_err(|error| PortalError::Conflict(error.to_string()))?;
    if !request::mark_denied(tx.conn(), &new_decision(caller, record, summary.as_deref(), now)).await? {
        return Err(decided_already(record));
    }
    let event = NewEvent::by(caller, Action::RequestDenied)
        .subject(record.beneficiary())
        .about(record.about())
        .request(record.id())
        .reason(summary);
    tx.commit(event).await?;
    Ok(())
}
