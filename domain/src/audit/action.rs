//! The closed list of what can be done or tried.

macro_rules! actions {
    ($($variant:ident = $word:literal, $phrase:literal;)*) => {
        /// What an event says was done or tried: `noun.verb`, and a phrase that continues “NAME …”.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each variant's dotted word and phrase stand next to it")]
        pub enum Action { $($variant,)* }

        impl Action {
            /// Every action, in the order of the catalogue below.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The dotted word that stands in the book.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// “asked for”: continues a sentence that begins with who did it.
            pub fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase,)* }
            }
        }
    };
}

actions! {
    SignedIn = "session.signed_in", "signed in";
    SignInRefused = "session.sign_in_refused", "was refused at sign-in";
    SignedOut = "session.signed_out", "signed out";
    SessionEnded = "session.ended", "ended a signed-in device";
    PersonCreated = "person.created", "was added";
    PersonImported = "person.imported", "brought in a person";
    PersonLinked = "person.linked", "was linked to a sign-in";
    PersonUpdated = "person.updated", "changed a person";
    PersonSuspended = "person.suspended", "suspended a person";
    PersonReactivated = "person.reactivated", "reactivated a person";
    PersonLeft = "person.left", "marked a person as having left";
    AccountSet = "person.account_set", "set an account";
    CatalogueImported = "catalogue.imported", "imported the catalogue";
    PeopleImported = "people.imported", "imported people";
    GrantsImported = "grants.imported", "imported access";
    HistoryImported = "history.imported", "brought in history";
    SystemChanged = "catalogue.system_changed", "changed a system";
    SystemAdded = "catalogue.system_added", "added a system";
    SystemDeleted = "catalogue.system_deleted", "deleted a system";
    ResourceAdded = "catalogue.resource_added", "added a resource";
    ResourceChanged = "catalogue.resource_changed", "changed a resource";
    ResourceDeleted = "catalogue.resource_deleted", "deleted a resource";
    EntitlementChanged = "catalogue.entitlement_changed", "changed an entitlement";
    BundleChanged = "catalogue.bundle_changed", "changed a bundle";
    BundleAdded = "catalogue.bundle_added", "added a bundle";
    BundleDeleted = "catalogue.bundle_deleted", "deleted a bundle";
    JobRoleAdded = "catalogue.job_role_added", "added a job role";
    JobRoleDeleted = "catalogue.job_role_deleted", "deleted a job role";
    JobRoleChanged = "catalogue.job_role_changed", "changed a job role";
    EntitlementAdded = "catalogue.entitlement_added", "added an entitlement";
    EntitlementDeleted = "catalogue.entitlement_deleted", "deleted an entitlement";
    OwnersChanged = "catalogue.owners_changed", "changed owners";
    OwnerLost = "catalogue.owner_lost", "noted that no owner is left of";
    PolicyChanged = "policy.changed", "changed the policy of";
    LooseningProposed = "policy.loosening_proposed", "proposed looser rules for";
    LooseningConfirmed = "policy.loosening_confirmed", "confirmed looser rules for";
    LooseningRejected = "policy.loosening_rejected", "rejected looser rules for";
    RequestSubmitted = "request.submitted", "asked for";
    RequestApproved = "request.approved", "approved";
    RequestDenied = "request.denied", "denied";
    RequestCancelled = "request.cancelled", "took back the request for";
    RequestExpired = "request.expired", "closed as undecided the request for";
    GrantScheduled = "grant.scheduled", "scheduled";
    GrantActivating = "grant.activating", "began to open";
    GrantActivated = "grant.activated", "opened";
    GrantActivationFailed = "grant.activation_failed", "could not open";
    GrantFailed = "grant.failed", "gave up opening";
    GrantShortened = "grant.shortened", "shortened";
    GrantEnding = "grant.ending", "began to close";
    GrantRemovalAsked = "grant.removal_asked", "asked its owners to close";
    GrantEnded = "grant.ended", "closed";
    GrantRevoking = "grant.revoking", "began to take away";
    GrantRevoked = "grant.revoked", "took away";
    GrantRemovalFailed = "grant.removal_failed", "could not close";
    GrantRetried = "grant.retried", "asked for another try of";
    GrantAttested = "grant.attested", "attested";
    GrantImported = "grant.imported", "brought in";
    SourceAdded = "source.added", "added a source of events";
    SourceChanged = "source.changed", "changed a source of events";
    SourceEnded = "source.ended", "closed a source of events";
    TokenMade = "token.made", "made a token";
    TokenRotated = "token.rotated", "rotated a token";
    TokenEnded = "token.ended", "ended a token";
    TokenRefused = "token.refused", "tried to send what never comes in from outside";
    DeliveryRefused = "source.delivery_refused", "delivered without the right signature";
    WindowAdded = "window.added", "added a change window";
    WindowDeleted = "window.deleted", "deleted a change window";
    AliasSet = "alias.set", "said what the words of a source mean:";
    AliasTakenBack = "alias.taken_back", "took back what the words of a source mean";
    EventsImported = "events.imported", "brought in events";
    RetentionChanged = "retention.changed", "changed how long use is kept";
    PartitionDropped = "partition.dropped", "let a month of use go that was kept long enough";
    AuditSearched = "audit.searched", "searched the book";
    AuditExported = "audit.exported", "exported from the book";
    ExportAsked = "audit.export_asked", "asked for an export from the book, to be prepared";
    ExportFinished = "audit.export_finished", "prepared an export from the book";
    ExportFailed = "audit.export_failed", "could not prepare an export from the book";
    ExportFetched = "audit.export_fetched", "fetched a prepared export from the book";
    ExportCancelled = "audit.export_cancelled", "cancelled an export from the book";
    ExportDeleted = "audit.export_deleted", "deleted a prepared export from the book";
    QuerySaved = "query.saved", "saved a query of the book";
    QueryChanged = "query.changed", "changed a saved query";
    QueryDeleted = "query.deleted", "deleted a saved query";
    AlertRaised = "alert.raised", "raised an alert";
    AlertAcknowledged = "alert.acknowledged", "took up an alert";
    AlertAssigned = "alert.assigned", "handed over an alert";
    AlertCommented = "alert.commented", "commented on an alert";
    AlertResolved = "alert.resolved", "resolved an alert";
    AlertReopened = "alert.reopened", "reopened an alert";
    AlertAsked = "alert.asked", "asked about an alert";
    AlertAnswered = "alert.answered", "answered a question about";
    AlertEscalated = "alert.escalated", "noted that nobody takes up an alert";
    AlertsSilenced = "suppression.made", "silenced alerts about";
    AlertsHeardAgain = "suppression.ended", "ended the silence about";
    AccessDenied = "access.denied", "was refused";
}

impl Action {
    /// The action with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_word_is_dotted_unique_and_read_back() {
        let mut seen = HashSet::new();
        for action in Action::ALL {
            let word = action.as_str();
            assert!(word.split_once('.').is_some(), "{word}");
            assert!(seen.insert(word), "{word} stands twice");
            assert_eq!(Action::parse(word), Some(*action));
        }
    }
}
