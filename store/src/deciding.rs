//! Who could decide, and what may keep them from it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, PersonId};
use domain::person::PersonRef;
use domain::policy::loosening::Loosened;
use domain::policy::{Candidate, OwnerLevel};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, StoreError, loosening};

/// What `domain::policy::loosening::decide_under` judges by.
#[derive(Debug, Clone, Default)]
pub struct DecisionFacts {
    /// Active people who own the entitlement, its resource or its system, and the administrators.
    pub candidates: Vec<Candidate>,
    /// Looser rules of any of these that came into force lately.
    pub loosened: Vec<Loosened>,
}

/// The facts for each of these entitlements; looser rules count that came into force after `since`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn facts(
    conn: &mut PgConnection,
    entitlements: &[EntitlementId],
    since: DateTime<Utc>,
) -> Result<HashMap<EntitlementId, DecisionFacts>> {
    let mut found: HashMap<EntitlementId, DecisionFacts> =
        entitlements.iter().map(|id| (*id, DecisionFacts::default())).collect();
    if entitlements.is_empty() {
        return Ok(found);
    }
    let ids: Vec<Uuid> = entitlements.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select e.id as "entitlement!", candidate.person_id, candidate.name, candidate.level,
             (exists (select from loosening l where l.system_id = o.system_id and l.state = 'in_force'
                and l.answered_at > $2)
              or exists (select from loosening l where l.resource_id = o.id and l.state = 'in_force'
                and l.answered_at > $2)) as "is_loosened!"
           from entitlement e
           join resource o on o.id = e.resource_id
           left join lateral (
             select p.id as person_id, p.name, w.level from (
               select person_id, case when entitlement_id is not null then 'entitlement'
                 when resource_id is not null then 'resource' else 'system' end as level
               from owner where entitlement_id = e.id or resource_id = o.id or system_id = o.system_id
               union all
               select person_id, 'administrators' from administrator) w
             join person p on p.id = w.person_id and p.status = 'active') candidate on true
           where e.id = any($1)"#,
        &ids,
        since
    )
    .fetch_all(&mut *conn)
    .await?;
    // Hardly anything is loosened in any week, so that is asked for only where there is something.
    if rows.iter().any(|row| row.is_loosened) {
        for (id, loosened) in loosening::in_force(conn, entitlements, since).await? {
            found.entry(id).or_default().loosened = loosened;
        }
    }
    for row in rows {
        let (Some(person), Some(name), Some(level)) = (row.person_id, row.name, row.level) else { continue };
        let level = match level.as_str() {
            "entitlement" => OwnerLevel::Entitlement,
            "resource" => OwnerLevel::Resource,
            "system" => OwnerLevel::System,
            "administrators" => OwnerLevel::Administrators,
            other => return Err(StoreError::corrupt("owner", other)),
        };
        let person = PersonRef { id: PersonId(person), name };
        found.entry(EntitlementId(row.entitlement)).or_default().candidates.push(Candidate { person, level });
    }
    Ok(found)
}
