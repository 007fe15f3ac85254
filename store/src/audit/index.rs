//! Makes the search index from the book and the links, beside the linker and never at the same time: neither can write
//! down what the other has just made old.

use std::collections::BTreeSet;

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::terms::Indexed;
use crate::link::Step;
use crate::lock_number::LockNumber;
use crate::{Result, Store, book_reader};

/// The reader's name in `book_reader`.
const READER: &str = "search";

/// Indexes at most `limit` events, of those that the linker has read.
///
/// # Errors
/// When the database cannot be reached or refuses; then nothing was written.
pub async fn step(store: &Store, limit: i64) -> Result<Step> {
    let mut conn = store.read().await?;
    let mut tx = conn.begin().await?;
    if !book_reader::try_turn(&mut tx, LockNumber::Links).await? {
        tx.rollback().await?;
        return Ok(Step::Elsewhere);
    }
    let events = sqlx::query!(
        "select position, event_id from event_position
         where position > coalesce((select position from book_reader where name = $1), 0)
           and position <= coalesce((select position from book_reader where name = 'links'), 0)
         order by position limit $2",
        READER,
        limit
    )
    .fetch_all(&mut *tx)
    .await?;
    let Some(last) = events.last() else {
        tx.rollback().await?;
        return Ok(Step::Nothing);
    };
    let to = last.position;
    let ids: Vec<Uuid> = events.iter().map(|event| event.event_id).collect();
    write(&mut tx, &ids).await?;
    book_reader::advance(&mut tx, READER, to).await?;
    tx.commit().await?;
    Ok(Step::Done { read: ids.len(), linked: 0 })
}

/// Makes the index of these events, or makes it anew. Whoever calls it holds the linker's lock.
pub(crate) async fn write(conn: &mut PgConnection, events: &[Uuid]) -> Result<()> {
    let events = read(conn, events).await?;
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
        r"insert into event_search as s (class, recorded_at, event_id, occurred_at, action, outcome, actor_name,
           system_name, terms)
         select class, recorded_at, event_id, occurred_at, action, outcome, actor_name, system_name,
           array_to_tsvector(string_to_array(terms, E'\x01'))
         from unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
           $8::text[], $9::text[])
           g(class, recorded_at, event_id, occurred_at, action, outcome, actor_name, system_name, terms)
         on conflict (recorded_at, event_id, class) do update set terms = excluded.terms
           where s.terms <> excluded.terms",
        &column(&events, |event| event.class.as_str()) as &[&str],
        &column(&events, |event| event.recorded_at),
        &column(&events, |event| event.event_id),
        &column(&events, |event| event.occurred_at),
        &column(&events, |event| event.action.as_str()) as &[&str],
        &column(&events, |event| event.outcome.as_str()) as &[&str],
        &column(&events, |event| event.actor_name.as_str()) as &[&str],
        &column(&events, |event| event.system_name.as_deref()) as &[Option<&str>],
        &column(&events, Indexed::terms)
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn column<'a, T>(events: &'a [Indexed], of: impl Fn(&'a Indexed) -> T) -> Vec<T> {
    events.iter().map(of).collect()
}

async fn read(conn: &mut PgConnection, events: &[Uuid]) -> Result<Vec<Indexed>> {
    Ok(sqlx::query_as!(
        Indexed,
        r#"select e.class, e.recorded_at, e.id as event_id, e.occurred_at, e.action, e.outcome, e.actor_id, e.actor_name,
             e.subject_id, e.subject_name, coalesce(e.system_id, l.system_id) as system_id, e.system_name,
             coalesce(e.resource_id, l.resource_id) as resource_id, e.resource_name, e.entitlement_name, e.request_id,
             e.grant_id, e.origin, digits_of(address_of(e.ip)) as digits,
             event_text(e.actor_name, e.action, e.outcome, e.subject_name, e.system_name, e.resource_name,
               e.entitlement_name, e.ip, e.detail, e.reason) as "text!",
             l.person_id as "linked_person_id?", l.grant_id as "linked_grant_id?", l.covered as "covered?"
           from event_position p
           join event e on e.class = p.class and e.recorded_at = p.recorded_at and e.id = p.event_id
           left join event_link l on l.event_id = e.id
           where p.event_id = any($1)"#,
        events
    )
    .fetch_all(conn)
    .await?)
}

/// Forgets all of it: it is made anew from the start of the book.
pub(crate) async fn forget(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("delete from event_search").execute(&mut *conn).await?;
    sqlx::query!("delete from book_name").execute(&mut *conn).await?;
    book_reader::forget(conn, READER).await
}
