//! How alerts went over the last weeks, by rule and by resource.

use app::backend::{AlertTrend, AlertTrends, TREND_WEEKS};
use chrono::TimeDelta;
use domain::alert::trend::is_noisy;
use domain::caller::Caller;
use store::Store;
use store::alert::trend::{By, Trend, trends};
use store::alert::{COUNTED_MAX, Reader};

use crate::portal::Fault;

pub(super) async fn show(store: &Store, caller: &Caller) -> Result<AlertTrends, Fault> {
    let mut conn = store.read().await?;
    let weeks = i64::try_from(TREND_WEEKS).unwrap_or_default();
    let since = caller.called_at - TimeDelta::weeks(weeks);
    let reader = Reader::of(caller);
    let rules: Vec<_> = trends(&mut conn, reader, By::Rule, since).await?.into_iter().map(told).collect();
    let resources = trends(&mut conn, reader, By::Resource, since).await?.into_iter().map(told).collect();
    let counted: usize = rules.iter().flat_map(|rule: &AlertTrend| &rule.weeks).sum();
    Ok(AlertTrends {
        rules,
        resources,
        is_more: i64::try_from(counted).is_ok_and(|count| count >= COUNTED_MAX),
    })
}

fn told(trend: Trend) -> AlertTrend {
    let number = |count: i64| usize::try_from(count).unwrap_or_default();
    let mut weeks = [0; TREND_WEEKS];
    for week in trend.weeks {
        // What comes in while this is asked is of this week.
        let week = usize::try_from(week).unwrap_or_default().min(TREND_WEEKS - 1);
        if let Some(count) = weeks.get_mut(week) {
            *count += 1;
        }
    }
    let (resolved, found_false) = (number(trend.resolved), number(trend.found_false));
    AlertTrend {
        address: trend.address,
        name: trend.name,
        weeks,
        unresolved: number(trend.unresolved),
        resolved,
        found_false,
        is_noisy: is_noisy(resolved, found_false),
        looked_at_seconds: trend.looked_at_seconds.map(whole_seconds),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float stops at the bounds")]
fn whole_seconds(seconds: f64) -> i64 {
    seconds as i64
}
