//! What is done from an alert: taking access away, suspending somebody. It happens with the powers that one has, and
//! stands on the alert's thread.

use app::backend::{HeldBehind, TypedRevokeFrom, TypedSuspendFrom, Ways};
use app::error::PortalError;
use domain::alert::suppression::{Reach, may_accept};
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::grant::Cause;
use domain::id::{AlertId, EventId, GrantId};
use domain::person::PersonStatus;
use store::alert::{self, AlertRecord, NewStep, Reader, question};
use store::grant::{GrantRecord, Which};
use store::{PgConnection, Store, Tx, grant, person};

use super::change::{to_change, words};
use super::view::hindrance;
use crate::portal::access::{mark_revoked, may_revoke};
use crate::portal::people::mark_status;
use crate::portal::typed::Faults;
use crate::portal::{Fault, Refused, refuse, what_is_held};

/// So much live access is looked through and shown.
const HELD_MAX: i64 = 100;

pub(super) async fn ways(store: &Store, caller: &Caller, id: AlertId) -> Result<Ways, Fault> {
    let mut conn = store.read().await?;
    let found = alert::find(&mut conn, Reader::of(caller), id).await?.ok_or(PortalError::NotFound)?;
    if hindrance(caller, found.relation).is_some() {
        return Ok(Ways::default());
    }
    let mut ways = Ways { reaches: reaches(caller, &found), ..Ways::default() };
    for record in held(&mut conn, &found).await? {
        if may_revoke(&mut conn, caller, &record).await?.is_some() {
            ways.held.push(HeldBehind {
                grant: record.id(),
                what: what_is_held(&record)?,
                state: record.state_word().to_owned(),
                until: record.ends_at,
            });
        }
    }
    let Some(whom) = &found.person else { return Ok(ways) };
    let Some(record) = person::find(&mut conn, whom.id).await? else { return Ok(ways) };
    if record.status()? != PersonStatus::Active || whom.id == caller.id() {
        return Ok(ways);
    }
    ways.may_suspend = caller.roles.administrator.then(|| whom.clone());
    ways.is_asked = question::is_waiting(&mut conn, id, whom.id).await?;
    ways.may_ask = (!ways.is_asked).then(|| whom.clone());
    Ok(ways)
}

/// Live access that an alert is about and that is not being closed: of that person, on that resource or, where it names
/// none, in that system.
async fn held(conn: &mut PgConnection, found: &AlertRecord) -> Result<Vec<GrantRecord>, Fault> {
    let mut held = match (&found.person, found.grant) {
        (Some(person), _) => grant::list(conn, Which::LiveOf(person.id), HELD_MAX).await?,
        (None, Some(id)) => grant::list(conn, Which::One(id), 1).await?,
        (None, None) => Vec::new(),
    };
    let is_behind = |record: &GrantRecord| {
        found.grant == Some(record.id())
            || match (found.about.resource_id, found.about.system_id) {
                (Some(resource), _) => record.resource_id() == resource,
                (None, Some(system)) => record.system_id() == system,
                (None, None) => false,
            }
    };
    let can_end =
        |record: &GrantRecord| record.state().is_ok_and(|state| state.revoke(Cause::Administrator).is_ok());
    held.retain(|record| is_behind(record) && can_end(record));
    Ok(held)
}

/// How far the caller may accept it, in words.
fn reaches(caller: &Caller, found: &AlertRecord) -> Vec<(&'static str, String)> {
    let who = found.person.as_ref();
    let place = found.about.resource_id.zip(found.about.resource.as_deref());
    let words = |reach: Reach| match (reach, who, place) {
        (Reach::Same, _, _) => Some("Just what this alert counts".to_owned()),
        (Reach::Both, Some(who), Some((_, place))) => {
            Some(format!("All that this rule finds of {} on {place}", who.name))
        }
        (Reach::Person, Some(who), _) => Some(format!("All that this rule finds of {}, anywhere", who.name)),
        (Reach::Resource, _, Some((_, place))) => {
            Some(format!("All that this rule finds on {place}, whoever it is"))
        }
        _ => None,
    };
    Reach::ALL
        .into_iter()
        .filter(|reach| may_accept(caller, found.relation, *reach))
        .filter_map(|reach| Some((reach.as_str(), words(reach)?)))
        .collect()
}

