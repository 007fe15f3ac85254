//! Versions of approval policies: only ever added.

use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, PolicyVersionId};
use domain::span::Span;
use sqlx::PgConnection;

use crate::Result;

/// A policy version to be put in force.
#[derive(Debug, Clone)]
pub struct NewPolicyVersion {
    /// Which.
    pub id: PolicyVersionId,
    /// For what.
    pub entitlement: EntitlementId,
    /// How long a request waits for its decision.
    pub pending_for: Span,
    /// The longest access; `None` is without a limit.
    pub access_max: Option<Span>,
    /// Whether whoever asks must say why.
    pub rationale_required: bool,
    /// From when.
    pub created_at: DateTime<Utc>,
}

/// Puts a version in force: the next number after the last one.
///
/// # Errors
/// When the database refuses it, as when two are added at once.
pub async fn insert(conn: &mut PgConnection, new: &NewPolicyVersion) -> Result<i32> {
    insert_flagged(conn, new, false).await
}

/// The same, flagged for good where it is looser than the last one and nobody else could have confirmed it.
///
/// # Errors
/// When the database refuses it, as when two are added at once.
pub async fn insert_flagged(
    conn: &mut PgConnection,
    new: &NewPolicyVersion,
    loosened_alone: bool,
) -> Result<i32> {
    Ok(sqlx::query_scalar!(
        "insert into policy_version (id, entitlement_id, version, pending_seconds, access_max_seconds,
            rationale_required, loosened_alone, created_at)
         select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7 from policy_version where entitlement_id = $2
         returning version",
        new.id.0,
        new.entitlement.0,
        new.pending_for.seconds(),
        new.access_max.map(Span::seconds),
        new.rationale_required,
        loosened_alone,
        new.created_at
    )
    .fetch_one(conn)
    .await?)
}
