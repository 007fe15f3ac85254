//! One look for what is new.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use domain::audit::query::{Context, parse};
use domain::id::SessionId;
use futures::StreamExt as _;
use store::audit::{self, Frontier, Search};
use store::session::{Standing, standing};

use super::hub::Hub;
use super::search::{BACK_MAX, Found, KEPT_EVENTS, Key, Look, position_for};
use super::watcher::End;
use crate::http::guard::lasting_roles;

/// Searches asked beside each other: the pages need connections, too.
const AT_ONCE: usize = 4;

/// What is to be asked.
struct Task {
    key: Key,
    before: Arc<Found>,
    wanted: Option<i64>,
}

impl Hub {
    /// Lets those go whose session is over, then asks every search that there may be something new for.
    pub(super) async fn round(&self) -> Result<(), store::StoreError> {
        let sessions: HashSet<SessionId> = self.state().watchers.values().map(|seat| seat.session).collect();
        let sessions: Vec<SessionId> = sessions.into_iter().collect();
        let live = standing(&self.0.store, &sessions, self.0.idle).await?;
        self.let_go(&sessions, &live);
        let Some(now) = live.first().map(|one| one.now) else { return Ok(()) };
        let frontier = audit::frontier(&mut *self.0.store.read().await?).await?;
        let done: Vec<Result<(), store::StoreError>> = futures::stream::iter(self.tasks())
            .map(|task| self.ask(task, frontier, now))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        if frontier.linked < frontier.numbered {
            // What was numbered is still being matched, and nobody announces that.
            self.state().is_due = true;
        }
        done.into_iter().collect()
    }

    fn let_go(&self, asked: &[SessionId], live: &[Standing]) {
        for seat in self.state().watchers.values().filter(|seat| asked.contains(&seat.session)) {
            let end = match live.iter().find(|one| one.id == seat.session) {
                None => End::SignedOut,
                Some(one) => {
                    let roles = lasting_roles(one.roles, one.roles_read_at, one.now);
                    if !seat.sees_all || roles.sees_all() {
                        continue;
                    }
                    End::RoleLost
                }
            };
            seat.end.send_replace(Some(end));
        }
    }

    fn tasks(&self) -> Vec<Task> {
        let state = self.state();
        let task = |(key, search): (&Key, &tokio::sync::watch::Sender<Arc<Found>>)| {
            let is_watched = |seat: &super::hub::Seat| seat.key == *key && seat.end.borrow().is_none();
            state.watchers.values().any(is_watched).then(|| Task {
                key: key.clone(),
                before: search.borrow().clone(),
                wanted: state.wanted.get(key).copied(),
            })
        };
        state.searches.iter().filter_map(task).collect()
    }

    async fn ask(&self, task: Task, frontier: Frontier, now: DateTime<Utc>) -> Result<(), store::StoreError> {
        let Task { key, before, wanted } = task;
        // It was read when somebody began to watch; what it says of time moves on.
        let Ok(query) = parse(&key.query, &Context { now, zone: key.zone }) else { return Ok(()) };
        let until = position_for(frontier, &query);
        if wanted.is_none() && until <= before.until {
            return Ok(());
        }
        let reached = wanted.unwrap_or(before.until);
        let (from, limit) = (reached.max(until - BACK_MAX), KEPT_EVENTS);
        let events = if from < until {
            self.0.queries.fetch_add(1, Ordering::Relaxed);
            let search = Search { query: &query, concerning: key.concerning };
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            audit::since(&mut *self.0.store.read().await?, search, (from, until), limit).await?
        } else {
            Vec::new()
        };
        let found = before.with(reached, Look { from, until, events, limit });
        let mut state = self.state();
        if wanted.is_some() && state.wanted.get(&key).copied() == wanted {
            state.wanted.remove(&key);
        } else if state.wanted.contains_key(&key) {
            state.is_due = true;
        }
        if let Some(search) = state.searches.get(&key) {
            search.send_replace(Arc::new(found));
        }
        Ok(())
    }
}
