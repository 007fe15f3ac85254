//! The log formats of other systems, each read into [`OutsideEvent`]s. Pure: no database, no network, no clock.
//!
//! To add one in code: a file, and a line in [`all`]. To add one without code: a file in `mappings/` (see
//! `docs/formats.md`).
//!
//! *Invariant:* a record becomes events, or is skipped for a reason that is said, or refused with the field that is
//! wrong. It is never dropped.
//! *Invariant:* formats see a record only after its secrets were taken out ([`scrub`]); what they derive holds none.

mod cloudtrail;
mod draft;
mod github;
pub mod github_webhook;
mod kubernetes;
pub mod mapping;
mod native;
mod ocsf;
mod pgaudit;
mod pick;
mod postgresql;
pub mod split;
mod time;
mod verbs;

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use domain::usage::{self, OutsideEvent, UsageError, UsageFault, scrub};
use serde_json::Value;

pub use draft::Draft;

/// How the files of a format are cut into records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One object, an array, an object around an array, or one object a line.
    Json,
    /// One record a line; it comes as `{"line": "…"}`.
    Lines,
    /// JSON, or PostgreSQL's CSV, whose columns get the names that its JSON has.
    PostgreSql,
}

/// What a format finds in a record.
#[derive(Debug)]
pub enum Found {
    /// Mostly one; some sources put several into one record.
    Events(Vec<Draft>),
    /// Nothing about access, for this reason.
    Skipped(Cow<'static, str>),
}

/// What a record came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// At least one.
    Events(Vec<OutsideEvent>),
    /// Not about access: why.
    Skipped(Cow<'static, str>),
}

/// One log format.
pub trait Format: Send + Sync {
    /// What it is called in settings and on the command line.
    fn name(&self) -> &str;

    /// What people call it.
    fn title(&self) -> &str;

    /// How its files are cut.
    fn layout(&self) -> Layout {
        Layout::Json
    }

    /// Whether this record can only be of this format.
    fn recognises(&self, record: &Value) -> bool;

    /// The record out of what transports wrap around it.
    fn open(&self, record: Value) -> Value {
        record
    }

    /// What the source itself calls the record, unique there. `None`: it is known by its content.
    fn id(&self, record: &Value) -> Option<String>;

    /// What the record says. It comes without its secrets; times that need a year take it from `now`.
    ///
    /// # Errors
    /// Names the field that cannot be read.
    fn read(&self, record: &Value, now: DateTime<Utc>) -> Result<Found, UsageError>;

    /// Whether what does not fit is refused. Else it is shortened: who keeps a foreign log cannot change it, and the
    /// original has the whole.
    fn is_strict(&self) -> bool {
        false
    }
}

/// Every format that comes with the product, the ones with the surest marks first.
pub fn all() -> &'static [Box<dyn Format>] {
    static ALL: LazyLock<Vec<Box<dyn Format>>> = LazyLock::new(|| {
        let mut all: Vec<Box<dyn Format>> = vec![
            Box::new(native::Native),
            Box::new(ocsf::Ocsf),
            Box::new(cloudtrail::CloudTrail),
            Box::new(kubernetes::Kubernetes),
            Box::new(postgresql::PostgreSql),
            Box::new(github_webhook::GithubWebhook),
        ];
        all.extend(mapping::embedded().map(|mapping| Box::new(mapping) as Box<dyn Format>));
        // Last: an action and a time are all that it asks for.
        all.push(Box::new(github::Github));
        all
    });
    &ALL
}

/// The format of this name.
pub fn named(name: &str) -> Option<&'static dyn Format> {
    all().iter().map(AsRef::as_ref).find(|format| format.name() == name)
}

/// The format of this name, or a sentence with the names that there are.
///
/// # Errors
/// When there is no such format.
pub fn find(name: &str) -> Result<&'static dyn Format, String> {
    named(name).ok_or_else(|| {
        let known: Vec<&str> = all().iter().map(|format| format.name()).collect();
        format!("There is no format “{name}”. There are {}.", known.join(", "))
    })
}

/// Reads one record of this format; without one, of whichever knows it for its own.
///
/// # Errors
/// When none does, or names the first field that is wrong.
pub fn read_as(
    format: Option<&dyn Format>,
    record: Value,
    now: DateTime<Utc>,
) -> Result<Reading, UsageError> {
    let format = format.or_else(|| recognise(&record)).ok_or_else(|| {
        UsageError::new("record", UsageFault::Other("No format knows this record.".to_owned()))
    })?;
    read(format, record, now)
}

/// The first format that knows this record for its own.
pub fn recognise(record: &Value) -> Option<&'static dyn Format> {
    all().iter().map(AsRef::as_ref).find(|format| format.recognises(record))
}

/// Reads one record.
///
/// # Errors
/// Names the first field that is wrong.
pub fn read(format: &dyn Format, record: Value, now: DateTime<Utc>) -> Result<Reading, UsageError> {
    let record = format.open(record);
    if format.is_strict() {
        usage::check_original(&record)?;
    }
    let id = format.id(&record);
    let record = scrub::kept(record);
    match format.read(&record, now)? {
        Found::Skipped(reason) => Ok(Reading::Skipped(reason)),
        Found::Events(drafts) => {
            draft::finish(drafts, id, record, now, format.is_strict()).map(Reading::Events)
        }
    }
}

#[cfg(test)]
mod tests;
