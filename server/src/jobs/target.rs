//! Opening and closing access at the targets, tried until it holds.

use std::time::Duration;

use domain::audit::{Action, Outcome};
use domain::grant::{Cause, GrantState, Removal, RemovalKnown, retry_after};
use domain::person::PersonStatus;
use futures::StreamExt;
use store::grant::{GrantRecord, Tried, Which};
use store::{Result, SessionLock, Store, catalogue, grant};

use super::due::event;
use crate::connectors::{Connector, ConnectorError, Target};

const BATCH: i64 = 50;
/// So long may one change at a target take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Targets worked on at a time, so that a slow one does not hold up the others.
const AT_ONCE: usize = 4;

/// Works on every grant whose next try is due.
pub async fn work(store: &Store, connectors: &[Box<dyn Connector>]) -> Result<usize> {
    let now = store.now().await?;
    let due = grant::list(&mut *store.read().await?, Which::ToTry(now), BATCH).await?;
    let results: Vec<Result<bool>> = futures::stream::iter(due)
        .map(|record| try_one(store, connectors, record))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut changes = 0;
    for result in results {
        match result {
            Ok(changed) => changes += usize::from(changed),
            Err(error) => tracing::warn!(%error, "a grant could not be worked on; it stays due"),
        }
    }
    Ok(changes)
}

async fn try_one(store: &Store, connectors: &[Box<dyn Connector>], listed: GrantRecord) -> Result<bool> {
    let lock = SessionLock::try_pair(store, listed.person().id, listed.system_id()).await?;
    let Some(lock) = lock else { return Ok(false) };
    // What was listed may have changed before the lock was had.
    let fresh = grant::find(&mut *store.read().await?, listed.id()).await?;
    let result = match fresh {
        Some(record) => step(store, connectors, &record).await,
        None => Ok(false),
    };
    lock.release().await;
    result
}

async fn step(store: &Store, connectors: &[Box<dyn Connector>], record: &GrantRecord) -> Result<bool> {
    let now = store.now().await?;
    if record.next_try_at.is_none_or(|due| due > now) {
        return Ok(false);
    }
    let connector = connectors.iter().map(AsRef::as_ref).find(|c| c.name() == record.connector);
    match record.state()? {
        GrantState::Activating { deadline, .. } if now >= deadline => give_up(store, connector, record).await,
        GrantState::Activating { .. } => match why_not(record)? {
            Some(cause) => revoke(store, record, cause).await,
            None if record.is_manual() => Ok(false),
            None => open(store, connector, record).await,
        },
        GrantState::Removing { .. } => close(store, connector, record).await,
        _ => Ok(false),
    }
}

/// What has changed since the decision so that access must not start.
fn why_not(record: &GrantRecord) -> Result<Option<Cause>> {
    Ok(match record.person_status()? {
        PersonStatus::Left => Some(Cause::Leaver),
        PersonStatus::Suspended => Some(Cause::Suspended),
        PersonStatus::Active if record.is_gone => Some(Cause::ResourceDeleted),
        PersonStatus::Active => None,
    })
}

async fn revoke(store: &Store, record: &GrantRecord, cause: Cause) -> Result<bool> {
    let mut tx = store.begin().await?;
    let Ok(to) = record.state()?.revoke(cause) else { return Ok(false) };
    let tried = Tried { next_try_at: Some(tx.now), ..Tried::default() };
    let now = tx.now;
    if !grant::mark(tx.conn(), record.id(), record.state_word(), &to, &tried, now).await? {
        return Ok(false);
    }
    let detail = serde_json::json!({ "cause": cause });
    tx.commit(event(record, Action::GrantRevoking).detail(detail)).await?;
    Ok(true)
}

fn target(record: &GrantRecord) -> std::result::Result<Target, ConnectorError> {
    let right = record.target.clone().ok_or_else(|| {
        ConnectorError::Settings(format!(
            "it is not known what {} is called at the target.",
            record.entitlement
        ))
    })?;
    let account = record.account.clone().ok_or_else(|| {
        ConnectorError::Settings(format!("{} has no account on {}.", record.person().name, record.system))
    })?;
    let is_adopted = record.is_imported();
    Ok(Target { settings: record.connector_settings.clone(), account, right, is_adopted })
}

