//! What becomes of an alert: each step commits with its event, and stands on the alert's thread.

use app::backend::{TypedAlertComment, TypedHandOver, TypedTakeUp, TypedVerdict};
use app::error::PortalError;
use domain::alert::suppression::Reach;
use domain::alert::{Refusal, State, Verdict, WORDS_MAX_CHARS, may_see};
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::{AlertId, EventId};
use domain::local_time::{self, BareDate};
use domain::person::{PersonRef, PersonStatus};
use domain::text;
use serde_json::{Map, Value, json};
use store::alert::{self, AlertRecord, NewStep, Reader};
use store::{PgConnection, Store, Tx, owner_edit};

use super::silence;
use super::view::hindrance;
use crate::portal::typed::Faults;
use crate::portal::{Fault, Refused, refuse};

pub(super) async fn acknowledge(store: &Store, caller: &Caller, typed: &TypedTakeUp) -> Result<(), Fault> {
    let (mut tx, found) = to_change(store, caller, &typed.id, Action::AlertAcknowledged).await?;
    found.state.acknowledged().map_err(stands_otherwise)?;
    if !alert::acknowledge(tx.conn(), found.id).await? {
        return Err(stands_otherwise(Refusal::Acknowledged).into());
    }
    write(tx, caller, &found, Said::of(Action::AlertAcknowledged, "acknowledged")).await
}

pub(super) async fn resolve(store: &Store, caller: &Caller, typed: &TypedVerdict) -> Result<(), Fault> {
    let (mut tx, found) = to_change(store, caller, &typed.id, Action::AlertResolved).await?;
    let now = tx.now;
    if matches!(found.state, State::Resolved { .. }) {
        return Err(stands_otherwise(Refusal::Resolved).into());
    }
    let mut faults = Faults::default();
    let verdict = verdict(&mut faults, caller, typed);
    if let Some(verdict) = verdict
        && let Err(refusal) = found.state.resolved(verdict, now)
    {
        faults.add("until", refusal);
    }
    let reach = match verdict {
        Some(Verdict::Accepted { .. }) => silence::reach(&mut faults, caller, &found, &typed.reach),
        _ => Reach::Same,
    };
    let reason = words(&mut faults, "reason", &typed.reason);
    if reason.is_none() && faults.is_empty() {
        faults.add("reason", "Say why: the next one who sees the like will read it.");
    }
    faults.check()?;
    let verdict = verdict.ok_or(PortalError::Internal)?;
    if !alert::resolve(tx.conn(), found.id, verdict, now).await? {
        return Err(stands_otherwise(Refusal::Resolved).into());
    }
    if let (Verdict::Accepted { until }, Some(reason)) = (verdict, &reason) {
        silence::make(&mut tx, caller, &found, reach, reason, until).await?;
    }
    let said = Said { words: reason, verdict: Some(verdict), ..Said::of(Action::AlertResolved, "resolved") };
    write(tx, caller, &found, said).await
}

pub(super) async fn hand_over(store: &Store, caller: &Caller, typed: &TypedHandOver) -> Result<(), Fault> {
    let (mut tx, found) = to_change(store, caller, &typed.id, Action::AlertAssigned).await?;
    if matches!(found.state, State::Resolved { .. }) {
        return Err(stands_otherwise(Refusal::Resolved).into());
    }
    let mut faults = Faults::default();
    let to = somebody(tx.conn(), &mut faults, &typed.person, &found).await?;
    let reason = words(&mut faults, "hand-over-reason", &typed.reason);
    faults.check()?;
    let to = to.ok_or(PortalError::Internal)?;
    if !alert::assign(tx.conn(), found.id, to.id).await? {
        return Err(stands_otherwise(Refusal::Resolved).into());
    }
    let said = Said { words: reason, to: Some(to), ..Said::of(Action::AlertAssigned, "assigned") };
    write(tx, caller, &found, said).await
}

pub(super) async fn comment(store: &Store, caller: &Caller, typed: &TypedAlertComment) -> Result<(), Fault> {
    let (tx, found) = to_change(store, caller, &typed.id, Action::AlertCommented).await?;
    let mut faults = Faults::default();
    let said = words(&mut faults, "words", &typed.words);
    if said.is_none() && faults.is_empty() {
        faults.add("words", "There is nothing in it yet. Say what the others should know.");
    }
    faults.check()?;
    write(tx, caller, &found, Said { words: said, ..Said::of(Action::AlertCommented, "commented") }).await
}

