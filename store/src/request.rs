//! Submissions, access requests and decisions.

mod record;
mod write;

use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, PersonId, RequestId, SubmissionId};
use domain::request::{Term, Window};
use domain::span::Span;
pub use record::RequestRecord;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;
pub use write::*;

use crate::{Result, StoreError, owner};

/// The index that allows one pending request per person and entitlement.
pub const ONE_PENDING: &str = "access_request_one_pending";

/// Which requests to read, newest filed first unless said otherwise.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// This one.
    One(RequestId),
    /// Of one submission.
    Submission(SubmissionId),
    /// Filed by or for this person, behind the cursor.
    OfPerson(PersonId, Option<RequestId>),
    /// Pending ones filed by or for this person.
    PendingOfPerson(PersonId),
    /// Pending ones for this entitlement.
    PendingOn(EntitlementId),
    /// Pending ones that this person might decide as an owner or, where the flag says so, an administrator;
    /// oldest first.
    MaybeFor(PersonId, bool),
    /// Closed ones of this person for this entitlement.
    Earlier(PersonId, EntitlementId),
    /// Pending ones past their deadline.
    Overdue(DateTime<Utc>),
}

const SELECT: &str = "select r.id, r.submission_id, r.entitlement_id, e.name as entitlement,
    (e.deleted_at is not null or o.deleted_at is not null or s.deleted_at is not null) as entitlement_gone,
    o.id as resource_id, o.name as resource, o.slug as resource_slug, s.id as system_id, s.name as system,
    o.sensitivity, r.requester_id, rq.name as requester, r.beneficiary_id, b.name as beneficiary,
    b.status as beneficiary_status, r.origin, r.state, r.asked_start_at, r.asked_seconds,
    r.asked_until, r.given_start_at, r.given_seconds, r.given_until, r.filed_at, r.decide_by, r.closed_at,
    u.rationale, u.ticket, r.renews_grant_id, coalesce(w.closed_at, w.ends_at) as renewed_until, g.id as grant_id, g.state as grant_state,
    g.ends_at as grant_ends_at, d.summary
    from access_request r
    join submission u on u.id = r.submission_id
    join entitlement e on e.id = r.entitlement_id
    join resource o on o.id = e.resource_id
    join system s on s.id = o.system_id
    join person rq on rq.id = r.requester_id
    join person b on b.id = r.beneficiary_id
    left join access_grant g on g.request_id = r.id
    left join decision d on d.request_id = r.id
    left join access_grant w on w.id = r.renews_grant_id
    where ";

/// At most `limit` requests.
///
/// # Errors
/// When the database cannot be reached.
pub async fn list(conn: &mut PgConnection, which: Which, limit: i64) -> Result<Vec<RequestRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    let mut order = " order by r.id desc limit ";
    match which {
        Which::One(id) => {
            query.push("r.id = ").push_bind(id.0);
        }
        Which::Submission(id) => {
            query.push("r.submission_id = ").push_bind(id.0);
            order = " order by s.name, o.name, e.name limit ";
        }
        Which::OfPerson(person, before) => {
            query.push("(r.requester_id = ").push_bind(person.0);
            query.push(" or r.beneficiary_id = ").push_bind(person.0).push(")");
            if let Some(before) = before {
                query.push(" and r.id < ").push_bind(before.0);
            }
        }
        Which::PendingOfPerson(person) => {
            query.push("r.state = 'pending' and (r.requester_id = ").push_bind(person.0);
            query.push(" or r.beneficiary_id = ").push_bind(person.0).push(")");
        }
        Which::PendingOn(entitlement) => {
            query.push("r.state = 'pending' and r.entitlement_id = ").push_bind(entitlement.0);
        }
        Which::MaybeFor(person, is_administrator) => {
            // First which, then all about them: every page counts these. `closed_at` says the same as the state,
            // and an index knows it.
            query.push(
                "r.id = any(array(select q.id from access_request q where q.state = 'pending' and q.closed_at is null",
            );
            if !is_administrator {
                owner::push_owned(query.push(" and q.entitlement_id"), person);
            }
            query.push(" order by q.filed_at, q.id limit ").push_bind(limit).push("))");
            order = " order by r.filed_at, r.id limit ";
        }
        Which::Earlier(person, entitlement) => {
            query.push("r.state <> 'pending' and r.beneficiary_id = ").push_bind(person.0);
            query.push(" and r.entitlement_id = ").push_bind(entitlement.0);
        }
        Which::Overdue(now) => {
            query.push("r.state = 'pending' and r.decide_by <= ").push_bind(now);
            order = " order by r.decide_by, r.id limit ";
        }
    }
    query.push(order).push_bind(limit);
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// One request.
///
/// # Errors
/// When the database cannot be reached.
pub async fn find(conn: &mut PgConnection, id: RequestId) -> Result<Option<RequestRecord>> {
    Ok(list(conn, Which::One(id), 1).await?.pop())
}

/// One request, locked until the end of the transaction: nobody else decides it meanwhile.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lock(conn: &mut PgConnection, id: RequestId) -> Result<Option<RequestRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    // Whoever had to wait for the lock reads the request as it stands then.
    query.push("r.id = ").push_bind(id.0).push(" for update of r");
    Ok(query.build_query_as().fetch_optional(conn).await?)
}

/// A person's pending request for an entitlement.
///
/// # Errors
/// When the database cannot be reached.
pub async fn pending_for(
    conn: &mut PgConnection,
    person: PersonId,
    entitlements: &[EntitlementId],
) -> Result<Vec<(EntitlementId, RequestId)>> {
    let ids: Vec<Uuid> = entitlements.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select entitlement_id, id from access_request
         where beneficiary_id = $1 and entitlement_id = any($2) and state = 'pending'",
        person.0,
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (EntitlementId(row.entitlement_id), RequestId(row.id))).collect())
}

/// How long the last decisions on each entitlement took: the median in seconds, and of how many (at most 50).
///
/// # Errors
/// When the database cannot be reached.
pub async fn usual_times(
    conn: &mut PgConnection,
    entitlements: &[EntitlementId],
) -> Result<Vec<(EntitlementId, f64, i64)>> {
    let ids: Vec<Uuid> = entitlements.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select w.id as "id!", percentile_cont(0.5) within group (order by seconds) as "median!",
             count(*) as "decisions!"
           from unnest($1::uuid[]) w(id)
           cross join lateral (
             select extract(epoch from closed_at - filed_at)::float8 as seconds from access_request
             where entitlement_id = w.id and state in ('approved', 'denied') and origin = 'filed'
             order by closed_at desc limit 50) last
           group by w.id"#,
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (EntitlementId(row.id), row.median, row.decisions)).collect())
}

pub(crate) fn term_columns(term: Term) -> (Option<i64>, Option<DateTime<Utc>>) {
    match term {
        Term::Lasting(span) => (Some(span.seconds()), None),
        Term::Until(end) => (None, Some(end)),
    }
}

pub(crate) fn window(
    start_at: Option<DateTime<Utc>>,
    seconds: Option<i64>,
    until: Option<DateTime<Utc>>,
) -> Result<Window> {
    let term = match (seconds, until) {
        (Some(seconds), None) => Span::from_seconds(seconds).map(Term::Lasting),
        (None, Some(until)) => Some(Term::Until(until)),
        _ => None,
    };
    let term = term.ok_or_else(|| StoreError::corrupt("access_request", format!("{seconds:?} {until:?}")))?;
    Ok(Window { start_at, term })
}