fn known<'c>(
    connector: Option<&'c dyn Connector>,
    record: &GrantRecord,
) -> std::result::Result<(&'c dyn Connector, Target), ConnectorError> {
    let unknown = || ConnectorError::Settings(format!("there is no connector “{}”.", record.connector));
    Ok((connector.ok_or_else(unknown)?, target(record)?))
}

async fn open(store: &Store, connector: Option<&dyn Connector>, listed: &GrantRecord) -> Result<bool> {
    // Before the target is touched: from here on the system is not led elsewhere until the answer is clear.
    let mut conn = store.read().await?;
    grant::note_opening(&mut conn, listed.id(), listed.system_id()).await?;
    let Some(record) = grant::find(&mut conn, listed.id()).await? else { return Ok(false) };
    drop(conn);
    if record.connector != listed.connector || record.state_word() != listed.state_word() {
        return Ok(false);
    }
    let tried = match known(connector, &record) {
        Ok((connector, target)) => in_time(connector.open(&target)).await,
        Err(error) => Err(error),
    };
    if let Err(error) = tried {
        let Ok(to) = record.state()?.activation_failed() else { return Ok(false) };
        let is_surely_closed = !listed.opening_unclear && !error.may_have_opened();
        let action = Action::GrantActivationFailed;
        return failed(store, &record, to, action, (&error, is_surely_closed)).await;
    }
    let mut tx = store.begin().await?;
    let now = tx.now;
    let Some(window) = record.window()? else { return Ok(false) };
    let limit = match catalogue::entitlements(tx.conn(), &[record.entitlement_id()]).await?.pop() {
        Some(today) => today.limit()?,
        None => None,
    };
    let Ok(to) = record.state()?.activated(&window, limit.as_ref(), now) else { return Ok(false) };
    if !grant::mark(tx.conn(), record.id(), record.state_word(), &to, &Tried::default(), now).await? {
        return Ok(false);
    }
    let GrantState::Active { until } = to else { return Ok(false) };
    let detail = serde_json::json!({ "until": until, "account": record.account, "limit": limit });
    tx.commit(event(&record, Action::GrantActivated).detail(detail)).await?;
    Ok(true)
}

async fn give_up(store: &Store, connector: Option<&dyn Connector>, record: &GrantRecord) -> Result<bool> {
    // The target is cleaned: a try may have got through without its end being seen. Rights from elsewhere were
    // never ours to take.
    if !record.is_manual()
        && !is_held_otherwise(store, record).await?
        && let Ok((connector, target)) = known(connector, record)
        && let Err(error) = in_time(connector.close(&target)).await
        && !matches!(error, ConnectorError::StillThere { .. })
    {
        let Ok(to) = record.state()?.activation_failed() else { return Ok(false) };
        return failed(store, record, to, Action::GrantActivationFailed, (&error, false)).await;
    }
    let mut tx = store.begin().await?;
    let now = tx.now;
    let Ok(to) = record.state()?.give_up(now) else { return Ok(false) };
    let tried = Tried { attempts: record.attempts, error: record.last_error.clone(), ..Tried::default() };
    if !grant::mark(tx.conn(), record.id(), record.state_word(), &to, &tried, now).await? {
        return Ok(false);
    }
    let why = record.last_error.clone().unwrap_or_else(|| "Nobody opened it in time.".to_owned());
    tx.commit(event(record, Action::GrantFailed).outcome(Outcome::Failure).reason(Some(why))).await?;
    Ok(true)
}

/// Whether the person has the same, by this entitlement or another of the same name at the target, through
/// another grant that is active or, where a connector sees to it, is being made so.
pub(crate) async fn is_held_otherwise(store: &Store, record: &GrantRecord) -> Result<bool> {
    let others = grant::list(&mut *store.read().await?, Which::LiveOf(record.person().id), 1_000).await?;
    Ok(others.iter().any(|other| {
        let is_same = other.entitlement_id() == record.entitlement_id()
            || (!record.is_manual()
                && other.system_id() == record.system_id()
                && other.target == record.target);
        let is_there = match other.state_word() {
            "active" => true,
            // By hand it may never come: the task to close stays until somebody has said that it is open.
            "activating" => !record.is_manual(),
            _ => false,
        };
        other.id() != record.id() && is_same && is_there
    }))
}

