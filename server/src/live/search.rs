//! One search that is watched, and what it has found lately.

use chrono_tz::Tz;
use domain::audit::Event;
use domain::audit::query::{Field, Query};
use store::audit::{Frontier, Sight};

/// So many events of a search are kept, for whoever comes later or is slow.
pub const KEPT_EVENTS: usize = 200;
/// Further back than this nobody is caught up: they load the page.
pub const BACK_MAX: i64 = 10_000;

/// Searches are the same where they say the same and show the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// As it is written: `after:7d` is the same search whenever somebody began to watch it.
    pub query: String,
    /// In which times are read; one for all where there is no time in it.
    pub zone: Tz,
    /// Who sees only what concerns themselves; `None` sees everything.
    pub concerning: Option<Sight>,
}

impl Key {
    /// The key of this query.
    pub fn of(query: &Query, zone: Tz, concerning: Option<Sight>) -> Self {
        let has_time =
            [Field::Before, Field::After, Field::During].into_iter().any(|field| query.uses(field));
        Self { query: query.as_written(), zone: if has_time { zone } else { Tz::UTC }, concerning }
    }
}

/// What a search has found behind `from` up to `until`.
#[derive(Debug, Clone)]
pub struct Found {
    /// It was looked for what is behind this, whether or not all of it is kept.
    pub reached: i64,
    /// All behind this position is there.
    pub from: i64,
    /// Up to here.
    pub until: i64,
    /// With their positions, newest first.
    pub events: Vec<(i64, Event)>,
}

impl Found {
    /// Before the first look.
    pub fn nothing() -> Self {
        Self { reached: i64::MAX, from: i64::MAX, until: 0, events: Vec::new() }
    }

    /// With what another look for what is behind `reached` brought: all behind `from` up to `until`, but no more than
    /// `limit` of them.
    pub fn with(&self, reached: i64, look: Look) -> Self {
        let Look { from, until, events, limit } = look;
        // Where there were as many as were asked for, there may be more before the oldest.
        let from = match events.last() {
            Some((oldest, _)) if events.len() >= limit => oldest - 1,
            _ => from,
        };
        let reached = reached.min(self.reached);
        if from > self.until || from < self.from {
            return Self { reached, from, until, events };
        }
        let mut all = events;
        all.extend(self.events.iter().filter(|(position, _)| *position <= from).cloned());
        let dropped = all.get(KEPT_EVENTS).map(|(position, _)| *position);
        all.truncate(KEPT_EVENTS);
        Self { reached, from: dropped.unwrap_or(self.from), until, events: all }
    }
}

/// What one look brought.
#[derive(Debug)]
pub struct Look {
    /// Behind this.
    pub from: i64,
    /// Up to here.
    pub until: i64,
    /// Newest first.
    pub events: Vec<(i64, Event)>,
    /// So many were asked for.
    pub limit: usize,
}

/// How far this query can be read: what depends on what reports mean, such as who may see them, waits until that is
/// known.
pub fn position_for(frontier: Frontier, query: &Query, sight: Option<Sight>) -> i64 {
    const BY_MATCHING: [Field; 11] = [
        Field::Person,
        Field::Resource,
        Field::System,
        Field::Environment,
        Field::Tag,
        Field::On,
        Field::Owner,
        Field::Sensitivity,
        Field::Grant,
        Field::Covered,
        Field::Window,
    ];
    if matches!(sight, Some(Sight::By(_))) || BY_MATCHING.into_iter().any(|field| query.uses(field)) {
        frontier.linked.min(frontier.numbered)
    } else {
        frontier.numbered
    }
}

#[cfg(test)]
mod tests {
    use domain::audit::{Action, Actor, Outcome};
    use domain::caller::Source;
    use domain::id::EventId;

    use super::*;

    fn event(position: i64) -> (i64, Event) {
        let at = chrono::DateTime::from_timestamp(1_800_000_000 + position, 0).unwrap();
        let event = Event {
            id: EventId(uuid::Uuid::from_u128(u128::try_from(position).unwrap())),
            occurred_at: at,
            recorded_at: at,
            actor: Actor::System,
            action: Action::SignedIn.as_str().to_owned(),
            outcome: Outcome::Success,
            subject: None,
            resource: domain::audit::About::default(),
            request_id: None,
            grant_id: None,
            source: Source::of("web"),
            reason: None,
            detail: serde_json::json!({}),
        };
        (position, event)
    }

    fn found(from: i64, until: i64, positions: &[i64]) -> Found {
        let events = positions.iter().map(|position| event(*position)).collect();
        Found { reached: from, from, until, events }
    }

    fn look(from: i64, until: i64, positions: impl IntoIterator<Item = i64>, limit: usize) -> Look {
        Look { from, until, events: positions.into_iter().map(event).collect(), limit }
    }

    fn shown(found: &Found) -> (i64, i64, Vec<i64>) {
        (found.from, found.until, found.events.iter().map(|(position, _)| *position).collect())
    }

    #[test]
    fn what_comes_later_is_added_before_what_was_there() {
        let later = found(10, 20, &[15, 12]).with(20, look(20, 30, [30, 21], 100));
        assert_eq!(shown(&later), (10, 30, vec![30, 21, 15, 12]));
    }

    #[test]
    fn a_look_further_back_replaces_what_was_there() {
        let further = found(10, 20, &[15]).with(5, look(5, 30, [30, 15, 7], 100));
        assert_eq!(shown(&further), (5, 30, vec![30, 15, 7]));
    }

    #[test]
    fn what_was_left_out_is_not_claimed_to_be_there() {
        let cut = found(10, 20, &[15]).with(20, look(20, 99, [99, 98], 2));
        assert_eq!(shown(&cut), (97, 99, vec![99, 98]), "there may be more between 20 and 98");
        let full = found(10, 20, &[15]).with(20, look(20, 220, (21..=220).rev(), 1_000));
        assert_eq!((full.from, full.events.len()), (15, KEPT_EVENTS), "the one at 15 had to go");
    }
}
