//! The report on a period: what an auditor asks for first, as queries of the book, and the controls it bears on.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use thiserror::Error;

use crate::audit::query::{Context, Query, QueryError, YEAR_MAX, YEAR_MIN, parse, value_text};
use crate::catalogue::Sensitivity;

/// Entitlements that count as privileged by their name alone.
pub const PRIVILEGED_NAMES: [&str; 5] = ["admin", "administrator", "owner", "root", "superuser"];

/// From one day to another, both taken in, in the reader's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
}

/// Why a period cannot be reported on, at its field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DaysError {
    /// `from` is no day.
    #[error("“{0}” is not a date. Write it like 2026-10-01.")]
    From(String),
    /// `to` is no day.
    #[error("“{0}” is not a date. Write it like 2026-12-31.")]
    To(String),
    /// `to` comes first.
    #[error("The last day comes before the first.")]
    Backwards,
}

impl DaysError {
    /// The field that is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            Self::From(_) => "from",
            Self::To(_) | Self::Backwards => "to",
        }
    }
}

impl Days {
    /// What was typed; where nothing was, the quarter that `now` lies in.
    ///
    /// # Errors
    /// What is not a day, or that they are the wrong way round.
    pub fn read(from: &str, to: &str, zone: Tz, now: DateTime<Utc>) -> Result<Self, Vec<DaysError>> {
        let quarter = Quarter::of(now.with_timezone(&zone).date_naive()).days();
        let day = |typed: &str, or: NaiveDate| match typed.trim() {
            "" => Some(or),
            typed => NaiveDate::parse_from_str(typed, "%Y-%m-%d")
                .ok()
                .filter(|day| (YEAR_MIN..=YEAR_MAX).contains(&day.year())),
        };
        let first = day(from, quarter.from);
        let last = day(to, quarter.to.max(first.unwrap_or(quarter.to)));
        match (first, last) {
            (Some(from), Some(to)) if to < from => Err(vec![DaysError::Backwards]),
            (Some(from), Some(to)) => Ok(Self { from, to }),
            _ => {
                let no_first = first.is_none().then(|| DaysError::From(from.trim().to_owned()));
                let no_last = last.is_none().then(|| DaysError::To(to.trim().to_owned()));
                Err(no_first.into_iter().chain(no_last).collect())
            }
        }
    }

    /// Its value after `during:`.
    fn during(self) -> String {
        format!("{}..{}", self.from, self.to)
    }
}

/// A quarter of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarter {
    year: i32,
    /// From 0.
    index: u32,
}

impl Quarter {
    /// The one that this day lies in.
    pub fn of(day: NaiveDate) -> Self {
        Self { year: day.year(), index: day.month0() / 3 }
    }

    /// The one before.
    #[must_use]
    pub fn before(self) -> Self {
        match self.index {
            0 => Self { year: self.year - 1, index: 3 },
            index => Self { index: index - 1, ..self },
        }
    }

    fn after(self) -> Self {
        match self.index {
            3 => Self { year: self.year + 1, index: 0 },
            index => Self { index: index + 1, ..self },
        }
    }

    /// Its days.
    pub fn days(self) -> Days {
        let next = self.after();
        Days { from: self.first(), to: next.first() - TimeDelta::days(1) }
    }

    fn first(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.index * 3 + 1, 1).unwrap_or_default()
    }

    /// “Q4 2026”.
    pub fn name(self) -> String {
        format!("Q{} {}", self.index + 1, self.year)
    }
}

/// What the report is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// One system, by its slug: what it is called in an event may be something else.
    pub system: Option<String>,
    /// Resources of one environment.
    pub environment: Option<String>,
    /// Resources with one tag.
    pub tag: Option<String>,
    /// Resources of at least this sensitivity.
    pub sensitivity: Option<Sensitivity>,
    /// Only what somebody of this name owns; `None` is whatever there is.
    pub owner: Option<String>,
}

/// A table of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Access that was opened, and who approved it.
    New,
    /// Access that ended, and how that is known.
    Ended,
    /// Of what was opened, the privileged.
    Privileged,
    /// People who left, and when their access ended.
    Left,
    /// Use that no grant covered.
    Uncovered,
}

impl Table {
    /// In the order of the page.
    pub const ALL: [Self; 5] = [Self::New, Self::Ended, Self::Privileged, Self::Left, Self::Uncovered];

