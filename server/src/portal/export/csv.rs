//! An export as CSV (RFC 4180), with nothing in it that a spreadsheet would run.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use domain::audit::Event;
use serde_json::json;

use super::Part;

const COLUMNS: [&str; 24] = [
    // `export`, `event` or `end`.
    "record",
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

/// What takes a cell for text, and what spreadsheets take for the start of a formula (OWASP, CSV injection).
const ESCAPED: [char; 7] = ['\'', '=', '+', '-', '@', '\t', '\r'];

/// A cell as it is written: one that begins with an apostrophe or with what begins a formula gets an apostrophe in
/// front.
pub fn inert(text: &str) -> Cow<'_, str> {
    if text.starts_with(ESCAPED) { format!("'{text}").into() } else { text.into() }
}

/// What a written cell says: without its first apostrophe. The inverse of [`inert`].
pub fn typed(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

pub(super) fn write(part: &Part<'_>) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let mut row = |record: &str, event: &Event| {
        writer.write_record(cells(record, event).iter().map(|cell| inert(cell).into_owned()))
    };
    match part {
        Part::Begin(own) => row("export", own)?,
        Part::Events(events) => events.iter().try_for_each(|event| row("event", event))?,
        Part::End(own, events) => {
            let mut end = (*own).clone();
            if let Some(detail) = end.detail.as_object_mut() {
                detail.insert("events".to_owned(), json!(events));
            }
            row("end", &end)?;
        }
    }
    let rows = writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
    if matches!(part, Part::Begin(_)) {
        return Ok([format!("{}\r\n", COLUMNS.join(",")).into_bytes(), rows].concat());
    }
    Ok(rows)
}

fn cells(record: &str, event: &Event) -> [String; 24] {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let about = &event.resource;
    [
        record.to_owned(),
        event.id.to_string(),
        event.occurred_at.to_rfc3339(),
        event.recorded_at.to_rfc3339(),
        event.actor.kind().to_owned(),
        id(event.actor.id().map(Into::into)),
        event.actor.name().to_owned(),
        event.action.clone(),
        event.outcome.as_str().to_owned(),
        id(event.subject.as_ref().map(|s| s.id.into())),
        event.subject.as_ref().map_or_else(String::new, |s| s.name.clone()),
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
        event.detail.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_typed_becomes_a_formula_and_all_of_it_can_be_read_back() {
        for (text, written) in [
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@cmd", "'@cmd"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("plain = text", "plain = text"),
            ("", ""),
            ("'", "''"),
            ("'=1", "''=1"),
            ("'quoted'", "''quoted'"),
            ("''", "'''"),
        ] {
            assert_eq!(inert(text), written);
            assert_eq!(typed(&inert(text)), text);
            assert!(!inert(text).starts_with(['=', '+', '-', '@', '\t', '\r']));
        }
    }
}
