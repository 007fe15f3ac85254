//! What is out of the ordinary.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::alert::{Severity, State, Verdict};
use domain::audit::{About, Event};
use domain::id::{AlertId, EventId, GrantId, PersonId, RequestId};
use domain::person::PersonRef;
use serde::{Deserialize, Serialize};

use super::{Answer, Caller};

/// Alerts: what was raised, what becomes of it, and the rules behind it.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// What waits for the caller.
    async fn waiting(&self, caller: &Caller) -> Answer<AlertsWaiting>;
    /// Those that the caller sees, newest first, a page at a time.
    async fn list(&self, caller: &Caller, wanted: &AlertsWanted) -> Answer<AlertList>;
    /// One of them with all that is known about it.
    async fn show(&self, caller: &Caller, id: AlertId) -> Answer<AlertView>;
    /// How alerts went over the last weeks, as far as the caller sees them.
    async fn trends(&self, caller: &Caller) -> Answer<AlertTrends>;
    /// Every rule, the worst first, with what came of it lately as far as the caller sees it.
    async fn rules(&self, caller: &Caller) -> Answer<Vec<AlertRule>>;
    /// One rule with its latest alerts.
    async fn rule(&self, caller: &Caller, name: &str) -> Answer<AlertRuleView>;
    /// The caller looks at it.
    async fn acknowledge(&self, caller: &Caller, typed: &TypedTakeUp) -> Answer<()>;
    /// The caller says what it was.
    async fn resolve(&self, caller: &Caller, typed: &TypedVerdict) -> Answer<()>;
    /// Somebody else takes care of it.
    async fn hand_over(&self, caller: &Caller, typed: &TypedHandOver) -> Answer<()>;
    /// The caller says something about it.
    async fn comment(&self, caller: &Caller, typed: &TypedAlertComment) -> Answer<()>;
}

/// So many weeks back it is told how alerts went.
pub const TREND_WEEKS: usize = 12;

/// How alerts went over the last weeks.
#[derive(Debug, Clone, Default)]
pub struct AlertTrends {
    /// By rule, the most alerts first.
    pub rules: Vec<AlertTrend>,
    /// By resource, likewise.
    pub resources: Vec<AlertTrend>,
    /// Whether there are more than were counted.
    pub is_more: bool,
}

/// Alerts of one rule, or on one resource.
#[derive(Debug, Clone)]
pub struct AlertTrend {
    /// The rule's name, or the resource's address while it is there.
    pub address: Option<String>,
    /// For people.
    pub name: String,
    /// How many were raised in each week, oldest first; the last one ends now.
    pub weeks: [usize; TREND_WEEKS],
    /// How many wait for an answer.
    pub unresolved: usize,
    /// How many are resolved.
    pub resolved: usize,
    /// How many of these were false.
    pub found_false: usize,
    /// Whether that is too many.
    pub is_noisy: bool,
    /// After how many seconds somebody looked at half of those that anybody looked at.
    pub looked_at_seconds: Option<i64>,
}

/// What waits for somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertsWaiting {
    /// Whether alerts are anything to them.
    pub is_concerned: bool,
    /// How many are theirs to decide and not resolved, counted to 100.
    pub count: usize,
}

/// Which alerts are looked for, in the words of the address; empty is whatever it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertsWanted {
    /// `open`, `overdue`, `acknowledged`, `resolved` or `all`; empty is unresolved.
    pub state: String,
    /// A severity.
    pub severity: String,
    /// A rule's name.
    pub rule: String,
    /// A resource's slug.
    pub resource: String,
    /// A person's id.
    pub person: String,
    /// The cursor where this page begins.
    pub older: String,
}

/// A page of alerts.
#[derive(Debug, Clone, Default)]
pub struct AlertList {
    /// Newest first.
    pub rows: Vec<AlertRow>,
    /// The cursor of the next page; empty where there is none.
    pub next: String,
    /// How many there are by state: `""` for unresolved, then each state, then `all`.
    pub states: Vec<AlertFacet>,
    /// By severity, the worst first.
    pub severities: Vec<AlertFacet>,
    /// By rule.
    pub rules: Vec<AlertFacet>,
    /// Whether there are more than were counted.
    pub is_more: bool,
    /// The person that it is narrowed to.
    pub person: Option<PersonRef>,
    /// The name of the resource that it is narrowed to.
    pub resource: Option<String>,
    /// How many rules watch.
    pub watching: usize,
}

/// A choice among alerts, and how many it would show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFacet {
    /// As it stands in the address.
    pub value: String,
    /// As people read it.
    pub label: String,
    /// How many.
    pub count: usize,
}

