//! What the detail of an event says, as a list that people can read. What does not fit into it stays in the
//! JSON, where all of it stands.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::request::Window;
use crate::span::Span;

use super::Action;

/// Lengths of time, which stand in the book in seconds.
const SPANS: [&str; 2] = ["access_max", "pending_for"];

/// One fact of a detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is.
    pub name: String,
    /// What it says.
    pub fact: Fact,
}

/// What a fact says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Words.
    Words(String),
    /// A moment.
    Moment(DateTime<Utc>),
    /// When access was asked for or given.
    Window(Window),
    /// Something that was different before; `None` is “nothing”.
    Change(Option<String>, Option<String>),
}

/// The facts of a detail, changes last.
pub fn told(detail: &Value) -> Vec<Told> {
    let Some(all) = detail.as_object() else { return Vec::new() };
    let plain = all.iter().filter(|(key, _)| !matches!(key.as_str(), "before" | "after"));
    let mut facts: Vec<Told> =
        plain.filter_map(|(key, value)| Some(Told { name: name(key), fact: fact(key, value)? })).collect();
    facts.extend(changes(all));
    facts
}

fn fact(key: &str, value: &Value) -> Option<Fact> {
    if matches!(key, "asked" | "given" | "window") {
        return serde_json::from_value(value.clone()).ok().map(Fact::Window);
    }
    match value {
        // An id that is there says that there is one; its number says nothing to people.
        Value::String(text) if is_id(text) => {
            (key == "renews").then(|| Fact::Words("running access".to_owned()))
        }
        Value::String(text) => match text.parse() {
            Ok(at) => Some(Fact::Moment(at)),
            Err(_) => words(key, value).map(Fact::Words),
        },
        _ => words(key, value).map(Fact::Words),
    }
}

/// A value in words; `None` for nothing, and for what is too deep to be put into words.
fn words(key: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() || is_id(text) => None,
        Value::String(text) if key == "tried" => {
            Some(Action::parse(text).map_or_else(|| text.clone(), Action::label))
        }
        Value::String(text) if matches!(key, "known" | "cause") => Some(text.replace('_', " ")),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if key.ends_with("_seconds") || SPANS.contains(&key) => {
            number.as_i64().and_then(Span::from_seconds).map(|span| span.to_string())
        }
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => Some(if *is_so { "yes" } else { "no" }.to_owned()),
        Value::Array(all) => {
            let all: Option<Vec<String>> = all.iter().map(|one| words(key, one)).collect();
            all.filter(|all| !all.is_empty()).map(|all| all.join(", "))
        }
        Value::Object(all) => {
            let all: Vec<String> = all
                .iter()
                .filter_map(|(key, value)| {
                    Some(format!("{} {}", name(key).to_lowercase(), words(key, value)?))
                })
                .collect();
            (!all.is_empty()).then(|| all.join(", "))
        }
        Value::Null => None,
    }
}

/// What stands under `before` and `after`, field by field.
fn changes(all: &Map<String, Value>) -> Vec<Told> {
    let nothing = Value::Null;
    let (before, after) = (all.get("before").unwrap_or(&nothing), all.get("after").unwrap_or(&nothing));
    let empty = Map::new();
    let (Some(old), Some(new)) = (fields(before, &empty), fields(after, &empty)) else {
        let change = Fact::Change(words("", before), words("", after));
        let is_told = change != Fact::Change(None, None);
        return is_told.then(|| Told { name: "Changed".to_owned(), fact: change }).into_iter().collect();
    };
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let side = |side: &Map<String, Value>| side.get(key).and_then(|value| words(key, value));
            let (old, new) = (side(old), side(new));
            if old == new {
                return None;
            }
            // Where nothing stood before, nothing was changed: this is how it began.
            let fact = match new {
                Some(new) if before.is_null() => Fact::Words(new),
                new => Fact::Change(old, new),
            };
            Some(Told { name: name(key), fact })
        })
        .collect()
}

fn fields<'a>(value: &'a Value, empty: &'a Map<String, Value>) -> Option<&'a Map<String, Value>> {
    if value.is_null() { Some(empty) } else { value.as_object() }
}

/// What a key is called; one that is not known here reads as it is written.
fn name(key: &str) -> String {
    let known = match key {
        "asked" => "Asked for",
        "given" => "Given",
        "window" => "To be held",
        "decide_by" => "Decide by",
        "renews" => "Renews",
        "by_hand" => "Opened by hand",
        "until" => "Until",
        "known" => "Closing known by",
        "tried" => "Tried",
        "query" => "Looked for",
        "next_try_at" => "Next try",
        "taken_away" => "Access taken away",
        "denied" => "Requests denied",
        "proposed_by" => "Proposed by",
        "decided_by" => "Decided by",
        "access_max_seconds" | "access_max" => "Longest access",
        "pending_seconds" | "pending_for" => "Time to decide",
        "version" => "Policy version",
        "rationale_required" => "Reason needed",
        _ => {
            let words = key.replace('_', " ");
            let mut letters = words.chars();
            return letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect())
                .unwrap_or_default();
        }
    };
    known.to_owned()
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.parse::<uuid::Uuid>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Term;
    use serde_json::json;

    fn read(detail: &Value) -> Vec<(String, Fact)> {
        told(detail).into_iter().map(|told| (told.name, told.fact)).collect()
    }

    #[test]
    fn a_request_reads_as_what_was_asked_for() {
        let asked = Window { start_at: None, term: Term::Lasting(Span::hours(4)) };
        let id = "01900000-0000-7000-8000-000000000000";
        let detail =
            json!({ "asked": asked, "ticket": "OPS-1", "decide_by": "2026-11-27T18:00:00Z", "renews": id });
        let words = |text: &str| Fact::Words(text.to_owned());
        assert_eq!(
            read(&detail),
            [
                ("Asked for".to_owned(), Fact::Window(asked)),
                ("Decide by".to_owned(), Fact::Moment("2026-11-27T18:00:00Z".parse().expect("a time"))),
                ("Renews".to_owned(), words("running access")),
                ("Ticket".to_owned(), words("OPS-1")),
            ]
        );
    }

    #[test]
    fn a_change_says_before_and_after_field_by_field() {
        let detail = json!({
            "before": { "access_max_seconds": 28800, "purpose": "a", "same": 1 },
            "after": { "access_max_seconds": 3600, "purpose": null, "same": 1 },
        });
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read(&detail),
            [
                ("Longest access".to_owned(), Fact::Change(some("8 hours"), some("1 hour"))),
                ("Purpose".to_owned(), Fact::Change(some("a"), None)),
            ]
        );
        let made = read(&json!({ "before": null, "after": { "pending_for": 259_200 } }));
        assert_eq!(made, [("Time to decide".to_owned(), Fact::Words("3 days".to_owned()))]);
        let owners = read(&json!({ "before": ["Ana Ruiz"], "after": ["Ana Ruiz", "Ben Okafor"] }));
        let both = Fact::Change(some("Ana Ruiz"), some("Ana Ruiz, Ben Okafor"));
        assert_eq!(owners, [("Changed".to_owned(), both)]);
    }

    #[test]
    fn what_nobody_can_read_is_left_to_the_json() {
        let id = "01900000-0000-7000-8000-000000000000";
        assert_eq!(read(&json!({ "proposal": id, "asked": { "odd": true }, "empty": "", "none": null })), []);
        assert_eq!(read(&json!("text")), []);
        let tried = read(&json!({ "tried": "request.approved" }));
        assert_eq!(tried, [("Tried".to_owned(), Fact::Words("Approved a request".to_owned()))]);
    }
}
