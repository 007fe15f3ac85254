//! One alert with all that is known about it, as far as the caller may know it.

use app::backend::{AlertEvidence, AlertStep, AlertView};
use app::error::PortalError;
use domain::alert::{Relation, may_act, may_see};
use domain::caller::Caller;
use domain::id::{AlertId, RequestId};
use domain::person::PersonRef;
use store::alert::{self, AlertRecord, Reader, StepRecord};
use store::owner_edit::{self, Owned, OwnerRecord};
use store::{PgConnection, Store, audit};

use super::{row, rules};
use crate::portal::Fault;
use crate::portal::audit::{hide_source, sees_request, sight_of};

/// So many of its events stand on an alert's page.
const EVIDENCE_MAX: i64 = 100;
const STEPS_MAX: i64 = 200;
const SIMILAR_MAX: i64 = 5;

pub(super) async fn show(store: &Store, caller: &Caller, id: AlertId) -> Result<AlertView, Fault> {
    let mut conn = store.read().await?;
    let reader = Reader::of(caller);
    let record = alert::find(&mut conn, reader, id).await?.ok_or(PortalError::NotFound)?;
    if !may_see(caller, record.relation) {
        return Err(PortalError::NotFound.into());
    }
    let (evidence, gone) = evidence(&mut conn, caller, id).await?;
    let steps = alert::steps(&mut conn, id, STEPS_MAX).await?;
    let similar = alert::similar(&mut conn, reader, &record, SIMILAR_MAX).await?;
    let rule = rules::named(&mut conn, caller, &record.rule).await?;
    let sees_request = sees_request(&mut conn, caller, record.request).await?;
    let owners = owners(&mut conn, &record).await?;
    let suggested = owners.iter().filter(|owner| may_take_over(&record, &owner.person));
    Ok(AlertView {
        suggested: suggested.map(|owner| owner.written().to_owned()).collect(),
        row: row(caller, &record),
        keepers: match &record.assigned_to {
            Some(person) => vec![person.clone()],
            None => owners.into_iter().map(|owner| owner.person).collect(),
        },
        is_assigned: record.assigned_to.is_some(),
        late_seconds: record.late.map(|late| late.num_seconds()),
        evidence,
        gone,
        steps: steps.into_iter().map(|record| step(caller, record)).collect(),
        similar: similar.iter().map(|one| row(caller, one)).collect(),
        rule,
        hindrance: hindrance(caller, record.relation).map(str::to_owned),
        request: record.request.filter(|_: &RequestId| sees_request),
        person: record.person,
        about: record.about,
        resource_slug: record.resource_slug,
        grant: record.grant,
    })
}

/// Why the caller, who sees it, may not say what becomes of it.
pub(super) fn hindrance(caller: &Caller, relation: Relation) -> Option<&'static str> {
    if may_act(caller, relation) {
        None
    } else if relation.is_about_them {
        Some("This alert is about you, so somebody else decides what becomes of it.")
    } else {
        Some("Only whoever takes care of it, owners and administrators decide what becomes of this alert.")
    }
}

/// Its events. Whoever takes care of it reads what happened; what was said and where it came from is for those who see
/// the event in the book.
async fn evidence(
    conn: &mut PgConnection,
    caller: &Caller,
    id: AlertId,
) -> Result<(Vec<AlertEvidence>, usize), Fault> {
    let found = alert::evidence(conn, id, EVIDENCE_MAX).await?;
    let seen = match sight_of(caller) {
        None => None,
        Some(sight) => Some(audit::seen(conn, sight, &found.events).await?),
    };
    let shown = |mut event: domain::audit::Event| {
        let is_open = seen.as_ref().is_none_or(|seen| seen.contains(&event.id));
        hide_source(caller, &mut event);
        if !is_open {
            event.reason = None;
        }
        AlertEvidence { event, is_open }
    };
    Ok((found.events.into_iter().map(shown).collect(), found.gone))
}

/// Who would take care of it: the owners of the resource itself, else of the system; never whom it is about.
async fn owners(conn: &mut PgConnection, record: &AlertRecord) -> Result<Vec<OwnerRecord>, Fault> {
    let levels = [record.about.resource_id.map(Owned::Resource), record.about.system_id.map(Owned::System)];
    for level in levels.into_iter().flatten() {
        let mut owners = owner_edit::of(conn, level).await?;
        owners.retain(|owner| !record.is_about(owner.person.id));
        if !owners.is_empty() {
            return Ok(owners);
        }
    }
    Ok(Vec::new())
}

fn may_take_over(record: &AlertRecord, person: &PersonRef) -> bool {
    !record.is_about(person.id) && record.assigned_to.as_ref().is_none_or(|other| other.id != person.id)
}

/// The book tells of what becomes of alerts whoever did it, and those to whom all of it is open.
fn step(caller: &Caller, record: StepRecord) -> AlertStep {
    let is_open = caller.roles.sees_all() || record.by == Some(caller.id());
    AlertStep {
        kind: record.kind,
        at: record.at,
        by: record.by,
        by_name: record.by_name,
        words: record.words,
        what: record.what,
        to: record.to,
        verdict: record.verdict,
        event: is_open.then_some(record.event),
    }
}
