//! Filing, deciding and closing. Each `mark_…` expects the state that it leaves, and says whether it was so.

use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, GrantId, PersonId, PolicyVersionId, RequestId, SubmissionId};
use domain::request::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use super::term_columns;
use crate::Result;

/// What one form sent.
#[derive(Debug, Clone)]
pub struct NewSubmission {
    /// Which.
    pub id: SubmissionId,
    /// Who filed it.
    pub requester: PersonId,
    /// Why.
    pub rationale: Option<String>,
    /// A ticket elsewhere.
    pub ticket: Option<String>,
    /// When.
    pub filed_at: DateTime<Utc>,
}

/// Files a submission; its requests follow.
///
/// # Errors
/// When the database refuses it.
pub async fn insert_submission(conn: &mut PgConnection, new: &NewSubmission) -> Result<()> {
    sqlx::query!(
        "insert into submission (id, requester_id, rationale, ticket, filed_at) values ($1, $2, $3, $4, $5)",
        new.id.0,
        new.requester.0,
        new.rationale,
        new.ticket,
        new.filed_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A request to be filed.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Which.
    pub id: RequestId,
    /// The submission it comes with.
    pub submission: SubmissionId,
    /// What is asked for.
    pub entitlement: EntitlementId,
    /// Who files it.
    pub requester: PersonId,
    /// Who would hold the access.
    pub beneficiary: PersonId,
    /// The policy in force.
    pub policy: PolicyVersionId,
    /// What is asked for.
    pub asked: Window,
    /// When.
    pub filed_at: DateTime<Utc>,
    /// When it must be decided.
    pub decide_by: DateTime<Utc>,
    /// The running grant that it renews.
    pub renews: Option<GrantId>,
}

/// Files a pending request.
///
/// # Errors
/// When the database refuses it, as a second pending one ([`ONE_PENDING`]).
pub async fn insert(conn: &mut PgConnection, new: &NewRequest) -> Result<()> {
    let (seconds, until) = term_columns(new.asked.term);
    sqlx::query!(
        "insert into access_request (id, submission_id, entitlement_id, requester_id, beneficiary_id,
            policy_version_id, state, asked_start_at, asked_seconds, asked_until, filed_at, decide_by,
            renews_grant_id)
         values ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9, $10, $11, $12)",
        new.id.0,
        new.submission.0,
        new.entitlement.0,
        new.requester.0,
        new.beneficiary.0,
        new.policy.0,
        new.asked.start_at,
        seconds,
        until,
        new.filed_at,
        new.decide_by,
        new.renews.map(Uuid::from)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a pending request as approved with what was given. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_approved(
    conn: &mut PgConnection,
    id: RequestId,
    given: Window,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (seconds, until) = term_columns(given.term);
    let done = sqlx::query!(
        "update access_request set state = 'approved', closed_at = $2, given_start_at = $3, given_seconds = $4,
            given_until = $5
         where id = $1 and state = 'pending' and decide_by > $2",
        id.0,
        now,
        given.start_at,
        seconds,
        until
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a pending request as denied. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_denied(conn: &mut PgConnection, id: RequestId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update access_request set state = 'denied', closed_at = $2
         where id = $1 and state = 'pending' and decide_by > $2",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a pending request as taken back. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_cancelled(conn: &mut PgConnection, id: RequestId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update access_request set state = 'cancelled', closed_at = $2 where id = $1 and state = 'pending'",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a pending request whose time has run out as expired. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_expired(conn: &mut PgConnection, id: RequestId, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "update access_request set state = 'expired', closed_at = $2
         where id = $1 and state = 'pending' and decide_by <= $2",
        id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes down a decision. `by` is `None` where a rule decided.
///
/// # Errors
/// When there is one already.
pub async fn insert_decision(
    conn: &mut PgConnection,
    id: RequestId,
    by: Option<PersonId>,
    is_approval: bool,
    summary: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into decision (request_id, decided_by, verdict, summary, decided_at) values ($1, $2, $3, $4, $5)",
        id.0,
        by.map(Uuid::from),
        if is_approval { "approve" } else { "deny" },
        summary,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
