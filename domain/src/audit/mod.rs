//! The book: what an event says.

mod action;
mod label;
pub mod query;
mod told;

pub use action::Action;
pub use label::{GROUPS, Group, OTHERS, group_of};
pub use told::{Fact, Told, told};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Source};
use crate::id::{EntitlementId, EventId, GrantId, PersonId, RequestId, ResourceId, SystemId};
use crate::person::PersonRef;
use crate::usage::OutsideKind;

/// How what was tried came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Success,
    /// Refused by a rule.
    Denied,
    /// Tried, and went wrong.
    Failure,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Success, Self::Denied, Self::Failure];

    /// The word that the database and the interface use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Failure => "failure",
        }
    }

    /// The outcome with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.as_str() == word)
    }
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A signed-in person.
    Person {
        /// Who.
        id: PersonId,
        /// The name as of then.
        name: String,
    },
    /// Gatebook itself, by a rule or a job.
    System,
    /// Somebody at the machine's own command line.
    Command {
        /// The operating-system user.
        name: String,
    },
    /// Somebody elsewhere, in the words of the source that reports it.
    Outside {
        /// What kind of somebody.
        #[serde(rename = "who")]
        kind: OutsideKind,
        /// The name there; may be empty.
        name: String,
    },
    /// Nobody who is known: a refused sign-in, or history that does not name anybody.
    Unknown,
}

impl Actor {
    /// The word that the database uses for its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::System => "system",
            Self::Command { .. } => "command",
            Self::Outside { kind, .. } => kind.as_str(),
            Self::Unknown => "unknown",
        }
    }

    /// The person's id, if it is one.
    pub fn id(&self) -> Option<PersonId> {
        match self {
            Self::Person { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// The name as of then.
    pub fn name(&self) -> &str {
        match self {
            Self::Outside { name, .. } if name.is_empty() => "somebody not named",
            Self::Person { name, .. } | Self::Command { name } | Self::Outside { name, .. } => name,
            Self::System => "Gatebook",
            Self::Unknown => "not recorded",
        }
    }
}

/// What an event is about, with the names as of then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The system's id.
    pub system_id: Option<SystemId>,
    /// The system's name as of then.
    pub system: Option<String>,
    /// The resource's id.
    pub resource_id: Option<ResourceId>,
    /// The resource's name as of then.
    pub resource: Option<String>,
    /// The entitlement's id.
    pub entitlement_id: Option<EntitlementId>,
    /// The entitlement's name as of then.
    pub entitlement: Option<String>,
}

/// An event to be written: the transaction adds its id and `recorded_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// When it happened, where that is not the moment of recording.
    pub occurred_at: Option<DateTime<Utc>>,
    /// Who acted.
    pub actor: Actor,
    /// What was done or tried.
    pub action: Action,
    /// How it came out.
    pub outcome: Outcome,
    /// Whose access it is about.
    pub subject: Option<PersonRef>,
    /// What it is about.
    pub about: About,
    /// The request it belongs to.
    pub request_id: Option<RequestId>,
    /// The grant it belongs to.
    pub grant_id: Option<GrantId>,
    /// From where.
    pub source: Source,
    /// In somebody's own words, or a rule's.
    pub reason: Option<String>,
    /// Everything else; an object. No secrets, no session ids.
    pub detail: serde_json::Value,
}

impl NewEvent {
    /// A successful event of this actor, about nothing yet.
    pub fn new(actor: Actor, source: Source, action: Action) -> Self {
        Self {
            occurred_at: None,
            actor,
            action,
            outcome: Outcome::Success,
            subject: None,
            about: About::default(),
            request_id: None,
            grant_id: None,
            source,
            reason: None,
            detail: serde_json::Value::Object(serde_json::Map::new()),
        }
    }

    /// An event of a signed-in person.
    pub fn by(caller: &Caller, action: Action) -> Self {
        let actor = Actor::Person { id: caller.person.id, name: caller.person.name.clone() };
        Self::new(actor, caller.source.clone(), action)
    }

    /// An event of a job.
    pub fn by_system(action: Action) -> Self {
        Self::new(Actor::System, Source::of("job"), action)
    }

    /// Sets how it came out.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Sets whose access it is about.
    #[must_use]
    pub fn subject(mut self, subject: PersonRef) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Sets what it is about.
    #[must_use]
    pub fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// Sets the request.
    #[must_use]
    pub fn request(mut self, id: RequestId) -> Self {
        self.request_id = Some(id);
        self
    }

    /// Sets the grant.
    #[must_use]
    pub fn grant(mut self, id: GrantId) -> Self {
        self.grant_id = Some(id);
        self
    }

    /// Sets the reason.
    #[must_use]
    pub fn reason(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    /// Sets the detail.
    #[must_use]
    pub fn detail(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }
}

/// An event as it stands in the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// UUIDv7.
    pub id: EventId,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was written here.
    pub recorded_at: DateTime<Utc>,
    /// Who acted.
    pub actor: Actor,
    /// What was done or tried, dotted.
    pub action: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Whose access it is about.
    pub subject: Option<PersonRef>,
    /// What it is about.
    pub resource: About,
    /// The request it belongs to.
    pub request_id: Option<RequestId>,
    /// The grant it belongs to.
    pub grant_id: Option<GrantId>,
    /// From where.
    pub source: Source,
    /// In somebody's own words, or a rule's.
    pub reason: Option<String>,
    /// Everything else.
    pub detail: serde_json::Value,
}
