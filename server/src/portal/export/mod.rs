//! Export of exactly what the filter shows, streamed: CSV (RFC 4180), JSON Lines, or OCSF events in JSON Lines.
//!
//! Every export begins with who made it, when, and of which query, and ends with how many events it holds; what breaks
//! off has no end (`docs/exports.md`).

mod csv;
mod feed;
mod ocsf;

use std::sync::Arc;

use app::error::PortalError;
use chrono::{DateTime, Utc};
use domain::audit::query::Query;
use domain::audit::{Action, Event};
use futures::stream::{self, BoxStream, StreamExt as _};
use serde_json::{Value, json};
use store::{Store, audit};
use tokio::task::spawn_blocking;

use super::audit::whole;
use super::reader::Reader;
use super::{Fault, Portal, tell};

pub use self::csv::{inert, typed};
use self::feed::Feed;

/// An export on its way. After an error nothing comes.
pub type Chunks = BoxStream<'static, Result<Vec<u8>, std::io::Error>>;

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a header, formula-safe.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// One OCSF 1.5 event a line.
    Ocsf,
}

impl Format {
    /// The words of all, for whoever asked for another one.
    pub const WORDS: &str = "csv, jsonl or ocsf";
    /// Of those that who had what is written in.
    pub const HELD_WORDS: &str = "csv or jsonl";

    /// The format with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Csv, Self::Jsonl, Self::Ocsf].into_iter().find(|format| format.as_str() == word)
    }

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl | Self::Ocsf => "application/x-ndjson",
        }
    }

    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Ocsf => "ocsf.jsonl",
        }
    }

    fn write(self, part: &Part<'_>) -> Result<Vec<u8>, std::io::Error> {
        match self {
            Self::Csv => csv::write(part),
            Self::Jsonl => lines(match part {
                Part::Begin(own) => vec![json!({ "export": envelope(own) })],
                Part::Events(events) => events.iter().map(serde_json::to_value).collect::<Result<_, _>>()?,
                Part::End(own, events) => vec![json!({ "end": { "id": own.id, "events": events } })],
            }),
            Self::Ocsf => lines(match part {
                Part::Begin(own) => vec![ocsf::event(own)],
                Part::Events(events) => events.iter().map(ocsf::event).collect(),
                Part::End(own, events) => vec![ocsf::end(own, *events)],
            }),
        }
    }
}

/// What is written one after the other.
enum Part<'a> {
    /// The event of the export itself.
    Begin(&'a Event),
    Events(&'a [Event]),
    /// The same, and how many there were.
    End(&'a Event, usize),
}

fn envelope(own: &Event) -> Value {
    json!({
        "id": own.id,
        "by": own.actor,
        "at": own.recorded_at,
        "query": own.detail.get("query"),
        "product": concat!("Gatebook ", env!("CARGO_PKG_VERSION")),
    })
}

fn lines(values: Vec<Value>) -> Result<Vec<u8>, std::io::Error> {
    let mut lines = Vec::new();
    for value in values {
        serde_json::to_writer(&mut lines, &value)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

impl Portal {
    /// Everything that matches and was recorded before, newest first, in chunks. The export stands in the book before
    /// its first byte.
    ///
    /// # Errors
    /// When the export cannot be written down, or its first events cannot be read.
    pub async fn export(
        &self,
        reader: impl Into<Reader>,
        query: &Query,
        format: Format,
    ) -> Result<Chunks, PortalError> {
        let begun = begin(self.store.clone(), reader.into(), query.clone(), format);
        Ok(chunks(tell(begun.await)?))
    }
}

/// An export on its way.
pub(crate) struct Run {
    feed: Feed,
    format: Format,
    own: Arc<Event>,
    done: usize,
    reached_at: Option<DateTime<Utc>>,
    step: Step,
}

enum Step {
    Write(Vec<Event>, bool),
    Read,
    End,
    Nothing,
}

async fn begin(store: Store, reader: Reader, query: Query, format: Format) -> Result<Run, Fault> {
    whole(&mut *store.read().await?).await?;
    let mut detail = json!({ "query": query.to_text(), "format": format.as_str() });
    if let (Reader::Program(program), Some(fields)) = (&reader, detail.as_object_mut()) {
        fields.insert("token".to_owned(), json!(program.token));
    }
    let note = reader.event(Action::AuditExported).detail(detail);
    let id = store.begin().await?.commit(note).await?;
    let own = audit::find(&mut *store.read().await?, id).await?.ok_or(PortalError::Internal)?;
    Run::begin(store, reader, query, format, own, true).await
}

impl Run {
    /// Everything that matches and was recorded before the event of the export itself. What cannot be read at all is
    /// refused before anything was written. Where it is not known that searches find all of that, `must_be_whole`; where
    /// it is known by the position of that event, it is a bound as well, and what has a later position does not count.
    pub(crate) async fn begin(
        store: Store,
        reader: Reader,
        query: Query,
        format: Format,
        own: Event,
        must_be_whole: bool,
    ) -> Result<Self, Fault> {
        let mut feed = Feed::new(store, reader, query, &own, must_be_whole).await?;
        let step = Step::Write(feed.next().await?, true);
        Ok(Self { feed, format, own: Arc::new(own), done: 0, reached_at: None, step })
    }

    /// Events written so far.
    pub(crate) fn events(&self) -> i64 {
        i64::try_from(self.done).unwrap_or(i64::MAX)
    }

    /// When the last one of them was recorded, as long as there are more.
    pub(crate) fn reached_at(&self) -> Option<DateTime<Utc>> {
        self.reached_at.filter(|_| !matches!(self.step, Step::End | Step::Nothing))
    }

    /// The next piece; `None` behind the end. What comes next is read while it is written.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, std::io::Error> {
        let (events, is_first) = match std::mem::replace(&mut self.step, Step::Nothing) {
            Step::Nothing => return Ok(None),
            Step::End => return self.format.write(&Part::End(&self.own, self.done)).map(Some),
            Step::Write(events, is_first) => (events, is_first),
            Step::Read => (self.feed.next().await.map_err(std::io::Error::other)?, false),
        };
        self.done += events.len();
        self.reached_at = events.last().map(|last| last.recorded_at).or(self.reached_at);
        let (format, own) = (self.format, Arc::clone(&self.own));
        let written = spawn_blocking(move || {
            let mut bytes = if is_first { format.write(&Part::Begin(&own))? } else { Vec::new() };
            bytes.extend(format.write(&Part::Events(&events))?);
            Ok(bytes)
        });
        self.step = match self.feed.has_more() {
            // What cannot be read breaks off behind what can.
            true => self.feed.next().await.map_or(Step::Read, |events| Step::Write(events, false)),
            false => Step::End,
        };
        written.await.map_err(std::io::Error::other)?.map(Some)
    }
}

fn chunks(run: Run) -> Chunks {
    let next = |mut run: Run| async move {
        let chunk = run.next().await.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
        Ok(chunk.map(|bytes| (bytes, run)))
    };
    stream::try_unfold(run, next).boxed()
}
