//! When the end of access is near enough to be said aloud.

use chrono::{DateTime, TimeDelta, Utc};

/// How near the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nearing {
    /// Less than a day.
    Day,
    /// Less than an hour.
    Hour,
}

/// Whether the end of access is near. Never before half of its time is over: whoever has just been given two hours
/// knows that they are not long.
pub fn nearing(since: Option<DateTime<Utc>>, until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Nearing> {
    let left = until - now;
    let is_young = since.is_some_and(|since| left > now - since);
    match left {
        _ if is_young => None,
        left if left < TimeDelta::hours(1) => Some(Nearing::Hour),
        left if left < TimeDelta::days(1) => Some(Nearing::Day),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_near_a_day_and_an_hour_before_it_but_not_in_the_first_half() {
        let now: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().expect("a date");
        let at = |minutes: i64| now + TimeDelta::minutes(minutes);
        let long_ago = Some(at(-100_000));
        assert_eq!(nearing(long_ago, at(24 * 60), now), None);
        assert_eq!(nearing(long_ago, at(23 * 60), now), Some(Nearing::Day));
        assert_eq!(nearing(long_ago, at(59), now), Some(Nearing::Hour));
        assert_eq!(nearing(None, at(59), now), Some(Nearing::Hour));
        assert_eq!(nearing(Some(at(-10)), at(50), now), None, "an hour given ten minutes ago");
        assert_eq!(nearing(Some(at(-30)), at(30), now), Some(Nearing::Hour));
    }
}
