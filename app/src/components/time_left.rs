//! Time left: a thin bar with words, amber in the last day, red in the last hour.

use chrono::{DateTime, TimeDelta, Utc};
use domain::local_time;
use domain::nearing::{Nearing, nearing};
use leptos::prelude::*;

use super::icon::{Icon, icon};
use super::time::Clock;

/// “until Fri 27 Nov, 18:00 · 2 days left”, over a bar from `since` to `until`.
pub fn time_left(clock: Clock, since: Option<DateTime<Utc>>, until: DateTime<Utc>) -> AnyView {
    let left = until - clock.now;
    let near = nearing(since, until, clock.now);
    let words = match local_time::length(left.num_seconds()) {
        Some(length) => format!("{length} left"),
        None if left > TimeDelta::zero() => "less than a minute left".to_owned(),
        None => "its time is over".to_owned(),
    };
    let bar = since.map(|since| {
        let width = share(since, until, clock.now).to_string();
        view! {
            <svg class="left-bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
                <rect class="left-track" width="100" height="1"/>
                <rect class="left-fill" width=width height="1"/>
            </svg>
        }
    });
    view! {
        <div class="left" class:left-soon=near == Some(Nearing::Day) class:left-now=near == Some(Nearing::Hour)>
            {bar}
            <p class="left-words">
                {near.map(|_| icon(Icon::Clock))} "until " {clock.short(until)} <span class="left-rest">" · " {words}</span>
            </p>
        </div>
    }
    .into_any()
}

/// The share of the time that is left, in percent.
fn share(since: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    let whole = (until - since).num_seconds().max(1);
    ((until - now).num_seconds().clamp(0, whole).saturating_mul(100)) / whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_empties_from_full_to_nothing() {
        let now: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().expect("a date");
        let hours = TimeDelta::hours;
        assert_eq!(share(now, now + hours(4), now), 100);
        assert_eq!(share(now - hours(3), now + hours(1), now), 25);
        assert_eq!(share(now - hours(4), now - hours(1), now), 0);
        assert_eq!(share(now + hours(1), now + hours(2), now), 100);
        assert_eq!(share(now, now, now), 0);
    }
}
