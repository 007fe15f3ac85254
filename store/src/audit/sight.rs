//! Whose events are shown: the same as a condition of SQL, and as terms of the search index.

use std::collections::HashSet;

use domain::audit::Event;
use domain::id::{EventId, PersonId};
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::condition::{RESOURCE, SYSTEM};
use super::node::{Node, lexeme, named};
use crate::Result;

/// Whose events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sight {
    /// What this person did, and what was done about them.
    Of(PersonId),
    /// What this person may see: the same; how access was used that they or those who report to them hold; and on what
    /// they own, how it is used, asked for and held.
    By(PersonId),
}

/// What owners of a resource or system see of it, by what stands before the dot of the action.
const OWNERS_SEE: [&str; 3] = ["grant", "request", "resource"];

/// Nobody is told of an alert, or that one is silenced, by being whom it is about.
const NEVER_OF_ONESELF: [&str; 2] = ["alert", "suppression"];

impl Sight {
    /// Of whom, or by whom.
    pub fn person(self) -> PersonId {
        match self {
            Self::Of(person) | Self::By(person) => person,
        }
    }

    /// Adds it as a condition on the event `e`.
    pub(super) fn push(self, query: &mut QueryBuilder<Postgres>) {
        let person = self.person().0;
        query.push("(e.actor_id = ").push_bind(person).push(" or (e.subject_id = ").push_bind(person);
        query
            .push(" and split_part(e.action, '.', 1) <> all(")
            .push_bind(NEVER_OF_ONESELF.as_slice())
            .push("))");
        if matches!(self, Self::By(_)) {
            query.push(
                " or exists (select from event_link l where l.event_id = e.id and l.covered and (l.person_id = ",
            );
            query.push_bind(person);
            query
                .push(" or l.person_id in (select p.id from person p where p.manager_id = ")
                .push_bind(person);
            query.push("))) or (split_part(e.action, '.', 1) = any(").push_bind(OWNERS_SEE.as_slice());
            query
                .push(") and (")
                .push(RESOURCE)
                .push(" in (select w.resource_id from owner w where w.person_id = ");
            query.push_bind(person).push(") or ").push(SYSTEM);
            query
                .push(" in (select w.system_id from owner w where w.person_id = ")
                .push_bind(person)
                .push(")))");
        }
        query.push(")");
    }

    /// As terms: exactly, as nobody looks at the event for it.
    pub(super) async fn terms(self, conn: &mut PgConnection) -> Result<Node> {
        let with = |letter: char, ids: &[Uuid]| -> Vec<String> {
            ids.iter().map(|id| lexeme(&format!(":{letter}{id}"))).collect()
        };
        let own = [self.person().0];
        let kind = |noun: &str| format!("{}:*", named('k', &format!("{noun}.")));
        let untold = NEVER_OF_ONESELF.map(kind).join(" | ");
        let told = Node { index: None, check: Some(format!("!({untold})")), is_exact: true };
        let own = Node::any_of(with('A', &own)).or(Node::any_of(with('S', &own)).and(told));
        let Self::By(reader) = self else { return Ok(own) };
        let Others { people, resources, systems } = others(conn, reader).await?;
        let used = Node::any_of(with('P', &people)).and(Node::exact(named('c', "true")));
        let places = [with('R', &resources), with('Y', &systems)].concat();
        if places.is_empty() {
            return Ok(own.or(used));
        }
        let kinds = OWNERS_SEE.map(kind).join(" | ");
        // The kinds are common: they help to tell, and not to find.
        let kinds = Node { index: None, check: Some(format!("({kinds})")), is_exact: true };
        Ok(own.or(used).or(Node::any_of(places).and(kinds)))
    }
}

/// What a reader sees besides their own.
struct Others {
    /// Whose use.
    people: Vec<Uuid>,
    /// Owned by themselves.
    resources: Vec<Uuid>,
    /// Owned with all that is on them.
    systems: Vec<Uuid>,
}

/// What this reader sees besides their own, today.
async fn others(conn: &mut PgConnection, reader: PersonId) -> Result<Others> {
    let row = sqlx::query!(
        r#"select array(select id from person where manager_id = $1 or id = $1) as "people!",
             array(select resource_id from owner where person_id = $1 and resource_id is not null) as "resources!",
             array(select system_id from owner where person_id = $1 and system_id is not null) as "systems!""#,
        reader.0
    )
    .fetch_one(conn)
    .await?;
    Ok(Others { people: row.people, resources: row.resources, systems: row.systems })
}

/// Whether there is anybody or anything besides their own that this reader sees something of, today.
///
/// # Errors
/// When the database cannot be reached.
pub async fn sees_others(conn: &mut PgConnection, reader: PersonId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from person where manager_id = $1 and id <> $1)
             or exists (select from owner where person_id = $1 and entitlement_id is null) as "sees_others!""#,
        reader.0
    )
    .fetch_one(conn)
    .await?)
}

/// What this reader sees besides their own, as a text that is another as soon as that is.
///
/// # Errors
/// When the database cannot be reached.
pub async fn sight_of_today(conn: &mut PgConnection, reader: PersonId) -> Result<String> {
    let Others { mut people, mut resources, mut systems } = others(conn, reader).await?;
    let mut hash = Sha256::new();
    for ids in [&mut people, &mut resources, &mut systems] {
        ids.sort_unstable();
        hash.update(ids.len().to_be_bytes());
        ids.iter().for_each(|id| hash.update(id.as_bytes()));
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Those of these events that this sight takes in.
///
/// # Errors
/// When the database cannot be reached.
pub async fn seen(conn: &mut PgConnection, sight: Sight, events: &[Event]) -> Result<HashSet<EventId>> {
    let mut query = QueryBuilder::<Postgres>::new("select e.id from unnest(");
    query
        .push_bind(events.iter().map(|event| event.recorded_at).collect::<Vec<_>>())
        .push("::timestamptz[], ");
    query.push_bind(events.iter().map(|event| event.id.0).collect::<Vec<_>>());
    query.push(
        "::uuid[]) g(recorded_at, id) join event e
           on e.class = any('{governance,usage}') and e.recorded_at = g.recorded_at and e.id = g.id where ",
    );
    sight.push(&mut query);
    let ids: Vec<Uuid> = query.build_query_scalar().fetch_all(conn).await?;
    Ok(ids.into_iter().map(EventId).collect())
}
