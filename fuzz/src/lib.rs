//! What is asked of whatever comes in, however mad it is. A broken promise is a panic, which the fuzzer reports.
//!
//! Formats and cursors are modules of the server, taken in as they are: the whole server takes ten times as long to
//! build with the fuzzer's instruments, and nothing here needs it.

#[path = "../../server/src/portal/cursor.rs"]
mod cursor_text;
#[path = "../../server/src/formats/mod.rs"]
mod formats;

use chrono::{DateTime, Utc};
use domain::audit::query::{self, Context, FormQuery};
use domain::usage::UsageFault;
use formats::mapping::Mapping;
use formats::split::Records;
use formats::{Format, Layout, Reading};
use serde_json::Value;

/// Largest text that a page's address or a settings file would hold anyway; longer ones only take time.
const TEXT_MAX_BYTES: usize = 8 * 1024;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_428_000, 0).expect("a time")
}

fn context() -> Context {
    Context { now: now(), zone: chrono_tz::Europe::Oslo }
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok().filter(|text| text.len() <= TEXT_MAX_BYTES)
}

/// A file of this format: every record becomes events within the bounds, is skipped, or is refused with its field.
pub fn format(name: &str, data: &[u8]) {
    let format = formats::named(name).expect("a format of this name");
    for (_, record) in Records::new(data, format.layout()) {
        if let Ok(record) = record {
            one(format, record);
        }
    }
}

/// A file of no format that anybody named.
pub fn recognised(data: &[u8]) {
    for (_, record) in Records::new(data, Layout::Json) {
        let Ok(record) = record else { continue };
        if let Some(format) = formats::recognise(&record) {
            one(format, record);
        }
    }
}

fn one(format: &dyn Format, record: Value) {
    let again = record.clone();
    let reading = formats::read(format, record, now());
    match &reading {
        Ok(Reading::Events(events)) => {
            assert!(!events.is_empty(), "neither events nor a reason");
            for event in events {
                match event.clone().checked(now()) {
                    Ok(event) => assert!(!event.external_id.is_empty()),
                    Err(error) => {
                        assert!(!error.field.is_empty());
                        let is_cut = !format.is_strict() && matches!(error.fault, UsageFault::Text(_));
                        assert!(!is_cut, "a foreign log was to be shortened: {error}");
                    }
                }
            }
        }
        Ok(Reading::Skipped(reason)) => assert!(!reason.is_empty()),
        Err(error) => assert!(!error.field.is_empty()),
    }
    // What is sent again must be known again.
    assert_eq!(reading, formats::read(format, again, now()));
}

/// A mapping that somebody wrote, and a record for it.
pub fn mapping(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(mapping) = Mapping::parse(text) else { return };
    for record in [
        serde_json::json!({ "id": "1", "line": "Nov 23 10:00:00 web sshd[1]: Accepted for ada", "events": [{}, {}] }),
        serde_json::json!({ "uuid": "1", "published": "2026-11-23T10:00:00Z", "actor": { "type": "user" } }),
    ] {
        one(&mapping, record);
    }
}

/// A query: read, or refused at a place within it; and what is read is written so that it is read the same.
pub fn query(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let chars = text.chars().count();
    for cursor in [0, chars / 2, chars] {
        let offered = query::complete(text, cursor);
        assert!(offered.replace.start <= offered.replace.end && offered.replace.end <= chars);
    }
    match query::parse(text, &context()) {
        Ok(parsed) => {
            for written in [parsed.to_text(), parsed.as_written()] {
                let again = query::parse(&written, &context());
                assert_eq!(again.as_ref(), Ok(&parsed), "{written}");
            }
            if let Some(form) = FormQuery::from_query(&parsed, &context()) {
                form.to_query(&context()).expect("a form that a query filled");
            }
        }
        Err(error) => {
            assert!(error.at.start <= error.at.end && error.at.end <= chars, "{error:?} of {chars}");
            assert!(!error.message.is_empty());
        }
    }
}

/// A cursor: of what is read, exactly this is written.
pub fn cursor(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some((at, id)) = cursor_text::read::<uuid::Uuid>(text) {
        assert_eq!(cursor_text::read(&cursor_text::write(at, id)), Some((at, id)));
    }
}
