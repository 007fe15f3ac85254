//! Times: relative in lists, short where the day matters, exact with the zone on hover, always as `<time>`.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use domain::local_time;
use leptos::prelude::*;

/// How somebody reads time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Their zone.
    pub zone: Tz,
    /// The moment that relative times count from.
    pub now: DateTime<Utc>,
}

impl Clock {
    /// “2 days ago”.
    pub fn relative(self, at: DateTime<Utc>) -> AnyView {
        self.marked(at, local_time::relative(at, self.now))
    }

    /// “2 days”: how long it has been so.
    pub fn lasting(self, since: DateTime<Utc>) -> AnyView {
        let length = local_time::length((self.now - since).num_seconds());
        self.marked(since, length.unwrap_or_else(|| "less than a minute".to_owned()))
    }

    /// “Fri 27 Nov, 18:00”.
    pub fn short(self, at: DateTime<Utc>) -> AnyView {
        self.marked(at, local_time::short(at, self.zone, self.now))
    }

    /// “Friday 27 November 2026, 18:00:09 CET (Europe/Berlin)”.
    pub fn exact(self, at: DateTime<Utc>) -> AnyView {
        self.marked(at, local_time::exact(at, self.zone))
    }

    /// “18:00:09”.
    pub fn of_day(self, at: DateTime<Utc>) -> AnyView {
        self.marked(at, at.with_timezone(&self.zone).format("%H:%M:%S").to_string())
    }

    /// “27 Nov 2026, 18:00:09”.
    pub fn stamp(self, at: DateTime<Utc>) -> AnyView {
        self.marked(at, at.with_timezone(&self.zone).format("%-d %b %Y, %H:%M:%S").to_string())
    }

    /// “Friday 27 November 2026”, “Today”.
    pub fn day(self, at: DateTime<Utc>) -> String {
        let (day, today) =
            (at.with_timezone(&self.zone).date_naive(), self.now.with_timezone(&self.zone).date_naive());
        let words = day.format("%A %-d %B %Y").to_string();
        if day == today { format!("Today, {words}") } else { words }
    }

    /// “Fri 27 Nov, 18:00” as text.
    pub fn short_text(self, at: DateTime<Utc>) -> String {
        local_time::short(at, self.zone, self.now)
    }

    fn marked(self, at: DateTime<Utc>, words: String) -> AnyView {
        view! {
            <time datetime=at.to_rfc3339_opts(SecondsFormat::Secs, true) title=local_time::exact(at, self.zone)>
                {words}
            </time>
        }
        .into_any()
    }
}
