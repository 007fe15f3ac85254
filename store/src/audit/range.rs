//! Stretches of the book in the order of recording, and which way one goes.

use chrono::{DateTime, Utc};
use domain::id::EventId;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::search::Cursor;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Toward {
    Older,
    Newer,
}

impl Toward {
    pub(super) fn order(self) -> &'static str {
        match self {
            Self::Older => "recorded_at desc, event_id desc",
            Self::Newer => "recorded_at, event_id",
        }
    }

    /// Whether one goes by `there` before `moment`, or just then.
    pub(super) fn is_past(self, moment: DateTime<Utc>, there: DateTime<Utc>) -> bool {
        match self {
            Self::Older => moment <= there,
            Self::Newer => moment >= there,
        }
    }
}

/// A place between events.
pub(super) type Place = (DateTime<Utc>, Uuid);

impl From<Cursor> for Place {
    fn from(cursor: Cursor) -> Self {
        (cursor.recorded_at, cursor.id.0)
    }
}

impl From<Place> for Cursor {
    fn from((recorded_at, id): Place) -> Self {
        Self { recorded_at, id: EventId(id) }
    }
}

/// Everything after one place and before another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Range {
    pub(super) after: Option<Place>,
    pub(super) before: Option<Place>,
}

impl Range {
    /// What is left of it behind `place`, going that way.
    pub(super) fn beyond(self, place: Place, toward: Toward) -> Self {
        match toward {
            Toward::Older => Self { before: Some(place), ..self },
            Toward::Newer => Self { after: Some(place), ..self },
        }
    }

    /// What of it lies before `moment`, going that way.
    pub(super) fn up_to(self, moment: DateTime<Utc>, toward: Toward) -> Self {
        let place = (moment, Uuid::nil());
        match toward {
            Toward::Older => Self { after: self.after.max(Some(place)), ..self },
            Toward::Newer => Self { before: Some(self.before.map_or(place, |end| end.min(place))), ..self },
        }
    }

    /// As something to look at and not to search by: the planner takes an index on time for better than the inverted
    /// one, which knows the days already, and reads all that it finds there.
    pub(super) fn push_as_filter(self, query: &mut QueryBuilder<Postgres>) {
        query.push(" and (true");
        self.push(query);
        query.push(") is true");
    }

    pub(super) fn push(self, query: &mut QueryBuilder<Postgres>) {
        for (side, place) in [(" > ", self.after), (" < ", self.before)] {
            let Some((at, id)) = place else { continue };
            query.push(" and (s.recorded_at, s.event_id)").push(side).push("(").push_bind(at);
            query.push(", ").push_bind(id).push(")");
        }
    }
}

/// The same order in a query that calls it `s`.
pub(super) fn on_s(toward: Toward) -> &'static str {
    match toward {
        Toward::Older => "s.recorded_at desc, s.event_id desc",
        Toward::Newer => "s.recorded_at, s.event_id",
    }
}
