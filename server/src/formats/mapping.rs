//! Formats as data: a TOML file says which field of ours is where in a record of theirs. `docs/formats.md` has the
//! language with an example.

mod expression;
mod file;
mod pattern;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::audit::Outcome;
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget, UsageError, UsageFault};
use serde_json::Value;
use thiserror::Error;

use super::time::{self, Unit};
use super::{Draft, Format, Found, Layout, pick};
use expression::{Condition, Field, Rule, TimeForm};
use pattern::Pattern;

/// The mappings that come with the product.
const EMBEDDED: [&str; 6] = [
    include_str!("mappings/okta.toml"),
    include_str!("mappings/google_workspace.toml"),
    include_str!("mappings/google_cloud.toml"),
    include_str!("mappings/slack.toml"),
    include_str!("mappings/onepassword.toml"),
    include_str!("mappings/sshd.toml"),
];

/// Most events in one record.
const EACH_MAX: usize = 100;

/// Why a mapping was refused; names the key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MappingError {
    /// Not TOML, or a key or value that there is not. The text shows the line.
    #[error("{0}")]
    Toml(String),
    /// A key whose value means nothing.
    #[error("{key}: {reason}")]
    Key {
        /// `rule 3: action`
        key: String,
        /// In a sentence.
        reason: String,
    },
}

/// A format that a file describes.
#[derive(Debug)]
pub struct Mapping {
    name: String,
    title: String,
    /// For lines: what cuts them into fields; the first that fits.
    lines: Option<Vec<Pattern>>,
    zone: Tz,
    /// Any of these, all of each.
    recognise: Vec<Vec<Condition>>,
    /// An array of which every element is an event.
    each: Option<String>,
    time: Vec<(String, TimeForm)>,
    fields: Rule,
    rules: Vec<Rule>,
}