/// A target that does not answer must not hold up the others.
async fn in_time<T>(
    trying: impl Future<Output = std::result::Result<T, ConnectorError>>,
) -> std::result::Result<T, ConnectorError> {
    let waited = || ConnectorError::NoAnswer(format!("none came within {} s.", ANSWER_WITHIN.as_secs()));
    tokio::time::timeout(ANSWER_WITHIN, trying).await.unwrap_or_else(|_| Err(waited()))
}

async fn close(store: &Store, connector: Option<&dyn Connector>, record: &GrantRecord) -> Result<bool> {
    if is_held_otherwise(store, record).await? {
        return closed(store, record, RemovalKnown::StillHeld, &Tried::default(), serde_json::json!({}))
            .await;
    }
    if record.is_manual() {
        // From here on it is an owner's task; nothing is due for the job.
        let mut tx = store.begin().await?;
        let (state, now) = (record.state()?, tx.now);
        if !grant::mark(tx.conn(), record.id(), record.state_word(), &state, &Tried::default(), now).await? {
            return Ok(false);
        }
        tx.commit(event(record, Action::GrantRemovalAsked)).await?;
        return Ok(true);
    }
    let tried = match known(connector, record) {
        Ok((connector, target)) => in_time(connector.close(&target)).await,
        Err(error) => Err(error),
    };
    match tried {
        Ok(done) => {
            // A try before this one, or none at all, explains why it was gone.
            let is_externally_modified =
                done.was_gone && record.active_since.is_some() && record.attempts == 0;
            let tried = Tried { is_externally_modified, ..Tried::default() };
            let detail = serde_json::json!({
                "account": record.account,
                "sessions_ended": done.sessions_ended,
                "was_gone_already": is_externally_modified,
            });
            closed(store, record, RemovalKnown::Verified, &tried, detail).await
        }
        Err(error) => {
            let Ok(to) = record.state()?.removal_failed() else { return Ok(false) };
            failed(store, record, to, Action::GrantRemovalFailed, (&error, false)).await
        }
    }
}

async fn closed(
    store: &Store,
    record: &GrantRecord,
    known: RemovalKnown,
    tried: &Tried,
    mut detail: serde_json::Value,
) -> Result<bool> {
    let mut tx = store.begin().await?;
    let now = tx.now;
    let Ok(to) = record.state()?.removed(known) else { return Ok(false) };
    if !grant::mark(tx.conn(), record.id(), record.state_word(), &to, tried, now).await? {
        return Ok(false);
    }
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("known".to_owned(), serde_json::json!(known));
    }
    let action = match to {
        GrantState::Closed { why: Removal::Revoked(_), .. } => Action::GrantRevoked,
        _ => Action::GrantEnded,
    };
    tx.commit(event(record, action).detail(detail)).await?;
    Ok(true)
}

async fn failed(
    store: &Store,
    record: &GrantRecord,
    to: GrantState,
    action: Action,
    (error, is_surely_closed): (&ConnectorError, bool),
) -> Result<bool> {
    let mut tx = store.begin().await?;
    let now = tx.now;
    let attempts = record.attempts.saturating_add(1);
    let mut next_try_at = now + retry_after(record.attempts);
    if let GrantState::Activating { deadline, .. } = to
        && deadline > now
    {
        next_try_at = next_try_at.min(deadline);
    }
    let tried = Tried {
        attempts,
        error: Some(error.to_string()),
        next_try_at: Some(next_try_at),
        is_surely_closed,
        ..Tried::default()
    };
    if !grant::mark(tx.conn(), record.id(), record.state_word(), &to, &tried, now).await? {
        return Ok(false);
    }
    let detail = serde_json::json!({ "attempts": attempts, "next_try_at": next_try_at });
    tx.commit(event(record, action).outcome(Outcome::Failure).reason(Some(error.to_string())).detail(detail))
        .await?;
    Ok(true)
}
