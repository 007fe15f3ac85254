//! What becomes of an alert. Each answers whether it stood as it had to.

use chrono::{DateTime, Utc};
use domain::alert::{Severity, Verdict};
use domain::audit::Actor;
use domain::id::{AlertId, EventId, PersonId};
use domain::person::PersonRef;
use sqlx::PgConnection;

use super::record::verdict_of;
use crate::Result;

/// Somebody looks at it.
///
/// # Errors
/// When the database refuses it.
pub async fn acknowledge(conn: &mut PgConnection, id: AlertId) -> Result<bool> {
    let done = sqlx::query!("update alert set state = 'acknowledged' where id = $1 and state = 'open'", id.0)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Somebody has said what it was.
///
/// # Errors
/// When the database refuses it.
pub async fn resolve(
    conn: &mut PgConnection,
    id: AlertId,
    verdict: Verdict,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update alert set state = 'resolved', verdict = $2, accepted_until = $3, resolved_at = $4
         where id = $1 and state <> 'resolved'",
        id.0,
        verdict.as_str(),
        until(verdict),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It is as bad as this from now on.
///
/// # Errors
/// When the database refuses it.
pub async fn worsen(conn: &mut PgConnection, id: AlertId, severity: Severity) -> Result<()> {
    sqlx::query!("update alert set severity = $2 where id = $1", id.0, severity.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// This person takes care of it from now on.
///
/// # Errors
/// When the database refuses it.
pub async fn assign(conn: &mut PgConnection, id: AlertId, to: PersonId) -> Result<bool> {
    let done =
        sqlx::query!("update alert set assigned_to = $2 where id = $1 and state <> 'resolved'", id.0, to.0)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

fn until(verdict: Verdict) -> Option<DateTime<Utc>> {
    match verdict {
        Verdict::Accepted { until } => Some(until),
        Verdict::True | Verdict::False => None,
    }
}

/// A step to be added to the thread.
#[derive(Debug, Clone, Copy)]
pub struct NewStep<'a> {
    /// Of which alert.
    pub alert: AlertId,
    /// The event that says so in the book.
    pub event: EventId,
    /// When.
    pub at: DateTime<Utc>,
    /// `raised`, `acknowledged`, `assigned`, `commented`, `resolved`, `reopened` or `escalated`; or what was done from it:
    /// `revoked`, `suspended`, `asked`, `answered`.
    pub kind: &'a str,
    /// By whom; nobody where Gatebook did it by itself.
    pub by: Option<&'a PersonRef>,
    /// In their own words.
    pub words: Option<&'a str>,
    /// What was done, with the names of then.
    pub what: Option<&'a str>,
    /// To whom it was handed.
    pub to: Option<&'a PersonRef>,
    /// What it was found to be.
    pub verdict: Option<Verdict>,
}

impl<'a> NewStep<'a> {
    /// A step of this kind that Gatebook takes by itself, without a word.
    pub fn of(alert: AlertId, event: EventId, at: DateTime<Utc>, kind: &'a str) -> Self {
        Self { alert, event, at, kind, by: None, words: None, what: None, to: None, verdict: None }
    }
}

/// Adds a step to the thread.
///
/// # Errors
/// When the database refuses it.
pub async fn insert_step(conn: &mut PgConnection, step: NewStep<'_>) -> Result<()> {
    sqlx::query!(
        "insert into alert_step (alert_id, event_id, at, kind, by_id, by_name, words, to_id, to_name, verdict,
           accepted_until, what)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        step.alert.0,
        step.event.0,
        step.at,
        step.kind,
        step.by.map(|by| by.id.0),
        step.by.map_or(Actor::System.name(), |by| &by.name),
        step.words,
        step.to.map(|to| to.id.0),
        step.to.map(|to| to.name.as_str()),
        step.verdict.map(Verdict::as_str),
        step.verdict.and_then(until),
        step.what
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A step of the thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// The event that says so in the book.
    pub event: EventId,
    /// When.
    pub at: DateTime<Utc>,
    /// `raised`, `acknowledged`, `assigned`, `commented`, `resolved`, `reopened` or `escalated`; or what was done from it:
    /// `revoked`, `suspended`, `asked`, `answered`.
    pub kind: String,
    /// By whom; nobody where Gatebook did it by itself.
    pub by: Option<PersonId>,
    /// Their name as of then.
    pub by_name: String,
    /// In their own words.
    pub words: Option<String>,
    /// What was done, with the names of then.
    pub what: Option<String>,
    /// To whom it was handed.
    pub to: Option<PersonRef>,
    /// What it was found to be.
    pub verdict: Option<Verdict>,
}

/// The thread of an alert, oldest first; of more than `limit`, the newest.
///
/// # Errors
/// When the database cannot be reached.
pub async fn steps(conn: &mut PgConnection, id: AlertId, limit: i64) -> Result<Vec<StepRecord>> {
    let rows = sqlx::query!(
        "select event_id, at, kind, by_id, by_name, words, what, to_id, to_name, verdict, accepted_until
         from alert_step where alert_id = $1 order by at desc, event_id desc limit $2",
        id.0,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .rev()
        .map(|row| StepRecord {
            event: EventId(row.event_id),
            at: row.at,
            kind: row.kind,
            by: row.by_id.map(PersonId),
            by_name: row.by_name,
            words: row.words,
            what: row.what,
            to: row.to_id.zip(row.to_name).map(|(id, name)| PersonRef { id: PersonId(id), name }),
            verdict: verdict_of(row.verdict.as_deref(), row.accepted_until),
        })
        .collect())
}
