//! What an export holds, read ahead of what is written: found in long steps, read in short ones.

use std::collections::VecDeque;

use app::error::PortalError;
use domain::audit::Event;
use domain::audit::query::Query;
use domain::id::EventId;
use store::audit::{At, Cursor, Match, Search};
use store::copy::{Written, broke_off};
use store::{PgConnection, Store, audit};

use crate::portal::Fault;
use crate::portal::audit::whole;
use crate::portal::reader::Reader;

/// Events read at a time: the memory an export takes does not grow with its length.
const BATCH_EVENTS: usize = 1_000;
/// Events found at a time; each takes some 200 bytes until it is read.
const MATCHES: usize = 10_000;

/// Everything that matches and was recorded before the event of the export itself, newest first.
pub(super) struct Feed {
    store: Store,
    reader: Reader,
    query: Query,
    own: EventId,
    /// Whether it breaks off while there is what searches do not find. Where not, what has a later position than the
    /// export does not count.
    must_be_whole: bool,
    /// What the copy must have, as long as it is read of.
    written: Option<Written>,
    /// Found, and not read yet.
    found: VecDeque<Match>,
    /// Where to look further; `None` where there is nothing more to find.
    before: Option<Cursor>,
}

impl Feed {
    pub(super) async fn new(
        store: Store,
        reader: Reader,
        query: Query,
        own: &Event,
        must_be_whole: bool,
    ) -> Result<Self, Fault> {
        // What somebody owns or leads must be as it is now.
        let written = if reader.sees_all() { store.written().await? } else { None };
        let before = Some(Cursor { recorded_at: own.recorded_at, id: own.id });
        let own = own.id;
        Ok(Self { store, reader, query, own, must_be_whole, written, found: VecDeque::new(), before })
    }

    /// Whether there may be something to read.
    pub(super) fn has_more(&self) -> bool {
        !self.found.is_empty() || self.before.is_some()
    }

    /// The next events. After an error the same can be asked for again.
    pub(super) async fn next(&mut self) -> Result<Vec<Event>, Fault> {
        loop {
            let mut conn = self.store.read_having(&mut self.written).await?;
            match self.read(&mut conn).await {
                // Of the copy, where that has everything of before the export; where it breaks off, of the database
                // itself from there on.
                Err(Fault::Hidden(error)) if conn.is_copy() && broke_off(&error) => self.written = None,
                read => return read,
            }
        }
    }

    async fn read(&mut self, conn: &mut PgConnection) -> Result<Vec<Event>, Fault> {
        if let (true, Some(before)) = (self.found.is_empty(), self.before) {
            (self.found, self.before) = self.find(conn, before).await?;
        }
        let batch = self.found.len().min(BATCH_EVENTS);
        let next: Vec<Match> = self.found.iter().take(batch).cloned().collect();
        let mut events = audit::events(conn, &next).await?;
        self.found.drain(..batch);
        events.iter_mut().for_each(|event| self.reader.hide_source(event));
        Ok(events)
    }

    /// The next matches, and behind which there may be more.
    async fn find(
        &self,
        conn: &mut PgConnection,
        before: Cursor,
    ) -> Result<(VecDeque<Match>, Option<Cursor>), Fault> {
        self.check(conn).await?;
        let wanted = Search { query: &self.query, concerning: self.reader.concerning() };
        let limit = i64::try_from(MATCHES).unwrap_or(i64::MAX);
        let mut found = audit::matches(conn, wanted, At::OlderThan(before), limit).await?;
        // The index may have been forgotten meanwhile, to be made anew.
        self.check(conn).await?;
        let further = found.get(MATCHES - 1).map(Match::cursor);
        if !self.must_be_whole {
            let ids: Vec<EventId> = found.iter().map(|one| one.cursor().id).collect();
            let within = audit::before(conn, self.own, &ids).await?;
            found.retain(|one| within.contains(&one.cursor().id));
        }
        Ok((found.into(), further))
    }

    /// Rather broken off than without some.
    async fn check(&self, conn: &mut PgConnection) -> Result<(), Fault> {
        if self.must_be_whole {
            return whole(conn).await;
        }
        if audit::is_indexed(conn, self.own).await? {
            return Ok(());
        }
        Err(PortalError::NotYet("The book is being indexed anew.".to_owned()).into())
    }
}
