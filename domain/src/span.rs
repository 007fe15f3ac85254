//! Lengths of time as people write and read them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest span that Gatebook deals in: ten years. Anything longer is a slip of the finger.
pub const SPAN_MAX: Span = Span(10 * 366 * 86_400);

/// A positive length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

/// Why a text is not a span.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpanError {
    /// Not a number with a unit.
    #[error("“{0}” is not a length of time. Write it like “4 hours”, “3 days” or “2 weeks”.")]
    Unreadable(String),
    /// Zero, or more than [`SPAN_MAX`].
    #[error("A length of time is at least 1 minute and at most 10 years.")]
    OutOfRange,
}

impl Span {
    /// `None` unless `seconds` is between 1 and [`SPAN_MAX`].
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (1..=SPAN_MAX.0).contains(&seconds).then_some(Self(seconds))
    }

    /// Whole hours; for constants.
    pub const fn hours(hours: u16) -> Self {
        Self(hours as i64 * 3_600)
    }

    /// Whole days; for constants.
    pub const fn days(days: u16) -> Self {
        Self(days as i64 * 86_400)
    }

    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// As chrono's type.
    pub fn delta(self) -> TimeDelta {
        TimeDelta::seconds(self.0)
    }

    /// Rounded to what people say when they mean “about”: minutes under two hours, hours under two days, days.
    #[must_use]
    pub fn rounded(self) -> Self {
        let unit = match self.0 {
            ..7_200 => 60,
            7_200..172_800 => 3_600,
            _ => 86_400,
        };
        Self(((self.0 + unit / 2) / unit * unit).max(60))
    }

    /// Reads “90 m”, “4h”, “3 days”, “2 weeks”.
    ///
    /// # Errors
    /// When there is no number with a known unit, or the span is under a minute or over ten years.
    pub fn parse(text: &str) -> Result<Self, SpanError> {
        let trimmed = text.trim();
        let unreadable = || SpanError::Unreadable(trimmed.to_owned());
        let digits = trimmed.chars().take_while(char::is_ascii_digit).count();
        let (number, unit) = trimmed.split_at_checked(digits).ok_or_else(unreadable)?;
        let unit_seconds = match unit.trim().to_lowercase().as_str() {
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 7 * 86_400,
            _ => return Err(unreadable()),
        };
        if number.is_empty() {
            return Err(unreadable());
        }
        number
            .parse::<i64>()
            .ok()
            .and_then(|number| number.checked_mul(unit_seconds))
            .and_then(Self::from_seconds)
            .ok_or(SpanError::OutOfRange)
    }
}

impl std::fmt::Display for Span {
    /// The largest units that say it exactly: “2 weeks”, “1 day 4 hours”.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0;
        let mut first = true;
        for (unit, seconds) in
            [("week", 7 * 86_400), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)]
        {
            // Weeks only where they say all of it: “10 days”, not “1 week 3 days”.
            if unit == "week" && self.0 % seconds != 0 {
                continue;
            }
            let count = rest / seconds;
            rest %= seconds;
            if count > 0 {
                let space = if first { "" } else { " " };
                let plural = if count == 1 { "" } else { "s" };
                write!(f, "{space}{count} {unit}{plural}")?;
                first = false;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_write_spans_in_many_ways() {
        for (text, seconds) in [("90m", 5_400), (" 4 Hours ", 14_400), ("1 d", 86_400), ("2weeks", 1_209_600)]
        {
            assert_eq!(Span::parse(text).map(Span::seconds), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn nonsense_zero_and_centuries_are_refused() {
        for text in ["", "soon", "4", "h", "-1 day", "1.5 h", "４ h"] {
            assert!(matches!(Span::parse(text), Err(SpanError::Unreadable(_))), "{text}");
        }
        for text in ["0 days", "11 000 days", "9999 weeks", "99999999999999999999 h"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shown_in_the_units_that_say_it_exactly() {
        let shown: Vec<String> = [60, 3_600, 100_800, 1_209_600, 864_000, 90]
            .iter()
            .filter_map(|s| Span::from_seconds(*s))
            .map(|s| s.to_string())
            .collect();
        assert_eq!(
            shown,
            ["1 minute", "1 hour", "1 day 4 hours", "2 weeks", "10 days", "1 minute 30 seconds"]
        );
    }

    #[test]
    fn rounded_as_people_say_it() {
        let said: Vec<String> = [1, 89, 4_230, 20_670, 259_000]
            .iter()
            .filter_map(|s| Span::from_seconds(*s))
            .map(|s| s.rounded().to_string())
            .collect();
        assert_eq!(said, ["1 minute", "1 minute", "1 hour 11 minutes", "6 hours", "3 days"]);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,20}") {
            let _ = Span::parse(&text);
        }
    }
}
