//! Times as people write them, resolved against now and a zone.
//!
//! Every time stands for all of what it names: a year, a quarter, a month, a day; a minute where no seconds are
//! given; and a moment otherwise.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::ast::{Moment, Period};
use super::error::closest;
use super::value::Fault;
use super::{Context, YEAR_MAX, YEAR_MIN};
use crate::local_time::{self, BareDate, LocalTimeError};
use crate::span::Span;

const NOW: &str = "now";
const TODAY: &str = "today";
const YESTERDAY: &str = "yesterday";
/// Between the ends of a stretch of time.
pub(super) const BETWEEN: &str = "..";
/// No clock has skipped more than a day, and a part of another.
const SKIPPED_MINUTES_MAX: i64 = 48 * 60;

/// The first moment of what is named, and the first after it; the same where a moment is named.
type Named = (DateTime<Utc>, DateTime<Utc>);

/// The beginning of what is named.
pub(super) fn moment(typed: &str, context: &Context) -> Result<Moment, Fault> {
    if typed.contains(BETWEEN) {
        return Err(Fault::new("From one time to another is written with “during:”."));
    }
    let (at, _) = named(typed, context)?;
    Ok(Moment { at, written: typed.to_owned() })
}

/// All of what is named; from the beginning of one to the end of another; or, so long ago, from then until now.
pub(super) fn period(typed: &str, context: &Context) -> Result<Period, Fault> {
    let (from, until) = match typed.split_once(BETWEEN) {
        None if is_span(typed) => (Some(named(typed, context)?.0), Some(micros(context.now))),
        None => {
            let (from, until) = named(typed, context)?;
            if from == until && !is_date(typed) {
                let message =
                    format!("“{typed}” is a moment. Write a day, or from one time to another: A..B.");
                return Err(Fault::new(message));
            }
            (Some(from), Some(until))
        }
        Some(("", "")) => return Err(Fault::new("Write a time before or after the two dots, or both.")),
        Some((from, until)) => {
            let end = |typed: &str| Some(named(typed, context)).filter(|_| !typed.is_empty()).transpose();
            (end(from)?.map(|(start, _)| start), end(until)?.map(|(_, end)| end))
        }
    };
    if let Some((from, until)) = from.zip(until)
        && from >= until
    {
        return Err(backwards(typed, context));
    }
    Ok(Period { from, until, written: typed.to_owned() })
}

/// Whether it means another time on another day.
fn is_relative(typed: &str) -> bool {
    [NOW, TODAY, YESTERDAY].iter().any(|word| typed.eq_ignore_ascii_case(word)) || is_span(typed)
}

/// The text that names this moment as its beginning: as typed where that is relative, else the shortest without an
/// offset, else with one.
pub(super) fn start_text(at: DateTime<Utc>, typed: &str, context: &Context) -> String {
    let local = at.with_timezone(&context.zone).naive_local();
    let forms = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let typed = Some(typed).filter(|typed| is_relative(typed)).map(str::to_owned);
    let mut texts = typed.into_iter().chain(forms.iter().map(|form| local.format(form).to_string()));
    texts
        .find(|text| named(text, context).is_ok_and(|(start, _)| start == at))
        .unwrap_or_else(|| Moment::at(at).written)
}

/// The text that names something which ends exactly before this moment, chosen likewise.
pub(super) fn end_text(until: DateTime<Utc>, typed: &str, context: &Context) -> String {
    let local = |back: TimeDelta, form: &str| {
        (until - back).with_timezone(&context.zone).naive_local().format(form).to_string()
    };
    let relative = [typed, NOW].into_iter().filter(|text| is_relative(text)).map(str::to_owned);
    let day = local(TimeDelta::microseconds(1), "%Y-%m-%d");
    let minute = local(TimeDelta::minutes(1), "%Y-%m-%dT%H:%M");
    let second = local(TimeDelta::zero(), "%Y-%m-%dT%H:%M:%S");
    let mut texts = relative.chain([day, minute, second]);
    texts
        .find(|text| named(text, context).is_ok_and(|(_, end)| end == until))
        .unwrap_or_else(|| Moment::at(until).written)
}

