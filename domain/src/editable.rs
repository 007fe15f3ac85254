//! What can be edited about the catalogue, and what an edit changes.

mod group;
mod system;

pub use group::{EntitlementLabel, GroupFacts};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
pub use system::SystemFacts;

use crate::catalogue::Sensitivity;
use crate::person::PersonRef;
use crate::span::Span;

/// Longest description or purpose, in characters.
pub const DESCRIPTION_MAX_CHARS: usize = 2_000;
/// Longest environment or tag, in characters.
pub const WORD_MAX_CHARS: usize = 40;
/// Longest name of an entitlement, in characters.
pub const ENTITLEMENT_NAME_MAX_CHARS: usize = 80;
/// So many tags fit on a resource.
pub const TAGS_MAX: usize = 30;

/// What an editor sees and changes of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceFacts {
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// May be empty.
    pub environment: String,
    /// How much harm wrong access can do.
    pub sensitivity: Sensitivity,
    /// By name.
    pub tags: Vec<String>,
    /// The longest access to anything on it; `None` is without a limit of its own.
    pub access_max: Option<Span>,
    /// Its active owners.
    pub owners: Vec<PersonRef>,
}

/// What an editor sees and changes of an entitlement, its policy included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitlementFacts {
    /// For people.
    pub name: String,
    /// May be empty.
    pub purpose: String,
    /// What it is called at the target.
    pub target: Option<String>,
    /// The longest access; `None` is without a limit of its own.
    pub access_max: Option<Span>,
    /// How long a request waits for its decision.
    pub pending_for: Span,
    /// Whether whoever asks must say why.
    pub rationale_required: bool,
    /// Its active owners.
    pub owners: Vec<PersonRef>,
}

/// What a change is about: it chooses the event that tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// What people read about it.
    Description,
    /// Who owns it.
    Owners,
    /// The rules of asking for it.
    Policy,
}

/// One field that an edit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field, as events name it.
    pub field: &'static str,
    /// The field, as people name it.
    pub label: &'static str,
    /// What it is about.
    pub concern: Concern,
    /// The value that stood there.
    pub before: Value,
    /// The value that is to stand there.
    pub after: Value,
}

impl Change {
    /// “longest access: 8 hours → 4 hours”.
    pub fn words(&self) -> String {
        format!("{}: {} → {}", self.label, words(self.field, &self.before), words(self.field, &self.after))
    }
}

/// `before` and `after` of just what changed, for an event; `None` where nothing of these concerns did.
pub fn detail(changes: &[Change], concerns: &[Concern]) -> Option<Value> {
    let (mut before, mut after) = (Map::new(), Map::new());
    for change in changes.iter().filter(|change| concerns.contains(&change.concern)) {
        before.insert(change.field.to_owned(), change.before.clone());
        after.insert(change.field.to_owned(), change.after.clone());
    }
    (!before.is_empty()).then(|| json!({ "before": before, "after": after }))
}

/// Facts that can be compared with themselves at another time.
pub trait Facts: Serialize + DeserializeOwned {
    /// What is different in `after`.
    fn changes(&self, after: &Self) -> Vec<Change>;

    /// The facts as a form carries them along, to tell whether they stood so when it was opened.
    fn version(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What has changed since a form was opened with `version`; `None` where that is not readable.
    fn changed_since(&self, version: &str) -> Option<Vec<Change>> {
        Some(serde_json::from_str::<Self>(version).ok()?.changes(self))
    }
}

impl Facts for ResourceFacts {
    fn changes(&self, after: &Self) -> Vec<Change> {
        use Concern::{Description, Owners, Policy};
        let mut all = Changes::default();
        all.note("name", "name", Description, &self.name, &after.name);
        all.note("description", "description", Description, &self.description, &after.description);
        all.note("environment", "environment", Description, &self.environment, &after.environment);
        all.note("tags", "tags", Description, &self.tags, &after.tags);
        all.note("sensitivity", "sensitivity", Policy, self.sensitivity, after.sensitivity);
        all.note("access_max_seconds", "longest access", Policy, self.access_max, after.access_max);
        all.note_owners(Owners, &self.owners, &after.owners);
        all.0
    }
}

impl Facts for EntitlementFacts {
    fn changes(&self, after: &Self) -> Vec<Change> {
        use Concern::{Description, Owners, Policy};
        let mut all = Changes::default();
        all.note("name", "name", Description, &self.name, &after.name);
        all.note("purpose", "purpose", Description, &self.purpose, &after.purpose);
        all.note("target", "name at the target", Description, &self.target, &after.target);
        all.note("access_max_seconds", "longest access", Policy, self.access_max, after.access_max);
        all.note("pending_seconds", "time to decide", Policy, self.pending_for, after.pending_for);
        let (was, is) = (self.rationale_required, after.rationale_required);
        all.note("rationale_required", "reason required", Policy, was, is);
        all.note_owners(Owners, &self.owners, &after.owners);
        all.0
    }
}

#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn note<T: Serialize + PartialEq>(
        &mut self,
        field: &'static str,
        label: &'static str,
        concern: Concern,
        before: T,
        after: T,
    ) {
        if before != after {
            self.0.push(Change { field, label, concern, before: json!(before), after: json!(after) });
        }
    }

    /// A person whose name alone has changed is the same owner.
    fn note_owners(&mut self, concern: Concern, before: &[PersonRef], after: &[PersonRef]) {
        if !is_subset(before, after) || !is_subset(after, before) {
            let (before, after) = (json!(before), json!(after));
            self.0.push(Change { field: "owners", label: "owners", concern, before, after });
        }
    }
}

