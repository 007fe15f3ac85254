//! What is done about an alert beyond saying what it was, and what people are asked about one.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::alert::question::Answer as Answered;
use domain::audit::Event;
use domain::id::{AlertId, GrantId, QuestionId, SuppressionId};
use domain::person::PersonRef;
use serde::{Deserialize, Serialize};

use super::{Answer, Caller, What};

/// Acting from an alert, questions about one, and what is not told for a time.
#[async_trait]
pub trait Acting: Send + Sync {
    /// What the caller can do from an alert that they take care of.
    async fn ways(&self, caller: &Caller, alert: AlertId) -> Answer<Ways>;
    /// Takes away access that an alert is about.
    async fn revoke_from(&self, caller: &Caller, typed: &TypedRevokeFrom) -> Answer<()>;
    /// Suspends the person that an alert is about.
    async fn suspend_from(&self, caller: &Caller, typed: &TypedSuspendFrom) -> Answer<()>;
    /// Asks the person that an alert is about whether it was them.
    async fn ask(&self, caller: &Caller, typed: &TypedQuestion) -> Answer<()>;
    /// What waits for an answer of the caller: each question, and who asks. Oldest first.
    async fn questions(&self, caller: &Caller) -> Answer<Vec<(QuestionId, String)>>;
    /// A question that the caller is asked.
    async fn question(&self, caller: &Caller, id: QuestionId) -> Answer<QuestionView>;
    /// The caller answers it.
    async fn reply(&self, caller: &Caller, typed: &TypedReply) -> Answer<()>;
    /// What is not told, as far as the caller sees it; what holds longest on top.
    async fn suppressions(&self, caller: &Caller) -> Answer<Vec<SuppressionRow>>;
    /// Ends one before its time.
    async fn end_suppression(&self, caller: &Caller, typed: &TypedSuppressionEnd) -> Answer<()>;
}

/// What somebody can do from an alert.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// Live access that it is about, as far as the caller may take it away.
    pub held: Vec<HeldBehind>,
    /// Whom the caller may suspend.
    pub may_suspend: Option<PersonRef>,
    /// Whom the caller may ask whether it was them.
    pub may_ask: Option<PersonRef>,
    /// Whether they were asked and have not answered yet.
    pub is_asked: bool,
    /// How far the caller may accept it beyond what it counts: words of `domain::alert::suppression::Reach`, and what
    /// each comes to.
    pub reaches: Vec<(&'static str, String)>,
}

/// Live access that an alert is about.
#[derive(Debug, Clone)]
pub struct HeldBehind {
    /// Which.
    pub grant: GrantId,
    /// What.
    pub what: What,
    /// `active`, `scheduled`, …
    pub state: String,
    /// Its end, once known.
    pub until: Option<DateTime<Utc>>,
}

/// What somebody is asked.
#[derive(Debug, Clone)]
pub struct QuestionView {
    /// Which.
    pub id: QuestionId,
    /// Who asks.
    pub by: PersonRef,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// In these words.
    pub words: String,
    /// What it is about: what was done under the caller's name, oldest first.
    pub events: Vec<Event>,
    /// What they answered.
    pub answer: Option<Answered>,
    /// In these words.
    pub said: Option<String>,
    /// Whether it is settled: an answer changes nothing any more.
    pub is_settled: bool,
}

/// What is not told for a time.
#[derive(Debug, Clone)]
pub struct SuppressionRow {
    /// Which.
    pub id: SuppressionId,
    /// The rule's name.
    pub rule: String,
    /// The rule's title as of then.
    pub title: String,
    /// Whose doing; whoever's where it is not given.
    pub person: Option<PersonRef>,
    /// On what: its name, and its address while it is there. Anything where it is not given.
    pub resource: Option<(String, Option<String>)>,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: PersonRef,
    /// When.
    pub made_at: DateTime<Utc>,
    /// The first moment at which it is told again.
    pub ends_at: DateTime<Utc>,
    /// Who ended it before its time.
    pub ended_by: Option<String>,
    /// How often something was not told.
    pub times: usize,
    /// When last.
    pub last_at: Option<DateTime<Utc>>,
    /// Whether the caller may end it.
    pub may_end: bool,
}

/// Access to be taken away from an alert, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedRevokeFrom {
    /// Which alert.
    pub id: String,
    /// Which access.
    pub grant: String,
    /// Why.
    pub reason: String,
}

/// Somebody to be suspended from an alert, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSuspendFrom {
    /// Which alert.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// A question about an alert, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedQuestion {
    /// Which alert.
    pub id: String,
    /// What is asked.
    pub words: String,
}

/// An answer, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedReply {
    /// Which question.
    pub id: String,
    /// `mine` or `not_mine`.
    pub answer: String,
    /// What there is to say about it.
    pub said: String,
}

/// A silence to be ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSuppressionEnd {
    /// Which.
    pub id: String,
}
