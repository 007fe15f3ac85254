//! What is not told for a time: a rule is silent about somebody, about something, or about both together.

use super::{Finding, Relation};
use crate::caller::Caller;
use crate::id::{PersonId, ResourceId};

/// What of a rule is silent. At least one of the two is given: a rule that is silent about everything is switched off
/// instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The rule's name.
    pub rule: String,
    /// Whose doing; whoever's where it is not given.
    pub person: Option<PersonId>,
    /// On what; on anything where it is not given.
    pub resource: Option<ResourceId>,
}

impl Scope {
    /// Whether what a rule found is within it.
    pub fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule
            && self.person.is_none_or(|person| finding.person == Some(person))
            && self.resource.is_none_or(|resource| finding.resource == Some(resource))
    }
}

/// How far something is accepted, from one alert.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// Just what this alert counts.
    #[default]
    Same,
    /// The same person on the same resource.
    Both,
    /// The same person, whatever it is on.
    Person,
    /// The same resource, whoever it is.
    Resource,
}

impl Reach {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 4] = [Self::Same, Self::Both, Self::Person, Self::Resource];

    /// The word that the interface uses; the narrowest has none.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Both => "both",
            Self::Person => "person",
            Self::Resource => "resource",
        }
    }

    /// The reach with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reach| reach.as_str() == word)
    }

    /// The scope of it for an alert of this rule, about whom and on what it is; nothing where the alert counts by
    /// itself, or does not say enough.
    pub fn scope(self, rule: &str, person: Option<PersonId>, resource: Option<ResourceId>) -> Option<Scope> {
        let scope = |person, resource| Some(Scope { rule: rule.to_owned(), person, resource });
        match self {
            Self::Same => None,
            Self::Both => scope(Some(person?), Some(resource?)),
            Self::Person => scope(Some(person?), None),
            Self::Resource => scope(None, Some(resource?)),
        }
    }
}

/// Whether somebody who takes care of an alert may accept this much: owners and whoever it was handed to speak for the
/// resource that it is on, and only administrators for everything that a person does.
pub fn may_accept(caller: &Caller, relation: Relation, reach: Reach) -> bool {
    match reach {
        Reach::Same => true,
        Reach::Both | Reach::Resource => caller.roles.administrator || relation.owns,
        Reach::Person => caller.roles.administrator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Severity;
    use chrono::DateTime;
    use uuid::Uuid;

    fn finding(person: u128, resource: u128) -> Finding {
        Finding {
            rule: "use-not-covered".into(),
            title: "Use".into(),
            severity: Severity::High,
            key: "k".into(),
            sentence: "s".into(),
            person: Some(PersonId(Uuid::from_u128(person))),
            other: None,
            system: None,
            resource: Some(ResourceId(Uuid::from_u128(resource))),
            grant: None,
            positions: vec![1],
            first_at: DateTime::UNIX_EPOCH,
            last_at: DateTime::UNIX_EPOCH,
            late: None,
        }
    }

    #[test]
    fn a_silence_covers_what_its_rule_found_about_all_that_it_names() {
        let found = finding(1, 2);
        for reach in [Reach::Both, Reach::Person, Reach::Resource] {
            let scope = reach.scope(&found.rule, found.person, found.resource).unwrap();
            assert!(scope.covers(&found), "{reach:?}");
            let mut other = finding(1, 2);
            other.rule = "denied-burst".into();
            assert!(!scope.covers(&other), "{reach:?}");
        }
        let covers = |reach: Reach, other: &Finding| {
            reach.scope(&found.rule, found.person, found.resource).unwrap().covers(other)
        };
        assert!(!covers(Reach::Both, &finding(1, 3)) && !covers(Reach::Both, &finding(3, 2)));
        assert!(covers(Reach::Person, &finding(1, 3)) && !covers(Reach::Person, &finding(3, 2)));
        assert!(covers(Reach::Resource, &finding(3, 2)) && !covers(Reach::Resource, &finding(1, 3)));
    }

    #[test]
    fn what_an_alert_does_not_say_cannot_be_accepted() {
        let found = finding(1, 2);
        assert_eq!(Reach::Same.scope("r", found.person, found.resource), None);
        assert_eq!(Reach::Both.scope("r", None, found.resource), None);
        assert_eq!(Reach::Person.scope("r", None, found.resource), None);
        assert_eq!(Reach::Resource.scope("r", found.person, None), None);
        for reach in Reach::ALL {
            assert_eq!(Reach::parse(reach.as_str()), Some(reach));
        }
    }
}
