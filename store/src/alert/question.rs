//! What people are asked about alerts.

use chrono::{DateTime, Utc};
use domain::alert::question::Answer;
use domain::id::{AlertId, PersonId, QuestionId};
use domain::person::PersonRef;
use sqlx::PgConnection;

use crate::{Result, StoreError};

/// The index that keeps somebody from being asked twice at once.
pub const ONE_AT_A_TIME: &str = "alert_question_open";

/// A question to be asked.
#[derive(Debug, Clone, Copy)]
pub struct NewQuestion<'a> {
    /// Which.
    pub id: QuestionId,
    /// About which alert.
    pub alert: AlertId,
    /// Who is asked.
    pub person: PersonId,
    /// Who asks.
    pub by: PersonId,
    /// When.
    pub at: DateTime<Utc>,
    /// In these words.
    pub words: &'a str,
}

/// Asks it.
///
/// # Errors
/// When the database refuses it, as where they were asked and have not answered yet ([`ONE_AT_A_TIME`]).
pub async fn insert(conn: &mut PgConnection, new: NewQuestion<'_>) -> Result<()> {
    sqlx::query!(
        "insert into alert_question (id, alert_id, person_id, asked_by, asked_at, words)
         values ($1, $2, $3, $4, $5, $6)",
        new.id.0,
        new.alert.0,
        new.person.0,
        new.by.0,
        new.at,
        new.words
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A question as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionRecord {
    /// Which.
    pub id: QuestionId,
    /// About which alert.
    pub alert: AlertId,
    /// Who is asked.
    pub person: PersonId,
    /// Who asks.
    pub by: PersonRef,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// In these words.
    pub words: String,
    /// What was answered.
    pub answer: Option<Answer>,
    /// In these words.
    pub said: Option<String>,
    /// Whether somebody has said what the alert was: an answer changes nothing any more.
    pub is_settled: bool,
}

/// One question.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, id: QuestionId) -> Result<Option<QuestionRecord>> {
    let row = sqlx::query!(
        r#"select q.id, q.alert_id, q.person_id, q.asked_by, b.name as by_name, q.asked_at, q.words, q.answer, q.said,
             a.state = 'resolved' as "is_settled!"
           from alert_question q join person b on b.id = q.asked_by join alert a on a.id = q.alert_id
           where q.id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let answer = match row.answer {
        None => None,
        Some(word) => Some(Answer::parse(&word).ok_or_else(|| StoreError::corrupt("alert_question", &word))?),
    };
    Ok(Some(QuestionRecord {
        id: QuestionId(row.id),
        alert: AlertId(row.alert_id),
        person: PersonId(row.person_id),
        by: PersonRef { id: PersonId(row.asked_by), name: row.by_name },
        asked_at: row.asked_at,
        words: row.words,
        answer,
        said: row.said,
        is_settled: row.is_settled,
    }))
}

/// Whether somebody was asked about an alert and has not answered yet.
///
/// # Errors
/// When the database cannot be reached.
pub async fn is_waiting(conn: &mut PgConnection, alert: AlertId, person: PersonId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from alert_question where alert_id = $1 and person_id = $2 and answer is null) as "found!""#,
        alert.0,
        person.0
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

/// What waits for an answer of this person, oldest first, with who asks: at most `limit`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn waiting_for(
    conn: &mut PgConnection,
    person: PersonId,
    limit: i64,
) -> Result<Vec<(QuestionId, String)>> {
    let rows = sqlx::query!(
        "select q.id, b.name from alert_question q join person b on b.id = q.asked_by
         join alert a on a.id = q.alert_id
         where q.person_id = $1 and q.answer is null and a.state <> 'resolved'
         order by q.asked_at, q.id limit $2",
        person.0,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (QuestionId(row.id), row.name)).collect())
}

/// Notes what was answered; whether nothing was before.
///
/// # Errors
/// When the database refuses it.
pub async fn answer(
    conn: &mut PgConnection,
    id: QuestionId,
    answer: Answer,
    said: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update alert_question set answer = $2, said = $3, answered_at = $4 where id = $1 and answer is null",
        id.0,
        answer.as_str(),
        said,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
