//! Who had what as a file: CSV (RFC 4180) or JSON Lines, streamed.

use std::iter::once;

use app::error::PortalError;
use chrono::{DateTime, Utc};
use domain::audit::{Action, Event, NewEvent};
use domain::caller::Caller;
use domain::grant::Removal;
use domain::holding::{Holding, moment_of};
use futures::stream::{self, Stream};
use serde_json::{Value, json};
use store::copy::{Written, broke_off};
use store::holding::{self, Cursor, HoldingRecord, Of, Search};
use store::{Store, StoreError, audit};
use uuid::Uuid;

use super::{cursor_of, must_read};
use crate::portal::export::{Format, inert};
use crate::portal::{Fault, Portal, tell};

/// Rows read at a time: the memory an export takes does not grow with its length.
const BATCH_ROWS: i64 = 1_000;

const BEHIND: &str = "The book is still being read about who held what. Try again in a moment.";

const COLUMNS: [&str; 20] = [
    "as_of",
    "person_id",
    "person",
    "system_id",
    "system",
    "resource_id",
    "resource",
    "entitlement_id",
    "entitlement",
    "since",
    "until",
    "ends_at",
    "closed_because",
    "removal_known",
    "attested_by",
    "grant_id",
    "request_id",
    "approved_by",
    "approved_at",
    "imported",
];

impl Portal {
    /// Everything that was held at the moment that `date` means, opened last first, in chunks. The export stands in the
    /// book before its first byte.
    ///
    /// # Errors
    /// When the caller may not read it, the format or the date is none, who held what is not read up to now, or the
    /// export cannot be written down.
    pub async fn export_held(
        &self,
        caller: &Caller,
        date: &str,
        format: Format,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + use<>, PortalError> {
        must_read(caller)?;
        let is_csv = match format {
            Format::Csv => true,
            Format::Jsonl => false,
            // There is no OCSF event for who had what.
            Format::Ocsf => {
                return Err(PortalError::field("format", format!("The format is {}.", Format::HELD_WORDS)));
            }
        };
        let at = moment_of(date, caller.time_zone, caller.called_at)
            .map_err(|error| PortalError::field("date", error))?;
        Ok(chunks(tell(begin(self.store.clone(), caller, at, is_csv).await)?))
    }
}

struct Run {
    store: Store,
    at: DateTime<Utc>,
    is_csv: bool,
    /// The event of the export itself.
    own: Event,
    /// So much of the book is in it.
    read_to: i64,
    /// What the copy is to have, to be read of.
    written: Option<Written>,
    done: usize,
    step: Step,
}

enum Step {
    Begin,
    Read(Option<Cursor>),
    End,
    Nothing,
}

/// What is written one after the other.
enum Part {
    /// Who made it, when, and of what.
    Begin(Value),
    Rows(Vec<[String; 20]>),
    /// How many there were.
    End(Value),
}

async fn begin(store: Store, caller: &Caller, at: DateTime<Utc>, is_csv: bool) -> Result<Run, Fault> {
    let mut conn = store.read().await?;
    let progress = holding::progress(&mut conn).await?;
    if holding::is_behind(&mut conn, progress).await? {
        // Nobody would see what is missing.
        return Err(PortalError::Conflict(BEHIND.to_owned()).into());
    }
    drop(conn);
    let detail = json!({ "as_of": at, "format": if is_csv { "csv" } else { "jsonl" } });
    let note = NewEvent::by(caller, Action::AuditExported).detail(detail);
    let id = store.begin().await?.commit(note).await?;
    let own = audit::find(&mut *store.read().await?, id).await?.ok_or(PortalError::Internal)?;
    let written = store.written().await?;
    Ok(Run { store, at, is_csv, own, read_to: progress.position, written, done: 0, step: Step::Begin })
}

impl Run {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, std::io::Error> {
        let (part, next) = match std::mem::replace(&mut self.step, Step::Nothing) {
            Step::Nothing => return Ok(None),
            Step::Begin => (Part::Begin(self.envelope()), Step::Read(None)),
            Step::Read(behind) => self.read(behind).await.map_err(std::io::Error::other)?,
            Step::End => (Part::End(json!({ "id": self.own.id, "held": self.done })), Step::Nothing),
        };
        self.step = next;
        if self.is_csv { in_csv(&part) } else { in_lines(&part) }.map(Some)
    }

    async fn read(&mut self, behind: Option<Cursor>) -> Result<(Part, Step), StoreError> {
        let search = Search { of: Of::All, at: self.at, seen_by: None };
        let records = self.batch(search, behind).await?;
        self.done += records.len();
        let next = match records.last() {
            Some(last) if records.len() == usize::try_from(BATCH_ROWS).unwrap_or(0) => {
                Step::Read(Some(cursor_of(last)))
            }
            _ => Step::End,
        };
        Ok((Part::Rows(records.iter().map(|record| cells(&record.holding, self.at)).collect()), next))
    }

