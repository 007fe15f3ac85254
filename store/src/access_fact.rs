//! What a decision should know about who holds what.

use domain::id::{EntitlementId, PersonId};
use sqlx::PgConnection;

use crate::Result;

/// How many other people of the same department hold the entitlement now.
///
/// # Errors
/// When the database cannot be reached.
pub async fn peers_holding(
    conn: &mut PgConnection,
    person: PersonId,
    entitlement: EntitlementId,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(distinct g.person_id) as "count!" from access_grant g
           join person peer on peer.id = g.person_id
           join person me on me.id = $1
           where g.entitlement_id = $2 and g.state = 'active' and peer.id <> me.id
             and peer.department = me.department and me.department <> ''"#,
        person.0,
        entitlement.0
    )
    .fetch_one(conn)
    .await?)
}
