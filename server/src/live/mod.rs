//! Watching the book: what is new reaches everybody who watches a search, at the cost of one query per search and second
//! in this process, however many watch it.
//!
//! A hint that there is something new (`store::sequence::Hints`) leads to a round; so does a slow poll, so that a lost hint
//! only delays. A round first asks whether the sessions of all watchers still stand, then each search for what is behind
//! the position that it has come to. *Invariant:* nobody is shown what was found after their session had ended.

mod hub;
mod round;
mod search;
mod watcher;

pub use hub::{Hub, Limits, Subscription};
pub use search::position_for;
pub use watcher::{End, News, Watcher};
