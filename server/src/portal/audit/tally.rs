//! What a search found, by day, kind and outcome.

use app::backend::{DayTally, Tally};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::audit::query::Query;
use domain::caller::Caller;
use store::audit::{Counted, Facet};

/// Days shown where no time is asked for.
const DAYS: i64 = 30;
/// Days shown at most.
const DAYS_MAX: i64 = 90;

/// What was counted, sorted by what it is counted by. Days go from the beginning that was asked for to the end, without
/// gaps.
pub fn tally(counted: &[Counted], query: &Query, caller: &Caller) -> Tally {
    let mut tally = Tally { days: days(counted, query, caller), ..Tally::default() };
    for one in counted {
        let count = usize::try_from(one.events).unwrap_or(0);
        match &one.facet {
            Facet::Day(_) => {}
            Facet::Noun(noun) => tally.groups.push((noun.clone(), count)),
            Facet::Outcome(outcome) => tally.outcomes.push((*outcome, count)),
            Facet::Actor(name) => tally.actors.push((name.clone(), count)),
            Facet::System(name) => tally.systems.push((name.clone(), count)),
        }
    }
    tally
}

fn days(counted: &[Counted], query: &Query, caller: &Caller) -> Vec<DayTally> {
    let (from, until) = query.time_range();
    let day_of = |at: DateTime<Utc>| at.with_timezone(&caller.time_zone).date_naive();
    // The end that was asked for is the first moment that does not belong any more.
    let last = day_of(until.map_or(caller.called_at, |until| until - TimeDelta::seconds(1)));
    let back = |days: i64| last - TimeDelta::days(days - 1);
    let first = from.map_or(back(DAYS), day_of).max(back(DAYS_MAX));
    let of = |day: NaiveDate| {
        let found = counted.iter().find(|one| one.facet == Facet::Day(day));
        found.and_then(|one| usize::try_from(one.events).ok()).unwrap_or(0)
    };
    first.iter_days().take_while(|day| *day <= last).map(|day| DayTally { day, count: of(day) }).collect()
}