    /// Its heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::New => "New access",
            Self::Ended => "Ended and revoked access",
            Self::Privileged => "New privileged access",
            Self::Left => "People who left",
            Self::Uncovered => "Use that nothing covered",
        }
    }

    /// Where it is found on the page.
    pub fn anchor(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ended => "ended",
            Self::Privileged => "privileged",
            Self::Left => "left",
            Self::Uncovered => "uncovered",
        }
    }

    /// What stands in it, and what does not.
    pub fn said(self) -> &'static str {
        match self {
            Self::New => {
                "Access that was opened or brought in, with who approved it. Imported access says that no decision is \
                 recorded; it is never shown as approved."
            }
            Self::Ended => {
                "Access that was closed, why, and how that is known: read back at the target, attested by somebody \
                 who did not hold it, or still held through other access."
            }
            Self::Privileged => {
                "Of the new access: on resources that are of high or critical sensitivity today, or by an entitlement \
                 called admin, administrator, owner, root or superuser."
            }
            Self::Left => {
                "Everybody who was marked as having left, how much they held at that moment, and when the last of it \
                 was closed. People leave the company, not a system: the scope does not narrow this."
            }
            Self::Uncovered => {
                "What sources report as done by somebody known on something known, while no grant of theirs was open. \
                 Systems that report nothing are not in it."
            }
        }
    }

    fn condition(self) -> String {
        const OPENED: &str = "(action:grant.activated OR action:grant.imported) outcome:success";
        match self {
            Self::New => OPENED.to_owned(),
            Self::Ended => "(action:grant.ended OR action:grant.revoked) outcome:success".to_owned(),
            Self::Privileged => {
                let names: Vec<String> =
                    PRIVILEGED_NAMES.iter().map(|name| format!("resource:={name}")).collect();
                format!("{OPENED} (sensitivity:>=high OR {})", names.join(" OR "))
            }
            Self::Left => "action:person.left outcome:success".to_owned(),
            Self::Uncovered => "covered:no".to_owned(),
        }
    }

    /// Its query of the book: what it counts, shows and exports.
    ///
    /// # Errors
    /// When names make it too long.
    pub fn query(self, days: Days, scope: &Scope, context: &Context) -> Result<Query, QueryError> {
        let mut text = format!("during:{} {}", days.during(), self.condition());
        if self != Self::Left {
            if let Some(owner) = &scope.owner {
                text.push_str(&format!(" owner:={}", value_text(owner)));
            }
            if let Some(system) = &scope.system {
                text.push_str(&format!(" on:{}", value_text(system)));
            }
            if let Some(environment) = &scope.environment {
                text.push_str(&format!(" environment:={}", value_text(environment)));
            }
            if let Some(tag) = &scope.tag {
                text.push_str(&format!(" tag:={}", value_text(tag)));
            }
            if let Some(level) = scope.sensitivity {
                text.push_str(&format!(" sensitivity:>={}", level.as_str()));
            }
        }
        parse(&text, context)
    }
}

/// A control that the report bears on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// “SOC 2 CC6.1”.
    pub name: &'static str,
    /// What the report shows of it.
    pub shows: &'static str,
    /// What it does not.
    pub shows_not: &'static str,
}

