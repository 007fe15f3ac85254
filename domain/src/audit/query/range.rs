//! The time outside of which nothing can match.

use chrono::{DateTime, Utc};

use super::Query;
use super::ast::{Expr, Term};

/// From this moment, and before that one.
type Range = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

impl Query {
    /// The tightest range of `occurred_at` that every match lies in, as far as times in the query say so: at or after
    /// the first, before the second; `None` is no bound. What is negated gives none. Where the first is not before the
    /// second, nothing matches.
    pub fn time_range(&self) -> Range {
        range(self.expr())
    }
}

fn range(expr: &Expr) -> Range {
    match expr {
        Expr::All | Expr::Not(_) => (None, None),
        Expr::And(parts) => parts.iter().map(range).fold((None, None), both),
        Expr::Or(parts) => {
            let ranges: Vec<Range> = parts.iter().map(range).collect();
            // A branch that never matches widens nothing.
            let possible = ranges.iter().copied().filter(|range| !is_empty(*range)).reduce(either);
            possible.or_else(|| ranges.first().copied()).unwrap_or_default()
        }
        Expr::Term(Term::After(moment)) => (Some(moment.at), None),
        Expr::Term(Term::Before(moment)) => (None, Some(moment.at)),
        Expr::Term(Term::During(period)) => (period.from, period.until),
        Expr::Term(_) => (None, None),
    }
}

fn is_empty(range: Range) -> bool {
    range.0.zip(range.1).is_some_and(|(from, until)| from >= until)
}

fn both(one: Range, other: Range) -> Range {
    // `None` is less than any moment, as a beginning should be.
    (one.0.max(other.0), one.1.into_iter().chain(other.1).min())
}

fn either(one: Range, other: Range) -> Range {
    (one.0.min(other.0), one.1.zip(other.1).map(|(one, other)| one.max(other)))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::super::generated::{context, event, expr};
    use super::super::{Context, Matchable, parse};
    use super::*;

    /// In UTC, as `YYYY-MM-DD` where it is a midnight.
    fn of(query: &str) -> (String, String) {
        let context = Context { zone: chrono_tz::Tz::UTC, ..context() };
        let query = parse(query, &context).unwrap_or_else(|error| panic!("{query}: {error}"));
        let (from, until) = query.time_range();
        let day = |at: Option<DateTime<Utc>>| at.map(|at| at.date_naive().to_string()).unwrap_or_default();
        (day(from), day(until))
    }

    #[test]
    fn all_narrow_any_widen_and_not_says_nothing() {
        for (query, from, until) in [
            ("ana", "", ""),
            ("after:2026-01-01 ana", "2026-01-01", ""),
            (
                "after:2026-01-01 after:2026-03-01 before:2026-12-01 before:2026-06-01",
                "2026-03-01",
                "2026-06-01",
            ),
            ("during:2026-05 OR during:2026-02", "2026-02-01", "2026-06-01"),
            ("during:2026-05 OR ana", "", ""),
            ("during:2026-05 OR after:2026-04-01", "2026-04-01", ""),
            ("(during:2026-05 OR during:2026-02) before:2026-05-05", "2026-02-01", "2026-05-05"),
            ("-before:2026-01-01", "", ""),
            ("-before:2026-01-01 during:..2026-05-31", "", "2026-06-01"),
            ("(before:2026-01-01 after:2026-02-01) OR during:2026-05", "2026-05-01", "2026-06-01"),
            ("before:2026-01-01 after:2026-02-01", "2026-02-01", "2026-01-01"),
        ] {
            assert_eq!(of(query), (from.to_owned(), until.to_owned()), "{query}");
        }
    }

    proptest! {
        #[test]
        fn nothing_outside_of_the_range_matches(expr in expr(), hours in -2_000i64..2_000) {
            let query = Query::from(expr);
            let occurred_at = context().now + TimeDelta::hours(hours);
            if query.matches(&Matchable { occurred_at, ..event() }) {
                let (from, until) = query.time_range();
                prop_assert!(from.is_none_or(|from| from <= occurred_at));
                prop_assert!(until.is_none_or(|until| occurred_at < until));
            }
        }
    }
}
