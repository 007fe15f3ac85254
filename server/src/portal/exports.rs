//! Exports that are prepared in the background: asked for, cancelled, fetched. [`crate::jobs::exporter`] prepares them.

use std::io::{Cursor, Read as _};

use app::backend::{Answer, ExportEnd, ExportNews, ExportRow, Exports, TypedExport, TypedExportEnd};
use app::error::PortalError;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::audit::query::{Context, QUERY_MAX_CHARS, parse};
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::export::{ExportState, OPEN_MAX, OWN_MAX};
use domain::id::{EventId, ExportJobId};
use flate2::read::GzDecoder;
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use store::export_job::{self, ExportJobRecord, NewExportJob};
use store::{Store, Tx, audit};

use super::export::{Chunks, Format};
use super::typed::Faults;
use super::{Fault, Portal, Refused, refuse, tell};

/// So much of a file is unpacked at a time.
const PIECE_BYTES: usize = 256 * 1024;
/// Rows shown at most; those whose file was let go are among them for a while.
const SHOWN_MAX: i64 = 100;

/// A prepared file.
pub enum Prepared {
    /// It is there.
    File {
        /// What it holds.
        content: Chunks,
        /// How it is written.
        format: Format,
        /// When it was asked for.
        asked_at: DateTime<Utc>,
    },
    /// It was let go.
    Expired,
}

#[async_trait]
impl Exports for Portal {
    async fn list(&self, caller: &Caller) -> Answer<Vec<ExportRow>> {
        tell(list(&self.store, caller).await)
    }

    async fn prepare(&self, caller: &Caller, typed: &TypedExport) -> Answer<()> {
        tell(prepare(&self.store, caller, typed).await)
    }

    async fn end(&self, caller: &Caller, typed: &TypedExportEnd) -> Answer<ExportEnd> {
        tell(end(&self.store, caller, typed).await)
    }

    async fn news(&self, caller: &Caller) -> Answer<ExportNews> {
        tell(news(&self.store, caller).await)
    }
}

impl Portal {
    /// The file of a prepared export, in chunks. That it is fetched stands in the book before its first byte.
    ///
    /// # Errors
    /// When it is not the caller's, is not there yet, or holds more than they may see by now.
    pub async fn fetch_export(&self, caller: &Caller, id: &str) -> Result<Prepared, PortalError> {
        tell(fetch(&self.store, caller, id).await)
    }
}

/// What the book says of an export in the background.
pub(crate) fn facts(record: &ExportJobRecord) -> Value {
    json!({
        "export": record.event(), "query": record.query, "format": record.format, "sees_all": record.sees_all,
    })
}

async fn list(store: &Store, caller: &Caller) -> Result<Vec<ExportRow>, Fault> {
    let found = export_job::list(&mut *store.read().await?, caller.id(), SHOWN_MAX).await?;
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    let row = |record: ExportJobRecord| {
        Ok(ExportRow {
            id: record.id().to_string(),
            state: record.state()?,
            query: record.query,
            format: record.format,
            sees_all: record.sees_all,
            asked_at: record.asked_at,
            expires_at: record.expires_at,
            written: number(record.events_written),
            expected: record.events_expected.map(number),
            reached_at: record.reached_at,
            bytes: number(record.file_bytes),
            reason: record.reason,
            fetched_at: record.fetched_at,
        })
    };
    found.into_iter().map(row).collect()
}

async fn news(store: &Store, caller: &Caller) -> Result<ExportNews, Fault> {
    let found = export_job::news(&mut *store.read().await?, caller.id()).await?;
    let number = |count: i64| usize::try_from(count).unwrap_or(0);
    Ok(ExportNews { ready: number(found.ready), failed: number(found.failed) })
}

async fn prepare(store: &Store, caller: &Caller, typed: &TypedExport) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let now = tx.now;
    let mut faults = Faults::default();
    let context = Context { now, zone: caller.time_zone };
    let query = faults.take("query", parse(&typed.query, &context));
    let format = Format::parse(typed.format.trim());
    if format.is_none() {
        faults.add("format", format!("The format is {}.", Format::WORDS));
    }
    let written = query.as_ref().map(|query| query.as_written()).unwrap_or_default();
    if written.chars().count() > QUERY_MAX_CHARS {
        faults.add("query", format!("A query has at most {QUERY_MAX_CHARS} characters."));
    }
    faults.check()?;
    let (Some(query), Some(format)) = (query, format) else { return Err(PortalError::Internal.into()) };
    check_room(&mut tx, caller).await?;
    let (id, event, sees_all) = (ExportJobId(tx.new_id()), EventId(tx.new_id()), caller.roles.sees_all());
    let sight = audit::sight_of_today(tx.conn(), caller.id()).await?;
    let new = NewExportJob {
        id,
        person: caller.id(),
        event,
        query: &written,
        time_zone: caller.time_zone.name(),
        format: format.as_str(),
        sees_all,
        sight: &sight,
    };
    export_job::insert(tx.conn(), new, now).await?;
    let detail = json!({ "query": query.to_text(), "format": format.as_str(), "sees_all": sees_all });
    tx.commit_as(event, NewEvent::by(caller, Action::ExportAsked).detail(detail)).await?;
    Ok(())
}

