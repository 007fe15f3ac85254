//! One who watches.

use std::sync::Arc;

use domain::audit::Event;
use tokio::sync::watch;

use super::hub::Hub;
use super::search::Found;

/// Why watching is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The session is not there any more.
    SignedOut,
    /// What the watcher was let see was a matter of a role that they do not have any more, or that has lapsed.
    RoleLost,
    /// The server stops.
    Stopping,
}

/// What is new.
#[derive(Debug, Clone)]
pub struct News {
    /// Newest first.
    pub events: Vec<Event>,
    /// Whether there may be more of them than these.
    pub is_gap: bool,
}

/// Somebody who watches a search, until dropped.
#[derive(Debug)]
pub struct Watcher {
    pub(super) hub: Hub,
    pub(super) number: u64,
    /// All up to here was told.
    pub(super) at: i64,
    pub(super) found: watch::Receiver<Arc<Found>>,
    pub(super) end: watch::Receiver<Option<End>>,
}

impl Watcher {
    /// Waits for what is new.
    ///
    /// # Errors
    /// Why there will be nothing any more.
    pub async fn next(&mut self) -> Result<News, End> {
        loop {
            if let Some(end) = *self.end.borrow_and_update() {
                return Err(end);
            }
            if let Some(news) = self.news() {
                return Ok(news);
            }
            tokio::select! {
                changed = self.found.changed() => changed.map_err(|_| End::Stopping)?,
                changed = self.end.changed() => changed.map_err(|_| End::Stopping)?,
            }
        }
    }

    /// Up to which position everything was told: where to go on from another time.
    pub fn position(&self) -> i64 {
        self.at
    }

    fn news(&mut self) -> Option<News> {
        let found = self.found.borrow_and_update().clone();
        if found.until <= self.at || found.reached > self.at {
            return None;
        }
        let events: Vec<Event> = found
            .events
            .iter()
            .filter(|(position, _)| *position > self.at)
            .map(|(_, event)| event.clone())
            .collect();
        let is_gap = self.at < found.from;
        self.at = found.until;
        (is_gap || !events.is_empty()).then_some(News { events, is_gap })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.hub.leave(self.number);
    }
}
