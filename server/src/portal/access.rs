//! Holding access, giving it back, taking it away, and doing by hand what no connector does.

use std::collections::HashMap;

use app::backend::{Access, Answer, HeldGrant, Home, Task, TaskKind};
use app::error::PortalError;
use async_trait::async_trait;
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::grant::{Cause, GrantState, Removal, RemovalKnown};
use domain::id::{EntitlementId, GrantId, PersonId};
use store::grant::{GrantRecord, Tried, Which};
use store::{PgConnection, Store, Tx, catalogue, grant, owner, request};

use super::editing::job_roles::unexplained;
use super::typed::Faults;
use super::{Fault, Portal, Refused, approvals, refuse, requests, tell, what_is_held};

mod start;

const TASKS_MAX: i64 = 200;

#[async_trait]
impl Access for Portal {
    async fn home(&self, caller: &Caller) -> Answer<Home> {
        tell(home(&self.store, caller).await)
    }

    async fn give_back(&self, caller: &Caller, id: GrantId) -> Answer<()> {
        tell(give_back(&self.store, caller, id).await)
    }

    async fn revoke(&self, caller: &Caller, id: GrantId, reason: &str) -> Answer<()> {
        tell(revoke(&self.store, caller, id, reason).await)
    }

    async fn tasks(&self, caller: &Caller) -> Answer<Vec<Task>> {
        tell(async { tasks(&mut *self.store.read().await?, caller).await }.await)
    }

    async fn attest(&self, caller: &Caller, id: GrantId, note: &str) -> Answer<()> {
        tell(attest(&self.store, caller, id, note).await)
    }

    async fn retry(&self, caller: &Caller, id: GrantId) -> Answer<()> {
        tell(retry(&self.store, caller, id).await)
    }
}

async fn home(store: &Store, caller: &Caller) -> Result<Home, Fault> {
    let mut conn = store.read().await?;
    let held = grant::list(&mut conn, Which::LiveOf(caller.id()), 1_000).await?;
    let ids: Vec<EntitlementId> = held.iter().map(GrantRecord::entitlement_id).collect();
    let pending: HashMap<_, _> =
        request::pending_for(&mut conn, caller.id(), &ids).await?.into_iter().collect();
    let is_alone = |id| ids.iter().filter(|other| **other == id).count() == 1;
    let held = held.iter().map(|record| {
        let id = record.entitlement_id();
        let row = held_grant(record)?;
        let renewal = pending.get(&id).copied().filter(|_| row.may_renew);
        // What follows on is asked for or waits already.
        Ok(HeldGrant { may_renew: row.may_renew && renewal.is_none() && is_alone(id), renewal, ..row })
    });
    let held = held.collect::<Result<_, Fault>>()?;
    let open = requests::open(&mut conn, caller).await?;
    let is_new = ids.is_empty() && open.is_empty();
    Ok(Home {
        start: if is_new { start::start(&mut conn, caller).await? } else { None },
        to_decide: approvals::waiting(&mut conn, caller).await?.len(),
        tasks: tasks(&mut conn, caller).await?.iter().filter(|task| !task.is_own).count(),
        unexplained: unexplained(store, caller).await?.len(),
        held,
        open,
    })
}

fn held_grant(record: &GrantRecord) -> Result<HeldGrant, Fault> {
    let state = record.state()?;
    let trouble = match state {
        GrantState::Activating { failed: true, .. } => {
            Some("It could not be opened yet. Its owner has been given the task, and it is tried again.")
        }
        GrantState::Removing { failed: true, .. } => {
            Some("It could not be closed yet. Its owner has been given the task, and it is tried again.")
        }
        _ => None,
    };
    Ok(HeldGrant {
        id: record.id(),
        what: what_is_held(record)?,
        state: record.state_word().to_owned(),
        start_at: record.start_at,
        active_since: record.active_since,
        until: record.ends_at,
        account: record.account.clone(),
        request: record.request(),
        is_imported: record.is_imported(),
        trouble: trouble.map(str::to_owned),
        may_give_back: !matches!(state, GrantState::Removing { .. }),
        may_renew: matches!(state, GrantState::Active { until: Some(_) }),
        renewal: None,
    })
}

async fn give_back(store: &Store, caller: &Caller, id: GrantId) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let record = grant::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    if record.person().id != caller.id() {
        let sees = sees_grant(tx.conn(), caller, &record).await?;
        drop(tx);
        let message = "Only whoever holds it can give it back. An owner takes it away instead.";
        return Err(refused(store, caller, &record, sees, message).await);
    }
    take_away(tx, &record, Cause::Holder, NewEvent::by(caller, Action::GrantRevoking)).await
}