async fn check_room(tx: &mut Tx, caller: &Caller) -> Result<(), Fault> {
    let own = export_job::count_locked(tx.conn(), caller.id()).await?;
    let is_full = |count: i64, most: usize| usize::try_from(count).unwrap_or(usize::MAX) >= most;
    if is_full(own.open, OPEN_MAX) {
        let message = format!(
            "{OPEN_MAX} of your exports are being prepared, which is the most. Wait for one, or cancel one."
        );
        return Err(PortalError::field("query", message).into());
    }
    if is_full(own.all, OWN_MAX) {
        let message = format!("You keep {OWN_MAX} exports, which is the most. Delete one first.");
        return Err(PortalError::field("query", message).into());
    }
    Ok(())
}

/// The caller's own; of others' nobody hears.
async fn find(tx: &mut Tx, caller: &Caller, id: &str) -> Result<ExportJobRecord, Fault> {
    let id: ExportJobId = id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let found = export_job::lock(tx.conn(), id).await?;
    Ok(found.filter(|record| record.person().id == caller.id()).ok_or(PortalError::NotFound)?)
}

async fn end(store: &Store, caller: &Caller, typed: &TypedExportEnd) -> Result<ExportEnd, Fault> {
    let mut tx = store.begin().await?;
    let (record, now) = (find(&mut tx, caller, &typed.id).await?, tx.now);
    let is_open = record.state()?.is_open();
    if typed.cancels && !is_open {
        return Err(
            PortalError::Conflict("It is not under way any more. Look at it first.".to_owned()).into()
        );
    }
    let (end, action) = if is_open {
        export_job::cancel(tx.conn(), record.id(), now).await?;
        (ExportEnd::Cancelled, Action::ExportCancelled)
    } else {
        export_job::delete(tx.conn(), record.id()).await?;
        (ExportEnd::Deleted, Action::ExportDeleted)
    };
    tx.commit(NewEvent::by(caller, action).detail(facts(&record))).await?;
    Ok(end)
}

async fn fetch(store: &Store, caller: &Caller, id: &str) -> Result<Prepared, Fault> {
    let mut tx = store.begin().await?;
    let (record, now) = (find(&mut tx, caller, id).await?, tx.now);
    match record.state()? {
        ExportState::Done => {}
        ExportState::Expired => return Ok(Prepared::Expired),
        ExportState::Waiting | ExportState::Running => {
            let message = "This file is not there yet. Its page says how far it is.";
            return Err(PortalError::Conflict(message.to_owned()).into());
        }
        ExportState::Failed | ExportState::Cancelled => {
            return Err(PortalError::Conflict("There is no such file. Ask for it again.".to_owned()).into());
        }
    }
    if record.sees_all && !caller.roles.sees_all() {
        drop(tx);
        let message = "This file says what the whole book says, which you may not read any more.";
        let refused =
            Refused { tried: Action::ExportFetched, about: About::default(), request: None, message };
        return Err(refuse(store, caller, refused).await);
    }
    if !record.sees_all && record.sight != audit::sight_of_today(tx.conn(), caller.id()).await? {
        let message = "What you may see has changed since this file was prepared. Ask for it again.";
        return Err(PortalError::Forbidden(message.to_owned()).into());
    }
    let format = Format::parse(&record.format).ok_or(PortalError::Internal)?;
    export_job::note_fetched(tx.conn(), record.id(), now).await?;
    let mut detail = facts(&record);
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("events".to_owned(), json!(record.events_written));
    }
    tx.commit(NewEvent::by(caller, Action::ExportFetched).detail(detail)).await?;
    let asked_at = record.asked_at;
    Ok(Prepared::File { content: content(store.clone(), record), format, asked_at })
}

/// Unpacked piece by piece; of a file that is deleted meanwhile the rest is missing, and so its end.
fn content(store: Store, record: ExportJobRecord) -> Chunks {
    struct Unpacking {
        store: Store,
        record: ExportJobRecord,
        next: i32,
        open: Option<GzDecoder<Cursor<Vec<u8>>>>,
    }
    let begun = Unpacking { store, record, next: 0, open: None };
    let step = |mut at: Unpacking| async move {
        loop {
            if let Some(open) = &mut at.open {
                let mut piece = Vec::new();
                open.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
                if !piece.is_empty() {
                    return Ok(Some((piece, at)));
                }
            }
            if at.next >= at.record.chunks {
                return Ok(None);
            }
            let found =
                async { export_job::chunk(&mut *at.store.read().await?, at.record.id(), at.next).await };
            let bytes = found.await.map_err(std::io::Error::other)?;
            let bytes = bytes.ok_or_else(|| std::io::Error::other("a piece of a prepared file is gone"))?;
            (at.open, at.next) = (Some(GzDecoder::new(Cursor::new(bytes))), at.next + 1);
        }
    };
    stream::try_unfold(begun, step).boxed()
}
