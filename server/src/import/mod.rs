//! Bringing in what is there already: people, the catalogue, access, history.
//!
//! One transaction for everything: all of it, or nothing and a list of what is wrong. What is the same already
//! is left alone and makes no event, so the same files can be imported again and again.

pub mod args;
mod catalogue;
pub mod events;
mod grants;
mod history;
mod people;
mod report;
pub(crate) mod rows;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono::{DateTime, Utc};
use domain::audit::{Action, Actor, NewEvent};
use domain::caller::Source;
use domain::id::PersonId;
use store::directory::{self, Entry};
use store::stock::{self, Stock};
use store::{Store, StoreError, Tx};
use thiserror::Error;

pub use args::{ImportArgs, Kind};
pub use report::Report;
use rows::Row;
pub use rows::{Fault, Faults};

/// Why nothing was imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A file that cannot be read.
    #[error("{file} cannot be read: {cause}")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A source, format or mapping that is not there, or cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// Something in the files is wrong.
    #[error("nothing was imported:\n{0}")]
    Faulty(Faults),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A rule that should not have been reached.
    #[error("nothing was imported: {0}")]
    Rule(#[from] app::error::PortalError),
}

impl From<crate::portal::Fault> for ImportError {
    fn from(fault: crate::portal::Fault) -> Self {
        match fault {
            crate::portal::Fault::Told(error) => Self::Rule(error),
            crate::portal::Fault::Hidden(error) => Self::Store(error),
        }
    }
}

/// A file that has been read into memory.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name, with the ending that says its format.
    pub name: String,
    /// What is in it.
    pub content: String,
}

/// Runs the command: reads the files, imports them in one transaction, and answers with the report.
///
/// # Errors
/// When a file cannot be read or anything in it is wrong; then nothing was imported.
pub async fn command(
    store: &Store,
    kind: Kind,
    files: &[impl AsRef<Path>],
    is_dry_run: bool,
) -> Result<String, ImportError> {
    let mut read = Vec::with_capacity(files.len());
    for path in files {
        let name = path.as_ref().display().to_string();
        match std::fs::read_to_string(path) {
            Ok(content) => read.push(File { name, content }),
            Err(cause) => return Err(ImportError::Unreadable { file: name, cause }),
        }
    }
    let actor = Actor::Command { name: args::operating_system_user() };
    Ok(run(store, actor, kind, &read, is_dry_run).await?.to_string())
}

/// Imports files in one transaction. A dry run does all of it but the commit.
///
/// # Errors
/// When anything in the files is wrong; then nothing was imported.
pub async fn run(
    store: &Store,
    actor: Actor,
    kind: Kind,
    files: &[File],
    is_dry_run: bool,
) -> Result<Report, ImportError> {
    let mut work = Work::begin(store, actor).await?;
    if kind == Kind::History {
        for file in files {
            history::import(&mut work, file).await?;
        }
        return work.finish(kind, names(files), is_dry_run).await;
    }
    let mut rows = Vec::new();
    for file in files {
        rows.extend(rows::read(&file.name, &file.content, &mut work.faults));
    }
    let sorted = sort(kind, rows, &mut work.faults);
    let of = |word: &str| sorted.get(word).map(Vec::as_slice).unwrap_or_default();
    // Owners must be there before what they own, and systems before the accounts on them.
    people::import(&mut work, of("person")).await?;
    catalogue::import(&mut work, of).await?;
    people::import_links(&mut work, of("person")).await?;
    grants::import(&mut work, of("grant")).await?;
    work.finish(kind, names(files), is_dry_run).await
}

fn names(files: &[File]) -> Vec<&str> {
    files.iter().map(|file| file.name.as_str()).collect()
}

