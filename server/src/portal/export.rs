//! Export of exactly what the filter shows: CSV (RFC 4180) or JSON Lines, streamed.

use app::error::PortalError;
use domain::audit::query::Query;
use domain::audit::{Action, Event, NewEvent};
use domain::caller::Caller;
use futures::stream::{self, Stream};
use store::audit::Cursor;
use store::{Store, audit};

use super::audit::{hide_source, search_of};
use super::{Fault, Portal, tell};

/// Events read at a time: the memory an export takes does not grow with its length.
const BATCH_EVENTS: i64 = 1_000;

const COLUMNS: [&str; 23] = [
    "id",
    "occurred_at",
    "recorded_at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "action",
    "outcome",
    "subject_id",
    "subject_name",
    "system_id",
    "system",
    "resource_id",
    "resource",
    "entitlement_id",
    "entitlement",
    "request_id",
    "grant_id",
    "origin",
    "ip",
    "user_agent",
    "reason",
    "detail",
];

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a header, formula-safe.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// The format with this word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::Jsonl),
            _ => None,
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
        }
    }

    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

impl Portal {
    /// Everything that matches, newest first, in chunks. The export stands in the book before its first byte.
    ///
    /// # Errors
    /// When the query is malformed, or the export cannot be written down.
    pub async fn export(
        &self,
        caller: &Caller,
        query: &Query,
        format: Format,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + use<>, PortalError> {
        tell(note(&self.store, caller, query, format).await)?;
        Ok(chunks(self.store.clone(), caller.clone(), query.clone(), format))
    }
}

async fn note(store: &Store, caller: &Caller, query: &Query, format: Format) -> Result<(), Fault> {
    let detail = serde_json::json!({ "query": query.to_text(), "format": format.extension() });
    store.begin().await?.commit(NewEvent::by(caller, Action::AuditExported).detail(detail)).await?;
    Ok(())
}

enum At {
    Start,
    Behind(Cursor),
    End,
}

fn chunks(
    store: Store,
    caller: Caller,
    query: Query,
    format: Format,
) -> impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send {
    stream::try_unfold(At::Start, move |at| {
        let (store, caller, query) = (store.clone(), caller.clone(), query.clone());
        async move {
            let (is_first, from) = match at {
                At::End => return Ok(None),
                At::Start => (true, audit::At::Newest),
                At::Behind(cursor) => (false, audit::At::OlderThan(cursor)),
            };
            let events = async {
                audit::search(&mut *store.read().await?, search_of(&caller, &query), from, BATCH_EVENTS).await
            };
            let mut events = events.await.map_err(std::io::Error::other)?;
            events.iter_mut().for_each(|event| hide_source(&caller, event));
            let next = match events.last() {
                Some(last) if events.len() == usize::try_from(BATCH_EVENTS).unwrap_or(0) => {
                    At::Behind(Cursor { recorded_at: last.recorded_at, id: last.id })
                }
                _ => At::End,
            };
            Ok(Some((chunk(&events, format, is_first)?, next)))
        }
    })
}

fn chunk(events: &[Event], format: Format, is_first: bool) -> Result<Vec<u8>, std::io::Error> {
    match format {
        Format::Jsonl => {
            let mut lines = Vec::new();
            for event in events {
                serde_json::to_writer(&mut lines, event)?;
                lines.push(b'\n');
            }
            Ok(lines)
        }
        Format::Csv => {
            let mut writer =
                csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
            if is_first {
                writer.write_record(COLUMNS)?;
            }
            for event in events {
                writer.write_record(cells(event))?;
            }
            writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
        }
    }
}

fn cells(event: &Event) -> [String; 23] {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let text = |text: &Option<String>| inert(text.as_deref().unwrap_or_default());
    let about = &event.resource;
    [
        event.id.to_string(),
        event.occurred_at.to_rfc3339(),
        event.recorded_at.to_rfc3339(),
        event.actor.kind().to_owned(),
        id(event.actor.id().map(Into::into)),
        inert(event.actor.name()),
        event.action.clone(),
        event.outcome.as_str().to_owned(),
        id(event.subject.as_ref().map(|s| s.id.into())),
        inert(event.subject.as_ref().map_or("", |s| &s.name)),
        id(about.system_id.map(Into::into)),
        text(&about.system),
        id(about.resource_id.map(Into::into)),
        text(&about.resource),
        id(about.entitlement_id.map(Into::into)),
        text(&about.entitlement),
        id(event.request_id.map(Into::into)),
        id(event.grant_id.map(Into::into)),
        event.source.origin.clone(),
        text(&event.source.ip),
        text(&event.source.user_agent),
        text(&event.reason),
        inert(&event.detail.to_string()),
    ]
}

/// Text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection).
pub(super) fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_typed_becomes_a_formula() {
        for (text, written) in [
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@cmd", "'@cmd"),
            ("\t=1", "'\t=1"),
            ("plain = text", "plain = text"),
            ("", ""),
        ] {
            assert_eq!(inert(text), written);
        }
    }
}
