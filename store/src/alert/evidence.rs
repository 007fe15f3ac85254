//! What an alert is made of.

use domain::audit::Event;
use domain::id::{AlertId, PersonId};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::Result;
use crate::audit::{COLUMNS, read};

/// The events of an alert, as far as they are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Oldest first, by when they occurred.
    pub events: Vec<Event>,
    /// How many of those that are listed were kept long enough and let go.
    pub gone: usize,
}

/// The first of an alert's events, at most `limit`.
///
/// # Errors
/// When the database cannot be reached.
pub async fn evidence(conn: &mut PgConnection, id: AlertId, limit: i64) -> Result<Evidence> {
    of(conn, id, None, limit).await
}

/// What of it this person did, or is known to have done, or what was done about them: at most `limit`, the first.
///
/// # Errors
/// When the database cannot be reached.
pub async fn evidence_of(
    conn: &mut PgConnection,
    id: AlertId,
    person: PersonId,
    limit: i64,
) -> Result<Vec<Event>> {
    Ok(of(conn, id, Some(person), limit).await?.events)
}

async fn of(conn: &mut PgConnection, id: AlertId, person: Option<PersonId>, limit: i64) -> Result<Evidence> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS);
    query.push(
        " from alert_event l left join event_position p on p.position = l.position
         left join event e on e.class = p.class and e.recorded_at = p.recorded_at and e.id = p.event_id
         where l.alert_id = ",
    );
    query.push_bind(id.0);
    if let Some(person) = person {
        query.push(" and (e.actor_id = ").push_bind(person.0);
        query.push(" or e.subject_id = ").push_bind(person.0);
        query.push(" or exists (select from event_link k where k.event_id = e.id and k.person_id = ");
        query.push_bind(person.0).push("))");
    }
    query.push(" order by e.occurred_at nulls first, l.position limit ").push_bind(limit);
    let rows = query.build().fetch_all(conn).await?;
    let mut evidence = Evidence::default();
    for row in &rows {
        if row.try_get::<Option<Uuid>, _>("id")?.is_some() {
            evidence.events.push(read(row)?);
        } else {
            evidence.gone += 1;
        }
    }
    Ok(evidence)
}
