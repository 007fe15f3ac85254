//! Who reads the book: somebody signed in, or a program with a token that may read.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::audit::query::Context;
use domain::audit::{Action, Actor, Event, NewEvent};
use domain::caller::{Caller, Source};
use domain::id::{PersonId, TokenId};
use domain::usage::OutsideKind;

use super::audit;

/// Who reads.
#[derive(Debug, Clone)]
pub enum Reader {
    /// Somebody signed in, who sees what they may see on the page.
    Person(Caller),
    /// A program, which sees all.
    Program(Program),
}

/// A program with a token that may read.
#[derive(Debug, Clone)]
pub struct Program {
    /// Which token.
    pub token: TokenId,
    /// The token's name.
    pub name: String,
    /// From where.
    pub source: Source,
    /// When it called.
    pub called_at: DateTime<Utc>,
}

impl From<&Caller> for Reader {
    fn from(caller: &Caller) -> Self {
        Self::Person(caller.clone())
    }
}

impl Reader {
    /// What relative times of a query count from. A program writes its days in UTC.
    pub fn context(&self) -> Context {
        match self {
            Self::Person(caller) => Context { now: caller.called_at, zone: caller.time_zone },
            Self::Program(program) => Context { now: program.called_at, zone: Tz::UTC },
        }
    }

    /// Whether the whole book is open to them.
    pub fn sees_all(&self) -> bool {
        match self {
            Self::Person(caller) => caller.roles.sees_all(),
            Self::Program(_) => true,
        }
    }

    /// Only what concerns this person is shown.
    pub fn concerning(&self) -> Option<PersonId> {
        match self {
            Self::Person(caller) => (!self.sees_all()).then(|| caller.id()),
            Self::Program(_) => None,
        }
    }

    /// From where somebody else acted is the auditors' to know.
    pub fn hide_source(&self, event: &mut Event) {
        if let Self::Person(caller) = self {
            audit::hide_source(caller, event);
        }
    }

    /// An event of this reader.
    pub fn event(&self, action: Action) -> NewEvent {
        match self {
            Self::Person(caller) => NewEvent::by(caller, action),
            Self::Program(program) => {
                let actor = Actor::Outside { kind: OutsideKind::Machine, name: program.name.clone() };
                NewEvent::new(actor, program.source.clone(), action)
            }
        }
    }
}
