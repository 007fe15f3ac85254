//! What a lowered limit does to access that is held already.

use chrono::{DateTime, Utc};

use crate::span::Span;

/// What becomes of a live grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortening {
    /// It ends soon enough as it is.
    Stays,
    /// It ends earlier than before, but not yet.
    EndsAt(DateTime<Utc>),
    /// It has lasted longer than the limit already.
    EndsNow,
}

/// Access that is active since `active_since`, under a limit that is now `max`. The limit counts from when the
/// access began, as if it had stood then; what has passed is not taken back.
pub fn shorten(
    active_since: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    max: Span,
    now: DateTime<Utc>,
) -> Shortening {
    let end = active_since + max.delta();
    if ends_at.is_some_and(|ends_at| ends_at <= end.max(now)) {
        Shortening::Stays
    } else if end <= now {
        Shortening::EndsNow
    } else {
        Shortening::EndsAt(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().expect("a date")
    }

    fn hours(n: i64) -> DateTime<Utc> {
        now() + TimeDelta::hours(n)
    }

    #[test]
    fn a_lowered_limit_counts_from_the_beginning_of_the_access() {
        assert_eq!(shorten(hours(-1), Some(hours(7)), Span::hours(4), now()), Shortening::EndsAt(hours(3)));
        assert_eq!(shorten(hours(-6), Some(hours(2)), Span::hours(4), now()), Shortening::EndsNow);
        assert_eq!(shorten(hours(-1), Some(hours(2)), Span::hours(4), now()), Shortening::Stays);
        assert_eq!(shorten(hours(-1), None, Span::hours(4), now()), Shortening::EndsAt(hours(3)));
    }

    #[test]
    fn what_ends_by_itself_now_is_left_to_its_end() {
        assert_eq!(shorten(hours(-9), Some(now()), Span::hours(4), now()), Shortening::Stays);
    }

    proptest! {
        #[test]
        fn access_never_becomes_longer(since in -1_000i64..0, end in -10i64..1_000, max in 1u16..2_000) {
            let before = hours(end);
            match shorten(hours(since), Some(before), Span::hours(max), now()) {
                Shortening::EndsAt(after) => prop_assert!(after < before && after > now()),
                Shortening::EndsNow => prop_assert!(before > now()),
                Shortening::Stays => {}
            }
        }
    }
}
