//! People who ask, decide, take back, give back and take away as fast as they are answered.

use std::time::Duration;

use uuid::Uuid;

use super::Dice;
use super::stage::{Acknowledged, Stage};
use crate::servers::Visitor;

/// So long does somebody wait who has nothing to do, or was not answered.
const BREATH: Duration = Duration::from_millis(15);

/// One for each holder and right, until it is over.
pub async fn all(stage: &Stage, seed: u64) {
    let everything =
        (0..stage.holders.len()).flat_map(|holder| (0..stage.rights.len()).map(move |r| (holder, r)));
    let people = everything.zip(1..).map(async |((holder, right), number)| {
        let mut dice = Dice::new(seed.wrapping_add(number));
        while !stage.is_over.get() {
            step(stage, holder, right, &mut dice).await;
        }
    });
    futures::future::join_all(people).await;
}

#[derive(sqlx::FromRow)]
struct Last {
    request: Uuid,
    state: String,
    held: Option<Uuid>,
    held_state: Option<String>,
}

/// The next thing to do about this right, as its last request stands.
async fn step(stage: &Stage, holder: usize, right: usize, dice: &mut Dice) {
    let found: Result<Option<Last>, _> = sqlx::query_as(
        "select r.id as request, r.state, g.id as held, g.state as held_state
         from access_request r left join access_grant g on g.request_id = r.id
         where r.beneficiary_id = $1 and r.entitlement_id = $2 order by r.filed_at desc limit 1",
    )
    .bind(stage.holders[holder].person)
    .bind(stage.rights[right].id.0)
    .fetch_optional(&stage.pool)
    .await;
    let Ok(last) = found else { return tokio::time::sleep(BREATH).await };
    let (browser, owner) = (&stage.holders[holder].browser, &stage.owners[usize::from(dice.below(2) == 0)]);
    let at = stage.ports[usize::from(dice.below(2) == 0)].get();
    let Some(Last { request, state, held, held_state }) = last else {
        return submit(stage, browser, at, right).await;
    };
    let decide = async |verdict: &str, action| {
        let id = request.to_string();
        let typed = [("id", id.as_str()), ("verdict", verdict), ("summary", "As agreed.")];
        send(stage, owner, at, "decide", &typed, action, request).await;
    };
    match (state.as_str(), held, held_state.as_deref()) {
        ("pending", ..) => match dice.below(10) {
            0 => decide("deny", "request.denied").await,
            1 => {
                let id = request.to_string();
                let typed = [("id", id.as_str())];
                send(stage, browser, at, "cancel-request", &typed, "request.cancelled", request).await;
            }
            2 => tokio::time::sleep(BREATH).await,
            _ => decide("approve", "request.approved").await,
        },
        (_, Some(_), Some("ending" | "revoking" | "removal_failed")) => tokio::time::sleep(BREATH).await,
        (_, Some(_), Some("ended" | "revoked" | "failed")) => submit(stage, browser, at, right).await,
        (_, Some(grant), _) => take_away(stage, browser, owner, at, grant, dice).await,
        _ => submit(stage, browser, at, right).await,
    }
}

async fn take_away(stage: &Stage, browser: &Visitor, owner: &Visitor, at: u16, grant: Uuid, dice: &mut Dice) {
    let id = grant.to_string();
    match dice.below(20) {
        0 => send(stage, browser, at, "give-back", &[("id", id.as_str())], "grant.revoking", grant).await,
        1 => {
            let typed = [("id", id.as_str()), ("reason", "The incident is over.")];
            send(stage, owner, at, "revoke", &typed, "grant.revoking", grant).await;
        }
        _ => tokio::time::sleep(BREATH).await,
    }
}

async fn submit(stage: &Stage, browser: &Visitor, at: u16, right: usize) {
    let id = stage.rights[right].id.to_string();
    let typed = [
        ("entitlements", id.as_str()),
        ("rationale", "To look into the failed payouts."),
        ("ends", "duration"),
        ("duration", "4 hours"),
    ];
    match browser.send(at, "submit-request", &typed).await {
        Ok(told) if told.is_done() => {
            // `/requests/ID?done=request-sent`
            let id = told.location.trim_start_matches("/requests/").split('?').next().unwrap();
            let id = id.parse().unwrap();
            stage.acknowledged.borrow_mut().push(Acknowledged { action: "request.submitted", id });
        }
        Ok(told) if told.status == 303 => {}
        other => missed(stage, other.err()).await,
    }
}

async fn send(
    stage: &Stage,
    who: &Visitor,
    at: u16,
    form: &str,
    typed: &[(&str, &str)],
    action: &'static str,
    id: Uuid,
) {
    match who.send(at, form, typed).await {
        Ok(told) if told.is_done() => stage.acknowledged.borrow_mut().push(Acknowledged { action, id }),
        // Somebody was first; the form comes back with a sentence.
        Ok(told) if told.status == 303 => {}
        other => missed(stage, other.err()).await,
    }
}

/// What was sent may have been done. Where nobody listened, nothing was sent.
async fn missed(stage: &Stage, error: Option<reqwest::Error>) {
    let was_sent = error.is_none_or(|error| !error.is_connect());
    stage.unanswered.set(stage.unanswered.get() + usize::from(was_sent));
    tokio::time::sleep(BREATH).await;
}
