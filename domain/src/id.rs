//! One type per identifier, so that a person's can never be passed for a grant's.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A person: `(issuer, subject)` at the sign-in provider.
    PersonId
    /// A connected product.
    SystemId
    /// Something in a system that access can be had to.
    ResourceId
    /// What can be held on a resource.
    EntitlementId
    /// Several entitlements asked for together.
    BundleId
    /// A responsibility that justifies entitlements.
    JobRoleId
    /// One version of an entitlement's approval policy.
    PolicyVersionId
    /// What one form sent.
    SubmissionId
    /// One entitlement asked for by one person.
    RequestId
    /// Access that somebody holds, held, or will hold.
    GrantId
    /// One row of the book.
    EventId
    /// What reports events from outside.
    SourceId
    /// A token that lets a source in. Not its secret.
    TokenId
    /// A change window.
    WindowId
    /// A query of the book that somebody keeps.
    SavedQueryId
    /// An export that is prepared in the background.
    ExportJobId
    /// Something out of the ordinary.
    AlertId
    /// What somebody is asked about an alert.
    QuestionId
    /// What is not told for a time.
    SuppressionId
    /// A signed-in browser. Not the secret in its cookie.
    SessionId
}
