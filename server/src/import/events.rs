//! Logs of other systems, from files: the same way in as over HTTP, batch by batch. What was brought in before is not
//! brought in twice, so a command that was broken off is simply run again.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use domain::audit::{Action, Actor, NewEvent};
use domain::caller::Source;
use domain::usage::OutsideEvent;
use flate2::bufread::MultiGzDecoder;
use serde_json::json;
use store::{Store, source};

use super::ImportError;
use super::args::{self, ImportArgs};
use crate::formats::mapping::Mapping;
use crate::formats::split::Records;
use crate::formats::{self, Format, Layout, Reading};
use crate::ingest::{self, REPORTS_MAX, Sender, Taken};

/// So many refused records are told with their reasons.
const TOLD_MAX: usize = 20;

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Whether nothing was written.
    pub is_dry_run: bool,
    /// Records in the files.
    pub records: usize,
    /// Events stored, or that would be.
    pub stored: usize,
    /// Events that stood in the book already.
    pub duplicates: usize,
    /// Events of kinds that no format places; they are stored with their originals.
    pub others: usize,
    /// Records that are not about access, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// Records that could not be read.
    pub refused: usize,
    told: Vec<String>,
}

impl Tally {
    fn refuse(&mut self, place: &str, error: &impl fmt::Display) {
        self.refused += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(format!("{place}: {error}"));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = if self.is_dry_run { "would be stored" } else { "stored" };
        writeln!(
            f,
            "{} records: {} events {stored}, {} known already",
            self.records, self.stored, self.duplicates
        )?;
        if self.others > 0 {
            writeln!(f, "  {} of them of kinds that are not known; they keep their originals", self.others)?;
        }
        for (reason, count) in &self.skipped {
            writeln!(f, "  {count} skipped: {reason}")?;
        }
        if self.refused > 0 {
            writeln!(f, "  {} refused:", self.refused)?;
            for line in &self.told {
                writeln!(f, "    {line}")?;
            }
        }
        Ok(())
    }
}

/// Runs the command.
///
/// # Errors
/// When the source, the format or a file cannot be used, or the database refuses. Batches before that are stored.
pub async fn command(store: &Store, args: &ImportArgs) -> Result<String, ImportError> {
    let mapping = args.mapping.as_deref().map(own_mapping).transpose()?;
    let format = match (&mapping, args.format.as_deref()) {
        (Some(mapping), _) => Some(mapping as &dyn Format),
        (None, Some(name)) => Some(formats::find(name).map_err(ImportError::Unusable)?),
        (None, None) => None,
    };
    let slug = args.source.as_deref().unwrap_or_default();
    let sender = sender(store, slug, Actor::Command { name: args::operating_system_user() }).await?;
    let mut tally = Tally { is_dry_run: args.dry_run, ..Tally::default() };
    for path in &args.files {
        let unreadable = |cause| ImportError::Unreadable { file: path.display().to_string(), cause };
        let file = BufReader::new(File::open(path).map_err(unreadable)?);
        let is_packed = path.extension().is_some_and(|ending| ending == "gz");
        let input: Box<dyn BufRead + Send> =
            if is_packed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
        bring_in(store, &sender, format, &path.display().to_string(), input, &mut tally).await?;
    }
    if tally.stored > 0 && !args.dry_run {
        note(store, &sender, &args.files, &tally).await?;
    }
    Ok(tally.to_string())
}

fn own_mapping(path: &Path) -> Result<Mapping, ImportError> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|cause| ImportError::Unreadable { file: file.clone(), cause })?;
    Mapping::parse(&text).map_err(|error| ImportError::Unusable(format!("{file}: {error}")))
}

/// Who brings in events of the source with this slug.
///
/// # Errors
/// When there is no such source, or it is closed.
pub async fn sender(store: &Store, slug: &str, by: Actor) -> Result<Sender, ImportError> {
    let found = source::find(&mut *store.read().await?, slug).await?;
    let found = found.filter(|source| source.ended_at.is_none()).ok_or_else(|| {
        ImportError::Unusable(format!(
            "There is no open source “{slug}”. An administrator makes one under Administration, Sources."
        ))
    })?;
    Ok(Sender { of: found.id, origin: found.slug, system: found.system, by, source: Source::of("command") })
}

/// Brings in one input; `format` none looks at each record for what it is.
///
/// # Errors
/// When the database refuses. Batches before that are stored.
pub async fn bring_in(
    store: &Store,
    sender: &Sender,
    format: Option<&dyn Format>,
    name: &str,
    input: impl BufRead,
    tally: &mut Tally,
) -> Result<(), ImportError> {
    let now = store.now().await?;
    let layout = format.map_or(Layout::Json, Format::layout);
    let mut batch: Vec<(String, OutsideEvent)> = Vec::new();
    for (place, record) in Records::new(input, layout) {
        tally.records += 1;
        let place = format!("{name}, {place}");
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                tally.refuse(&place, &error);
                continue;
            }
        };
        match formats::read_as(format, record, now) {
            Ok(Reading::Skipped(reason)) => *tally.skipped.entry(reason.into_owned()).or_default() += 1,
            Ok(Reading::Events(events)) => {
                batch.extend(events.into_iter().map(|event| (place.clone(), event)));
            }
            Err(error) => tally.refuse(&place, &error),
        }
        if batch.len() >= REPORTS_MAX {
            store_batch(store, sender, std::mem::take(&mut batch), tally).await?;
        }
    }
    store_batch(store, sender, batch, tally).await
}

/// Whether its kind is not known.
fn is_other(event: &OutsideEvent) -> bool {
    event.action.as_str().ends_with(".other")
}

async fn store_batch(
    store: &Store,
    sender: &Sender,
    batch: Vec<(String, OutsideEvent)>,
    tally: &mut Tally,
) -> Result<(), ImportError> {
    if tally.is_dry_run {
        tally.stored += batch.len();
        tally.others += batch.iter().filter(|(_, event)| is_other(event)).count();
        return Ok(());
    }
    let is_other: Vec<bool> = batch.iter().map(|(_, event)| is_other(event)).collect();
    let (places, reports): (Vec<String>, Vec<_>) =
        batch.into_iter().map(|(place, event)| (place, Ok(event))).unzip();
    let taken = ingest::take(store, sender, reports).await?;
    for ((taken, is_other), place) in taken.into_iter().zip(is_other).zip(places) {
        match taken {
            Taken::Stored(_) => {
                tally.stored += 1;
                tally.others += usize::from(is_other);
            }
            Taken::Duplicate => tally.duplicates += 1,
            Taken::Refused(error) => tally.refuse(&place, &error),
        }
    }
    Ok(())
}

async fn note(
    store: &Store,
    sender: &Sender,
    files: &[impl AsRef<Path>],
    tally: &Tally,
) -> Result<(), ImportError> {
    let files: Vec<String> = files.iter().map(|file| file.as_ref().display().to_string()).collect();
    let detail = json!({
        "source": sender.origin, "files": files, "records": tally.records, "stored": tally.stored,
        "duplicates": tally.duplicates, "refused": tally.refused,
    });
    let event =
        NewEvent::new(sender.by.clone(), sender.source.clone(), Action::EventsImported).detail(detail);
    store.begin().await?.commit(event).await?;
    Ok(())
}
