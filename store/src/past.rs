//! History brought in from elsewhere: people who never sign in, and access that began and ended before.

use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, GrantId, PersonId, RequestId, SubmissionId};
use domain::person::PersonStatus;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// The digest of what was brought in from this source before.
///
/// # Errors
/// When the database cannot be reached.
pub async fn digest_of(conn: &mut PgConnection, source: &str) -> Result<Option<String>> {
    let wanted = serde_json::json!([{ "source": source }]);
    Ok(sqlx::query_scalar!(
        r#"select part->>'sha256' as "digest!" from event, jsonb_array_elements(detail->'histories') part
           where action = 'history.imported' and detail->'histories' @> $1 and part->>'source' = $2 limit 1"#,
        wanted,
        source
    )
    .fetch_optional(conn)
    .await?)
}

/// Somebody whom only the history knows.
#[derive(Debug, Clone)]
pub struct PastPerson {
    /// Who.
    pub id: PersonId,
    /// What the history calls them, unique in it.
    pub key: String,
    /// For people.
    pub name: String,
    /// How they stand at its end.
    pub status: PersonStatus,
}

/// Adds people under an issuer that nobody signs in with.
///
/// # Errors
/// When the database refuses it.
pub async fn insert_people(
    conn: &mut PgConnection,
    issuer: &str,
    people: &[PastPerson],
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.id.0).collect();
    let keys: Vec<String> = people.iter().map(|person| person.key.clone()).collect();
    let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    let statuses: Vec<String> = people.iter().map(|person| person.status.as_str().to_owned()).collect();
    sqlx::query!(
        "insert into person (id, issuer, subject, name, status, created_at)
         select n.id, $1, n.key, n.name, n.status, $2
         from unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) n(id, key, name, status)",
        issuer,
        now,
        &ids,
        &keys,
        &names,
        &statuses
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A request that was granted before it was brought in.
#[derive(Debug, Clone)]
pub struct PastRequest {
    /// Which.
    pub id: RequestId,
    /// The submission it came with.
    pub submission: SubmissionId,
    /// Who proposed it.
    pub requester: PersonId,
    /// For whom.
    pub beneficiary: PersonId,
    /// What.
    pub entitlement: EntitlementId,
    /// When it was proposed.
    pub filed_at: DateTime<Utc>,
    /// When it was done.
    pub closed_at: DateTime<Utc>,
    /// What it came with elsewhere.
    pub ticket: String,
}

/// Adds requests of which neither who decided nor the terms are known.
///
/// # Errors
/// When the database refuses it.
pub async fn insert_requests(conn: &mut PgConnection, requests: &[PastRequest]) -> Result<()> {
    let column = |of: fn(&PastRequest) -> Uuid| requests.iter().map(of).collect::<Vec<_>>();
    let submissions = column(|request| request.submission.0);
    let requesters = column(|request| request.requester.0);
    let filed: Vec<DateTime<Utc>> = requests.iter().map(|request| request.filed_at).collect();
    let closed: Vec<DateTime<Utc>> = requests.iter().map(|request| request.closed_at).collect();
    let tickets: Vec<String> = requests.iter().map(|request| request.ticket.clone()).collect();
    sqlx::query!(
        "insert into submission (id, requester_id, ticket, filed_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])",
        &submissions,
        &requesters,
        &tickets,
        &filed
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into access_request (id, submission_id, entitlement_id, requester_id, beneficiary_id, origin,
            approval_method, state, filed_at, closed_at)
         select n.id, n.submission, n.entitlement, n.requester, n.beneficiary, 'imported', 'not_recorded', 'approved',
            n.filed_at, n.closed_at
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::timestamptz[])
            n(id, submission, entitlement, requester, beneficiary, filed_at, closed_at)",
        &column(|request| request.id.0),
        &submissions,
        &column(|request| request.entitlement.0),
        &requesters,
        &column(|request| request.beneficiary.0),
        &filed,
        &closed
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Access that began, and perhaps ended, before it was brought in.
#[derive(Debug, Clone)]
pub struct PastGrant {
    /// Which.
    pub id: GrantId,
    /// What it was given under.
    pub request: RequestId,
    /// Who holds or held it.
    pub person: PersonId,
    /// What.
    pub entitlement: EntitlementId,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was taken away.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Adds grants without a decision: active ones, and revoked ones of which neither cause nor proof is known.
///
/// # Errors
/// When the database refuses it.
pub async fn insert_grants(conn: &mut PgConnection, grants: &[PastGrant], now: DateTime<Utc>) -> Result<()> {
    let ids: Vec<Uuid> = grants.iter().map(|grant| grant.id.0).collect();
    let requests: Vec<Uuid> = grants.iter().map(|grant| grant.request.0).collect();
    let people: Vec<Uuid> = grants.iter().map(|grant| grant.person.0).collect();
    let entitlements: Vec<Uuid> = grants.iter().map(|grant| grant.entitlement.0).collect();
    let since: Vec<DateTime<Utc>> = grants.iter().map(|grant| grant.since).collect();
    let revoked: Vec<Option<DateTime<Utc>>> = grants.iter().map(|grant| grant.revoked_at).collect();
    sqlx::query!(
        "insert into access_grant (id, request_id, person_id, entitlement_id, origin, state, created_at, active_since,
            closed_at, cause, removal_known)
         select n.id, n.request_id, n.person_id, n.entitlement_id, 'imported',
            case when n.revoked_at is null then 'active' else 'revoked' end, $1, n.since, n.revoked_at,
            case when n.revoked_at is not null then 'not_recorded' end,
            case when n.revoked_at is not null then 'not_recorded' end
         from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::timestamptz[])
            n(id, request_id, person_id, entitlement_id, since, revoked_at)",
        now,
        &ids,
        &requests,
        &people,
        &entitlements,
        &since,
        &revoked as &[Option<DateTime<Utc>>]
    )
    .execute(conn)
    .await?;
    Ok(())
}
