//! Alerts that nobody takes up.

use chrono::{DateTime, Utc};
use domain::alert::Severity;
use domain::alert::overdue::patience;
use domain::audit::About;
use domain::id::{AlertId, GrantId, PersonId, ResourceId, SystemId};
use domain::person::PersonRef;
use sqlx::PgConnection;

use crate::Result;

/// An alert that has waited too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// Which.
    pub id: AlertId,
    /// Its rule's name.
    pub rule: String,
    /// Whom it is about.
    pub person: Option<PersonRef>,
    /// Where.
    pub about: About,
    /// The grant behind it.
    pub grant: Option<GrantId>,
}

/// Whether any has waited too long of which administrators have not heard yet.
///
/// # Errors
/// When the database cannot be reached.
pub async fn is_any(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<bool> {
    let words = Severity::ALL.map(|severity| severity.as_str().to_owned());
    let dues = Severity::ALL.map(|severity| now - patience(severity));
    let found = sqlx::query_scalar!(
        r#"select exists (
             select from unnest($1::text[], $2::timestamptz[]) as due (severity, at), alert a
             where a.state = 'open' and a.escalated_at is null and a.severity = due.severity
               and coalesce(a.opened_at, a.raised_at) <= due.at) as "found!""#,
        &words,
        &dues
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

/// One of this severity that has waited too long and of which administrators have not heard yet: marked as told, unless
/// another process does so just now.
///
/// # Errors
/// When the database cannot be reached.
pub async fn take(
    conn: &mut PgConnection,
    severity: Severity,
    now: DateTime<Utc>,
) -> Result<Option<Overdue>> {
    let row = sqlx::query!(
        r#"with taken as (
             update alert set escalated_at = $3 where id = (
               select id from alert where state = 'open' and escalated_at is null and severity = $1
                 and coalesce(opened_at, raised_at) <= $2
               order by coalesce(opened_at, raised_at) limit 1 for no key update skip locked)
             returning id, rule, person_id, system_id, resource_id, grant_id)
           select a.id, a.rule, a.person_id, p.name as "person?", s.id as "system_id?", s.name as "system?",
             o.id as "resource_id?", o.name as "resource?", a.grant_id
           from taken a left join person p on p.id = a.person_id
           left join resource o on o.id = a.resource_id
           left join system s on s.id = coalesce(a.system_id, o.system_id)"#,
        severity.as_str(),
        now - patience(severity),
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Overdue {
        id: AlertId(row.id),
        rule: row.rule,
        person: row.person_id.zip(row.person).map(|(id, name)| PersonRef { id: PersonId(id), name }),
        about: About {
            system_id: row.system_id.map(SystemId),
            system: row.system,
            resource_id: row.resource_id.map(ResourceId),
            resource: row.resource,
            ..About::default()
        },
        grant: row.grant_id.map(GrantId),
    }))
}