    /// Of the copy, where that has everything of before the export; where it breaks off, of the database itself from
    /// there on.
    async fn batch(&mut self, search: Search, behind: Option<Cursor>) -> store::Result<Vec<HoldingRecord>> {
        loop {
            let mut conn = self.store.read_having(&mut self.written).await?;
            match holding::held(&mut conn, search, behind, BATCH_ROWS).await {
                Err(error) if conn.is_copy() && broke_off(&error) => self.written = None,
                found => {
                    // What was read may have been forgotten meanwhile, to be read anew.
                    if holding::progress(&mut conn).await?.position < self.read_to {
                        return Err(StoreError::corrupt("holding", "read anew while it was exported"));
                    }
                    return found;
                }
            }
        }
    }

    fn envelope(&self) -> Value {
        json!({
            "id": self.own.id,
            "by": self.own.actor,
            "at": self.own.recorded_at,
            "as_of": self.at,
            "read_to": self.read_to,
            "product": concat!("Gatebook ", env!("CARGO_PKG_VERSION")),
        })
    }
}

fn chunks(run: Run) -> impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send {
    stream::try_unfold(run, |mut run| async move {
        let chunk = run.next().await.inspect_err(|error| tracing::error!(%error, "an export broke off"))?;
        Ok(chunk.map(|bytes| (bytes, run)))
    })
}

fn in_lines(part: &Part) -> Result<Vec<u8>, std::io::Error> {
    let row = |row: &[String; 20]| -> Value {
        let said = |(name, cell): (&&str, &String)| ((*name).to_owned(), value(name, cell));
        Value::Object(COLUMNS.iter().zip(row).map(said).collect())
    };
    let values = match part {
        Part::Begin(own) => vec![json!({ "export": own })],
        Part::Rows(rows) => rows.iter().map(row).collect(),
        Part::End(own) => vec![json!({ "end": own })],
    };
    let mut lines = Vec::new();
    for value in values {
        serde_json::to_writer(&mut lines, &value)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Each with what it is in front, and what the export says of itself at the end.
fn in_csv(part: &Part) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut write = |record: &str, cells: &[String; 20], detail: &str| {
        let cells = cells.iter().map(|cell| inert(cell).into_owned());
        let [record, detail] = [record, detail].map(|cell| inert(cell).into_owned());
        writer.write_record(once(record).chain(cells).chain(once(detail)))
    };
    let nothing = || std::array::from_fn(|_| String::new());
    match part {
        Part::Begin(own) => {
            let names = COLUMNS.map(str::to_owned);
            write("record", &names, "detail")?;
            write("export", &nothing(), &own.to_string())?;
        }
        Part::Rows(rows) => rows.iter().try_for_each(|row| write("held", row, ""))?,
        Part::End(own) => write("end", &nothing(), &own.to_string())?,
    }
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}

/// A cell as JSON says it: nothing is null.
fn value(name: &str, cell: &str) -> Value {
    match (name, cell) {
        ("imported", cell) => (cell == "true").into(),
        (_, "") => Value::Null,
        (_, cell) => cell.into(),
    }
}

fn cells(holding: &Holding, at: DateTime<Utc>) -> [String; 20] {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (about, closed, decided) = (&holding.about, holding.closed.as_ref(), holding.decided.as_ref());
    let why = closed.map(|closed| match closed.why {
        Removal::TimeRanOut => "time_ran_out",
        Removal::Revoked(cause) => cause.as_str(),
    });
    [
        at.to_rfc3339(),
        holding.person.id.to_string(),
        holding.person.name.clone(),
        id(about.system_id.map(Into::into)),
        text(&about.system),
        id(about.resource_id.map(Into::into)),
        text(&about.resource),
        id(about.entitlement_id.map(Into::into)),
        text(&about.entitlement),
        holding.opened_at.to_rfc3339(),
        time(closed.map(|closed| closed.at)),
        time(holding.ends_at),
        why.unwrap_or_default().to_owned(),
        closed.and_then(|closed| closed.known).map(|known| known.as_str()).unwrap_or_default().to_owned(),
        closed.map(|closed| text(&closed.attested_by)).unwrap_or_default(),
        holding.grant.to_string(),
        id(holding.request.map(Into::into)),
        decided.map(|decided| decided.name.clone()).unwrap_or_default(),
        time(decided.map(|decided| decided.at)),
        holding.is_imported.to_string(),
    ]
}
