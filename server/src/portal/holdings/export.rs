//! Who had what as a file: CSV (RFC 4180) or JSON Lines, streamed.

use app::error::PortalError;
use chrono::{DateTime, Utc};
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::grant::Removal;
use domain::holding::{Holding, moment_of};
use futures::stream::{self, Stream};
use serde_json::json;
use store::Store;
use store::copy::{Written, broke_off};
use store::holding::{self, Cursor, HoldingRecord, Of, Search};
use uuid::Uuid;

use super::{cursor_of, must_read};
use crate::portal::export::{Format, inert};
use crate::portal::{Fault, Portal, tell};

/// Rows read at a time: the memory an export takes does not grow with its length.
const BATCH_ROWS: i64 = 1_000;

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
    /// When the caller may not read it, the date is none, or the export cannot be written down.
    pub async fn export_held(
        &self,
        caller: &Caller,
        date: &str,
        format: Format,
    ) -> Result<impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + use<>, PortalError> {
        must_read(caller)?;
        let at = moment_of(date, caller.time_zone, caller.called_at)
            .map_err(|error| PortalError::field("date", error))?;
        tell(note(&self.store, caller, at, format).await)?;
        let written = tell(self.store.written().await.map_err(Fault::from))?;
        Ok(chunks(self.store.clone(), at, format, written))
    }
}

async fn note(store: &Store, caller: &Caller, at: DateTime<Utc>, format: Format) -> Result<(), Fault> {
    let detail = json!({ "as_of": at, "format": format.extension() });
    store.begin().await?.commit(NewEvent::by(caller, Action::AuditExported).detail(detail)).await?;
    Ok(())
}

enum Step {
    Start,
    Behind(Cursor),
    End,
}

fn chunks(
    store: Store,
    at: DateTime<Utc>,
    format: Format,
    written: Option<Written>,
) -> impl Stream<Item = Result<Vec<u8>, std::io::Error>> + Send {
    stream::try_unfold((Step::Start, written), move |(step, mut written)| {
        let store = store.clone();
        async move {
            let (is_first, behind) = match step {
                Step::End => return Ok(None),
                Step::Start => (true, None),
                Step::Behind(cursor) => (false, Some(cursor)),
            };
            let search = Search { of: Of::All, at, seen_by: None };
            let records = batch(&store, &mut written, search, behind).await.map_err(std::io::Error::other)?;
            let next = match records.last() {
                Some(last) if records.len() == usize::try_from(BATCH_ROWS).unwrap_or(0) => {
                    Step::Behind(cursor_of(last))
                }
                _ => Step::End,
            };
            let rows: Vec<[String; 20]> = records.iter().map(|record| cells(&record.holding, at)).collect();
            Ok(Some((chunk(&rows, format, is_first)?, (next, written))))
        }
    })
}

/// Of the copy, where that has everything of before the export; where it breaks off, of the database itself from there on.
async fn batch(
    store: &Store,
    written: &mut Option<Written>,
    search: Search,
    behind: Option<Cursor>,
) -> store::Result<Vec<HoldingRecord>> {
    loop {
        let mut conn = store.read_having(written).await?;
        match holding::held(&mut conn, search, behind, BATCH_ROWS).await {
            Err(error) if conn.is_copy() && broke_off(&error) => *written = None,
            found => return found,
        }
    }
}

fn chunk(rows: &[[String; 20]], format: Format, is_first: bool) -> Result<Vec<u8>, std::io::Error> {
    match format {
        // There is no OCSF event for who had what.
        Format::Jsonl | Format::Ocsf => {
            let mut lines = Vec::new();
            for row in rows {
                let said = |(name, cell): (&&str, &String)| ((*name).to_owned(), value(name, cell));
                let row: serde_json::Map<_, _> = COLUMNS.iter().zip(row).map(said).collect();
                serde_json::to_writer(&mut lines, &row)?;
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
            for row in rows {
                writer.write_record(row.iter().map(|cell| inert(cell).into_owned()))?;
            }
            writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
        }
    }
}

/// A cell as JSON says it: nothing is null.
fn value(name: &str, cell: &str) -> serde_json::Value {
    match (name, cell) {
        ("imported", cell) => (cell == "true").into(),
        (_, "") => serde_json::Value::Null,
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