pub(super) async fn revoke(store: &Store, caller: &Caller, typed: &TypedRevokeFrom) -> Result<(), Fault> {
    let (mut tx, found) = to_change(store, caller, &typed.id, Action::GrantRevoking).await?;
    let id: GrantId = typed.grant.trim().parse().map_err(|_| PortalError::NotFound)?;
    let is_behind = held(tx.conn(), &found).await?.iter().any(|record| record.id() == id);
    let record = grant::lock(tx.conn(), id).await?.filter(|_| is_behind);
    let Some(record) = record else {
        return Err(PortalError::Conflict("This access is not held any more. Look again.".to_owned()).into());
    };
    let Some(cause) = may_revoke(tx.conn(), caller, &record).await? else {
        drop(tx);
        let message = "Only owners and administrators take access away.";
        let refused = Refused {
            tried: Action::GrantRevoking,
            about: record.about(),
            request: record.request(),
            message,
        };
        return Err(refuse(store, caller, refused).await);
    };
    let field = format!("revoke-{id}");
    let mut faults = Faults::default();
    let reason = words(&mut faults, &field, &typed.reason);
    if reason.is_none() && faults.is_empty() {
        faults.add(&field, "Say why; whoever holds it reads this.");
    }
    faults.check()?;
    let event = mark_revoked(&mut tx, caller, &record, cause, reason.clone()).await?;
    let what = format!("{} on {}", record.entitlement, record.resource);
    commit(tx, caller, &found, Done { kind: "revoked", what, words: reason, event }).await
}

pub(super) async fn suspend(store: &Store, caller: &Caller, typed: &TypedSuspendFrom) -> Result<(), Fault> {
    let (mut tx, found) = to_change(store, caller, &typed.id, Action::PersonSuspended).await?;
    if !caller.roles.administrator {
        drop(tx);
        let message = "Only administrators change whether somebody works here.";
        let refused = Refused { tried: Action::PersonSuspended, about: found.about, request: None, message };
        return Err(refuse(store, caller, refused).await);
    }
    let whom = found.person.clone().ok_or(PortalError::NotFound)?;
    let mut faults = Faults::default();
    let reason = words(&mut faults, "suspend", &typed.reason);
    if reason.is_none() && faults.is_empty() {
        faults.add("suspend", "Say why; it stands in the book.");
    }
    faults.check()?;
    let record = person::lock(tx.conn(), whom.id).await?.ok_or(PortalError::NotFound)?;
    let stands = |record: &store::person::PersonRecord| {
        PortalError::Conflict(format!("{} does not work here at the moment. Look again.", record.name))
    };
    if record.status()? != PersonStatus::Active {
        return Err(stands(&record).into());
    }
    let event = NewEvent::by(caller, Action::PersonSuspended).reason(reason.clone());
    let Some(event) = mark_status(&mut tx, &record, PersonStatus::Suspended, event).await? else {
        return Err(stands(&record).into());
    };
    commit(tx, caller, &found, Done { kind: "suspended", what: whom.name, words: reason, event }).await
}

/// What was done from an alert.
pub(super) struct Done {
    /// The step's kind.
    pub kind: &'static str,
    /// With the names of then.
    pub what: String,
    /// Why.
    pub words: Option<String>,
    /// What the book says of it.
    pub event: NewEvent,
}

/// Writes it with its step on the alert's thread, which leads to the event. What was done to somebody does not name the
/// alert: they read it.
pub(super) async fn commit(
    mut tx: Tx,
    caller: &Caller,
    found: &AlertRecord,
    done: Done,
) -> Result<(), Fault> {
    let event_id = EventId(tx.new_id());
    let step = NewStep {
        by: Some(&caller.person),
        words: done.words.as_deref(),
        what: Some(&done.what),
        ..NewStep::of(found.id, event_id, tx.now, done.kind)
    };
    alert::insert_step(tx.conn(), step).await?;
    tx.commit_as(event_id, done.event).await?;
    Ok(())
}