/// Rows by what they are about.
fn sort(kind: Kind, rows: Vec<Row>, faults: &mut Faults) -> BTreeMap<String, Vec<Row>> {
    let mut sorted: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        let about = match kind {
            Kind::People => "person".to_owned(),
            Kind::Grants => "grant".to_owned(),
            _ => row.kind(),
        };
        if kind.accepts().contains(&about.as_str()) {
            sorted.entry(about).or_default().push(row);
        } else {
            let message = format!(
                "“{about}” is none of {}. Give the row a kind, or name the file after it, as systems.csv.",
                kind.accepts().join(", ")
            );
            faults.of_cell(&row, "kind", message);
        }
    }
    sorted
}

/// An import under way.
struct Work {
    tx: Tx,
    now: DateTime<Utc>,
    actor: Actor,
    faults: Faults,
    report: Report,
    people: BTreeMap<PersonId, Entry>,
    /// By lower-case address.
    by_email: HashMap<String, PersonId>,
    stock: Stock,
    events: usize,
    /// What the closing event says of each history.
    histories: Vec<serde_json::Value>,
}

impl Work {
    async fn begin(store: &Store, actor: Actor) -> Result<Self, ImportError> {
        let mut tx = store.begin().await?;
        directory::lock_imports(tx.conn()).await?;
        let people = directory::all(tx.conn()).await?;
        let by_email = people
            .iter()
            .filter_map(|entry| Some((entry.email.as_ref()?.to_lowercase(), entry.id)))
            .collect();
        let people = people.into_iter().map(|entry| (entry.id, entry)).collect();
        let stock = stock::read(tx.conn()).await?;
        let (faults, report) = (Faults::default(), Report::default());
        let now = tx.now;
        Ok(Self { tx, now, actor, faults, report, people, by_email, stock, events: 0, histories: Vec::new() })
    }

    /// An event of this import.
    fn event(&self, action: Action) -> NewEvent {
        NewEvent::new(self.actor.clone(), Source::of("command"), action)
    }

    async fn record(&mut self, event: NewEvent) -> Result<(), ImportError> {
        self.events += 1;
        self.tx.record(event).await?;
        Ok(())
    }

    fn find_person(&self, email: &str) -> Option<PersonId> {
        self.by_email.get(&email.trim().to_lowercase()).copied()
    }

    /// “ana@example.com”, or the name of somebody without an address.
    fn label(&self, id: PersonId) -> String {
        self.people
            .get(&id)
            .map(|entry| entry.email.clone().unwrap_or_else(|| entry.name.clone()))
            .unwrap_or_default()
    }

    async fn finish(mut self, kind: Kind, files: Vec<&str>, is_dry_run: bool) -> Result<Report, ImportError> {
        if !self.faults.is_empty() {
            return Err(ImportError::Faulty(self.faults));
        }
        self.report.is_dry_run = is_dry_run;
        if self.events > 0 && !is_dry_run {
            let action = match kind {
                Kind::People => Action::PeopleImported,
                Kind::Grants => Action::GrantsImported,
                Kind::Catalogue | Kind::All => Action::CatalogueImported,
                Kind::History => Action::HistoryImported,
                Kind::Events => Action::EventsImported,
            };
            let mut detail = serde_json::json!({ "files": files, "summary": self.report.summary() });
            if let Some(detail) = detail.as_object_mut().filter(|_| !self.histories.is_empty()) {
                detail.insert("histories".to_owned(), self.histories.clone().into());
            }
            let event = self.event(action).detail(detail);
            self.tx.commit(event).await?;
        }
        Ok(self.report)
    }
}

/// What differs between two things, by field: `{"name": {"before": "a", "after": "b"}}`.
fn differences(before: &impl serde::Serialize, after: &impl serde::Serialize) -> serde_json::Value {
    let object = |value: serde_json::Result<serde_json::Value>| match value {
        Ok(serde_json::Value::Object(object)) => object,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (object(serde_json::to_value(before)), object(serde_json::to_value(after)));
    let mut changed = serde_json::Map::new();
    for (field, after) in after {
        let before = before.get(&field).cloned().unwrap_or_default();
        if before != after {
            changed.insert(field, serde_json::json!({ "before": before, "after": after }));
        }
    }
    changed.into()
}
