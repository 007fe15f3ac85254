//! Holdings, written.

use domain::grant::Removal;
use domain::holding::Holding;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::Result;

/// So many rows go into one statement, which may have 65,535 parameters.
const ROWS_AT_ONCE: usize = 2_000;

/// Adds what is new, and changes what has gone on: its end, and why.
pub(super) async fn holdings(conn: &mut PgConnection, all: &[Holding]) -> Result<()> {
    for some in all.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Postgres>::new(
            "insert into holding (grant_id, person_id, person_name, system_id, system_name, resource_id, \
             resource_name, entitlement_id, entitlement_name, opened_at, ends_at, closed_at, cause, removal_known, \
             attested_by, request_id, is_imported, decided_by, decided_by_name, decided_at) ",
        );
        query.push_values(some, |mut row, holding| {
            let (about, closed, decided) =
                (&holding.about, holding.closed.as_ref(), holding.decided.as_ref());
            let cause = match closed.map(|closed| closed.why) {
                Some(Removal::TimeRanOut) => None,
                Some(Removal::Revoked(cause)) => Some(cause),
                None => holding.cause,
            };
            row.push_bind(holding.grant.0)
                .push_bind(holding.person.id.0)
                .push_bind(holding.person.name.clone())
                .push_bind(about.system_id.map(Uuid::from))
                .push_bind(about.system.clone())
                .push_bind(about.resource_id.map(Uuid::from))
                .push_bind(about.resource.clone())
                .push_bind(about.entitlement_id.map(Uuid::from))
                .push_bind(about.entitlement.clone())
                .push_bind(holding.opened_at)
                .push_bind(holding.ends_at);
            match closed {
                Some(closed) => row.push_bind(closed.at),
                None => row.push("'infinity'::timestamptz"),
            };
            row.push_bind(cause.map(|cause| cause.as_str()))
                .push_bind(closed.and_then(|closed| closed.known).map(|known| known.as_str()))
                .push_bind(closed.and_then(|closed| closed.attested_by.clone()))
                .push_bind(holding.request.map(Uuid::from))
                .push_bind(holding.is_imported)
                .push_bind(decided.and_then(|decided| decided.by).map(Uuid::from))
                .push_bind(decided.map(|decided| decided.name.clone()))
                .push_bind(decided.map(|decided| decided.at));
        });
        query.push(
            " on conflict (grant_id) do update set ends_at = excluded.ends_at, closed_at = excluded.closed_at, \
             cause = excluded.cause, removal_known = excluded.removal_known, attested_by = excluded.attested_by",
        );
        query.build().execute(&mut *conn).await?;
    }
    Ok(())
}
