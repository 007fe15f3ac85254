//! Who decides, and under which limits.
//!
//! Today's policy is one stage, decided by owners. The policy engine with several stages, quorums and
//! conditions grows behind [`decide`]: it stays a pure function of policy, candidates and people.

pub mod loosening;

use serde::{Deserialize, Serialize};

use crate::id::{PersonId, PolicyVersionId};
use crate::person::PersonRef;
use crate::request::Limit;
use crate::span::Span;

/// How long a request waits for a decision where its policy says nothing else.
pub const PENDING_FOR_DEFAULT: Span = Span::days(7);

/// One version of an entitlement's approval policy. A request keeps the version it was filed under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Which version.
    pub id: PolicyVersionId,
    /// Counted from 1 for each entitlement.
    pub version: i32,
    /// How long a request may wait for its decision.
    pub pending_for: Span,
    /// The longest access; `None` is without a limit.
    pub access_max: Option<Span>,
    /// Whether whoever asks must say why.
    pub rationale_required: bool,
}

impl Policy {
    /// The limit on the length of access, named so that people can find it.
    pub fn limit(&self, entitlement: &str, resource: &str) -> Option<Limit> {
        self.access_max.map(|max| Limit {
            max,
            source: format!("the policy for {entitlement} on {resource} (version {})", self.version),
        })
    }
}

/// How near to the entitlement somebody's ownership is. Nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerLevel {
    /// Owns this entitlement.
    Entitlement,
    /// Owns the resource.
    Resource,
    /// Owns the system.
    System,
    /// Is an administrator of Gatebook.
    Administrators,
}

impl OwnerLevel {
    /// All, nearest first: the order of the fallback.
    pub const ALL: [Self; 4] = [Self::Entitlement, Self::Resource, Self::System, Self::Administrators];

    /// “owner of this access”, for “one of 3 …s”.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Entitlement => "owner of this access",
            Self::Resource => "resource owner",
            Self::System => "system owner",
            Self::Administrators => "administrator",
        }
    }
}

/// An active person who could decide, by their level. People who are not active are not candidates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub person: PersonRef,
    /// Through which ownership.
    pub level: OwnerLevel,
}

/// Who decides a request, as of now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deciders {
    /// Any one of these.
    OneOf {
        /// The level that was reached.
        level: OwnerLevel,
        /// Everybody eligible on it, by name.
        people: Vec<PersonRef>,
    },
    /// Nobody may decide; the request is held until somebody may. Never granted by default.
    Held {
        /// Why, for people.
        reason: String,
    },
}

impl Deciders {
    /// Whether this person is among them.
    pub fn includes(&self, person: PersonId) -> bool {
        match self {
            Self::OneOf { people, .. } => people.iter().any(|p| p.id == person),
            Self::Held { .. } => false,
        }
    }
}

/// The people that a request is for and from: none of them may decide it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interested {
    /// Who filed it.
    pub requester: PersonId,
    /// Who would hold the access.
    pub beneficiary: PersonId,
}

/// Who decides: the nearest owners that are not interested themselves; failing those the next level;
/// failing all, the request is held.
pub fn decide(candidates: &[Candidate], interested: Interested) -> Deciders {
    for level in OwnerLevel::ALL {
        let mut people: Vec<PersonRef> = candidates
            .iter()
            .filter(|c| c.level == level)
            .map(|c| c.person.clone())
            .filter(|p| p.id != interested.requester && p.id != interested.beneficiary)
            .collect();
        people.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        people.dedup_by_key(|p| p.id);
        if !people.is_empty() {
            return Deciders::OneOf { level, people };
        }
    }
    let reason = if candidates.is_empty() {
        "Nobody owns this access, its resource or its system, and no administrator has signed in yet."
    } else {
        "Everybody who could decide is asking for it themselves, and nobody approves their own request."
    };
    Deciders::Held { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn person(n: u128) -> PersonRef {
        PersonRef { id: PersonId(Uuid::from_u128(n)), name: format!("Person {n}") }
    }

    fn candidate(n: u128, level: OwnerLevel) -> Candidate {
        Candidate { person: person(n), level }
    }

    fn asking(n: u128) -> Interested {
        Interested { requester: person(n).id, beneficiary: person(n).id }
    }

    #[test]
    fn the_nearest_owners_decide() {
        let candidates = [
            candidate(1, OwnerLevel::System),
            candidate(2, OwnerLevel::Resource),
            candidate(3, OwnerLevel::Resource),
            candidate(4, OwnerLevel::Administrators),
        ];
        assert_eq!(
            decide(&candidates, asking(9)),
            Deciders::OneOf { level: OwnerLevel::Resource, people: vec![person(2), person(3)] }
        );
    }

    #[test]
    fn an_owner_who_asks_falls_through_to_the_next_level() {
        let candidates = [candidate(2, OwnerLevel::Resource), candidate(4, OwnerLevel::Administrators)];
        assert_eq!(
            decide(&candidates, asking(2)),
            Deciders::OneOf { level: OwnerLevel::Administrators, people: vec![person(4)] }
        );
    }

    #[test]
    fn with_nobody_left_the_request_is_held_with_a_reason() {
        let alone = decide(&[candidate(4, OwnerLevel::Administrators)], asking(4));
        assert!(matches!(&alone, Deciders::Held { reason } if reason.contains("nobody approves")));
        let nobody = decide(&[], asking(4));
        assert!(matches!(&nobody, Deciders::Held { reason } if reason.starts_with("Nobody owns")));
    }

    proptest! {
        #[test]
        fn nobody_ever_decides_for_themselves(
            levels in prop::collection::vec((1..6u128, 0..4usize), 0..12),
            requester in 1..6u128,
            beneficiary in 1..6u128,
        ) {
            let candidates: Vec<_> = levels
                .iter()
                .map(|(n, level)| candidate(*n, OwnerLevel::ALL[*level]))
                .collect();
            let interested = Interested {
                requester: person(requester).id,
                beneficiary: person(beneficiary).id,
            };
            let deciders = decide(&candidates, interested);
            prop_assert!(!deciders.includes(person(requester).id));
            prop_assert!(!deciders.includes(person(beneficiary).id));
        }
    }
}
