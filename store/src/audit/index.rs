//! The search index: made by the linker from events and their links, in the transaction that writes the links.

use std::collections::BTreeSet;

use sqlx::PgConnection;

pub(crate) use super::terms::Indexed;
use super::tsvector::TsVector;
use crate::Result;
use crate::link::EventRow;

/// Makes the index of these events, or makes it anew. Whoever calls it holds the linker's lock.
pub(crate) async fn write(conn: &mut PgConnection, events: &[Indexed<'_>]) -> Result<()> {
    let terms: Vec<TsVector> = events.iter().map(Indexed::terms).collect::<Result<_>>()?;
    let names: BTreeSet<(&str, String)> = events.iter().flat_map(Indexed::names).collect();
    let (fields, names): (Vec<&str>, Vec<String>) = names.into_iter().unzip();
    sqlx::query!(
        "insert into book_name (field, name) select n.field, n.name from unnest($1::text[], $2::text[]) n(field, name)
         where not exists (select from book_name k where k.field = n.field and k.name = n.name)
         on conflict do nothing",
        &fields as &[&str],
        &names
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into event_search as s (class, recorded_at, event_id, occurred_at, action, outcome, actor_name,
           system_name, terms)
         select * from unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[],
           $7::text[], $8::text[], $9::tsvector[])
         on conflict (recorded_at, event_id, class) do update set terms = excluded.terms
           where s.terms <> excluded.terms",
        &column(events, |event| event.class.as_str()) as &[&str],
        &column(events, |event| event.recorded_at),
        &column(events, |event| event.id),
        &column(events, |event| event.occurred_at),
        &column(events, |event| event.action.as_str()) as &[&str],
        &column(events, |event| event.outcome.as_str()) as &[&str],
        &column(events, |event| event.actor_name.as_str()) as &[&str],
        &column(events, |event| event.system_name.as_deref()) as &[Option<&str>],
        &terms as &[TsVector]
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn column<'a, T>(events: &[Indexed<'a>], of: impl Fn(&'a EventRow) -> T) -> Vec<T> {
    events.iter().map(|one| of(one.event)).collect()
}

/// Forgets all of it: it is made anew from the start of the book.
pub(crate) async fn forget(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("delete from event_search").execute(&mut *conn).await?;
    sqlx::query!("delete from book_name").execute(conn).await?;
    Ok(())
}
