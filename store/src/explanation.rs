//! What a job role explained and no longer does.

use chrono::{DateTime, Utc};
use domain::id::{GrantId, JobRoleId, PersonId};
use domain::person::PersonRef;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Notes the live access of somebody that their job roles explain, but for those that they `keep`. To be called
/// before the others are taken from them.
pub(crate) async fn note_lost_by_person(
    conn: &mut PgConnection,
    person: PersonId,
    keep: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into explanation_lost (grant_id, job_role, lost_at)
         select distinct on (g.id) g.id, j.name, $3::timestamptz
         from person_job_role pj
         join job_role j on j.id = pj.job_role_id
         join job_role_entitlement je on je.job_role_id = j.id
         join access_grant g on g.person_id = pj.person_id and g.entitlement_id = je.entitlement_id
         where pj.person_id = $1 and j.id <> all($2) and g.state not in ('ended', 'revoked', 'failed')
         order by g.id, j.name
         on conflict (grant_id) do update set job_role = excluded.job_role, lost_at = excluded.lost_at",
        person.0,
        keep,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes the live access that a job role explains, but for the entitlements that it `keeps`. To be called before the
/// others are taken from it.
pub(crate) async fn note_lost_by_job_role(
    conn: &mut PgConnection,
    job_role: JobRoleId,
    keep: &[Uuid],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into explanation_lost (grant_id, job_role, lost_at)
         select g.id, j.name, $3::timestamptz
         from job_role j
         join person_job_role pj on pj.job_role_id = j.id
         join job_role_entitlement je on je.job_role_id = j.id
         join access_grant g on g.person_id = pj.person_id and g.entitlement_id = je.entitlement_id
         where j.id = $1 and je.entitlement_id <> all($2) and g.state not in ('ended', 'revoked', 'failed')
         on conflict (grant_id) do update set job_role = excluded.job_role, lost_at = excluded.lost_at",
        job_role.0,
        keep,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Live access that a job role explained, and that none explains now.
#[derive(Debug, Clone)]
pub struct UnexplainedRecord {
    /// Which.
    pub grant: GrantId,
    /// Who holds it.
    pub person: PersonRef,
    /// The entitlement's name.
    pub entitlement: String,
    /// The resource's name.
    pub resource: String,
    /// The resource in addresses.
    pub resource_slug: String,
    /// The system's name.
    pub system: String,
    /// The job role that explained it, as it was called then.
    pub job_role: String,
    /// Since when it does not.
    pub since: DateTime<Utc>,
    /// Whether the holder reports to the reader.
    pub is_report: bool,
}

/// What is no longer explained of the reports of `reader` and on what they own or, where the flag says so, of
/// everybody; never their own; newest first.
///
/// # Errors
/// When the database cannot be reached.
pub async fn lost(
    conn: &mut PgConnection,
    reader: PersonId,
    everything: bool,
    limit: i64,
) -> Result<Vec<UnexplainedRecord>> {
    let rows = sqlx::query!(
        r#"select g.id, p.id as person_id, p.name as person, e.name as entitlement, o.name as resource, o.slug,
             s.name as system, l.job_role, l.lost_at,
             p.manager_id is not distinct from $1 as "is_report!"
           from explanation_lost l
           join access_grant g on g.id = l.grant_id and g.state not in ('ended', 'revoked', 'failed')
           join person p on p.id = g.person_id
           join entitlement e on e.id = g.entitlement_id
           join resource o on o.id = e.resource_id
           join system s on s.id = o.system_id
           where g.state not in ('ending', 'revoking', 'removal_failed') and p.id <> $1
             and ($2 or p.manager_id = $1 or exists (select 1 from owner w where w.person_id = $1
               and (w.entitlement_id = e.id or w.resource_id = o.id or w.system_id = s.id)))
             and not exists (select 1 from person_job_role pj
               join job_role_entitlement je on je.job_role_id = pj.job_role_id
               where pj.person_id = p.id and je.entitlement_id = e.id)
           order by l.lost_at desc, p.name, g.id limit $3"#,
        reader.0,
        everything,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| UnexplainedRecord {
            grant: GrantId(row.id),
            person: PersonRef { id: PersonId(row.person_id), name: row.person },
            entitlement: row.entitlement,
            resource: row.resource,
            resource_slug: row.slug,
            system: row.system,
            job_role: row.job_role,
            since: row.lost_at,
            is_report: row.is_report,
        })
        .collect())
}
