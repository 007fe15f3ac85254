//! Who watches what, and when to look.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::error::PortalError;
use chrono::TimeDelta;
use domain::audit::query::Query;
use domain::caller::Caller;
use domain::id::{PersonId, SessionId};
use store::Store;
use store::sequence::Hints;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::search::{Found, Key};
use super::watcher::{End, Watcher};
use crate::serve::Stop;

/// No search is asked more often.
const ROUND_EVERY: Duration = Duration::from_secs(1);
/// So often there is a round without any hint: a lost one delays no longer, and no ended session watches longer.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// So often it is looked at whether a round is due.
const TICK: Duration = Duration::from_millis(200);

/// How many may watch.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// One person, in this process. Browsers open no more than six connections without HTTP/2.
    pub per_person: usize,
    /// All together, in this process.
    pub total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_person: 4, total: 1_000 }
    }
}

/// What somebody wants to watch.
#[derive(Debug, Clone, Copy)]
pub struct Subscription<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// What.
    pub query: &'a Query,
    /// Everything up to this position was seen already.
    pub from: i64,
}

/// The one place of a process where the book is watched from.
#[derive(Debug, Clone)]
pub struct Hub(pub(super) Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) store: Store,
    /// After so long unseen, a session is over.
    pub(super) idle: TimeDelta,
    limits: Limits,
    state: Mutex<State>,
    /// Somebody began to watch.
    arrived: Notify,
    pub(super) queries: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) watchers: HashMap<u64, Seat>,
    pub(super) searches: HashMap<Key, watch::Sender<Arc<Found>>>,
    /// From where a search is to be asked again: whoever came has not seen what is behind this.
    pub(super) wanted: HashMap<Key, i64>,
    next_number: u64,
    rounded_at: Option<Instant>,
    pub(super) is_due: bool,
    is_closed: bool,
}

/// What is known of one who watches.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) key: Key,
    pub(super) person: PersonId,
    pub(super) session: SessionId,
    pub(super) sees_all: bool,
    pub(super) end: watch::Sender<Option<End>>,
}

impl Hub {
    /// Nobody watches yet.
    pub fn new(store: Store, idle: TimeDelta, limits: Limits) -> Self {
        let (state, arrived, queries) = (Mutex::default(), Notify::new(), AtomicU64::new(0));
        Self(Arc::new(Parts { store, idle, limits, state, arrived, queries }))
    }

    /// Begins to watch.
    ///
    /// # Errors
    /// When too many do, in words for people.
    pub fn watch(&self, wanted: Subscription<'_>) -> Result<Watcher, PortalError> {
        let caller = wanted.caller;
        let all = caller.roles.sees_all();
        let key = Key::of(wanted.query, caller.time_zone, (!all).then(|| caller.id()));
        let mut state = self.state();
        let own = state.watchers.values().filter(|seat| seat.person == caller.id()).count();
        if own >= self.0.limits.per_person {
            return Err(PortalError::Conflict(format!(
                "You are watching in {own} windows already. Close one of them, then watch here."
            )));
        }
        if state.watchers.len() >= self.0.limits.total {
            let message =
                "As many people are watching as this server bears. Load the page again to see what is new.";
            return Err(PortalError::Conflict(message.to_owned()));
        }
        let first = || watch::Sender::new(Arc::new(Found::nothing()));
        let search = state.searches.entry(key.clone()).or_insert_with(first);
        let (found, is_behind) = (search.subscribe(), wanted.from < search.borrow().reached);
        if is_behind {
            let from = state.wanted.entry(key.clone()).or_insert(wanted.from);
            *from = wanted.from.min(*from);
            state.is_due = true;
        }
        let sender = watch::Sender::new(state.is_closed.then_some(End::Stopping));
        let (end, number) = (sender.subscribe(), state.next_number);
        state.next_number += 1;
        let seat = Seat { key, person: caller.id(), session: caller.session, sees_all: all, end: sender };
        state.watchers.insert(number, seat);
        drop(state);
        self.0.arrived.notify_one();
        Ok(Watcher { hub: self.clone(), number, at: wanted.from, found, end })
    }

    /// Looks and tells until the stop, then lets everybody go.
    pub async fn run(self, stop: Stop) {
        tokio::select! { () = stop.wait() => {}, () = self.look_on() => {} }
        self.close();
    }

    /// Lets everybody go, and nobody in any more.
    pub fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        for seat in state.watchers.values() {
            seat.end.send_replace(Some(End::Stopping));
        }
    }

    /// One round, if it is time: after a hint, for somebody who came, or because there was none for a while; never two
    /// within a second. Answers whether there was one.
    pub async fn step(&self, now: Instant, is_hinted: bool) -> bool {
        if !self.is_time(now, is_hinted) {
            return false;
        }
        if let Err(error) = self.round().await {
            tracing::warn!(%error, "a look for what is new in the book failed; the next one goes on");
            self.state().is_due = true;
        }
        true
    }

    /// How many searches were asked so far.
    pub fn queries(&self) -> u64 {
        self.0.queries.load(Ordering::Relaxed)
    }

    /// How many watch.
    pub fn watchers(&self) -> usize {
        self.state().watchers.len()
    }

    async fn look_on(&self) {
        loop {
            while self.watchers() == 0 {
                self.0.arrived.notified().await;
            }
            match Hints::listen(&self.0.store).await {
                Ok(mut hints) => self.look_on_with(&mut hints).await,
                Err(error) => {
                    tracing::warn!(%error, "nothing is heard of new events; they are looked for now and then");
                    tokio::time::sleep(ROUND_EVERY).await;
                    self.step(Instant::now(), false).await;
                }
            }
        }
    }

    /// Until nobody watches any more, or nothing can be heard.
    async fn look_on_with(&self, hints: &mut Hints) {
        while self.watchers() > 0 {
            let hint = hints.next();
            tokio::pin!(hint);
            loop {
                let heard = tokio::select! {
                    heard = &mut hint => Some(heard),
                    () = self.0.arrived.notified() => None,
                    () = tokio::time::sleep(TICK) => None,
                };
                self.step(Instant::now(), heard.is_some()).await;
                match heard {
                    Some(Ok(())) => break,
                    Some(Err(_)) => return,
                    None if self.watchers() == 0 => return,
                    None => {}
                }
            }
        }
    }

    fn is_time(&self, now: Instant, is_hinted: bool) -> bool {
        let mut state = self.state();
        if state.watchers.is_empty() {
            return false;
        }
        state.is_due |= is_hinted;
        let since = state.rounded_at.map(|at| now.saturating_duration_since(at));
        let is_time = match since {
            None => true,
            Some(since) => since >= POLL_EVERY || (state.is_due && since >= ROUND_EVERY),
        };
        if is_time {
            (state.rounded_at, state.is_due) = (Some(now), false);
        }
        is_time
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn leave(&self, number: u64) {
        let mut state = self.state();
        let Some(seat) = state.watchers.remove(&number) else { return };
        if !state.watchers.values().any(|other| other.key == seat.key) {
            state.searches.remove(&seat.key);
            state.wanted.remove(&seat.key);
        }
    }
}
