//! The times of logs.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use domain::usage::{AHEAD_MAX, UsageError, UsageFault};
use serde_json::Value;

use super::pick;

/// Abbreviations as PostgreSQL's own default set (`timezonesets/Default`) has them, in hours from UTC.
const ABBREVIATIONS: [(&str, i32); 26] = [
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 1),
    ("BST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("IST", 2),
    ("MSK", 3),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("JST", 9),
    ("KST", 9),
    ("AEST", 10),
    ("AEDT", 11),
    ("NZST", 12),
    ("NZDT", 13),
];

/// The time at a pointer of a source whose times are UTC where they have no offset: RFC 3339, or a number since
/// 1970 in seconds, milli-, micro- or nanoseconds, told apart by its size. Nothing where nothing stands there.
pub(super) fn in_utc(record: &Value, pointer: &str) -> Result<Option<DateTime<Utc>>, UsageError> {
    in_zone(record, pointer, Tz::UTC)
}

/// The same with another zone for times without an offset.
pub(super) fn in_zone(record: &Value, pointer: &str, zone: Tz) -> Result<Option<DateTime<Utc>>, UsageError> {
    let Some(value) = pick::at(record, pointer) else { return Ok(None) };
    let refused = || refused(pointer, value);
    match value {
        Value::Null => Ok(None),
        // “redacted”, “n/a”, “-”: no time was given.
        Value::String(text) if !text.contains(|c: char| c.is_ascii_digit()) => Ok(None),
        Value::String(text) => match rfc3339(text).or_else(|| local(text, zone)) {
            Some(time) => Ok(Some(time)),
            None => since_1970(text.trim().parse().map_err(|_| refused())?).map(Some).ok_or_else(refused),
        },
        Value::Number(number) => number.as_f64().and_then(since_1970).map(Some).ok_or_else(refused),
        _ => Err(refused()),
    }
}

/// What a number since 1970 counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
}

/// The time of a source that says in which unit it counts. A date there is read as one: exports write both.
pub(super) fn since_1970_in(
    record: &Value,
    pointer: &str,
    unit: Unit,
) -> Result<Option<DateTime<Utc>>, UsageError> {
    let Some(number) = pick::number(record, pointer) else { return in_utc(record, pointer) };
    let time = match unit {
        Unit::Seconds => DateTime::from_timestamp(number, 0),
        Unit::Millis => DateTime::from_timestamp_millis(number),
    };
    time.map(Some).ok_or_else(|| refused(pointer, &number.into()))
}

/// The refusal of what stands at this field.
pub(super) fn refused(pointer: &str, value: &Value) -> UsageError {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    UsageError::new(
        pointer.trim_start_matches('/').replace('/', "."),
        UsageFault::NotATime(text.chars().take(80).collect()),
    )
}

/// A time with its offset.
pub(super) fn rfc3339(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|time| time.to_utc())
}

/// A time without offset, as it was in this zone. What the clock never showed does not exist; of two, the earlier.
fn local(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim().trim_end_matches(" UTC");
    // The last: pipelines lose the dot.
    let time = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    zone.from_local_datetime(&time).earliest().map(|time| time.to_utc())
}

/// A number since 1970: seconds up to the year 5138, then milli-, micro- and nanoseconds.
fn since_1970(number: f64) -> Option<DateTime<Utc>> {
    let seconds = match number.abs() {
        size if size < 1e11 => number,
        size if size < 1e14 => number / 1e3,
        size if size < 1e17 => number / 1e6,
        _ => number / 1e9,
    };
    #[expect(clippy::cast_possible_truncation, reason = "chrono refuses what saturates")]
    let millis = (seconds * 1e3).round() as i64;
    DateTime::from_timestamp_millis(millis).filter(|_| seconds.is_finite())
}

/// `2026-11-23 10:02:53.515 UTC`, as PostgreSQL writes it: an abbreviation of its default set, or an offset.
pub(super) fn postgresql(text: &str) -> Option<DateTime<Utc>> {
    let (time, zone) = text.trim().rsplit_once(' ')?;
    let time = NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    let seconds = match ABBREVIATIONS.iter().find(|(name, _)| *name == zone) {
        Some((_, hours)) => hours * 3_600,
        None => offset(zone)?,
    };
    FixedOffset::east_opt(seconds)?.from_local_datetime(&time).earliest().map(|time| time.to_utc())
}

