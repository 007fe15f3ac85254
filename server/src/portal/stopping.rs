//! What a rule ends by itself, when somebody leaves or something is deleted: each with its own event.

use domain::audit::{Action, NewEvent};
use domain::grant::{Cause, GrantState};
use store::grant::GrantRecord;
use store::request::{NewDecision, RequestRecord};
use store::{Tx, grant, request};

use super::Fault;
use super::access::mark_taken_away;

/// Denies these requests, as far as they are pending still; answers how many.
pub async fn deny_all(tx: &mut Tx, requests: Vec<RequestRecord>, why: &str) -> Result<usize, Fault> {
    let (mut denied, now) = (0, tx.now);
    for record in requests {
        let decision = NewDecision { request: record.id(), by: None, summary: Some(why), decided_at: now };
        if !request::mark_denied(tx.conn(), &decision).await? {
            continue;
        }
        let event = NewEvent::by_system(Action::RequestDenied)
            .subject(record.beneficiary())
            .about(record.about())
            .request(record.id())
            .reason(Some(why.to_owned()));
        tx.record(event).await?;
        denied += 1;
    }
    Ok(denied)
}

/// Takes these grants away, as far as they are neither closed nor being closed; answers how many.
pub async fn revoke_all(
    tx: &mut Tx,
    grants: Vec<GrantRecord>,
    cause: Cause,
    why: &str,
) -> Result<usize, Fault> {
    let mut revoked = 0;
    for listed in grants {
        let Some(record) = grant::lock(tx.conn(), listed.id()).await? else { continue };
        let state = record.state()?;
        if matches!(state, GrantState::Removing { .. }) || !state.is_live() {
            continue;
        }
        let event = NewEvent::by_system(Action::GrantRevoking).reason(Some(why.to_owned()));
        let event = mark_taken_away(tx, &record, cause, event).await?;
        tx.record(event).await?;
        revoked += 1;
    }
    Ok(revoked)
}
