//! Who is asking the portal to do something, and from where.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::id::{PersonId, SessionId};
use crate::person::PersonRef;

/// How fresh a sign-in must be to decide on critical access or to edit policies, owners and limits.
pub const FRESH_SIGN_IN: TimeDelta = TimeDelta::minutes(15);

/// What the groups claim of the sign-in provider says about somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// May edit everything that is not a decision.
    pub administrator: bool,
    /// May read the whole book.
    pub auditor: bool,
}

impl Roles {
    /// Whether the whole book is open to them, and who holds what.
    pub fn sees_all(self) -> bool {
        self.auditor || self.administrator
    }
}

/// Where a call came from, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `web`, `job`, `command`, `imported`, or a token's source.
    pub origin: String,
    /// The peer's address as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// As the browser sent it, cut to 300 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl Source {
    /// A source that is only an origin.
    pub fn of(origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..Self::default() }
    }
}

/// A signed-in person at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub person: PersonRef,
    /// Roles from the provider, already lapsed to none where they were read too long ago.
    pub roles: Roles,
    /// When the person last proved who they are (`auth_time`); `None` where the provider does not say.
    pub authenticated_at: Option<DateTime<Utc>>,
    /// The browser that is signed in.
    pub session: SessionId,
    /// From where.
    pub source: Source,
    /// The zone that times are shown and read in.
    pub time_zone: Tz,
    /// When this call came in: the moment that relative times on a page count from. Rules take their
    /// transaction's time instead.
    pub called_at: DateTime<Utc>,
}

impl Caller {
    /// Shorthand for the person's id.
    pub fn id(&self) -> PersonId {
        self.person.id
    }

    /// Whether the sign-in is fresh enough for what [`FRESH_SIGN_IN`] guards. Unknown fails closed.
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.authenticated_at.is_some_and(|at| now - at <= FRESH_SIGN_IN)
    }
}