/// What was resolved, as exact as the database keeps it.
fn micros(at: DateTime<Utc>) -> DateTime<Utc> {
    let finer = i64::from(at.timestamp_subsec_nanos() % 1_000);
    at - TimeDelta::nanoseconds(finer)
}

fn named(typed: &str, context: &Context) -> Result<Named, Fault> {
    let today = context.now.with_timezone(&context.zone).date_naive();
    let found = match typed.to_ascii_lowercase().as_str() {
        NOW => Ok((micros(context.now), micros(context.now))),
        TODAY => days(today, today.succ_opt(), context.zone),
        YESTERDAY => days(today.pred_opt().unwrap_or(today), Some(today), context.zone),
        lower if is_span(lower) => ago(lower, context.now),
        _ if is_date(typed) => date(typed, context.zone),
        _ => time_of_day(typed, context.zone),
    }?;
    let is_kept = |at: DateTime<Utc>| bounds().is_some_and(|(first, last)| (first..=last).contains(&at));
    if is_kept(found.0) && is_kept(found.1) { Ok(found) } else { Err(out_of_range()) }
}

/// What any zone makes of the first year and the last.
fn bounds() -> Option<Named> {
    let start = |year| NaiveDate::from_yo_opt(year, 1).map(|day| day.and_time(NaiveTime::MIN).and_utc());
    Some((start(YEAR_MIN)? - TimeDelta::days(1), start(YEAR_MAX + 1)? + TimeDelta::days(1)))
}

fn out_of_range() -> Fault {
    Fault::new(format!("Only years from {YEAR_MIN} to {YEAR_MAX} can be looked for."))
}

/// A number followed by a letter, maybe with a blank between.
fn is_span(typed: &str) -> bool {
    let unit = typed.trim_start_matches(|c: char| c.is_ascii_digit());
    let unit_is_word = !unit.trim().is_empty() && unit.trim().chars().all(|c| c.is_ascii_alphabetic());
    unit.len() < typed.len() && unit_is_word
}