/// The controls, by their source: the AICPA's trust services criteria (2017, points of focus 2022), 45 CFR part 164
/// subpart C, and annex A of ISO/IEC 27001:2022.
pub const CONTROLS: [Control; 9] = [
    Control {
        name: "SOC 2 CC6.1",
        shows: "Access is given to named people, each through a request, or is marked as brought in.",
        shows_not: "How the systems themselves keep others out, and accounts that Gatebook does not know.",
    },
    Control {
        name: "SOC 2 CC6.2",
        shows: "What was asked for here was approved by somebody else before it was opened; what leavers held was closed.",
        shows_not: "How people are identified before they are hired or get an account.",
    },
    Control {
        name: "SOC 2 CC6.3",
        shows: "Access ends by its time or by a named cause, how each removal is known, and what is privileged.",
        shows_not: "Whether everybody still needs what they keep: owners review that.",
    },
    Control {
        name: "SOC 2 CC7.2",
        shows: "Use that no access covered, as sources report it.",
        shows_not: "Systems that report nothing, and what was done about what was found.",
    },
    Control {
        name: "HIPAA 164.308(a)(4)",
        shows: "Who authorised access, when it was established, changed and ended.",
        shows_not: "Which resources hold health information: narrow the report to them.",
    },
    Control {
        name: "HIPAA 164.312(b)",
        shows: "Activity is recorded and can be examined: each table leads to its events.",
        shows_not: "Activity inside systems without a source of events.",
    },
    Control {
        name: "ISO 27001:2022 A.5.15",
        shows: "Rules for access were applied: requests, approvers and limits stand behind each row.",
        shows_not: "The policy itself, and whether its rules are the right ones.",
    },
    Control {
        name: "ISO 27001:2022 A.5.18",
        shows: "Access rights were provided, changed and removed, and by whose decision.",
        shows_not: "Regular reviews of rights, and rights given outside of Gatebook.",
    },
    Control {
        name: "ISO 27001:2022 A.8.15",
        shows: "Events are logged where they cannot be rewritten by whoever uses the application.",
        shows_not: "A proof for outsiders, and logs that are kept elsewhere.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().expect("a time")
    }

    fn days(from: &str, to: &str) -> Result<Days, Vec<DaysError>> {
        Days::read(from, to, Berlin, now())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn nothing_typed_means_this_quarter_in_the_readers_zone() {
        let quarter = Days { from: day("2026-10-01"), to: day("2026-12-31") };
        assert_eq!(days("", " "), Ok(quarter));
        assert_eq!(days("2026-11-05", ""), Ok(Days { from: day("2026-11-05"), to: day("2026-12-31") }));
        assert_eq!(days("2027-03-01", ""), Ok(Days { from: day("2027-03-01"), to: day("2027-03-01") }));
        // It is the new year there already.
        let midnight = "2026-12-31T23:30:00Z".parse().expect("a time");
        assert_eq!(Days::read("", "", Berlin, midnight).map(|days| days.from), Ok(day("2027-01-01")));
    }

    #[test]
    fn each_day_that_is_none_is_named_with_its_field() {
        for (from, to, wrong) in [
            ("soon", "", vec!["from"]),
            ("0001-01-01", "", vec!["from"]),
            ("2026-10-01", "2026-02-30", vec!["to"]),
            ("2026-10-01", "9999-12-31", vec!["to"]),
            ("2026-10-02", "2026-10-01", vec!["to"]),
            ("soon", "later", vec!["from", "to"]),
        ] {
            let faults = days(from, to).expect_err("a fault");
            let fields: Vec<&str> = faults.iter().map(DaysError::field).collect();
            assert_eq!(fields, wrong, "{from} {to}");
        }
    }

    #[test]
    fn quarters_follow_each_other_without_gaps() {
        let mut quarter = Quarter::of(day("2027-02-28"));
        assert_eq!(quarter.name(), "Q1 2027");
        for name in ["Q4 2026", "Q3 2026", "Q2 2026", "Q1 2026", "Q4 2025"] {
            let later = quarter.days();
            quarter = quarter.before();
            assert_eq!(quarter.name(), name);
            assert_eq!(quarter.days().to + TimeDelta::days(1), later.from);
        }
    }

    #[test]
    fn every_query_is_read_back_and_narrowed_by_the_scope_where_that_means_something() {
        let context = Context { now: now(), zone: Berlin };
        let days = Quarter::of(day("2026-11-23")).days();
        let scope = Scope {
            system: Some("payments".into()),
            environment: Some("production".into()),
            tag: Some("pci".into()),
            sensitivity: Some(Sensitivity::High),
            owner: None,
        };
        for table in Table::ALL {
            let all = table.query(days, &Scope::default(), &context).expect("reads");
            let narrow = table.query(days, &scope, &context).expect("reads");
            assert_eq!(parse(&narrow.as_written(), &context), Ok(narrow.clone()), "{narrow}");
            assert!(all.as_written().starts_with("during:2026-10-01..2026-12-31 "), "{all}");
            assert_eq!(all == narrow, table == Table::Left, "{table:?}");
        }
        let owned = Scope { owner: Some("Ana \"Ann\" Ruiz".into()), ..Scope::default() };
        let uncovered = Table::Uncovered.query(days, &owned, &context).expect("reads");
        assert_eq!(
            uncovered.as_written(),
            "during:2026-10-01..2026-12-31 covered:no owner:=\"Ana \\\"Ann\\\" Ruiz\""
        );
        let new = Table::New.query(days, &scope, &context).expect("reads");
        assert_eq!(
            new.as_written(),
            "during:2026-10-01..2026-12-31 (action:grant.activated OR action:grant.imported) outcome:success \
             on:payments environment:=production tag:=pci sensitivity:>=high"
        );
    }
}
