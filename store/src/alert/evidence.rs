//! What an alert is made of.

use domain::audit::Event;
use domain::id::AlertId;
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
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(COLUMNS);
    query.push(
        " from alert_event l left join event_position p on p.position = l.position
         left join event e on e.class = p.class and e.recorded_at = p.recorded_at and e.id = p.event_id
         where l.alert_id = ",
    );
    query.push_bind(id.0);
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
