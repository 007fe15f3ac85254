//! What had its place in the book before something else.

use std::collections::HashSet;

use domain::id::EventId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Those of these events that stand before `bound`, by position: what was under way when that was written and was
/// recorded earlier does not.
///
/// # Errors
/// When the database cannot be reached.
pub async fn before(conn: &mut PgConnection, bound: EventId, events: &[EventId]) -> Result<HashSet<EventId>> {
    let ids: Vec<Uuid> = events.iter().map(|event| event.0).collect();
    let found = sqlx::query_scalar!(
        "select p.event_id from event_position p
         where p.event_id = any($2) and p.position < (select b.position from event_position b where b.event_id = $1)",
        bound.0,
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(found.into_iter().map(EventId).collect())
}