fn is_subset(some: &[PersonRef], all: &[PersonRef]) -> bool {
    some.iter().all(|one| all.iter().any(|other| other.id == one.id))
}

/// A value as people read it.
fn words(field: &str, value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) if field.ends_with("_seconds") => {
            number.as_i64().and_then(Span::from_seconds).map_or_else(|| number.to_string(), |s| s.to_string())
        }
        Value::String(text) if text.is_empty() => "nothing".to_owned(),
        Value::String(text) => format!("“{text}”"),
        Value::Array(all) if all.is_empty() => "none".to_owned(),
        Value::Array(all) => {
            let names: Vec<&str> = all
                .iter()
                .filter_map(|one| {
                    one.as_str().or_else(|| one.get("name").or_else(|| one.get("label"))?.as_str())
                })
                .collect();
            names.join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PersonId;
    use uuid::Uuid;

    fn person(n: u128, name: &str) -> PersonRef {
        PersonRef { id: PersonId(Uuid::from_u128(n)), name: name.to_owned() }
    }

    fn facts() -> ResourceFacts {
        ResourceFacts {
            name: "payments-prod".into(),
            description: String::new(),
            environment: "production".into(),
            sensitivity: Sensitivity::High,
            tags: vec!["pci".into()],
            access_max: Some(Span::hours(8)),
            owners: vec![person(1, "Ana Ruiz"), person(2, "Ben Okafor")],
        }
    }

    #[test]
    fn an_edit_tells_just_what_it_changes() {
        let after =
            ResourceFacts { description: "Payouts.".into(), access_max: Some(Span::hours(4)), ..facts() };
        let changes = facts().changes(&after);
        let words: Vec<String> = changes.iter().map(Change::words).collect();
        assert_eq!(words, ["description: nothing → “Payouts.”", "longest access: 8 hours → 4 hours"]);
        assert_eq!(
            detail(&changes, &[Concern::Policy]),
            Some(
                json!({ "before": { "access_max_seconds": 28_800 }, "after": { "access_max_seconds": 14_400 } })
            )
        );
        assert_eq!(detail(&changes, &[Concern::Owners]), None);
    }

    #[test]
    fn owners_are_the_same_people_in_any_order_and_under_any_name() {
        let after =
            ResourceFacts { owners: vec![person(2, "Ben Okafor-Lee"), person(1, "Ana Ruiz")], ..facts() };
        assert_eq!(facts().changes(&after), []);
        let fewer = ResourceFacts { owners: vec![person(1, "Ana Ruiz")], ..facts() };
        let words: Vec<String> = facts().changes(&fewer).iter().map(Change::words).collect();
        assert_eq!(words, ["owners: Ana Ruiz, Ben Okafor → Ana Ruiz"]);
    }

    #[test]
    fn a_form_that_was_opened_before_a_change_knows_it() {
        let opened = facts().version();
        assert_eq!(facts().changed_since(&opened), Some(Vec::new()));
        let now = ResourceFacts { name: "payments".into(), ..facts() };
        assert_eq!(now.changed_since(&opened).map(|changes| changes.len()), Some(1));
        assert_eq!(now.changed_since("{}"), None);
    }
}
