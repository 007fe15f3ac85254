//! What is accepted beyond a single alert: it is not told for a time.

use app::backend::{SuppressionRow, TypedSuppressionEnd};
use app::error::PortalError;
use chrono::{DateTime, Utc};
use domain::alert::suppression::{Reach, may_accept};
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::SuppressionId;
use serde_json::json;
use store::alert::suppression::{self, NewSuppression, SuppressionRecord};
use store::alert::{AlertRecord, Reader};
use store::{Store, Tx};

use crate::portal::typed::Faults;
use crate::portal::{Fault, Refused, refuse};

/// Most that a page shows.
const SHOWN_MAX: i64 = 200;

/// How far it is accepted, or a fault at its field.
pub(super) fn reach(faults: &mut Faults, caller: &Caller, found: &AlertRecord, typed: &str) -> Reach {
    let wanted = Reach::parse(typed.trim());
    let can_be = |reach: &Reach| {
        *reach == Reach::Same
            || reach
                .scope(&found.rule, found.person.as_ref().map(|one| one.id), found.about.resource_id)
                .is_some()
    };
    match wanted.filter(can_be) {
        Some(reach) if may_accept(caller, found.relation, reach) => reach,
        Some(_) => {
            faults.add("reach", "Only administrators accept as much as that.");
            Reach::Same
        }
        None => {
            faults.add("reach", "Choose how far it is accepted.");
            Reach::Same
        }
    }
}

/// Keeps silent what an alert was accepted for, until then.
pub(super) async fn make(
    tx: &mut Tx,
    caller: &Caller,
    found: &AlertRecord,
    reach: Reach,
    reason: &str,
    until: DateTime<Utc>,
) -> Result<(), Fault> {
    let person = found.person.as_ref().map(|one| one.id);
    let Some(scope) = reach.scope(&found.rule, person, found.about.resource_id) else { return Ok(()) };
    let (id, now) = (SuppressionId(tx.new_id()), tx.now);
    let new = NewSuppression {
        id,
        scope: &scope,
        title: &found.title,
        reason,
        by: caller.id(),
        made_at: now,
        ends_at: until,
    };
    suppression::insert(tx.conn(), &new).await?;
    let about = match scope.resource {
        Some(_) => found.about.clone(),
        None => About::default(),
    };
    let mut event = NewEvent::by(caller, Action::AlertsSilenced)
        .about(about)
        .detail(json!({ "suppression": id, "alert": found.id, "rule": scope.rule, "until": until }))
        .reason(Some(reason.to_owned()));
    event.subject = found.person.clone().filter(|_| scope.person.is_some());
    tx.record(event).await?;
    Ok(())
}

pub(super) async fn list(store: &Store, caller: &Caller) -> Result<Vec<SuppressionRow>, Fault> {
    let found = suppression::list(&mut *store.read().await?, Reader::of(caller), SHOWN_MAX).await?;
    Ok(found.into_iter().map(|record| row(caller, record)).collect())
}

fn row(caller: &Caller, record: SuppressionRecord) -> SuppressionRow {
    SuppressionRow {
        id: record.id(),
        person: record.person(),
        by: record.made_by(),
        may_end: record.ends_at > caller.called_at && may_end(caller, &record),
        resource: record.resource.map(|name| (name, record.resource_slug)),
        rule: record.rule,
        title: record.title,
        reason: record.reason,
        made_at: record.made_at,
        ends_at: record.ends_at,
        ended_by: record.ended_by,
        times: usize::try_from(record.times).unwrap_or_default(),
        last_at: record.last_at,
    }
}

/// To be told again is for those to ask who could have it silent, and never for whom it is about.
fn may_end(caller: &Caller, record: &SuppressionRecord) -> bool {
    !record.is_about_them && (caller.roles.administrator || record.owns)
}

fn sees(caller: &Caller, record: &SuppressionRecord) -> bool {
    caller.roles.sees_all() || (record.owns && !record.is_about_them)
}

pub(super) async fn end(store: &Store, caller: &Caller, typed: &TypedSuppressionEnd) -> Result<(), Fault> {
    let id: SuppressionId = typed.id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let mut tx = store.begin().await?;
    let found = suppression::lock(tx.conn(), Reader::of(caller), id).await?.ok_or(PortalError::NotFound)?;
    if !may_end(caller, &found) {
        drop(tx);
        let sees = sees(caller, &found);
        let message = "Only owners of what it is on and administrators end it.";
        let refused =
            Refused { tried: Action::AlertsHeardAgain, about: About::default(), request: None, message };
        let fault = refuse(store, caller, refused).await;
        return Err(match fault {
            Fault::Told(_) if !sees => PortalError::NotFound.into(),
            fault => fault,
        });
    }
    let now = tx.now;
    if !suppression::end(tx.conn(), id, caller.id(), now).await? {
        return Err(PortalError::Conflict("It was over already. Look again.".to_owned()).into());
    }
    let about =
        About { resource_id: found.resource_id(), resource: found.resource.clone(), ..About::default() };
    let mut event = NewEvent::by(caller, Action::AlertsHeardAgain).about(about).detail(
        json!({ "suppression": id, "rule": found.rule, "before": found.ends_at, "times": found.times }),
    );
    event.subject = found.person();
    tx.commit(event).await?;
    Ok(())
}
