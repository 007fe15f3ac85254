//! Who people are, what they hold, and what happens when they leave.

use app::backend::{Answer, People, PersonGrant, PersonRow, PersonView, Use};
use app::error::PortalError;
use async_trait::async_trait;
use domain::audit::query::Query;
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::grant::Cause;
use domain::id::{EntitlementId, PersonId};
use domain::person::PersonStatus;
use store::audit::{At, Search, Sight};
use store::grant::{GrantRecord, Which};
use store::person::PersonRecord;
use store::{PgConnection, Store, Tx, audit, grant, person, request, session};

use super::editing::unowned;
use super::typed::Faults;
use super::{Fault, Portal, Refused, refuse, stopping, tell, usage, what_is_held};

#[async_trait]
impl People for Portal {
    async fn list(&self, _caller: &Caller, text: &str) -> Answer<Vec<PersonRow>> {
        tell(list(&self.store, text).await)
    }

    async fn show(&self, caller: &Caller, id: PersonId) -> Answer<PersonView> {
        tell(show(&self.store, caller, id).await)
    }

    async fn set_status(&self, caller: &Caller, id: PersonId, status: &str, reason: &str) -> Answer<()> {
        tell(set_status(&self.store, caller, id, status, reason).await)
    }
}

async fn list(store: &Store, text: &str) -> Result<Vec<PersonRow>, Fault> {
    let mut conn = store.read().await?;
    person::search(&mut conn, text, 100).await?.iter().map(row).collect()
}

fn row(record: &PersonRecord) -> Result<PersonRow, Fault> {
    Ok(PersonRow {
        person: record.person(),
        title: record.title.clone(),
        department: record.department.clone(),
        status: record.status()?,
    })
}

async fn show(store: &Store, caller: &Caller, id: PersonId) -> Result<PersonView, Fault> {
    let mut conn = store.read().await?;
    let record = person::find(&mut conn, id).await?.ok_or(PortalError::NotFound)?;
    let job_roles = person::job_roles(&mut conn, id).await?;
    let manager = record.manager();
    let is_self_or_report = caller.id() == id || manager.as_ref().is_some_and(|m| m.id == caller.id());
    let sees_all = caller.roles.sees_all();
    let holds =
        if is_self_or_report || sees_all { Some(holds(&mut conn, id, &job_roles).await?) } else { None };
    let timeline = if caller.id() == id || sees_all {
        let concerning = Search { query: &Query::default(), concerning: Some(Sight::Of(id)) };
        Some(audit::search(&mut conn, concerning, At::Newest, 30).await?)
    } else {
        None
    };
    Ok(PersonView {
        row: row(&record)?,
        email: record.email.clone().unwrap_or_default(),
        manager,
        reports: person::reports(&mut conn, id).await?,
        job_roles: job_roles.into_iter().map(|(name, _)| name).collect(),
        holds,
        timeline,
        may_change: caller.roles.administrator && caller.id() != id,
    })
}

async fn holds(
    conn: &mut PgConnection,
    id: PersonId,
    job_roles: &[(String, Vec<EntitlementId>)],
) -> Result<Vec<PersonGrant>, Fault> {
    let live = grant::list(conn, Which::LiveOf(id), 1_000).await?;
    let used = usage::of_grants(conn, &live).await?;
    live.iter().map(|grant| person_grant(grant, job_roles, used.get(&grant.id()).copied())).collect()
}

fn person_grant(
    grant: &GrantRecord,
    job_roles: &[(String, Vec<EntitlementId>)],
    used: Option<Use>,
) -> Result<PersonGrant, Fault> {
    let explained_by = job_roles
        .iter()
        .filter(|(_, justified)| justified.contains(&grant.entitlement_id()))
        .map(|(name, _)| name.clone())
        .collect();
    Ok(PersonGrant {
        id: grant.id(),
        what: what_is_held(grant)?,
        state: grant.state_word().to_owned(),
        until: grant.ends_at,
        explained_by,
        is_imported: grant.is_imported(),
        used,
    })
}

async fn set_status(
    store: &Store,
    caller: &Caller,
    id: PersonId,
    status: &str,
    reason: &str,
) -> Result<(), Fault> {
    let status = PersonStatus::parse(status)
        .ok_or_else(|| PortalError::field("status", "Choose active, suspended or left."))?;
    let action = action_of(status);
    if !caller.roles.administrator || caller.id() == id {
        let message = if caller.id() == id {
            "Nobody changes their own status."
        } else {
            "Only administrators change whether somebody works here."
        };
        let refused =
            Refused { tried: action, about: domain::audit::About::default(), request: None, message };
        return Err(refuse(store, caller, refused).await);
    }
    let mut faults = Faults::default();
    let reason = faults.prose("reason", reason);
    if reason.is_none() && faults.is_empty() {
        faults.add("reason", "Say why; it stands in the book.");
    }
    faults.check()?;
    let mut tx = store.begin().await?;
    let record = person::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    let event = NewEvent::by(caller, action).reason(reason);
    let Some(event) = mark_status(&mut tx, &record, status, event).await? else {
        return Err(PortalError::Conflict(format!("{} is {} already.", record.name, status.as_str())).into());
    };
    tx.commit(event).await?;
    Ok(())
}

/// What setting this status is called in the book.
pub(crate) fn action_of(status: PersonStatus) -> Action {
    match status {
        PersonStatus::Active => Action::PersonReactivated,
        PersonStatus::Suspended => Action::PersonSuspended,
        PersonStatus::Left => Action::PersonLeft,
    }
}

/// Sets a status with all that follows from it, and answers with the event to write; `None` when it was so
/// already. Whether whoever is behind the event may do this is the caller's to know.
pub(crate) async fn mark_status(
    tx: &mut Tx,
    record: &PersonRecord,
    status: PersonStatus,
    event: NewEvent,
) -> Result<Option<NewEvent>, Fault> {
    let id = record.person().id;
    if status != PersonStatus::Active {
        unowned::expect_loss(tx, &record.person()).await?;
    }
    let now = tx.now;
    if !person::mark_status(tx.conn(), id, status, now).await? {
        return Ok(None);
    }
    match status {
        PersonStatus::Active => {}
        PersonStatus::Suspended => stop_everything(tx, id, Cause::Suspended).await?,
        PersonStatus::Left => stop_everything(tx, id, Cause::Leaver).await?,
    }
    // Who was suspended first has lost nothing more by leaving.
    if record.status()? == PersonStatus::Active {
        unowned::note_lost(tx, &record.person(), status).await?;
    }
    let detail = serde_json::json!({ "before": record.status()?, "after": status });
    Ok(Some(event.subject(record.person()).detail(detail)))
}

/// Ends sessions, denies pending requests and revokes live grants.
async fn stop_everything(tx: &mut Tx, id: PersonId, cause: Cause) -> Result<(), Fault> {
    let why = match cause {
        Cause::Leaver => "They have left.",
        _ => "They are suspended.",
    };
    session::end_all_of(tx, id).await?;
    let pending = request::list(tx.conn(), request::Which::PendingOfPerson(id), 1_000).await?;
    stopping::deny_all(tx, pending, why).await?;
    let held = grant::list(tx.conn(), Which::LiveOf(id), 10_000).await?;
    stopping::revoke_all(tx, held, cause, why).await?;
    Ok(())
}
