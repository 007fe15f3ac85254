//! What can be edited about a bundle or a job role.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Concern::Description;
use super::{Change, Changes, Facts};
use crate::id::EntitlementId;

/// An entitlement where only which one it is matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitlementLabel {
    /// Which.
    pub id: EntitlementId,
    /// “payments-prod/read”, as import files write it.
    pub label: String,
}

/// What an editor sees and changes of several entitlements under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// For people.
    pub name: String,
    /// May be empty.
    pub description: String,
    /// What is in it and still exists, by label.
    pub entitlements: Vec<EntitlementLabel>,
}

impl Facts for GroupFacts {
    fn changes(&self, after: &Self) -> Vec<Change> {
        let mut all = Changes::default();
        all.note("name", "name", Description, &self.name, &after.name);
        all.note("description", "description", Description, &self.description, &after.description);
        if !is_subset(&self.entitlements, &after.entitlements)
            || !is_subset(&after.entitlements, &self.entitlements)
        {
            let labels = |all: &[EntitlementLabel]| {
                json!(all.iter().map(|one| one.label.as_str()).collect::<Vec<_>>())
            };
            all.0.push(Change {
                field: "entitlements",
                label: "entitlements",
                concern: Description,
                before: labels(&self.entitlements),
                after: labels(&after.entitlements),
            });
        }
        all.0
    }
}

fn is_subset(some: &[EntitlementLabel], all: &[EntitlementLabel]) -> bool {
    some.iter().all(|one| all.iter().any(|other| other.id == one.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn label(n: u128, label: &str) -> EntitlementLabel {
        EntitlementLabel { id: EntitlementId(Uuid::from_u128(n)), label: label.to_owned() }
    }

    #[test]
    fn what_is_in_it_is_compared_by_what_it_is_and_told_by_its_name() {
        let before = GroupFacts {
            name: "On call".into(),
            description: String::new(),
            entitlements: vec![label(1, "payments-prod/read"), label(2, "ledger-prod/read")],
        };
        let renamed = vec![label(2, "ledger-prod/read"), label(1, "payments/read")];
        assert_eq!(before.changes(&GroupFacts { entitlements: renamed, ..before.clone() }), []);
        let fewer = GroupFacts { entitlements: vec![label(1, "payments-prod/read")], ..before.clone() };
        let words: Vec<String> = before.changes(&fewer).iter().map(Change::words).collect();
        assert_eq!(words, ["entitlements: payments-prod/read, ledger-prod/read → payments-prod/read"]);
    }
}
