//! What actions are called where people choose among them, and how they belong together.

use super::Action;

/// Actions of one noun (`grant.*`), as people call them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// What stands before the dot.
    pub noun: &'static str,
    /// What people read.
    pub label: &'static str,
}

/// In the order in which people look for them; a noun that is not here belongs to [`OTHERS`].
pub const GROUPS: &[Group] = &[
    Group { noun: "request", label: "Requests" },
    Group { noun: "grant", label: "Access" },
    Group { noun: "alert", label: "Alerts" },
    Group { noun: "suppression", label: "Silences" },
    Group { noun: "access", label: "Refused attempts" },
    Group { noun: "person", label: "People" },
    Group { noun: "catalogue", label: "Catalogue" },
    Group { noun: "policy", label: "Rules" },
    Group { noun: "resource", label: "Use" },
    Group { noun: "session", label: "Sign-ins" },
    Group { noun: "source", label: "Sources" },
    Group { noun: "token", label: "Tokens" },
    Group { noun: "alias", label: "Matching" },
    Group { noun: "audit", label: "Reading the book" },
    Group { noun: "query", label: "Saved queries" },
];

/// What belongs to no group.
pub const OTHERS: &str = "Other";

/// The group of an action's word.
pub fn group_of(word: &str) -> Option<Group> {
    let noun = word.split('.').next()?;
    GROUPS.iter().copied().find(|group| group.noun == noun)
}

impl Action {
    /// “Asked for access”: the name by itself, where no sentence stands around it.
    pub fn label(self) -> String {
        let own = match self {
            Self::SignInRefused => "Sign-in refused",
            Self::PersonCreated => "Person added",
            Self::PersonLinked => "Person linked to a sign-in",
            Self::OwnerLost => "Lost its last owner",
            Self::PolicyChanged => "Changed a policy",
            Self::LooseningProposed => "Proposed looser rules",
            Self::LooseningConfirmed => "Confirmed looser rules",
            Self::LooseningRejected => "Rejected looser rules",
            Self::RequestSubmitted => "Asked for access",
            Self::RequestApproved => "Approved a request",
            Self::RequestDenied => "Denied a request",
            Self::RequestCancelled => "Took a request back",
            Self::RequestExpired => "Not decided in time",
            Self::GrantScheduled => "Scheduled access",
            Self::GrantActivating => "Began to open access",
            Self::GrantActivated => "Opened access",
            Self::GrantActivationFailed => "Could not open access",
            Self::GrantFailed => "Gave up opening access",
            Self::GrantShortened => "Shortened access",
            Self::GrantEnding => "Began to close access",
            Self::GrantRemovalAsked => "Asked owners to close access",
            Self::GrantEnded => "Closed access",
            Self::GrantRevoking => "Began to take access away",
            Self::GrantRevoked => "Took access away",
            Self::GrantRemovalFailed => "Could not close access",
            Self::GrantRetried => "Asked for another try",
            Self::GrantAttested => "Attested by hand",
            Self::GrantImported => "Brought in access",
            Self::AlertAnswered => "Answered a question",
            Self::AlertsSilenced => "Silenced alerts",
            Self::AlertsHeardAgain => "Ended a silence",
            Self::AliasSet => "Said what the words of a source mean",
            Self::AccessDenied => "Refused attempt",
            // The phrase says it all.
            _ => return capitalised(self.phrase()),
        };
        own.to_owned()
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_action_has_a_name_of_its_own_that_stands_alone() {
        let mut seen = HashSet::new();
        for action in Action::ALL {
            let label = action.label();
            assert!(label.starts_with(char::is_uppercase), "{label}");
            for hanging in [" of", " for", " a", " to"] {
                assert!(!label.ends_with(hanging), "{label}");
            }
            assert!(seen.insert(label.clone()), "{label} stands twice");
        }
    }

    #[test]
    fn a_group_is_found_by_the_noun_of_an_action_or_the_noun_alone() {
        assert_eq!(group_of("grant.ended").map(|group| group.label), Some("Access"));
        assert_eq!(group_of("grant").map(|group| group.label), Some("Access"));
        assert_eq!(group_of("history.imported"), None);
    }
}