/// The alert, kept from others, for somebody who may say what becomes of it. Whoever may not is refused, and that is
/// written down; whoever may not even see it hears nothing of it, not even out of the book.
pub(super) async fn to_change(
    store: &Store,
    caller: &Caller,
    id: &str,
    tried: Action,
) -> Result<(Tx, AlertRecord), Fault> {
    let id: AlertId = id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let mut tx = store.begin().await?;
    let found = alert::lock(tx.conn(), Reader::of(caller), id).await?.ok_or(PortalError::NotFound)?;
    let Some(message) = hindrance(caller, found.relation) else { return Ok((tx, found)) };
    drop(tx);
    let sees = may_see(caller, found.relation);
    let about = if sees { found.about } else { About::default() };
    let message = if sees { message } else { "There is nothing here for them." };
    let fault = refuse(store, caller, Refused { tried, about, request: None, message }).await;
    Err(match fault {
        Fault::Told(_) if !sees => PortalError::NotFound.into(),
        fault => fault,
    })
}

fn stands_otherwise(refusal: Refusal) -> PortalError {
    PortalError::Conflict(format!("{refusal} Look again."))
}

pub(super) fn words(faults: &mut Faults, field: &str, typed: &str) -> Option<String> {
    faults.take(field, text::prose(typed, WORDS_MAX_CHARS)).flatten()
}

fn verdict(faults: &mut Faults, caller: &Caller, typed: &TypedVerdict) -> Option<Verdict> {
    match typed.verdict.as_str() {
        "true" => Some(Verdict::True),
        "false" => Some(Verdict::False),
        "accepted" if typed.until.trim().is_empty() => {
            faults.add("until", "Say until when: nothing is accepted for good.");
            None
        }
        "accepted" => {
            let until = local_time::parse(&typed.until, caller.time_zone, BareDate::End);
            faults.take("until", until).map(|until| Verdict::Accepted { until })
        }
        _ => {
            faults.add("verdict", "Choose what it was.");
            None
        }
    }
}

/// Whoever has this email, or alone has this name, and can take care of it.
async fn somebody(
    conn: &mut PgConnection,
    faults: &mut Faults,
    typed: &str,
    found: &AlertRecord,
) -> Result<Option<PersonRef>, Fault> {
    let Some(written) = faults.line("person", typed) else {
        if faults.is_empty() {
            faults.add("person", "Say who takes care of it: their email, or their name.");
        }
        return Ok(None);
    };
    let mut named = owner_edit::named(conn, std::slice::from_ref(&written)).await?;
    named.dedup_by_key(|one| one.person.id);
    // Of several of one name, those who work here are meant.
    if named.len() > 1 {
        named.retain(|one| one.status == PersonStatus::Active);
    }
    let is = |other: &Option<PersonRef>, person: &PersonRef| {
        other.as_ref().is_some_and(|other| other.id == person.id)
    };
    match named.as_slice() {
        [] => faults.add("person", format!("Nobody here goes by {written}.")),
        [one] if one.status != PersonStatus::Active => {
            faults.add("person", format!("{} does not work here at the moment.", one.person.name));
        }
        [one] if found.is_about(one.person.id) => {
            faults
                .add("person", format!("This alert is about {}, so somebody else has to.", one.person.name));
        }
        [one] if is(&found.assigned_to, &one.person) => {
            faults.add("person", format!("{} takes care of it already.", one.person.name));
        }
        [one] => return Ok(Some(one.person.clone())),
        _ => faults.add("person", format!("Several people are called {written}: give the email.")),
    }
    Ok(None)
}

/// What a step says.
struct Said {
    action: Action,
    kind: &'static str,
    words: Option<String>,
    to: Option<PersonRef>,
    verdict: Option<Verdict>,
}

impl Said {
    fn of(action: Action, kind: &'static str) -> Self {
        Self { action, kind, words: None, to: None, verdict: None }
    }

    fn detail(&self, found: &AlertRecord) -> Value {
        let mut detail = Map::new();
        detail.insert("alert".to_owned(), json!(found.id));
        detail.insert("rule".to_owned(), json!(found.rule));
        if let Some(verdict) = self.verdict {
            detail.insert("verdict".to_owned(), json!(verdict.as_str()));
        }
        if let Some(Verdict::Accepted { until }) = self.verdict {
            detail.insert("until".to_owned(), json!(until));
        }
        if let Some(to) = &self.to {
            detail.insert("assigned_to".to_owned(), json!(to.name));
        }
        Value::Object(detail)
    }
}

async fn write(mut tx: Tx, caller: &Caller, found: &AlertRecord, said: Said) -> Result<(), Fault> {
    let event_id = EventId(tx.new_id());
    let step = NewStep {
        by: Some(&caller.person),
        words: said.words.as_deref(),
        to: said.to.as_ref(),
        verdict: said.verdict,
        ..NewStep::of(found.id, event_id, tx.now, said.kind)
    };
    alert::insert_step(tx.conn(), step).await?;
    let mut event = NewEvent::by(caller, said.action)
        .about(found.about.clone())
        .detail(said.detail(found))
        .reason(said.words);
    event.subject = found.person.clone();
    event.grant_id = found.grant;
    tx.commit_as(event_id, event).await?;
    Ok(())
}
