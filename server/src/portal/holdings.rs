//! Who had what at a moment, as the book says.

use std::collections::HashSet;

use app::backend::{Answer, AsOf, Held, HeldRow, HeldView, Holdings};
use app::error::{FieldError, PortalError};
use async_trait::async_trait;
use domain::caller::Caller;
use domain::holding::moment_of;
use domain::id::{EntitlementId, PersonId};
use store::audit::COUNTED_MAX;
use store::copy::Reading;
use store::holding::{self, Cursor, HoldingRecord, Of, Search};
use store::{PgConnection, Store, catalogue, owner, person};

use super::lagging::lagging;
use super::{Fault, Portal, audit, cursor, tell};

mod export;

const PAGE_ROWS: usize = 100;

#[async_trait]
impl Holdings for Portal {
    async fn of_person(&self, caller: &Caller, id: PersonId, asked: &AsOf) -> Answer<HeldView> {
        tell(of_person(&self.store, caller, id, asked).await)
    }

    async fn of_resource(&self, caller: &Caller, slug: &str, asked: &AsOf) -> Answer<HeldView> {
        tell(of_resource(&self.store, caller, slug, asked).await)
    }

    async fn of_all(&self, caller: &Caller, asked: &AsOf) -> Answer<HeldView> {
        tell(of_all(&self.store, caller, asked).await)
    }
}

async fn of_person(store: &Store, caller: &Caller, id: PersonId, asked: &AsOf) -> Result<HeldView, Fault> {
    let mut conn = store.read().await?;
    let record = person::find(&mut conn, id).await?.ok_or(PortalError::NotFound)?;
    let is_theirs = caller.id() == id || record.manager().is_some_and(|manager| manager.id == caller.id());
    let seen_by = (!is_theirs && !caller.roles.sees_all()).then(|| caller.id());
    drop(conn);
    let held = held(store, caller, (Of::Person(id), seen_by), asked).await?;
    Ok(HeldView { of: Some(record.name.clone()), is_narrowed: seen_by.is_some(), held })
}

async fn of_resource(store: &Store, caller: &Caller, slug: &str, asked: &AsOf) -> Result<HeldView, Fault> {
    let mut conn = store.read().await?;
    let record = catalogue::find_resource(&mut conn, slug).await?.ok_or(PortalError::NotFound)?;
    let is_open =
        caller.roles.sees_all() || owner::owns_resource(&mut conn, caller.id(), record.id()).await?;
    let seen_by = (!is_open).then(|| caller.id());
    drop(conn);
    let held = held(store, caller, (Of::Resource(record.id()), seen_by), asked).await?;
    Ok(HeldView { of: Some(record.name.clone()), is_narrowed: seen_by.is_some(), held })
}

fn must_read(caller: &Caller) -> Result<(), PortalError> {
    if caller.roles.sees_all() {
        return Ok(());
    }
    let message = "Who had what everywhere is for auditors and administrators. Your own stands on your page.";
    Err(PortalError::Forbidden(message.to_owned()))
}

async fn of_all(store: &Store, caller: &Caller, asked: &AsOf) -> Result<HeldView, Fault> {
    must_read(caller)?;
    let held = held(store, caller, (Of::All, None), asked).await?;
    if held.is_ok() {
        let date = asked.date.trim();
        let as_of = if date.is_empty() { "now" } else { date };
        audit::note_reading(store, caller, serde_json::json!({ "as_of": as_of })).await?;
    }
    Ok(HeldView { of: None, is_narrowed: false, held })
}

async fn held(
    store: &Store,
    caller: &Caller,
    (of, seen_by): (Of, Option<PersonId>),
    asked: &AsOf,
) -> Result<Result<Held, FieldError>, Fault> {
    let at = match moment_of(&asked.date, caller.time_zone, caller.called_at) {
        Ok(at) => at,
        Err(error) => return Ok(Err(FieldError::new("date", error))),
    };
    let behind = match asked.older.as_str() {
        "" => None,
        older => {
            let (opened_at, grant) = cursor::read(older).ok_or(PortalError::NotFound)?;
            Some(Cursor { opened_at, grant })
        }
    };
    let search = Search { of, at, seen_by };
    let limit = i64::try_from(PAGE_ROWS + 1).unwrap_or(i64::MAX);
    let read = |mut conn: Reading| async move {
        // Before what it stands for: what is read meanwhile is shown, not promised.
        let progress = holding::progress(&mut conn).await?;
        let records = holding::held(&mut conn, search, behind, limit).await?;
        Ok((progress, records, holding::count(&mut conn, search, COUNTED_MAX + 1).await?))
    };
    let (progress, mut records, total) = lagging(store, caller.roles.sees_all(), read).await?.found;
    let has_more = records.len() > PAGE_ROWS;
    records.truncate(PAGE_ROWS);
    let last = records.last().filter(|_| has_more).map(cursor_of);
    let next = last.map(|last| cursor::write(last.opened_at, last.grant)).unwrap_or_default();
    let number = |count: i64| usize::try_from(count).unwrap_or_default();
    Ok(Ok(Held {
        at,
        rows: rows(&mut *store.read().await?, caller, records).await?,
        total: number(total.min(COUNTED_MAX)),
        is_more: total > COUNTED_MAX,
        next,
        read_to: number(progress.position),
        unread: number(progress.numbered - progress.position),
    }))
}

/// A request is seen by who asked or benefits, who decided it, owners and auditors.
async fn rows(
    conn: &mut PgConnection,
    caller: &Caller,
    records: Vec<HoldingRecord>,
) -> Result<Vec<HeldRow>, Fault> {
    let of = |record: &HoldingRecord| record.holding.about.entitlement_id;
    let entitlements: Vec<EntitlementId> = records.iter().filter_map(of).collect();
    let owned: HashSet<EntitlementId> =
        owner::owned_among(conn, caller.id(), &entitlements).await?.into_iter().collect();
    Ok(records
        .into_iter()
        .map(|record| {
            let HoldingRecord { holding, resource_slug } = record;
            let decided = holding.decided.as_ref();
            let sees_request = caller.roles.auditor
                || holding.person.id == caller.id()
                || decided.is_some_and(|decided| decided.by == Some(caller.id()))
                || holding.about.entitlement_id.is_some_and(|id| owned.contains(&id));
            HeldRow { holding, resource_slug, sees_request }
        })
        .collect())
}

fn cursor_of(record: &HoldingRecord) -> Cursor {
    Cursor { opened_at: record.holding.opened_at, grant: record.holding.grant }
}
