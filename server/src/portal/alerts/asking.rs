//! “Was this you?”: asking the person that an alert is about, and their answer. They hear what was done under their
//! name, and nothing of the alert.

use app::backend::{QuestionView, TypedQuestion, TypedReply};
use app::error::PortalError;
use domain::alert::question::Answer;
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::id::{PersonId, QuestionId};
use domain::person::PersonStatus;
use serde_json::json;
use store::alert::question::{self, NewQuestion, ONE_AT_A_TIME, QuestionRecord};
use store::alert::{self, Reader};
use store::{PgConnection, Store, person};

use super::acting::{Done, commit};
use super::change::{to_change, words};
use crate::portal::Fault;
use crate::portal::typed::Faults;

/// What is asked where nothing else is typed.
const WAS_IT_YOU: &str = "Was this you?";
/// So many events stand beside a question.
const EVENTS_MAX: i64 = 10;
/// So many questions wait on Home.
const WAITING_MAX: i64 = 10;

pub(super) async fn ask(store: &Store, caller: &Caller, typed: &TypedQuestion) -> Result<(), Fault> {
    let (mut tx, found) = to_change(store, caller, &typed.id, Action::AlertAsked).await?;
    if matches!(found.state, domain::alert::State::Resolved { .. }) {
        return Err(PortalError::Conflict("This alert is resolved. Look again.".to_owned()).into());
    }
    let whom = found.person.clone().ok_or(PortalError::NotFound)?;
    let mut faults = Faults::default();
    let words = words(&mut faults, "ask", &typed.words);
    faults.check()?;
    let words = words.unwrap_or_else(|| WAS_IT_YOU.to_owned());
    let record = person::find(tx.conn(), whom.id).await?.ok_or(PortalError::NotFound)?;
    if record.status()? != PersonStatus::Active {
        let message = format!("{} does not work here at the moment, and cannot answer.", whom.name);
        return Err(PortalError::Conflict(message).into());
    }
    let (id, at) = (QuestionId(tx.new_id()), tx.now);
    let new = NewQuestion { id, alert: found.id, person: whom.id, by: caller.id(), at, words: &words };
    question::insert(tx.conn(), new).await.map_err(|error| -> Fault {
        if error.violates(ONE_AT_A_TIME) {
            PortalError::Conflict(format!("{} was asked and has not answered yet.", whom.name)).into()
        } else {
            error.into()
        }
    })?;
    let mut event = NewEvent::by(caller, Action::AlertAsked)
        .about(found.about.clone())
        .detail(json!({ "alert": found.id, "rule": found.rule }))
        .reason(Some(words.clone()));
    event.subject = found.person.clone();
    event.grant_id = found.grant;
    commit(tx, caller, &found, Done { kind: "asked", what: whom.name, words: Some(words), event }).await
}

pub(super) async fn waiting(store: &Store, caller: &Caller) -> Result<Vec<(QuestionId, String)>, Fault> {
    Ok(question::waiting_for(&mut *store.read().await?, caller.id(), WAITING_MAX).await?)
}

pub(super) async fn show(store: &Store, caller: &Caller, id: QuestionId) -> Result<QuestionView, Fault> {
    let mut conn = store.read().await?;
    let record = of_caller(&mut conn, caller.id(), id).await?;
    let events = alert::evidence_of(&mut conn, record.alert, caller.id(), EVENTS_MAX).await?;
    Ok(QuestionView {
        id: record.id,
        by: record.by,
        asked_at: record.asked_at,
        words: record.words,
        events,
        answer: record.answer,
        said: record.said,
        is_settled: record.is_settled,
    })
}

/// A question that this person is asked; whatever else is not there.
async fn of_caller(
    conn: &mut PgConnection,
    person: PersonId,
    id: QuestionId,
) -> Result<QuestionRecord, Fault> {
    let found = question::find(conn, id).await?;
    Ok(found.filter(|record| record.person == person).ok_or(PortalError::NotFound)?)
}

pub(super) async fn reply(store: &Store, caller: &Caller, typed: &TypedReply) -> Result<(), Fault> {
    let id: QuestionId = typed.id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let mut tx = store.begin().await?;
    let record = of_caller(tx.conn(), caller.id(), id).await?;
    let found = alert::lock(tx.conn(), Reader::of(caller), record.alert).await?;
    let found = found.ok_or(PortalError::NotFound)?;
    if matches!(found.state, domain::alert::State::Resolved { .. }) {
        return Err(PortalError::Conflict("This is settled by now. Nothing waits for you.".to_owned()).into());
    }
    let mut faults = Faults::default();
    let said = words(&mut faults, "said", &typed.said);
    let answer = Answer::parse(&typed.answer);
    if answer.is_none() {
        faults.add("answer", "Say whether it was you.");
    }
    faults.check()?;
    let answer = answer.ok_or(PortalError::Internal)?;
    let now = tx.now;
    if !question::answer(tx.conn(), id, answer, said.as_deref(), now).await? {
        return Err(PortalError::Conflict("You have answered this already.".to_owned()).into());
    }
    let severity = answer.severity(found.severity);
    if severity != found.severity {
        alert::worsen(tx.conn(), found.id, severity).await?;
    }
    // Nothing of the alert stands in it but which: whoever answers reads in the book what they did.
    let event = NewEvent::by(caller, Action::AlertAnswered)
        .detail(json!({ "alert": found.id, "answer": answer }))
        .reason(said.clone());
    let done = Done { kind: "answered", what: answer.as_str().to_owned(), words: said, event };
    commit(tx, caller, &found, done).await
}
