//! What time alone brings about: requests expire, grants start and end.

use domain::audit::{Action, NewEvent};
use store::grant::{GrantRecord, Tried};
use store::request::RequestRecord;
use store::{Result, Store, grant, request};

use super::escalator;

const BATCH: i64 = 100;

/// Everything that is due; answers how many changes it made. What goes wrong with one keeps nothing from the others.
pub async fn all(store: &Store) -> usize {
    let mut changes = 0;
    for outcome in [
        expire_requests(store).await,
        // Starts go before ends: a renewal takes over without a gap.
        start_grants(store).await,
        end_grants(store).await,
        escalator::all(store).await,
    ] {
        match outcome {
            Ok(count) => changes += count,
            Err(error) => {
                tracing::warn!(%error, "what is due could not be looked up; the next round goes on")
            }
        }
    }
    changes
}

/// Nobody decided in time.
async fn expire_requests(store: &Store) -> Result<usize> {
    let now = store.now().await?;
    let overdue = request::list(&mut *store.read().await?, request::Which::Overdue(now), BATCH).await?;
    let mut changes = 0;
    for record in overdue {
        changes += counted(expire(store, &record).await);
    }
    Ok(changes)
}

/// Their start has come.
async fn start_grants(store: &Store) -> Result<usize> {
    let now = store.now().await?;
    let due = grant::list(&mut *store.read().await?, grant::Which::ToStart(now), BATCH).await?;
    let mut changes = 0;
    for record in due {
        changes += counted(start(store, &record).await);
    }
    Ok(changes)
}

/// Their time has run out.
async fn end_grants(store: &Store) -> Result<usize> {
    let now = store.now().await?;
    let due = grant::list(&mut *store.read().await?, grant::Which::ToEnd(now), BATCH).await?;
    let mut changes = 0;
    for record in due {
        changes += counted(end(store, &record).await);
    }
    Ok(changes)
}

fn counted(outcome: Result<bool>) -> usize {
    match outcome {
        Ok(changed) => usize::from(changed),
        Err(error) => {
            tracing::warn!(%error, "something due could not be done; it stays due");
            0
        }
    }
}

async fn expire(store: &Store, record: &RequestRecord) -> Result<bool> {
    let mut tx = store.begin().await?;
    let now = tx.now;
    if !request::mark_expired(tx.conn(), record.id(), now).await? {
        return Ok(false);
    }
    let event = NewEvent::by_system(Action::RequestExpired)
        .subject(record.beneficiary())
        .about(record.about())
        .request(record.id())
        .reason(Some("Nobody decided in time.".to_owned()));
    tx.commit(event).await?;
    Ok(true)
}

async fn start(store: &Store, record: &GrantRecord) -> Result<bool> {
    let mut tx = store.begin().await?;
    let now = tx.now;
    let Some(window) = record.window()? else { return Ok(false) };
    let Ok(to) = record.state()?.start(&window, now) else { return Ok(false) };
    let tried = Tried { next_try_at: grant::first_try(&to, record.is_manual(), now), ..Tried::default() };
    if !grant::mark(tx.conn(), record.id(), record.state_word(), &to, &tried, now).await? {
        return Ok(false);
    }
    tx.commit(event(record, Action::GrantActivating)).await?;
    Ok(true)
}

/// The intent is in the book before the target is touched.
async fn end(store: &Store, record: &GrantRecord) -> Result<bool> {
    let mut tx = store.begin().await?;
    let now = tx.now;
    let Ok(to) = record.state()?.end(now) else { return Ok(false) };
    let tried = Tried { next_try_at: Some(now), ..Tried::default() };
    if !grant::mark(tx.conn(), record.id(), record.state_word(), &to, &tried, now).await? {
        return Ok(false);
    }
    tx.commit(event(record, Action::GrantEnding)).await?;
    Ok(true)
}

/// An event of a job about a grant.
pub fn event(record: &GrantRecord, action: Action) -> NewEvent {
    let mut event =
        NewEvent::by_system(action).subject(record.person()).about(record.about()).grant(record.id());
    event.request_id = record.request();
    event
}