/// `+01`, `-0330`, `+05:30`, in seconds.
fn offset(zone: &str) -> Option<i32> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = match digits.get(2..)? {
        "" => 0,
        minutes if minutes.len() == 2 => minutes.parse().ok()?,
        _ => return None,
    };
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// `Nov 23 10:02:53`, as syslog has it (RFC 3164), without a year: the latest that is not further ahead than a
/// clock may be.
pub(super) fn syslog(text: &str, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let this_year = now.with_timezone(&zone).year();
    // Two years back, for the 29th of February.
    (0..=4).find_map(|years| {
        let dated = format!("{} {}", this_year + 1 - years, text.trim());
        let time = NaiveDateTime::parse_from_str(&dated, "%Y %b %e %H:%M:%S").ok()?;
        let time = zone.from_local_datetime(&time).earliest()?.to_utc();
        (time <= now + AHEAD_MAX.min(TimeDelta::hours(24))).then_some(time)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn read(value: Value) -> Result<Option<DateTime<Utc>>, String> {
        in_utc(&json!({ "t": value }), "/t").map_err(|error| error.to_string())
    }

    #[test]
    fn every_way_to_write_a_time_comes_to_the_same() {
        let time = at("2022-03-22T14:21:53.225Z");
        for value in [
            json!("2022-03-22T14:21:53.225Z"),
            json!("2022-03-22T15:21:53.225+01:00"),
            json!("2022-03-22 14:21:53.225"),
            json!("2022-03-22T14:21:53.225"),
            json!("2022-03-22 14:21:53.225 UTC"),
            json!(1_647_958_913.225),
            json!(1_647_958_913_225_i64),
            json!("1647958913225"),
            json!(1_647_958_913_225_000_i64),
            json!(1_647_958_913_225_000_000_i64),
        ] {
            assert_eq!(read(value.clone()), Ok(Some(time)), "{value}");
        }
        assert_eq!(read(json!(null)), Ok(None));
        for nothing in [" ", "redacted", "n/a", "NaN"] {
            assert_eq!(read(json!(nothing)), Ok(None), "{nothing}");
        }
    }

    #[test]
    fn what_is_no_time_is_named() {
        for value in [json!("2 soon"), json!(true), json!([1]), json!({}), json!(1e300), json!("1e999")] {
            assert!(read(value.clone()).expect_err("refused").starts_with("t: “"), "{value}");
        }
    }

    #[test]
    fn the_zones_of_postgresql_are_offsets_or_known_abbreviations() {
        let time = at("2026-11-23T10:02:53.515Z");
        for text in [
            "2026-11-23 10:02:53.515 UTC",
            "2026-11-23 11:02:53.515 CET",
            "2026-11-23 15:32:53.515 +0530",
            "2026-11-23 07:02:53.515 -03",
        ] {
            assert_eq!(postgresql(text), Some(time), "{text}");
        }
        for text in ["2026-11-23 10:02:53.515", "2026-11-23 10:02:53 XYZ", "", "2026-11-23 10:02:53 +ä1"] {
            assert_eq!(postgresql(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_year_is_the_latest_that_was() {
        let now = at("2026-01-02T10:00:00Z");
        assert_eq!(syslog("Jan  2 09:00:00", Tz::UTC, now), Some(at("2026-01-02T09:00:00Z")));
        assert_eq!(syslog("Dec 31 23:59:59", Tz::UTC, now), Some(at("2025-12-31T23:59:59Z")));
        assert_eq!(syslog("Feb 29 00:00:00", Tz::UTC, now), Some(at("2024-02-29T00:00:00Z")));
        assert_eq!(
            syslog("Jan 01 00:30:00", chrono_tz::Europe::Berlin, at("2026-12-31T23:45:00Z")),
            Some(at("2026-12-31T23:30:00Z"))
        );
        assert_eq!(syslog("Foo 31 00:00:00", Tz::UTC, now), None);
    }
}
