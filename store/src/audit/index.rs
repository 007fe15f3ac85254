//! Makes the search index from the book and the links, beside the linker and never at the same time: neither can write
//! down what the other has just made old.

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::link::Step;
use crate::lock_number::LockNumber;
use crate::{Result, Store};

/// The reader's name in `book_reader`.
const READER: &str = "search";

/// Indexes at most `limit` events, of those that the linker has read.
///
/// # Errors
/// When the database cannot be reached or refuses; then nothing was written.
pub async fn step(store: &Store, limit: i64) -> Result<Step> {
    let mut conn = store.read().await?;
    let mut tx = conn.begin().await?;
    // A statement of its own: what follows must see what whoever had the lock before has done.
    let is_ours =
        sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "is_ours!""#, LockNumber::Links.get())
            .fetch_one(&mut *tx)
            .await?;
    if !is_ours {
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
    sqlx::query!(
        "insert into book_reader (name, position) values ($1, $2)
         on conflict (name) do update set position = excluded.position",
        READER,
        to
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Step::Done { read: ids.len(), linked: 0 })
}

/// Makes the index of these events, or makes it anew. Whoever calls it holds the linker's lock.
pub(crate) async fn write(conn: &mut PgConnection, events: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "insert into book_name (field, name)
         select distinct n.field, n.name from event_position p
         join event e on e.class = p.class and e.recorded_at = p.recorded_at and e.id = p.event_id
         cross join lateral (values ('actor', lower(e.actor_name)), ('subject', lower(e.subject_name)),
           ('system', lower(e.system_name)), ('resource', lower(e.resource_name)),
           ('entitlement', lower(e.entitlement_name)), ('action', e.action)) n(field, name)
         where p.event_id = any($1) and n.name is not null
           and not exists (select from book_name k where k.field = n.field and k.name = n.name)
         on conflict do nothing",
        events
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into event_search as s (class, recorded_at, event_id, occurred_at, action, outcome, actor_name,
           system_name, terms)
         select e.class, e.recorded_at, e.id, e.occurred_at, e.action, e.outcome, e.actor_name, e.system_name,
           terms_of(e, l)
         from event_position p
         join event e on e.class = p.class and e.recorded_at = p.recorded_at and e.id = p.event_id
         left join event_link l on l.event_id = e.id
         where p.event_id = any($1)
         on conflict (recorded_at, event_id, class) do update set terms = excluded.terms
           where s.terms <> excluded.terms",
        events
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets all of it: it is made anew from the start of the book.
pub(crate) async fn forget(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("delete from event_search").execute(&mut *conn).await?;
    sqlx::query!("delete from book_name").execute(&mut *conn).await?;
    sqlx::query!("delete from book_reader where name = $1", READER).execute(conn).await?;
    Ok(())
}