/// One row of a list.
#[derive(Debug, Clone)]
pub struct AlertRow {
    /// Which.
    pub id: AlertId,
    /// The rule's name.
    pub rule: String,
    /// The rule's title.
    pub title: String,
    /// How bad it is if it is true.
    pub severity: Severity,
    /// What was found.
    pub sentence: String,
    /// Where it stands.
    pub state: State,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// The first of what it is made of.
    pub first_at: DateTime<Utc>,
    /// The last of it.
    pub last_at: DateTime<Utc>,
    /// How many events it is made of.
    pub times: usize,
    /// Who takes care of it, where that was said or somebody has taken it up.
    pub keeper: Option<String>,
    /// Whether it has waited too long for somebody to take it up.
    pub is_overdue: bool,
}

/// Everything about one alert.
#[derive(Debug, Clone)]
pub struct AlertView {
    /// The row that the list shows.
    pub row: AlertRow,
    /// Whose doing.
    pub person: Option<PersonRef>,
    /// Where.
    pub about: About,
    /// The resource's address, while it is there.
    pub resource_slug: Option<String>,
    /// The grant behind it.
    pub grant: Option<GrantId>,
    /// The request of that grant, where the caller may see it.
    pub request: Option<RequestId>,
    /// Who takes care of it: whoever it was handed to, else the owners.
    pub keepers: Vec<PersonRef>,
    /// Whether it was handed to them by name.
    pub is_assigned: bool,
    /// How many seconds after it occurred the latest of it came in, where that was long.
    pub late_seconds: Option<i64>,
    /// Its first events, oldest first, and whether the caller may open each.
    pub evidence: Vec<AlertEvidence>,
    /// How many of its events were let go by now.
    pub gone: usize,
    /// What became of it, oldest first.
    pub steps: Vec<AlertStep>,
    /// Earlier ones of its rule, for the same or about the same person.
    pub similar: Vec<AlertRow>,
    /// Its rule, while there is one of that name.
    pub rule: Option<AlertRule>,
    /// Why the caller may not say what becomes of it; nothing where they may.
    pub hindrance: Option<String>,
    /// Whom a form suggests to hand it to: names or emails.
    pub suggested: Vec<String>,
}

impl AlertView {
    /// Whether somebody has said what it was.
    pub fn is_resolved(&self) -> bool {
        matches!(self.row.state, State::Resolved { .. })
    }
}

/// An event that an alert is made of.
#[derive(Debug, Clone)]
pub struct AlertEvidence {
    /// The event.
    pub event: Event,
    /// Whether its page is open to the caller.
    pub is_open: bool,
}

/// Something that became of an alert.
#[derive(Debug, Clone)]
pub struct AlertStep {
    /// What happened.
    pub kind: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it; nobody where Gatebook did it by itself.
    pub by: Option<PersonId>,
    /// Their name as of then.
    pub by_name: String,
    /// What they said.
    pub words: Option<String>,
    /// What was done, with the names of then.
    pub what: Option<String>,
    /// To whom it was handed.
    pub to: Option<PersonRef>,
    /// What it was found to be.
    pub verdict: Option<Verdict>,
    /// The event of it, where its page is open to the caller.
    pub event: Option<EventId>,
}

/// A rule, and what came of it in the last 30 days.
#[derive(Debug, Clone)]
pub struct AlertRule {
    /// In its address.
    pub name: String,
    /// For people.
    pub title: String,
    /// How bad it is if it is true.
    pub severity: Severity,
    /// Whether it is worse where the resource is more sensitive.
    pub severity_of_resource: bool,
    /// What it looks for.
    pub meaning: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub action: String,
    /// When it is wrong.
    pub wrong_when: Vec<String>,
    /// The controls that it supports.
    pub controls: Vec<String>,
    /// How many alerts it raised in the last 30 days.
    pub raised: usize,
    /// How many of these are resolved.
    pub resolved: usize,
    /// How many of these were false.
    pub found_false: usize,
}

/// A rule with its source and its latest alerts.
#[derive(Debug, Clone)]
pub struct AlertRuleView {
    /// What it is.
    pub rule: AlertRule,
    /// As it is written.
    pub source: String,
    /// Newest first.
    pub latest: Vec<AlertRow>,
}

/// Which alert somebody looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedTakeUp {
    /// Which alert.
    pub id: String,
}

/// What is said about an alert, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedAlertComment {
    /// Which alert.
    pub id: String,
    /// What is said.
    pub words: String,
}

/// What an alert was, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedVerdict {
    /// Which alert.
    pub id: String,
    /// `true`, `false` or `accepted`.
    pub verdict: String,
    /// Until when it is accepted: a local date, or date and time.
    pub until: String,
    /// How far: a word of `domain::alert::suppression::Reach`; empty for just what this alert counts.
    pub reach: String,
    /// Why.
    pub reason: String,
}

/// Who takes care of an alert from now on, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedHandOver {
    /// Which alert.
    pub id: String,
    /// An email, or a name.
    pub person: String,
    /// Why; may be empty.
    pub reason: String,
}
