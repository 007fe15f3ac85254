//! The order of the book: every event has a position, without gaps, in the order in which changes became visible.
//!
//! Nobody who writes waits for it. An event remembers its transaction (`event.xid`), and one sequencer at a time
//! numbers what its last look at the database (`event_sequence.seen`, a snapshot) could not see: of one look by time,
//! of two looks the earlier first. Whoever could see an event before writing another has the larger position. The look
//! and the positions are written together, so a crash neither loses nor doubles any.

use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool};

use crate::lock_number::LockNumber;
use crate::{Result, Store, StoreError};

/// Where positions are announced; a hint, to be followed by looking. The payload is the last position.
pub const CHANNEL: &str = "gatebook_position";

/// What one look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// So many events were numbered, up to this position.
    Numbered {
        /// How many.
        events: i64,
        /// The position of the last one.
        last: i64,
    },
    /// There was nothing new.
    Nothing,
    /// Another process is at it.
    Elsewhere,
}

/// What the last look could see, as numbers of transactions: it numbered everything but what these wrote. Numbers come
/// as text, which every statement takes; said one by one, so that the database looks them up and nothing besides.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The position of the last event that is numbered.
    pub(crate) last_position: i64,
    /// The first transaction that had not begun.
    pub(crate) next: String,
    /// Those that had, and had not ended.
    pub(crate) under_way: Vec<String>,
}

/// What the last look could see.
pub(crate) async fn seen(conn: &mut PgConnection) -> Result<Seen> {
    Ok(sqlx::query_as!(
        Seen,
        r#"select last_position, pg_snapshot_xmax(seen)::text as "next!",
             array(select number::text from pg_snapshot_xip(seen) number) as "under_way!"
           from event_sequence"#
    )
    .fetch_one(conn)
    .await?)
}

/// Looks once, and numbers what is new.
///
/// # Errors
/// When the database cannot be reached, or was restored from elsewhere and not migrated since.
pub async fn look(store: &Store) -> Result<Look> {
    let mut conn = store.read().await?;
    let mut tx = conn.begin().await?;
    // A statement of its own: the one that numbers must see what whoever had the lock before has done.
    let got = sqlx::query!(
        r#"select pg_try_advisory_xact_lock($1) as "is_ours!",
             (select pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot()) from event_sequence) as "is_restored!",
             -- However long nobody has looked, it is done at once.
             set_config('statement_timeout', '0', true) as "timeout!""#,
        LockNumber::Sequence.get()
    )
    .fetch_one(&mut *tx)
    .await?;
    if !got.is_ours {
        tx.rollback().await?;
        return Ok(Look::Elsewhere);
    }
    if got.is_restored {
        return Err(StoreError::corrupt("event_sequence", "restored from elsewhere; run gatebook migrate"));
    }
    let seen = seen(&mut tx).await?;
    let placed = sqlx::query!(
        r#"with fresh as (
             select id, class, recorded_at, $2 + row_number() over (order by recorded_at, id) as position
             from (select id, class, recorded_at from event where xid >= $3::text::xid8
               union all select id, class, recorded_at from event where xid = any($4::text[]::xid8[])) unseen),
           placed as (
             insert into event_position (position, event_id, class, recorded_at)
             select position, id, class, recorded_at from fresh returning position),
           moved as (
             update event_sequence set seen = pg_current_snapshot(),
               last_position = (select max(position) from placed)
             where exists (select from placed))
           select count(*) as "events!", coalesce(max(position), 0) as "last!",
             case when count(*) > 0 then pg_notify($1, max(position)::text) end as "told: ()"
           from placed"#,
        CHANNEL,
        seen.last_position,
        seen.next,
        &seen.under_way
    )
    .fetch_one(&mut *tx)
    .await?;
    // At once, and not when the connection is used again: others wait for the lock.
    tx.commit().await?;
    if placed.events == 0 {
        return Ok(Look::Nothing);
    }
    Ok(Look::Numbered { events: placed.events, last: placed.last })
}

/// Listens to where positions are announced, on a connection of its own.
#[derive(Debug)]
pub struct Hints(PgListener);

impl Hints {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn listen(store: &Store) -> Result<Self> {
        let options = store.pool().connect_options().as_ref().clone();
        let own = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&own).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// Waits until there may be something new. A lost connection is such a moment, too, and is made again.
    ///
    /// # Errors
    /// When the database cannot be reached any more.
    pub async fn next(&mut self) -> Result<()> {
        self.0.try_recv().await?;
        Ok(())
    }
}

/// Begins anew in a database that was restored into another cluster, as its owner: the numbers of transactions there
/// have nothing to do with those that the events remember. Positions stay.
///
/// # Errors
/// When the database refuses it.
pub async fn begin_anew_where_restored(admin: &PgPool) -> Result<bool> {
    let is_restored = sqlx::query_scalar!(
        r#"select pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot()) as "is_restored!"
           from event_sequence"#
    )
    .fetch_one(admin)
    .await?;
    if is_restored {
        sqlx::query!(r#"select event_sequence_begin() as "begun: ()""#).fetch_one(admin).await?;
    }
    Ok(is_restored)
}