async fn revoke(store: &Store, caller: &Caller, id: GrantId, reason: &str) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let record = grant::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    let Some(cause) = may_revoke(tx.conn(), caller, &record).await? else {
        let sees = sees_grant(tx.conn(), caller, &record).await?;
        drop(tx);
        let message = "Only owners and administrators take access away.";
        return Err(refused(store, caller, &record, sees, message).await);
    };
    let mut faults = Faults::default();
    let reason = faults.prose("reason", reason);
    if reason.is_none() && faults.is_empty() {
        faults.add("reason", "Say why; whoever holds it reads this.");
    }
    faults.check()?;
    let event = mark_revoked(&mut tx, caller, &record, cause, reason).await?;
    tx.commit(event).await?;
    Ok(())
}

/// As what the caller may take access away; nothing where they may not.
pub(super) async fn may_revoke(
    conn: &mut PgConnection,
    caller: &Caller,
    record: &GrantRecord,
) -> Result<Option<Cause>, Fault> {
    Ok(match owner::owns(conn, caller.id(), record.entitlement_id()).await? {
        true => Some(Cause::Owner),
        false if caller.roles.administrator => Some(Cause::Administrator),
        false => None,
    })
}

/// Takes access away, with what was to follow on from it; answers the event to write.
pub(super) async fn mark_revoked(
    tx: &mut Tx,
    caller: &Caller,
    record: &GrantRecord,
    cause: Cause,
    reason: Option<String>,
) -> Result<NewEvent, Fault> {
    let others = Which::LiveFor(record.person().id, record.entitlement_id());
    for other in grant::list(tx.conn(), others, 100).await? {
        if other.state_word() == "scheduled" && other.id() != record.id() {
            let event = NewEvent::by(caller, Action::GrantRevoking).reason(reason.clone());
            let event = mark_taken_away(tx, &other, cause, event).await?;
            tx.record(event).await?;
        }
    }
    let event = NewEvent::by(caller, Action::GrantRevoking).reason(reason);
    mark_taken_away(tx, record, cause, event).await
}

/// Whoever holds it, owns it, audits or administers knows that it exists.
async fn sees_grant(conn: &mut PgConnection, caller: &Caller, record: &GrantRecord) -> Result<bool, Fault> {
    Ok(record.person().id == caller.id()
        || caller.roles.auditor
        || caller.roles.administrator
        || owner::owns(conn, caller.id(), record.entitlement_id()).await?)
}

async fn refused(store: &Store, caller: &Caller, record: &GrantRecord, sees: bool, message: &str) -> Fault {
    let refused =
        Refused { tried: Action::GrantRevoking, about: record.about(), request: record.request(), message };
    match refuse(store, caller, refused).await {
        Fault::Told(_) if !sees => PortalError::NotFound.into(),
        fault => fault,
    }
}

async fn take_away(mut tx: Tx, record: &GrantRecord, cause: Cause, event: NewEvent) -> Result<(), Fault> {
    let event = mark_taken_away(&mut tx, record, cause, event).await?;
    tx.commit(event).await?;
    Ok(())
}

/// Moves a live grant towards revoked; the job does the rest at the target.
pub(crate) async fn mark_taken_away(
    tx: &mut Tx,
    record: &GrantRecord,
    cause: Cause,
    event: NewEvent,
) -> Result<NewEvent, Fault> {
    let to = record
        .state()?
        .revoke(cause)
        .map_err(|_| PortalError::Conflict("This access is being closed already.".to_owned()))?;
    let now = tx.now;
    let tried = Tried { next_try_at: to.is_live().then_some(now), ..Tried::default() };
    if !grant::mark(tx.conn(), record.id(), record.state_word(), &to, &tried, now).await? {
        return Err(PortalError::Conflict("This access changed a moment ago. Look again.".to_owned()).into());
    }
    let mut event = event
        .subject(record.person())
        .about(record.about())
        .grant(record.id())
        .detail(serde_json::json!({ "cause": cause }));
    event.request_id = record.request();
    if !to.is_live() {
        event.action = Action::GrantRevoked;
    }
    Ok(event)
}

pub(super) async fn tasks(conn: &mut PgConnection, caller: &Caller) -> Result<Vec<Task>, Fault> {
    let which = Which::TasksFor(caller.id(), caller.roles.administrator);
    let records = grant::list(conn, which, TASKS_MAX).await?;
    records.iter().map(|record| task(record, caller.id())).collect()
}

fn task(record: &GrantRecord, me: PersonId) -> Result<Task, Fault> {
    let (kind, since, due) = match (record.state()?, record.is_manual()) {
        (GrantState::Activating { deadline, .. }, true) => {
            (TaskKind::OpenByHand, record.start_at.unwrap_or(record.created_at), Some(deadline))
        }
        (GrantState::Activating { deadline, .. }, false) => {
            (TaskKind::OpeningFailed, record.created_at, Some(deadline))
        }
        (_, true) => (TaskKind::CloseByHand, record.ends_at.unwrap_or(record.created_at), None),
        (_, false) => (TaskKind::ClosingFailed, record.ends_at.unwrap_or(record.created_at), None),
    };
    Ok(Task {
        grant: record.id(),
        what: what_is_held(record)?,
        person: record.person(),
        account: record.account.clone(),
        kind,
        since,
        due,
        error: record.last_error.clone(),
        attempts: record.attempts,
        next_try_at: record.next_try_at.filter(|_| !record.is_manual()),
        is_own: record.person().id == me,
    })
}

