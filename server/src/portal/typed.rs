//! What people type into forms, read into what the rules work on. All faults at once, each at its field.

use app::error::{FieldError, PortalError};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::local_time::{self, BareDate, LocalTimeError};
use domain::request::{Term, Window};
use domain::span::Span;
use domain::text;

/// Collects faults, so that a form comes back with all of them.
#[derive(Debug, Default)]
pub struct Faults(Vec<FieldError>);

impl Faults {
    /// Notes a fault of `field`.
    pub fn add(&mut self, field: &str, message: impl ToString) {
        self.0.push(FieldError::new(field, message));
    }

    /// The value, or notes its error at `field`.
    pub fn take<T, E: ToString>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, error.to_string());
                None
            }
        }
    }

    /// Prose, blank as `None`; a fault of it is noted.
    pub fn prose(&mut self, field: &str, typed: &str) -> Option<String> {
        self.take(field, text::prose(typed, text::PROSE_MAX_CHARS)).flatten()
    }

    /// One line, blank as `None`; a fault of it is noted.
    pub fn line(&mut self, field: &str, typed: &str) -> Option<String> {
        if typed.trim().contains('\n') {
            self.add(field, "This must fit on one line.");
            return None;
        }
        self.take(field, text::prose(typed, text::LINE_MAX_CHARS)).flatten()
    }

    /// Nothing, or all faults as one error.
    pub fn check(self) -> Result<(), PortalError> {
        if self.0.is_empty() { Ok(()) } else { Err(PortalError::Invalid(self.0)) }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The field that holds the end: `duration` or `until`.
pub fn end_field(window: &Window) -> &'static str {
    match window.term {
        Term::Lasting(_) => "duration",
        Term::Until(_) => "until",
    }
}

/// Start and end as the request form sends them.
pub fn window(
    faults: &mut Faults,
    ends: &str,
    duration: &str,
    until: &str,
    start: &str,
    zone: Tz,
) -> Option<Window> {
    let start_at = if start.trim().is_empty() {
        Some(None)
    } else {
        faults.take("start", local_time::parse(start, zone, BareDate::Start)).map(Some)
    };
    let term = match ends {
        "until" if until.trim().is_empty() => {
            faults.add("until", "Say until when you need it.");
            None
        }
        "until" => faults.take("until", local_time::parse(until, zone, BareDate::End)).map(Term::Until),
        _ if duration.trim().is_empty() => {
            faults.add("duration", "Say for how long you need it, like “4 hours”.");
            None
        }
        _ => faults.take("duration", Span::parse(duration)).map(Term::Lasting),
    };
    Some(Window { start_at: start_at?, term: term? })
}

/// A shorter end for an approval: a span (“2 hours”) or a local date and time. Blank is as asked.
pub fn shorter(
    faults: &mut Faults,
    typed: &str,
    asked: &Window,
    zone: Tz,
    now: DateTime<Utc>,
) -> Option<Window> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Some(*asked);
    }
    let term = match (Span::parse(typed), asked.term) {
        (Ok(span), Term::Lasting(_)) => Some(Term::Lasting(span)),
        (Ok(span), Term::Until(_)) => {
            Some(Term::Until(asked.start_at.map_or(now, |s| s.max(now)) + span.delta()))
        }
        (Err(_), _) => match local_time::parse(typed, zone, BareDate::End) {
            Ok(end) => Some(Term::Until(end)),
            Err(LocalTimeError::Unreadable(text)) => {
                let hint = "Write it like “2 hours”, or 2026-11-27 18:00.";
                faults.add("shorter", format!("“{text}” is neither a length of time nor a date. {hint}"));
                None
            }
            Err(error) => {
                faults.add("shorter", error);
                None
            }
        },
    };
    Some(Window { term: term?, ..*asked })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    #[test]
    fn every_fault_is_told_at_once_and_at_its_field() {
        let mut faults = Faults::default();
        let window = window(&mut faults, "duration", "soon", "", "yesterday", Berlin);
        assert_eq!(window, None);
        let Err(PortalError::Invalid(fields)) = faults.check() else { panic!("no faults") };
        let names: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(names, ["start", "duration"]);
    }

    #[test]
    fn a_shorter_end_of_a_fixed_end_stays_fixed() {
        let now = "2026-11-23T10:00:00Z".parse().expect("a time");
        let end = "2026-11-27T10:00:00Z".parse().expect("a time");
        let asked = Window { start_at: None, term: Term::Until(end) };
        let mut faults = Faults::default();
        let given = shorter(&mut faults, "2 hours", &asked, Berlin, now).expect("a window");
        assert_eq!(given.term, Term::Until("2026-11-23T12:00:00Z".parse().expect("a time")));
        assert!(given.is_within(&asked, now));
    }

    #[test]
    fn one_line_is_one_line() {
        let mut faults = Faults::default();
        assert_eq!(faults.line("ticket", "  OPS-1 "), Some("OPS-1".into()));
        assert_eq!(faults.line("ticket", "a\nb"), None);
        assert!(!faults.is_empty());
    }
}
