//! Change windows: who used what in them, covered by what.

use app::backend::{
    Answer, PlannedFile, Taken, TypedWindow, TypedWindowEnd, TypedWindowFile, UsedRow, WindowList, WindowRow,
    WindowView, Windows,
};
use app::error::PortalError;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::{SystemId, WindowId};
use domain::local_time::{self, BareDate};
use domain::text::LINE_MAX_CHARS;
use serde_json::json;
use store::window::{self, ONE_OF_A_NAME, Used, WindowRecord};
use store::{Store, Tx, system_edit};

use super::editing::{form, may};
use super::typed::Faults;
use super::{Fault, Portal, refuse, tell};

mod file;

/// Windows shown at most.
const WINDOWS_MAX: i64 = 200;
/// Kinds of use shown at most.
const USED_MAX: i64 = 500;
/// So much before and after a window is looked at, too.
const AROUND: TimeDelta = TimeDelta::days(1);

#[async_trait]
impl Windows for Portal {
    async fn list(&self, caller: &Caller) -> Answer<WindowList> {
        tell(list(&self.store, caller).await)
    }

    async fn show(&self, caller: &Caller, id: WindowId) -> Answer<WindowView> {
        tell(show(&self.store, caller, id).await)
    }

    async fn add(&self, caller: &Caller, typed: &TypedWindow) -> Answer<WindowId> {
        tell(add(&self.store, caller, typed).await)
    }

    async fn check(&self, caller: &Caller, csv: &str) -> Answer<PlannedFile> {
        tell(file::check(&self.store, caller, csv).await)
    }

    async fn take(&self, caller: &Caller, typed: &TypedWindowFile) -> Answer<Taken> {
        tell(file::take(&self.store, caller, typed).await)
    }

    async fn delete(&self, caller: &Caller, typed: &TypedWindowEnd) -> Answer<()> {
        tell(delete(&self.store, caller, typed).await)
    }
}

fn must_read(caller: &Caller) -> Result<(), PortalError> {
    if caller.roles.sees_all() {
        return Ok(());
    }
    Err(PortalError::Forbidden("Change windows are for auditors and administrators.".to_owned()))
}

fn row(record: &WindowRecord) -> WindowRow {
    WindowRow {
        id: record.id,
        name: record.name.clone(),
        starts_at: record.starts_at,
        ends_at: record.ends_at,
        systems: record.systems.iter().map(|(_, name)| name.clone()).collect(),
    }
}

async fn list(store: &Store, caller: &Caller) -> Result<WindowList, Fault> {
    must_read(caller)?;
    let mut conn = store.read().await?;
    let windows = window::list(&mut conn, None, WINDOWS_MAX).await?;
    let systems = system_edit::list(&mut conn, None).await?;
    Ok(WindowList {
        windows: windows.iter().map(row).collect(),
        systems: systems.into_iter().map(|system| (system.slug, system.name)).collect(),
        may_edit: caller.roles.administrator,
    })
}

async fn show(store: &Store, caller: &Caller, id: WindowId) -> Result<WindowView, Fault> {
    must_read(caller)?;
    let mut conn = store.read().await?;
    let found = window::list(&mut conn, Some(id), 1).await?.pop().ok_or(PortalError::NotFound)?;
    let systems: Vec<SystemId> = found.systems.iter().map(|(id, _)| *id).collect();
    let (start, end) = (found.starts_at, found.ends_at);
    // Before what it stands for: what is read meanwhile is shown, not promised.
    let unread = store::audit::unindexed(&mut conn).await?;
    let inside = window::used(&mut conn, (start, end), &systems, USED_MAX).await?;
    let mut around = window::used(&mut conn, (start - AROUND, start), &systems, USED_MAX).await?;
    around.extend(window::used(&mut conn, (end, end + AROUND), &systems, USED_MAX).await?);
    Ok(WindowView {
        row: row(&found),
        inside: inside.into_iter().map(used_row).collect(),
        around: around.into_iter().map(used_row).collect(),
        unread: usize::try_from(unread).unwrap_or(0),
        may_edit: caller.roles.administrator,
    })
}

