//! How long an alert may wait for somebody to take it up.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Severity, State};

/// How long one of this severity may stay open before administrators hear that nobody looks at it.
pub const fn patience(severity: Severity) -> TimeDelta {
    match severity {
        Severity::Critical => TimeDelta::hours(1),
        Severity::High => TimeDelta::hours(8),
        Severity::Medium => TimeDelta::days(3),
        Severity::Low => TimeDelta::days(14),
    }
}

/// Whether an alert that waits since then has waited too long.
pub fn is_overdue(state: State, severity: Severity, opened_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    state == State::Open && now - opened_at >= patience(severity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Verdict;

    #[test]
    fn an_alert_is_overdue_from_the_second_at_which_its_severity_has_waited_enough() {
        let opened = DateTime::UNIX_EPOCH;
        for severity in Severity::ALL {
            let due = opened + patience(severity);
            assert!(!is_overdue(State::Open, severity, opened, due - TimeDelta::seconds(1)), "{severity:?}");
            assert!(is_overdue(State::Open, severity, opened, due), "{severity:?}");
            assert!(!is_overdue(State::Acknowledged, severity, opened, due), "somebody looks at it");
            let resolved = State::Resolved { verdict: Verdict::True, at: due };
            assert!(!is_overdue(resolved, severity, opened, due));
        }
    }

    #[test]
    fn the_worse_it_is_the_sooner_it_is_overdue() {
        assert!(Severity::ALL.is_sorted_by_key(|severity| std::cmp::Reverse(patience(*severity))));
    }
}
