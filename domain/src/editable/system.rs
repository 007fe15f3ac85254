//! What can be edited about a system.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Concern::{Description, Owners, Policy};
use super::{Change, Changes, Facts};
use crate::person::PersonRef;
use crate::span::Span;

/// What an editor sees and changes of a system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemFacts {
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Which connector opens and closes access there; `manual` is none.
    pub connector: String,
    /// Addresses and references to secrets, never the secrets; an object.
    pub settings: Value,
    /// The longest access to anything on it; `None` is without a limit.
    pub access_max: Option<Span>,
    /// Its active owners.
    pub owners: Vec<PersonRef>,
}

impl SystemFacts {
    /// A setting by its name; empty where it is missing.
    pub fn setting(&self, name: &str) -> &str {
        self.settings.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The settings that no form has a field for.
    fn others(&self) -> Vec<(&String, &Value)> {
        let all = self.settings.as_object().into_iter().flatten();
        all.filter(|(name, _)| !matches!(name.as_str(), "url" | "password" | "log")).collect()
    }
}

impl Facts for SystemFacts {
    fn changes(&self, after: &Self) -> Vec<Change> {
        let mut all = Changes::default();
        all.note("name", "name", Description, &self.name, &after.name);
        all.note("description", "description", Description, &self.description, &after.description);
        all.note("connector", "connector", Policy, &self.connector, &after.connector);
        all.note("url", "address", Policy, self.setting("url"), after.setting("url"));
        let (was, is) = (self.setting("password"), after.setting("password"));
        all.note("password_reference", "reference to the password", Policy, was, is);
        all.note("log", "folder of its log", Policy, self.setting("log"), after.setting("log"));
        all.note("connector_settings", "other settings", Policy, self.others(), after.others());
        all.note("access_max_seconds", "longest access", Policy, self.access_max, after.access_max);
        all.note_owners(Owners, &self.owners, &after.owners);
        all.0
    }
}
