//! Asking for access: the port and what lists and pages show.

mod form;
mod submit;
mod view;

use app::backend::{
    Answer, RequestForm, RequestList, RequestRow, RequestView, Requests, TypedRequest, Wanted,
};
use app::error::PortalError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::id::{RequestId, SubmissionId};
use store::request::{self, Which};
use store::{PgConnection, Store};

use super::{Fault, Portal, Refused, deciding, refuse, tell};

/// Requests a page of a list.
const PAGE_ROWS: usize = 50;

#[async_trait]
impl Requests for Portal {
    async fn form(&self, caller: &Caller, wanted: &Wanted) -> Answer<RequestForm> {
        tell(form::form(&self.store, caller, wanted).await)
    }

    async fn submit(&self, caller: &Caller, typed: &TypedRequest) -> Answer<SubmissionId> {
        tell(submit::submit(&self.store, caller, typed).await)
    }

    async fn mine(&self, caller: &Caller, before: Option<RequestId>) -> Answer<RequestList> {
        tell(mine(&self.store, caller, before).await)
    }

    async fn show(&self, caller: &Caller, id: RequestId) -> Answer<RequestView> {
        tell(view::show(&self.store, caller, id).await)
    }

    async fn submission(&self, caller: &Caller, id: SubmissionId) -> Answer<Vec<RequestRow>> {
        tell(submission(&self.store, caller, id).await)
    }

    async fn cancel(&self, caller: &Caller, id: RequestId) -> Answer<()> {
        tell(cancel(&self.store, caller, id).await)
    }
}

async fn mine(store: &Store, caller: &Caller, before: Option<RequestId>) -> Result<RequestList, Fault> {
    let mut conn = store.read().await?;
    let limit = i64::try_from(PAGE_ROWS + 1).unwrap_or(i64::MAX);
    let mut records = request::list(&mut conn, Which::OfPerson(caller.id(), before), limit).await?;
    let has_more = records.len() > PAGE_ROWS;
    records.truncate(PAGE_ROWS);
    let next = records.last().filter(|_| has_more).map(request::RequestRecord::id);
    Ok(RequestList { rows: rows(&mut conn, &records, caller.called_at).await?, next })
}

/// What is pending of the caller's, newest first.
pub(super) async fn open(conn: &mut PgConnection, caller: &Caller) -> Result<Vec<RequestRow>, Fault> {
    let records = request::list(conn, Which::PendingOfPerson(caller.id()), 100).await?;
    rows(conn, &records, caller.called_at).await
}

/// Rows for lists, with who decides where that is still open.
async fn rows(
    conn: &mut PgConnection,
    records: &[request::RequestRecord],
    now: DateTime<Utc>,
) -> Result<Vec<RequestRow>, Fault> {
    let deciders = deciding::deciders_of(conn, records, now).await?;
    records.iter().zip(deciders).map(|(record, deciders)| view::row(record, deciders)).collect()
}

async fn submission(store: &Store, caller: &Caller, id: SubmissionId) -> Result<Vec<RequestRow>, Fault> {
    let mut conn = store.read().await?;
    let mut records = request::list(&mut conn, Which::Submission(id), 200).await?;
    records.retain(|r| r.requester().id == caller.id() || r.beneficiary().id == caller.id());
    if records.is_empty() {
        return Err(PortalError::NotFound.into());
    }
    rows(&mut conn, &records, caller.called_at).await
}

async fn cancel(store: &Store, caller: &Caller, id: RequestId) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let record = request::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    let me = caller.id();
    if record.requester().id != me && record.beneficiary().id != me {
        let now = tx.now;
        let deciders = deciding::deciders_of(tx.conn(), std::slice::from_ref(&record), now).await?;
        let deciders = deciders.first().ok_or(PortalError::NotFound)?;
        let sees = deciding::may_see(tx.conn(), caller, &record, deciders).await?;
        drop(tx);
        let refused = Refused {
            tried: Action::RequestCancelled,
            about: record.about(),
            request: Some(id),
            message: "Only whoever asked can take a request back.",
        };
        let fault = refuse(store, caller, refused).await;
        return Err(if sees { fault } else { PortalError::NotFound.into() });
    }
    record
        .state()?
        .cancel()
        .map_err(|error| PortalError::Conflict(format!("This request cannot be taken back. {error}")))?;
    let now = tx.now;
    if !request::mark_cancelled(tx.conn(), id, now).await? {
        return Err(PortalError::Conflict("This request was decided a moment ago.".to_owned()).into());
    }
    let event = NewEvent::by(caller, Action::RequestCancelled)
        .subject(record.beneficiary())
        .about(record.about())
        .request(id);
    tx.commit(event).await?;
    Ok(())
}
