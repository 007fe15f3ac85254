//! What time alone brings about: requests expire, grants start and end.

use domain::audit::{Action, NewEvent};
use store::grant::{GrantRecord, Tried};
use store::{Result, Store, grant, request};

const BATCH: i64 = 100;

/// Nobody decided in time.
pub async fn expire_requests(store: &Store) -> Result<usize> {
    let now = store.now().await?;
    let overdue = request::list(&mut *store.read().await?, request::Which::Overdue(now), BATCH).await?;
    let mut changes = 0;
    for record in overdue {
        let mut tx = store.begin().await?;
        let now = tx.now;
        if request::mark_expired(tx.conn(), record.id(), now).await? {
            let event = NewEvent::by_system(Action::RequestExpired)
                .subject(record.beneficiary())
                .about(record.about())
                .request(record.id())
                .reason(Some("Nobody decided in time.".to_owned()));
            tx.commit(event).await?;
            changes += 1;
        }
    }
    Ok(changes)
}

/// Their start has come.
pub async fn start_grants(store: &Store) -> Result<usize> {
    let now = store.now().await?;
    let due = grant::list(&mut *store.read().await?, grant::Which::ToStart(now), BATCH).await?;
    let mut changes = 0;
    for record in due {
        let mut tx = store.begin().await?;
        let Some(window) = record.window()? else { continue };
        let Ok(to) = record.state()?.start(&window, tx.now) else { continue };
        let next_try_at = grant::first_try(&to, record.is_manual(), tx.now);
        let tried = Tried { next_try_at, ..Tried::default() };
        let now = tx.now;
        if grant::mark(tx.conn(), record.id(), record.state_word(), &to, &tried, now).await? {
            tx.commit(event(&record, Action::GrantActivating)).await?;
            changes += 1;
        }
    }
    Ok(changes)
}

/// Their time has run out. The intent is in the book before the target is touched.
pub async fn end_grants(store: &Store) -> Result<usize> {
    let now = store.now().await?;
    let due = grant::list(&mut *store.read().await?, grant::Which::ToEnd(now), BATCH).await?;
    let mut changes = 0;
    for record in due {
        let mut tx = store.begin().await?;
        let Ok(to) = record.state()?.end(tx.now) else { continue };
        let tried = Tried { next_try_at: Some(tx.now), ..Tried::default() };
        let now = tx.now;
        if grant::mark(tx.conn(), record.id(), record.state_word(), &to, &tried, now).await? {
            tx.commit(event(&record, Action::GrantEnding)).await?;
            changes += 1;
        }
    }
    Ok(changes)
}

/// An event of a job about a grant.
pub fn event(record: &GrantRecord, action: Action) -> NewEvent {
    let mut event =
        NewEvent::by_system(action).subject(record.person()).about(record.about()).grant(record.id());
    event.request_id = record.request();
    event
}