fn ago(typed: &str, now: DateTime<Utc>) -> Result<Named, Fault> {
    if let Some(count) = typed.strip_suffix('m') {
        let minutes = format!("{}min", count.trim());
        let message = "“m” could be minutes or months. Minutes are “min”; a month is written 2026-11.";
        return Err(Fault::new(message).meaning(minutes));
    }
    let span = Span::parse(typed).map_err(|fault| Fault::new(fault.to_string()))?;
    let at = now.checked_sub_signed(span.delta()).map(micros).ok_or_else(out_of_range)?;
    Ok((at, at))
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

fn quarter(text: &str) -> Option<u32> {
    text.strip_prefix(['q', 'Q']).filter(|digit| is_digits(digit, 1))?.parse().ok()
}

/// Whether it has the form of a year, a quarter, a month or a day.
fn is_date(typed: &str) -> bool {
    match typed.split('-').collect::<Vec<_>>().as_slice() {
        [year] => is_digits(year, 4),
        [year, part] => is_digits(year, 4) && (is_digits(part, 2) || quarter(part).is_some()),
        [year, month, day] => is_digits(year, 4) && is_digits(month, 2) && is_digits(day, 2),
        _ => false,
    }
}

fn date(typed: &str, zone: Tz) -> Result<Named, Fault> {
    let parts: Vec<&str> = typed.split('-').collect();
    let number = |index: usize| parts.get(index).and_then(|part| part.parse::<u32>().ok());
    let year = parts.first().and_then(|year| year.parse::<i32>().ok()).unwrap_or_default();
    let month_start = |month: Option<u32>| NaiveDate::from_ymd_opt(year, month?, 1);
    let (first, months) = match parts.as_slice() {
        [_] => (month_start(Some(1)), 12),
        [_, part] => match quarter(part) {
            Some(quarter) => (month_start((quarter * 3).checked_sub(2)), 3),
            None => (month_start(number(1)), 1),
        },
        _ => (NaiveDate::from_ymd_opt(year, number(1).unwrap_or(0), number(2).unwrap_or(0)), 0),
    };
    let first = first.ok_or_else(|| Fault::new(format!("There is no {typed} in the calendar.")))?;
    if !(YEAR_MIN..=YEAR_MAX).contains(&year) {
        return Err(out_of_range());
    }
    let next = if months == 0 { first.succ_opt() } else { first.checked_add_months(Months::new(months)) };
    days(first, next, zone)
}

fn days(first: NaiveDate, next: Option<NaiveDate>, zone: Tz) -> Result<Named, Fault> {
    let start = |day: NaiveDate| start_of(day, zone).ok_or_else(out_of_range);
    Ok((start(first)?, start(next.ok_or_else(out_of_range)?)?))
}

/// The first moment of a day: where the clocks skip its midnight, the first that they show.
fn start_of(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    let shown = |minutes| zone.from_local_datetime(&(midnight + TimeDelta::minutes(minutes))).earliest();
    (0..=SKIPPED_MINUTES_MAX).find_map(shown).map(|at| at.with_timezone(&Utc))
}

fn time_of_day(typed: &str, zone: Tz) -> Result<Named, Fault> {
    let parts = typed.split_once(['T', 't', ' ']);
    let Some((day, time)) = parts.filter(|(day, _)| is_date(day) && day.len() == 10) else {
        return Err(unreadable(typed));
    };
    let (clock, offset) = match time.find(['Z', 'z', '+', '-']).and_then(|at| time.split_at_checked(at)) {
        Some((clock, "Z" | "z")) => (clock, Some("+00:00")),
        Some((clock, offset)) => (clock, Some(offset)),
        None => (time, None),
    };
    let has_seconds = clock.matches(':').count() == 2;
    let start = match offset {
        Some(offset) => {
            let seconds = if has_seconds { "" } else { ":00" };
            let text = format!("{day}T{clock}{seconds}{offset}");
            let at = DateTime::parse_from_rfc3339(&text).map_err(|_| unreadable(typed))?;
            at.with_timezone(&Utc)
        }
        None => {
            let at = local_time::parse(&format!("{day}T{clock}"), zone, BareDate::Start)
                .map_err(|fault| local_fault(typed, fault, zone))?;
            if !(YEAR_MIN..=YEAR_MAX).contains(&at.with_timezone(&zone).year()) {
                return Err(out_of_range());
            }
            at
        }
    };
    let start = micros(start);
    Ok((start, if has_seconds { start } else { start + TimeDelta::minutes(1) }))
}

fn local_fault(typed: &str, fault: LocalTimeError, zone: Tz) -> Fault {
    match &fault {
        LocalTimeError::Unreadable(_) => unreadable(typed),
        LocalTimeError::Skipped(local, _) => {
            let later: NaiveDateTime = *local + TimeDelta::hours(1);
            let exists = zone.from_local_datetime(&later).earliest().is_some();
            let said = Fault::new(fault.to_string());
            if exists { said.meaning(later.format("%Y-%m-%dT%H:%M").to_string()) } else { said }
        }
    }
}

fn unreadable(typed: &str) -> Fault {
    let message = format!(
        "“{typed}” is not a date. Write 2026-11-27, 2026-11-27T18:00, 2026-11, 7d, 12h or yesterday."
    );
    let said = Fault::new(message);
    match meant(typed) {
        Some(meant) => said.meaning(meant),
        None => said,
    }
}

/// What somebody probably meant who writes dates otherwise.
fn meant(typed: &str) -> Option<String> {
    let forms = ["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d"];
    let day = forms.iter().find_map(|form| NaiveDate::parse_from_str(typed, form).ok());
    let day = day.filter(|day| (YEAR_MIN..=YEAR_MAX).contains(&day.year()));
    day.map(|day| day.format("%Y-%m-%d").to_string())
        .or_else(|| closest(typed, [TODAY, YESTERDAY, NOW]).map(str::to_owned))
}

fn backwards(typed: &str, context: &Context) -> Fault {
    let said = Fault::new("This ends before it begins.");
    match typed.split_once(BETWEEN) {
        Some((from, until)) => {
            let turned = format!("{until}{BETWEEN}{from}");
            if period_is_forward(until, from, context) { said.meaning(turned) } else { said }
        }
        // A day that the clocks of this zone skipped.
        None => Fault::new(format!("There was no {typed} in {}.", context.zone)),
    }
}

fn period_is_forward(from: &str, until: &str, context: &Context) -> bool {
    let ends = named(from, context).ok().zip(named(until, context).ok());
    ends.is_some_and(|((from, _), (_, until))| from < until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    fn in_zone(zone: Tz) -> Context {
        Context { now: at("2026-11-23T10:00:00.123456789Z"), zone }
    }

    fn ends(typed: &str, zone: Tz) -> (String, String) {
        let period = period(typed, &in_zone(zone)).unwrap_or_else(|fault| panic!("{typed}: {fault:?}"));
        let end = |at: Option<DateTime<Utc>>| at.map(|at| Moment::at(at).written).unwrap_or_default();
        (end(period.from), end(period.until))
    }

    fn fault(typed: &str, zone: Tz) -> Fault {
        period(typed, &in_zone(zone)).expect_err(typed)
    }

    #[test]
    fn a_date_is_all_of_it_in_the_zone() {
        for (typed, from, until) in [
            ("2026-11-01", "2026-10-31T23:00:00Z", "2026-11-01T23:00:00Z"),
            ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            ("2026-11", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"),
            ("2026-Q4", "2026-09-30T22:00:00Z", "2026-12-31T23:00:00Z"),
            ("2026", "2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z"),
            ("today", "2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z"),
            ("Yesterday", "2026-11-21T23:00:00Z", "2026-11-22T23:00:00Z"),
            ("2026-11-01T09:00", "2026-11-01T08:00:00Z", "2026-11-01T08:01:00Z"),
            ("2026-11-01T09:00-05:00", "2026-11-01T14:00:00Z", "2026-11-01T14:01:00Z"),
        ] {
            assert_eq!(ends(typed, Berlin), (from.to_owned(), until.to_owned()), "{typed}");
        }
    }

    #[test]
    fn from_one_to_another_takes_in_both() {
        for (typed, from, until) in [
            ("2026-11-01..2026-11-07", "2026-10-31T23:00:00Z", "2026-11-07T23:00:00Z"),
            ("2026-09..2026-Q4", "2026-08-31T22:00:00Z", "2026-12-31T23:00:00Z"),
            ("2026-11-01T09:00..2026-11-01T18:00", "2026-11-01T08:00:00Z", "2026-11-01T17:01:00Z"),
            (
                "2026-11-01T09:00:00Z..2026-11-01T18:00:00.5Z",
                "2026-11-01T09:00:00Z",
                "2026-11-01T18:00:00.500Z",
            ),
            ("..2026", "", "2026-12-31T23:00:00Z"),
            ("2026..", "2025-12-31T23:00:00Z", ""),
        ] {
            assert_eq!(ends(typed, Berlin), (from.to_owned(), until.to_owned()), "{typed}");
        }
    }

    #[test]
    fn so_long_ago_counts_hours_of_sixty_minutes_and_is_kept_to_the_microsecond() {
        let now = "2026-11-23T10:00:00.123456Z";
        for (typed, from) in [
            ("7d", "2026-11-16T10:00:00.123456Z"),
            ("12h", "2026-11-22T22:00:00.123456Z"),
            ("2w", "2026-11-09T10:00:00.123456Z"),
            ("90min", "2026-11-23T08:30:00.123456Z"),
            ("3 days", "2026-11-20T10:00:00.123456Z"),
        ] {
            assert_eq!(ends(typed, Berlin), (from.to_owned(), now.to_owned()), "{typed}");
        }
        assert_eq!(ends("2h..now", Berlin).1, now);
        assert_eq!(ends("2026-11-23T10:00:00.123456789Z..", Berlin).0, now);
        assert_eq!(fault("30m", Berlin).meant.as_deref(), Some("30min"));
        assert!(fault("99999d", Berlin).message.contains("10 years"));
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_refused_and_of_two_the_earlier_is_taken() {
        let skipped = fault("2026-03-29T02:30", Berlin);
        assert!(skipped.message.contains("does not exist in Europe/Berlin"), "{}", skipped.message);
        assert_eq!(skipped.meant.as_deref(), Some("2026-03-29T03:30"));
        assert_eq!(ends("2026-10-25T02:30..", Berlin).0, "2026-10-25T00:30:00Z");
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_when_the_clocks_go_on() {
        let (from, until) = ends("2018-11-04", chrono_tz::America::Sao_Paulo);
        assert_eq!((from.as_str(), until.as_str()), ("2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"));
        let gone = fault("2011-12-30", chrono_tz::Pacific::Apia);
        assert_eq!(gone.message, "There was no 2011-12-30 in Pacific/Apia.");
    }

    #[test]
    fn the_first_and_the_last_year_can_be_looked_for_and_none_beyond() {
        for zone in [Berlin, chrono_tz::Pacific::Kiritimati, chrono_tz::Pacific::Niue] {
            let (first, last) = (ends("1990", zone), ends("9998", zone));
            // What they resolve to can be read, too.
            assert_eq!(ends(&format!("{}..{}", first.0, last.1), zone), (first.0, last.1));
            for typed in
                ["1989", "9999", "1989-12-31", "9999-01-01T00:00", "0001-01-01", "1989-12-30T23:59:59Z.."]
            {
                assert_eq!(
                    fault(typed, zone).message,
                    "Only years from 1990 to 9998 can be looked for.",
                    "{typed}"
                );
            }
        }
        assert!(fault("..9999-12-31T23:59:59-12:00", Berlin).message.contains("9998"));
        // Its end could not be read back.
        assert!(fault("9999-01-02T00:00Z", Berlin).message.contains("9998"));
    }

    #[test]
    fn what_is_no_date_is_refused_with_what_was_probably_meant() {
        for (typed, meant) in [
            ("27.11.2026", Some("2026-11-27")),
            ("2026-1-5", Some("2026-01-05")),
            ("2026/11/27", Some("2026-11-27")),
            ("yesteday", Some("yesterday")),
            ("11/27/2026", None),
            ("2026-11-27T25:00", None),
            ("2026-11-27T10:00+", None),
            ("20261127", None),
            ("soon", None),
            ("٢٠٢٦", None),
        ] {
            let fault = fault(typed, Berlin);
            assert_eq!(fault.meant.as_deref(), meant, "{typed}");
            assert!(fault.message.contains("is not a date"), "{typed}: {}", fault.message);
        }
        for typed in ["2026-02-30", "2026-13", "2026-00", "2026-Q5", "2026-Q0"] {
            assert!(fault(typed, Berlin).message.contains("in the calendar"), "{typed}");
        }
    }

    #[test]
    fn what_ends_before_it_begins_is_turned_round() {
        assert_eq!(fault("2026-11-07..2026-11-01", Berlin).meant.as_deref(), Some("2026-11-01..2026-11-07"));
        assert!(fault("now", Berlin).message.contains("is a moment"));
        assert!(fault("..", Berlin).message.contains("before or after"));
        assert!(moment("2026..2027", &in_zone(Berlin)).expect_err("two").message.contains("during:"));
    }

    #[test]
    fn moments_are_written_as_short_as_they_can_be() {
        let context = in_zone(Berlin);
        for (moment, text, end) in [
            ("2026-10-31T23:00:00Z", "2026-11-01", "2026-10-31"),
            ("2026-11-01T08:00:00Z", "2026-11-01T09:00", "2026-11-01T08:59"),
            ("2026-11-01T08:00:05Z", "2026-11-01T09:00:05", "2026-11-01T09:00:05"),
            // The second of two, which only an offset names.
            ("2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z"),
        ] {
            assert_eq!(start_text(at(moment), "", &context), text);
            assert_eq!(end_text(at(moment), "", &context), end);
        }
    }
}