fn used_row(used: Used) -> UsedRow {
    let count = |count: i64| usize::try_from(count).unwrap_or_default();
    let what = match (used.entitlement, used.resource.or(used.system)) {
        (Some(entitlement), Some(on)) => format!("{entitlement} on {on}"),
        (entitlement, on) => on.or(entitlement).unwrap_or_default(),
    };
    UsedRow {
        actor: used.actor,
        person: used.person,
        what,
        events: count(used.events),
        covered: count(used.covered),
        uncovered: count(used.uncovered),
        requests: used.requests,
    }
}

async fn add(store: &Store, caller: &Caller, typed: &TypedWindow) -> Result<WindowId, Fault> {
    if let Some(refused) = may::not_administrator(caller, Action::WindowAdded, About::default()) {
        return Err(refuse(store, caller, refused).await);
    }
    let mut tx = store.begin().await?;
    let mut faults = Faults::default();
    let name = form::name(&mut faults, &typed.name, LINE_MAX_CHARS);
    let mut time = |field: &str, text: &str, bare: BareDate| -> Option<DateTime<Utc>> {
        if text.trim().is_empty() {
            faults.add(field, "Say when.");
            return None;
        }
        faults.take(field, local_time::parse(text.trim(), caller.time_zone, bare))
    };
    let (start, end) = (time("start", &typed.start, BareDate::Start), time("end", &typed.end, BareDate::End));
    if start.zip(end).is_some_and(|(start, end)| end <= start) {
        faults.add("end", "The end is not after the start.");
    }
    let mut systems = Vec::new();
    for slug in typed.systems.iter().filter(|slug| !slug.is_empty()) {
        match system_edit::keep(tx.conn(), slug).await? {
            Some(system) => systems.push((system.id, system.facts.name)),
            None => faults.add("systems", "One of these systems is not there any more."),
        }
    }
    faults.check()?;
    let (Some(starts_at), Some(ends_at)) = (start, end) else { return Err(PortalError::Internal.into()) };
    let new = WindowRecord { id: WindowId(tx.new_id()), name, starts_at, ends_at, systems };
    insert(&mut tx, &new, "name").await?;
    tx.commit(told(caller, &new)).await?;
    Ok(new.id)
}

async fn insert(tx: &mut Tx, new: &WindowRecord, field: &str) -> Result<(), Fault> {
    let now = tx.now;
    window::insert(tx.conn(), new, now).await.map_err(|error| {
        if error.violates(ONE_OF_A_NAME) {
            let message = format!("There is a window of the name “{}” already.", new.name);
            Fault::from(PortalError::field(field, message))
        } else {
            error.into()
        }
    })
}

fn told(caller: &Caller, new: &WindowRecord) -> NewEvent {
    let names: Vec<&str> = new.systems.iter().map(|(_, name)| name.as_str()).collect();
    let detail = json!({
        "name": new.name, "starts_at": new.starts_at, "ends_at": new.ends_at, "systems": names,
    });
    NewEvent::by(caller, Action::WindowAdded).detail(detail)
}

async fn delete(store: &Store, caller: &Caller, typed: &TypedWindowEnd) -> Result<(), Fault> {
    if let Some(refused) = may::not_administrator(caller, Action::WindowDeleted, About::default()) {
        return Err(refuse(store, caller, refused).await);
    }
    let id: WindowId = typed.id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let mut tx = store.begin().await?;
    let found = window::list(tx.conn(), Some(id), 1).await?.pop().ok_or(PortalError::NotFound)?;
    let now = tx.now;
    if !window::delete(tx.conn(), id, now).await? {
        return Err(PortalError::NotFound.into());
    }
    let detail = json!({ "name": found.name, "starts_at": found.starts_at, "ends_at": found.ends_at });
    tx.commit(NewEvent::by(caller, Action::WindowDeleted).detail(detail)).await?;
    Ok(())
}
