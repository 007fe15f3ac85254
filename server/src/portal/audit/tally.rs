//! What a search found, by day, kind and outcome.

use app::backend::{DayTally, Tally};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::audit::Outcome;
use domain::caller::Caller;
use store::StoreError;
use store::audit::{Filter, Tallied};

/// Days shown where no time is asked for.
const DAYS: i64 = 30;
/// Days shown at most.
const DAYS_MAX: i64 = 90;

/// Adds the rows up. Days go from the beginning that was asked for to the end, without gaps.
pub fn tally(rows: &[Tallied], filter: &Filter, caller: &Caller) -> Result<Tally, StoreError> {
    let mut tally = Tally { days: days(rows, filter, caller), ..Tally::default() };
    for row in rows {
        let (count, outcome) = (usize::try_from(row.events).unwrap_or(0), row.outcome()?);
        match tally.groups.iter_mut().find(|(noun, _)| *noun == row.noun) {
            Some((_, sum)) => *sum += count,
            None => tally.groups.push((row.noun.clone(), count)),
        }
        match tally.outcomes.iter_mut().find(|(other, _): &&mut (Outcome, usize)| *other == outcome) {
            Some((_, sum)) => *sum += count,
            None => tally.outcomes.push((outcome, count)),
        }
    }
    tally.groups.sort_by(|(a, one), (b, other)| other.cmp(one).then_with(|| a.cmp(b)));
    Ok(tally)
}

fn days(rows: &[Tallied], filter: &Filter, caller: &Caller) -> Vec<DayTally> {
    let day_of = |at: DateTime<Utc>| at.with_timezone(&caller.time_zone).date_naive();
    // The end that was asked for is the first moment that does not belong any more.
    let last = day_of(filter.to.map_or(caller.called_at, |to| to - TimeDelta::seconds(1)));
    let back = |days: i64| last - TimeDelta::days(days - 1);
    let first = filter.from.map_or(back(DAYS), day_of).max(back(DAYS_MAX));
    let of = |day: NaiveDate| {
        let sum: i64 = rows.iter().filter(|row| row.day == day).map(|row| row.events).sum();
        usize::try_from(sum).unwrap_or(0)
    };
    first.iter_days().take_while(|day| *day <= last).map(|day| DayTally { day, count: of(day) }).collect()
}
