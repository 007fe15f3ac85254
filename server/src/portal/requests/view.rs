//! One request: its standing, its thread, and what comes next.

use app::backend::{GrantBrief, RequestRow, RequestView};
use app::error::PortalError;
use domain::audit::Event;
use domain::caller::Caller;
use domain::grant::GrantState;
use domain::id::RequestId;
use domain::local_time;
use domain::policy::Deciders;
use store::grant::GrantRecord;
use store::request::{RequestRecord, Which};
use store::{Store, audit, grant, owner, request};

use crate::portal::{Fault, deciding, thread, usage, what_is_asked};

/// A row for lists.
pub fn row(record: &RequestRecord, deciders: Deciders) -> Result<RequestRow, Fault> {
    let grant = record.grant().map(|id| GrantBrief {
        id,
        state: record.grant_state.clone().unwrap_or_default(),
        until: record.grant_ends_at,
    });
    Ok(RequestRow {
        id: record.id(),
        what: what_is_asked(record)?,
        beneficiary: record.beneficiary(),
        state: record.state_word().to_owned(),
        filed_at: record.filed_at,
        decide_by: record.decide_by,
        is_imported: record.is_imported(),
        closed_at: record.closed_at,
        deciders: (record.state_word() == "pending").then_some(deciders),
        grant,
        is_renewal: record.renews().is_some(),
    })
}

/// The request's page.
pub async fn show(store: &Store, caller: &Caller, id: RequestId) -> Result<RequestView, Fault> {
    let mut conn = store.read().await?;
    let record = request::find(&mut conn, id).await?.ok_or(PortalError::NotFound)?;
    let deciders = deciding::deciders_of(&mut conn, std::slice::from_ref(&record), caller.called_at).await?;
    let deciders = deciders.into_iter().next().ok_or(PortalError::NotFound)?;
    if !deciding::may_see(&mut conn, caller, &record, &deciders).await? {
        return Err(PortalError::NotFound.into());
    }
    let grant = match record.grant() {
        Some(grant) => grant::find(&mut conn, grant).await?,
        None => None,
    };
    let events = audit::thread(&mut conn, Some(id), record.grant(), 200).await?;
    let siblings = request::list(&mut conn, Which::Submission(record.submission()), 200).await?;
    let held_since = match record.renews() {
        Some(_) => {
            let (who, what) = (record.beneficiary().id, record.entitlement_id());
            grant::held_since(&mut conn, who, what, caller.called_at).await?
        }
        None => None,
    };
    let owns = owner::owns(&mut conn, caller.id(), record.entitlement_id()).await?;
    let usage = usage::of_grant(&mut conn, caller, grant.as_ref(), owns).await?;
    let me = caller.id();
    let is_mine = record.requester().id == me || record.beneficiary().id == me;
    let siblings = if is_mine { siblings } else { Vec::new() };
    let is_pending = record.state_word() == "pending";
    let can_end = grant.as_ref().map(can_be_taken_away).transpose()?.unwrap_or(false);
    Ok(RequestView {
        next: next(caller, &record, grant.as_ref())?,
        requester: record.requester(),
        rationale: record.rationale.clone(),
        ticket: record.ticket.clone(),
        asked: (!record.is_imported()).then(|| record.asked()).transpose()?,
        given: record.given()?,
        held_since,
        renewed_until: record.renewed_until,
        siblings: siblings
            .iter()
            .filter(|sibling| sibling.id() != id)
            .map(|sibling| row(sibling, Deciders::Held { reason: String::new() }))
            .map(|row| row.map(|row| RequestRow { deciders: None, ..row }))
            .collect::<Result<_, _>>()?,
        thread: thread::steps(&events.into_iter().filter(told).collect::<Vec<_>>()),
        usage,
        may_cancel: is_pending && is_mine,
        may_decide: record.is_open(caller.called_at) && deciding::may_decide(caller, &deciders),
        may_give_back: can_end && record.beneficiary().id == me,
        may_revoke: can_end && record.beneficiary().id != me && (owns || caller.roles.administrator),
        row: row(&record, deciders)?,
    })
}

/// Refused attempts are the auditors' to read, not part of a request's life.
fn told(event: &Event) -> bool {
    event.action != "access.denied"
}

fn can_be_taken_away(grant: &GrantRecord) -> Result<bool, Fault> {
    Ok(matches!(
        grant.state()?,
        GrantState::Scheduled { .. } | GrantState::Activating { .. } | GrantState::Active { .. }
    ))
}

/// What comes next, in words.
fn next(caller: &Caller, record: &RequestRecord, grant: Option<&GrantRecord>) -> Result<Vec<String>, Fault> {
    let at = |moment| local_time::short(moment, caller.time_zone, caller.called_at);
    let Some(grant) = grant else {
        if record.state_word() != "pending" {
            return Ok(Vec::new());
        }
        // Who decides, and until when, stands in the step before.
        let opens = match record.renewed_until.filter(|end| *end > caller.called_at) {
            Some(end) => format!("Once approved, the access goes on from {}.", at(end)),
            None => "Once approved, access opens by itself.".to_owned(),
        };
        return Ok(vec![opens]);
    };
    let by = if grant.is_manual() { "an owner does this by hand" } else { "this happens by itself" };
    Ok(match grant.state()? {
        GrantState::Scheduled { start_at } => vec![format!("Access opens at {}.", at(start_at))],
        GrantState::Activating { deadline, failed: false } => {
            vec![format!("Access is being opened: {by}, at the latest by {}.", at(deadline))]
        }
        GrantState::Activating { deadline, failed: true } => {
            vec![format!("Opening access failed; it is tried again until {}.", at(deadline))]
        }
        GrantState::Active { until: Some(until) } => vec![format!("Access closes at {}.", at(until))],
        GrantState::Active { until: None } => vec!["This access has no end.".to_owned()],
        GrantState::Removing { failed: false, .. } => vec![format!("Access is being closed: {by}.")],
        GrantState::Removing { failed: true, .. } => {
            vec![
                "Closing access failed; it is tried again, and its owner has been given the task.".to_owned(),
            ]
        }
        GrantState::Closed { .. } | GrantState::Failed => Vec::new(),
    })
}
