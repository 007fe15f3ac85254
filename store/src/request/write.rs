//! Filing, deciding and closing. Each `mark_…` expects the state that it leaves, and says whether it was so.

use chrono::{DateTime, Utc};
use domain::grant::GrantState;
use domain::id::{EntitlementId, GrantId, PersonId, PolicyVersionId, RequestId, SubmissionId};
use domain::request::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use super::term_columns;
use crate::Result;
use crate::grant::{NewGrant, first_try};

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

/// A decision to be written down.
#[derive(Debug, Clone, Copy)]
pub struct NewDecision<'a> {
    /// On which request.
    pub request: RequestId,
    /// Whose; `None` where a rule decided.
    pub by: Option<PersonId>,
    /// Why.
    pub summary: Option<&'a str>,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// Marks a pending request as approved, writes the decision down and makes the grant, in one statement. `false` when
/// somebody was first; then nothing was written.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_approved(conn: &mut PgConnection, new: &NewDecision<'_>, grant: &NewGrant) -> Result<bool> {
    let (seconds, until) = term_columns(grant.window.term);
    let deadline = match grant.state {
        GrantState::Activating { deadline, .. } => Some(deadline),
        _ => None,
    };
    let done = sqlx::query!(
        "with marked as (
           update access_request set state = 'approved', closed_at = $2, given_start_at = $3, given_seconds = $4,
             given_until = $5
           where id = $1 and state = 'pending' and decide_by > $2
           returning id),
         decided as (
           insert into decision (request_id, decided_by, verdict, summary, decided_at)
           select id, $6, 'approve', $7, $2 from marked)
         insert into access_grant (id, request_id, person_id, entitlement_id, state, start_at, lasting_seconds,
           until_at, created_at, activation_deadline, next_try_at)
         select $8, id, $9, $10, $11, $3, $4, $5, $2, $12, $13 from marked",
        new.request.0,
        new.decided_at,
        grant.window.start_at,
        seconds,
        until,
        new.by.map(Uuid::from),
        new.summary,
        grant.id.0,
        grant.person.0,
        grant.entitlement.0,
        grant.state.as_str(),
        deadline,
        first_try(&grant.state, grant.is_manual, new.decided_at)
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a pending request as denied, and writes the decision down. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it.
pub async fn mark_denied(conn: &mut PgConnection, new: &NewDecision<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "with marked as (
           update access_request set state = 'denied', closed_at = $2
           where id = $1 and state = 'pending' and decide_by > $2
           returning id)
         insert into decision (request_id, decided_by, verdict, summary, decided_at)
         select id, $3, 'deny', $4, $2 from marked",
        new.request.0,
        new.decided_at,
        new.by.map(Uuid::from),
        new.summary
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