/// The mappings that come with the product.
pub(super) fn embedded() -> impl Iterator<Item = Mapping> {
    // One that is wrong fails its test; there is nobody to tell at run time.
    EMBEDDED.iter().filter_map(|text| Mapping::parse(text).ok())
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Names the key that is wrong.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        file::parse(text)
    }

    /// A line's fields beside the line itself.
    fn cut(&self, mut record: Value) -> Value {
        let Some(patterns) = &self.lines else { return record };
        let captured = record
            .get("line")
            .and_then(Value::as_str)
            .and_then(|line| patterns.iter().find_map(|pattern| pattern.captures(line)));
        if let (Some(captured), Value::Object(fields)) = (captured, &mut record) {
            fields.extend(captured);
        }
        record
    }

    /// How many elements have an event each; more are refused before they are copied.
    fn check_count(&self, record: &Value) -> Result<(), UsageError> {
        let Some(pointer) = &self.each else { return Ok(()) };
        match pick::at(record, pointer).and_then(Value::as_array).map(Vec::len) {
            Some(count) if count > EACH_MAX => {
                let sentence =
                    format!("There are {count} events in this one record; at most {EACH_MAX} fit.");
                Err(UsageError::new(pointer.trim_start_matches('/'), UsageFault::Other(sentence)))
            }
            _ => Ok(()),
        }
    }

    /// The views that rules look at: the record, or one for each element of its array, which stands at `/each`.
    fn views(&self, record: &Value) -> Vec<Value> {
        let elements =
            self.each.as_ref().and_then(|pointer| pick::at(record, pointer)).and_then(Value::as_array);
        match elements {
            Some(elements) if !elements.is_empty() => elements
                .iter()
                .map(|element| {
                    let mut view = record.clone();
                    if let Value::Object(fields) = &mut view {
                        fields.insert("each".to_owned(), element.clone());
                    }
                    view
                })
                .collect(),
            _ => vec![record.clone()],
        }
    }

    fn draft(&self, view: &Value, rule: Option<&Rule>, now: DateTime<Utc>) -> Result<Draft, UsageError> {
        let find = |field: Field| {
            rule.and_then(|rule| rule.get(field))
                .and_then(|expression| expression.text(view))
                .or_else(|| self.fields.get(field).and_then(|expression| expression.text(view)))
        };
        let kind = find(Field::ActorKind).unwrap_or_default();
        let action = find(Field::Action);
        let draft = Draft::default();
        Ok(Draft {
            time: self.occurred_at(view, now)?,
            action: action.unwrap_or(draft.action),
            outcome: match find(Field::Outcome) {
                Some(word) => Outcome::parse(&word).ok_or_else(|| {
                    UsageError::new(
                        "outcome",
                        UsageFault::Other(format!("The mapping {} makes “{word}” of it.", self.name)),
                    )
                })?,
                None => Outcome::Success,
            },
            actor: OutsideActor {
                kind: [OutsideKind::Person, OutsideKind::Machine]
                    .into_iter()
                    .find(|known| known.as_str() == kind)
                    .unwrap_or_default(),
                name: find(Field::ActorName).unwrap_or_default(),
                email: super::draft::email(find(Field::ActorEmail).as_deref()),
                account: find(Field::ActorAccount),
                subject: find(Field::ActorSubject),
            },
            target: OutsideTarget {
                system: find(Field::System),
                resource: find(Field::Resource),
                entitlement: find(Field::Entitlement),
            },
            ip: find(Field::Ip),
            user_agent: find(Field::UserAgent),
            operation: find(Field::Operation),
            reason: find(Field::Reason),
        })
    }

    fn occurred_at(&self, view: &Value, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, UsageError> {
        let mut wrong = None;
        for (pointer, form) in &self.time {
            let Some(value) = pick::at(view, pointer) else { continue };
            let found = match form {
                TimeForm::Any => time::in_zone(view, pointer, self.zone),
                TimeForm::Syslog => {
                    let text = value.as_str().unwrap_or_default();
                    let time = time::syslog(text, self.zone, now).or_else(|| time::rfc3339(text));
                    time.map(Some).ok_or_else(|| time::refused(pointer, value))
                }
                TimeForm::Seconds => time::since_1970_in(view, pointer, Unit::Seconds),
                TimeForm::Millis => time::since_1970_in(view, pointer, Unit::Millis),
            };
            match found {
                Ok(Some(time)) => return Ok(Some(time)),
                Ok(None) => {}
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        wrong.map_or(Ok(None), Err)
    }
}

impl Format for Mapping {
    fn name(&self) -> &str {
        &self.name
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn layout(&self) -> Layout {
        if self.lines.is_some() { Layout::Lines } else { Layout::Json }
    }

    fn recognises(&self, record: &Value) -> bool {
        let holds = |record: &Value| self.recognise.iter().any(|all| all.iter().all(|one| one.holds(record)));
        if self.lines.is_none() {
            return holds(record);
        }
        record.get("line").is_some_and(Value::is_string) && holds(&self.cut(record.clone()))
    }

    fn id(&self, record: &Value) -> Option<String> {
        self.fields.get(Field::Id).and_then(|expression| expression.text(record))
    }

    fn read(&self, record: &Value, now: DateTime<Utc>) -> Result<Found, UsageError> {
        let record = self.cut(record.clone());
        self.check_count(&record)?;
        let mut drafts = Vec::new();
        let mut skipped = None;
        for mut view in self.views(&record) {
            let rule = self.rules.iter().find(|rule| rule.applies(&mut view));
            match rule.and_then(|rule| rule.skip.clone()) {
                Some(reason) => skipped = Some(reason),
                None => drafts.push(self.draft(&view, rule, now)?),
            }
        }
        match skipped {
            Some(reason) if drafts.is_empty() => Ok(Found::Skipped(reason.into())),
            _ => Ok(Found::Events(drafts)),
        }
    }
}

#[cfg(test)]
mod tests;