/// The grant as somebody who looks after it sees it; anything else is not found.
async fn looked_after(tx: &mut Tx, caller: &Caller, id: GrantId) -> Result<GrantRecord, Fault> {
    let record = grant::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    let owns = owner::owns(tx.conn(), caller.id(), record.entitlement_id()).await?;
    if owns || caller.roles.administrator { Ok(record) } else { Err(PortalError::NotFound.into()) }
}

async fn attest(store: &Store, caller: &Caller, id: GrantId, note: &str) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let record = looked_after(&mut tx, caller, id).await?;
    if record.person().id == caller.id() {
        drop(tx);
        let message = "Nobody attests their own access. Another owner or an administrator does this.";
        let refused = Refused {
            tried: Action::GrantAttested,
            about: record.about(),
            request: record.request(),
            message,
        };
        return Err(refuse(store, caller, refused).await);
    }
    if !record.is_manual() {
        let message =
            format!("{} is opened and closed by Gatebook itself; nothing is to be attested.", record.system);
        return Err(PortalError::Conflict(message).into());
    }
    let mut faults = Faults::default();
    let note = faults.prose("note", note);
    faults.check()?;
    let now = tx.now;
    let state = record.state()?;
    let siblings = Which::LiveFor(record.person().id, record.entitlement_id());
    let siblings = grant::list(tx.conn(), siblings, 100).await?;
    let is_held_otherwise = siblings.iter().any(|other| other.id() != id && other.state_word() == "active");
    let (to, action) = match state {
        GrantState::Activating { deadline, .. } if now < deadline => {
            let window = record.window()?.ok_or(PortalError::Internal)?;
            let today = catalogue::entitlements(tx.conn(), &[record.entitlement_id()]).await?.pop();
            let limit = today.map(|today| today.limit()).transpose()?.flatten();
            (state.activated(&window, limit.as_ref(), now), Action::GrantActivated)
        }
        GrantState::Removing { why, .. } => (
            state.removed(if is_held_otherwise { RemovalKnown::StillHeld } else { RemovalKnown::Attested }),
            if why == Removal::TimeRanOut { Action::GrantEnded } else { Action::GrantRevoked },
        ),
        _ => return Err(PortalError::Conflict("There is nothing to attest here any more.".to_owned()).into()),
    };
    let to = to.map_err(|error| PortalError::Conflict(error.to_string()))?;
    let tried = Tried {
        attested_by: matches!(to, GrantState::Closed { .. }).then_some(caller.id()),
        ..Tried::default()
    };
    if !grant::mark(tx.conn(), id, record.state_word(), &to, &tried, now).await? {
        return Err(PortalError::Conflict("Somebody was first; nothing was changed.".to_owned()).into());
    }
    if matches!(to, GrantState::Active { .. }) {
        take_over(&mut tx, &siblings, id).await?;
    }
    let known = if is_held_otherwise { "still_held" } else { "attested" };
    let mut detail = serde_json::json!({ "known": known });
    if let (GrantState::Active { until }, Some(detail)) = (to, detail.as_object_mut()) {
        detail.insert("until".to_owned(), serde_json::json!(until));
    }
    let mut event = NewEvent::by(caller, action)
        .subject(record.person())
        .about(record.about())
        .grant(id)
        .reason(note)
        .detail(detail);
    event.request_id = record.request();
    tx.commit(event).await?;
    Ok(())
}

/// Grants of the same that wait to be closed by hand need not be: the person holds it through this one now.
async fn take_over(tx: &mut Tx, siblings: &[GrantRecord], by: GrantId) -> Result<(), Fault> {
    let now = tx.now;
    for other in siblings.iter().filter(|other| other.id() != by) {
        let state = other.state()?;
        let GrantState::Removing { why, .. } = state else { continue };
        let Ok(to) = state.removed(RemovalKnown::StillHeld) else { continue };
        if grant::mark(tx.conn(), other.id(), other.state_word(), &to, &Tried::default(), now).await? {
            let action = if why == Removal::TimeRanOut { Action::GrantEnded } else { Action::GrantRevoked };
            let mut event = NewEvent::by_system(action)
                .subject(other.person())
                .about(other.about())
                .grant(other.id())
                .detail(serde_json::json!({ "known": RemovalKnown::StillHeld, "through": by }));
            event.request_id = other.request();
            tx.record(event).await?;
        }
    }
    Ok(())
}

async fn retry(store: &Store, caller: &Caller, id: GrantId) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let record = looked_after(&mut tx, caller, id).await?;
    let now = tx.now;
    if !grant::mark_to_try(tx.conn(), id, now).await? {
        return Err(
            PortalError::Conflict("It has not failed, or has been tried again already.".to_owned()).into()
        );
    }
    let mut event =
        NewEvent::by(caller, Action::GrantRetried).subject(record.person()).about(record.about()).grant(id);
    event.request_id = record.request();
    tx.commit(event).await?;
    Ok(())
}
