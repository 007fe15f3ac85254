//! Looser rules: proposed, answered, and remembered.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::{EntitlementId, PersonId, ResourceId, SystemId};
use domain::person::PersonRef;
use domain::policy::loosening::{Loosened, Loosening};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Result, StoreError};

/// What the rules are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Everything on a system.
    System(SystemId),
    /// Everything on a resource.
    Resource(ResourceId),
    /// One entitlement on a resource.
    Entitlement(ResourceId, EntitlementId),
}

impl Of {
    pub(crate) fn columns(self) -> (Option<Uuid>, Option<Uuid>, Option<Uuid>) {
        match self {
            Self::System(id) => (Some(id.0), None, None),
            Self::Resource(id) => (None, Some(id.0), None),
            Self::Entitlement(resource, id) => (None, Some(resource.0), Some(id.0)),
        }
    }
}

/// Looser rules to be written down.
#[derive(Debug, Clone)]
pub struct NewLoosening<'a> {
    /// Which.
    pub id: Uuid,
    /// Of what.
    pub of: Of,
    /// The facts as they stand.
    pub before: Value,
    /// The facts as they are to stand.
    pub after: Value,
    /// What is looser.
    pub kinds: &'a [Loosening],
    /// Who wants it, and how it comes into force.
    pub by: By<'a>,
}

/// Who makes rules looser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// A person who waits for a second one.
    Proposer(PersonId),
    /// A person, at once, because there is nobody else.
    Alone(PersonId),
    /// A command, at once: the operating system's user who ran it.
    Command(&'a str),
}

/// Writes looser rules down.
///
/// # Errors
/// When the database refuses it, as a second proposal for the same.
pub async fn insert(conn: &mut PgConnection, new: &NewLoosening<'_>, now: DateTime<Utc>) -> Result<()> {
    let kinds: Vec<String> = new.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
    let (system, resource, entitlement) = new.of.columns();
    let (proposer, answerer, command) = match new.by {
        By::Proposer(id) => (Some(id.0), None, None),
        By::Alone(id) => (Some(id.0), Some(id.0), None),
        By::Command(user) => (None, None, Some(user)),
    };
    let is_alone = !matches!(new.by, By::Proposer(_));
    sqlx::query!(
        "insert into loosening (id, system_id, resource_id, entitlement_id, before, after, kinds, state,
            proposed_by, by_command, proposed_at, answered_by, answered_at, alone)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        new.id,
        system,
        resource,
        entitlement,
        new.before,
        new.after,
        &kinds,
        if is_alone { "in_force" } else { "proposed" },
        proposer,
        command,
        now,
        answerer,
        is_alone.then_some(now),
        is_alone
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Looser rules in force that nobody confirmed.
#[derive(Debug, Clone)]
pub struct Unconfirmed {
    /// The name of what was loosened: an entitlement, the resource, or its system.
    pub of: String,
    /// What is looser, by its words.
    pub kinds: Vec<String>,
    /// Who made it so: a person, or the user that ran a command.
    pub by: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What was loosened on a resource or its system without a second person, newest first, at most 20.
///
/// # Errors
/// When the database cannot be reached.
pub async fn unconfirmed(conn: &mut PgConnection, resource: ResourceId) -> Result<Vec<Unconfirmed>> {
    Ok(sqlx::query_as!(
        Unconfirmed,
        r#"select coalesce(e.name, case when l.system_id is null then o.name else s.name end) as "of!", l.kinds,
             coalesce(p.name, l.by_command) as "by!", l.answered_at as "since!"
           from resource o
           join system s on s.id = o.system_id
           join loosening l on l.resource_id = o.id or l.system_id = s.id
           left join entitlement e on e.id = l.entitlement_id
           left join person p on p.id = l.proposed_by
           where o.id = $1 and l.state = 'in_force' and l.alone and e.deleted_at is null
           order by l.answered_at desc limit 20"#,
        resource.0
    )
    .fetch_all(conn)
    .await?)
}

/// Looser rules that wait for a second person.
#[derive(Debug, Clone, FromRow)]
pub struct ProposalRecord {
    /// Which.
    pub id: Uuid,
    system_id: Option<Uuid>,
    resource_id: Option<Uuid>,
    entitlement_id: Option<Uuid>,
    /// The resource in addresses; `None` is a whole system.
    pub slug: Option<String>,
    /// The name of the resource or system.
    pub name: String,
    /// The entitlement's name, where it is one.
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
    /// What the rules are of.
    ///
    /// # Errors
    /// When the row makes no sense.
    pub fn of(&self) -> Result<Of> {
        match (self.system_id, self.resource_id, self.entitlement_id) {
            (Some(id), None, None) => Ok(Of::System(SystemId(id))),
            (None, Some(id), None) => Ok(Of::Resource(ResourceId(id))),
            (None, Some(resource), Some(id)) => Ok(Of::Entitlement(ResourceId(resource), EntitlementId(id))),
            _ => Err(StoreError::corrupt("loosening", self.id.to_string())),
        }
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
    /// Of this.
    For(Of),
    /// For what this person owns or, where the flag says so, for anything.
    ToAnswerBy(PersonId, bool),
}

/// Proposals that wait, oldest first.
///
/// # Errors
/// When the database cannot be reached.
pub async fn waiting(conn: &mut PgConnection, which: Which) -> Result<Vec<ProposalRecord>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select l.id, l.system_id, l.resource_id, l.entitlement_id, o.slug, coalesce(o.name, s.name) as name,
           e.name as entitlement, l.before, l.after, l.kinds, p.id as proposer_id, p.name as proposer, l.proposed_at
         from loosening l
         left join entitlement e on e.id = l.entitlement_id
         left join resource o on o.id = l.resource_id
         join system s on s.id = coalesce(l.system_id, o.system_id)
         join person p on p.id = l.proposed_by
         where l.state = 'proposed' and e.deleted_at is null and o.deleted_at is null and s.deleted_at is null",
    );
    match which {
        Which::One(id) => {
            query.push(" and l.id = ").push_bind(id);
        }
        Which::For(of) => {
            let (system, resource, entitlement) = of.columns();
            query.push(" and l.system_id is not distinct from ").push_bind(system);
            query.push(" and l.resource_id is not distinct from ").push_bind(resource);
            query.push(" and l.entitlement_id is not distinct from ").push_bind(entitlement);
        }
        Which::ToAnswerBy(person, everything) => {
            query.push(" and (").push_bind(everything);
            query.push(" or exists (select 1 from owner w where w.person_id = ").push_bind(person.0);
            query.push(
                " and (w.entitlement_id = l.entitlement_id or w.resource_id = o.id or w.system_id = s.id)))",
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

/// Marks what waits as overtaken, because what it is of is deleted; what is on it goes with it.
///
/// # Errors
/// When the database refuses it.
pub async fn overtake(conn: &mut PgConnection, of: Of, by: PersonId, now: DateTime<Utc>) -> Result<()> {
    let (system, resource, entitlement) = of.columns();
    sqlx::query!(
        "update loosening set state = 'overtaken', answered_by = $4, answered_at = $5
         where system_id is not distinct from $1 and resource_id is not distinct from $2
           and ($3::uuid is null or entitlement_id = $3) and state = 'proposed'",
        system,
        resource,
        entitlement,
        by.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Looser rules of each of these entitlements, its resource or its system that came into force after `since`.
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
           join resource o on o.id = e.resource_id
           join loosening l on l.system_id = o.system_id
             or (l.resource_id = o.id and (l.entitlement_id is null or l.entitlement_id = e.id))
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
