//! Small samples made here, and everything that can be wrong with them. `real` runs over logs that others wrote.

mod hostile;
mod ocsf_samples;
mod postgresql_samples;
mod read;
mod real;

use chrono::{DateTime, Utc};
use domain::usage::OutsideEvent;
use serde_json::Value;

use super::{Format, Reading, named};

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().expect("a time")
}

fn format(name: &str) -> &'static dyn Format {
    named(name).unwrap_or_else(|| panic!("there is no format {name}"))
}

/// The one event of a record.
fn one(name: &str, record: Value) -> OutsideEvent {
    match super::read(format(name), record, now()).expect("readable") {
        Reading::Events(mut events) if events.len() == 1 => events.remove(0),
        other => panic!("not one event: {other:?}"),
    }
}
