//! Everything that runs by itself.

use std::time::Duration;

use store::Store;

use crate::serve::Stop;
use crate::{connectors, copy_watch, jobs};

/// How often sessions that are over are looked for.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// Works until the stop.
pub async fn work(store: Store, stop: Stop) {
    let jobs = jobs::run(store.clone(), connectors::all(), stop.clone().wait());
    futures::join!(jobs, copy_watch::run(store.clone(), stop.clone()), forget_sessions(store, stop));
}

async fn forget_sessions(store: Store, stop: Stop) {
    let stop = stop.wait();
    tokio::pin!(stop);
    let mut ticks = tokio::time::interval(FORGET_EVERY);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = ticks.tick() => match store::session::forget_old(&store).await {
                Ok(count) => tracing::debug!(count, "old sessions forgotten"),
                Err(error) => tracing::warn!(%error, "old sessions could not be forgotten; the next round goes on"),
            },
        }
    }
}
