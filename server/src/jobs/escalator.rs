//! Alerts that nobody takes up in time: each is marked once, and the book says so.

use domain::alert::Severity;
use domain::audit::{Action, NewEvent};
use domain::id::EventId;
use serde_json::json;
use store::alert::{NewStep, insert_step, overdue};
use store::{Result, Store};

/// So many of one severity are told in a round.
const ROUND_MAX: usize = 100;

/// Every alert that has waited too long by now; answers how many.
///
/// # Errors
/// When the database cannot be reached. What was done stays done.
pub async fn all(store: &Store) -> Result<usize> {
    let now = store.now().await?;
    if !overdue::is_any(&mut *store.read().await?, now).await? {
        return Ok(0);
    }
    let mut count = 0;
    for severity in Severity::ALL.into_iter().rev() {
        let mut of_this = 0;
        while of_this < ROUND_MAX && one(store, severity).await? {
            of_this += 1;
        }
        count += of_this;
    }
    Ok(count)
}

async fn one(store: &Store, severity: Severity) -> Result<bool> {
    let mut tx = store.begin().await?;
    let (event, at) = (EventId(tx.new_id()), tx.now);
    let Some(alert) = overdue::take(tx.conn(), severity, at).await? else { return Ok(false) };
    insert_step(tx.conn(), NewStep::of(alert.id, event, at, "escalated")).await?;
    let mut told = NewEvent::by_system(Action::AlertEscalated)
        .about(alert.about)
        .detail(json!({ "alert": alert.id, "rule": alert.rule, "severity": severity }));
    told.subject = alert.person;
    told.grant_id = alert.grant;
    tx.commit_as(event, told).await?;
    Ok(true)
}
