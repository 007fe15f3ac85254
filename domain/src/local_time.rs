//! Wall-clock time: read from forms, shown on pages, always with a zone.

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use thiserror::Error;

/// Why a typed time was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LocalTimeError {
    /// Neither a date nor a date with a time.
    #[error("“{0}” is not a date. Write it like 2026-11-27, or 2026-11-27 18:00.")]
    Unreadable(String),
    /// Skipped by a clock change.
    #[error("{0} does not exist in {1}: the clocks skip it. Choose a time an hour later.")]
    Skipped(NaiveDateTime, Tz),
}

/// Which moment of its day a bare date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareDate {
    /// Its last second, for ends.
    End,
    /// Its first, for starts.
    Start,
}

/// Reads `2026-11-27`, `2026-11-27T18:00` or `2026-11-27 18:00` as wall-clock time in `zone`.
/// Of a time that the clocks show twice, the earlier is taken.
///
/// # Errors
/// When it is not a date, or names a time that the clocks skip.
pub fn parse(text: &str, zone: Tz, bare: BareDate) -> Result<DateTime<Utc>, LocalTimeError> {
    let text = text.trim();
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M"))
        .ok()
        .or_else(|| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(match bare {
                BareDate::End => date.and_hms_opt(23, 59, 59)?,
                BareDate::Start => date.and_time(NaiveTime::MIN),
            })
        })
        .filter(|local| (1970..=9999).contains(&local.year()))
        .ok_or_else(|| LocalTimeError::Unreadable(text.to_owned()))?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at.with_timezone(&Utc)),
        LocalResult::None => Err(LocalTimeError::Skipped(local, zone)),
    }
}

/// “Fri 27 Nov, 18:00”, with the year where it is not this one.
pub fn short(at: DateTime<Utc>, zone: Tz, now: DateTime<Utc>) -> String {
    let at = at.with_timezone(&zone);
    if at.year() == now.with_timezone(&zone).year() {
        at.format("%a %-d %b, %H:%M").to_string()
    } else {
        at.format("%a %-d %b %Y, %H:%M").to_string()
    }
}

/// “Friday 27 November 2026, 18:00:09 CET (Europe/Berlin)”.
pub fn exact(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let abbreviation = local.format("%Z").to_string();
    let day = local.format("%A %-d %B %Y, %H:%M:%S");
    if abbreviation.starts_with(|c: char| c.is_ascii_alphabetic()) && abbreviation != zone.name() {
        format!("{day} {abbreviation} ({})", zone.name())
    } else {
        format!("{day} {}", zone.name())
    }
}

/// “in 3 hours”, “2 days ago”, “just now”.
pub fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (at - now).num_seconds();
    match length(seconds.abs()) {
        None => "just now".to_owned(),
        Some(length) if seconds > 0 => format!("in {length}"),
        Some(length) => format!("{length} ago"),
    }
}

/// “3 hours”: the one largest unit, rounded down; `None` under a minute.
pub fn length(seconds: i64) -> Option<String> {
    let (count, unit) = match seconds {
        ..60 => return None,
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        86_400..5_184_000 => (seconds / 86_400, "day"),
        5_184_000..63_072_000 => (seconds / 2_592_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    Some(format!("{count} {unit}{plural}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn a_bare_date_means_its_end_for_ends_and_its_beginning_for_starts() {
        assert_eq!(parse("2026-11-27", Berlin, BareDate::End), Ok(utc("2026-11-27T22:59:59Z")));
        assert_eq!(parse("2026-11-27", Berlin, BareDate::Start), Ok(utc("2026-11-26T23:00:00Z")));
    }

    #[test]
    fn a_skipped_time_is_refused_and_of_two_the_earlier_is_taken() {
        assert!(matches!(parse("2026-03-29T02:30", Berlin, BareDate::End), Err(LocalTimeError::Skipped(..))));
        assert_eq!(parse("2026-10-25T02:30", Berlin, BareDate::End), Ok(utc("2026-10-25T00:30:00Z")));
    }

    #[test]
    fn nonsense_is_quoted_back() {
        for text in ["", "tomorrow", "27.11.2026", "2026-02-30", "99999-01-01", "0000-01-01"] {
            assert!(
                matches!(parse(text, Berlin, BareDate::End), Err(LocalTimeError::Unreadable(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn shown_short_exact_and_relative() {
        let now = utc("2026-11-23T10:00:00Z");
        let at = utc("2026-11-27T17:00:09Z");
        assert_eq!(short(at, Berlin, now), "Fri 27 Nov, 18:00");
        assert_eq!(short(utc("2027-01-01T17:00:00Z"), Berlin, now), "Fri 1 Jan 2027, 18:00");
        assert_eq!(exact(at, Berlin), "Friday 27 November 2026, 18:00:09 CET (Europe/Berlin)");
        assert_eq!(exact(at, Tz::UTC), "Friday 27 November 2026, 17:00:09 UTC");
        assert_eq!(relative(at, now), "in 4 days");
        assert_eq!(relative(now, at), "4 days ago");
        assert_eq!(relative(now, now), "just now");
    }
}
