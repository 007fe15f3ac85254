//! Looser rules: proposed, answered, and remembered.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, PersonId, ResourceId};
use domain::person::PersonRef;
use domain::policy::loosening::{Loosened, Loosening};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::Result;

/// Looser rules to be written down.
#[derive(Debug, Clone)]
pub struct NewLoosening<'a> {
    /// Which.
    pub id: Uuid,
    /// Of what.
    pub resource: ResourceId,
    /// Of which entitlement on it; `None` is the resource itself.
    pub entitlement: Option<EntitlementId>,
    /// The facts as they stand.
    pub before: Value,
    /// The facts as they are to stand.
    pub after: Value,
    /// What is looser.
    pub kinds: &'a [Loosening],
    /// Who wants it.
    pub by: PersonId,
    /// In force at once, because there is nobody else; otherwise it waits for a second person.
    pub is_alone: bool,
}

/// Writes looser rules down.
///
/// # Errors
/// When the database refuses it, as a second proposal for the same.
pub async fn insert(conn: &mut PgConnection, new: &NewLoosening<'_>, now: DateTime<Utc>) -> Result<()> {
    let kinds: Vec<String> = new.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
    let answered_at = new.is_alone.then_some(now);
    sqlx::query!(
        "insert into loosening (id, resource_id, entitlement_id, before, after, kinds, state, proposed_by,
            proposed_at, answered_by, answered_at, alone)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.id,
        new.resource.0,
        new.entitlement.map(Uuid::from),
        new.before,
        new.after,
        &kinds,
        if new.is_alone { "in_force" } else { "proposed" },
        new.by.0,
        now,
        new.is_alone.then_some(new.by.0),
        answered_at,
        new.is_alone
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Looser rules that wait for a second person.
#[derive(Debug, Clone, FromRow)]
pub struct ProposalRecord {
    /// Which.
    pub id: Uuid,
    /// The resource in addresses.
    pub slug: String,
    /// The resource's name.
    pub resource: String,
    entitlement_id: Option<Uuid>,
    /// The entitlement's name; `None` is the resource itself.
    pub entitlement: Option<String>,
    /// The facts as they stood.
    pub before: Value,
    /// The facts as they are to stand.
    pub after: Value,
    /// What is looser, by its words.
    pub kinds: Vec<String>,
    proposer_id: Uuid,
    proposer: String,
    /// When it was proposed.
    pub proposed_at: DateTime<Utc>,
}

impl ProposalRecord {
    /// The entitlement; `None` is the resource itself.
    pub fn entitlement_id(&self) -> Option<EntitlementId> {
        self.entitlement_id.map(EntitlementId)
    }

    /// Who proposed it.
    pub fn proposed_by(&self) -> PersonRef {
        PersonRef { id: PersonId(self.proposer_id), name: self.proposer.clone() }
    }
}

/// Which proposals to read; all of them wait.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// This one.
    One(Uuid),
    /// For a resource or, where one is named, an entitlement on it.
    For(ResourceId, Option<EntitlementId>),
    /// For what this person owns or, where the flag says so, for anything.
    ToAnswerBy(PersonId, bool),
}

/// Proposals that wait, oldest first.
///
/// # Errors
/// When the database cannot be reached.
pub async fn waiting(conn: &mut PgConnection, which: Which) -> Result<Vec<ProposalRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select l.id, o.slug, o.name as resource, l.entitlement_id, e.name as entitlement, l.before, l.after,
           l.kinds, p.id as proposer_id, p.name as proposer, l.proposed_at
         from loosening l join resource o on o.id = l.resource_id and o.deleted_at is null
         left join entitlement e on e.id = l.entitlement_id
         join person p on p.id = l.proposed_by
         where l.state = 'proposed' and e.deleted_at is null",
    );
    match which {
        Which::One(id) => {
            query.push(" and l.id = ").push_bind(id);
        }
        Which::For(resource, entitlement) => {
            query.push(" and l.resource_id = ").push_bind(resource.0);
            query.push(" and l.entitlement_id is not distinct from ").push_bind(entitlement.map(Uuid::from));
        }
        Which::ToAnswerBy(person, everything) => {
            query.push(" and (").push_bind(everything);
            query.push(" or exists (select 1 from owner w where w.person_id = ").push_bind(person.0);
            query.push(
                " and (w.entitlement_id = l.entitlement_id or w.resource_id = o.id or w.system_id = o.system_id)))",
            );
        }
    }
    query.push(" order by l.proposed_at, l.id limit 200");
    Ok(query.build_query_as().fetch_all(conn).await?)
}

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// Confirmed.
    InForce,
    /// Rejected or withdrawn.
    Rejected,
    /// What it was about has changed meanwhile.
    Overtaken,
}

impl Answered {
    fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Rejected => "rejected",
            Self::Overtaken => "overtaken",
        }
    }
}

/// Answers a proposal. `false` when somebody was first.
///
/// # Errors
/// When the database refuses it, as when the proposer confirms.
pub async fn mark_answered(
    conn: &mut PgConnection,
    id: Uuid,
    how: Answered,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "update loosening set state = $2, answered_by = $3, answered_at = $4 where id = $1 and state = 'proposed'",
        id,
        how.as_str(),
        by.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks what waits as overtaken, because a resource or, where one is named, an entitlement on it is deleted.
///
/// # Errors
/// When the database refuses it.
pub async fn overtake(
    conn: &mut PgConnection,
    resource: ResourceId,
    entitlement: Option<EntitlementId>,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update loosening set state = 'overtaken', answered_by = $3, answered_at = $4
         where resource_id = $1 and ($2::uuid is null or entitlement_id = $2) and state = 'proposed'",
        resource.0,
        entitlement.map(Uuid::from),
        by.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Looser rules of each of these entitlements, or of its resource, that came into force after `since`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn in_force(
    conn: &mut PgConnection,
    entitlements: &[EntitlementId],
    since: DateTime<Utc>,
) -> Result<HashMap<EntitlementId, Vec<Loosened>>> {
    if entitlements.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = entitlements.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select e.id as "entitlement!", l.answered_at as "since!", p.id as "proposer_id!", p.name as "proposer!",
             c.id as "confirmer_id!", c.name as "confirmer!"
           from entitlement e
           join loosening l on l.resource_id = e.resource_id and (l.entitlement_id is null or l.entitlement_id = e.id)
           join person p on p.id = l.proposed_by
           join person c on c.id = l.answered_by
           where e.id = any($1) and l.state = 'in_force' and l.answered_at > $2
           order by l.answered_at"#,
        &ids,
        since
    )
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<EntitlementId, Vec<Loosened>> = HashMap::new();
    for row in rows {
        found.entry(EntitlementId(row.entitlement)).or_default().push(Loosened {
            proposed_by: PersonRef { id: PersonId(row.proposer_id), name: row.proposer },
            confirmed_by: PersonRef { id: PersonId(row.confirmer_id), name: row.confirmer },
            since: row.since,
        });
    }
    Ok(found)
}
