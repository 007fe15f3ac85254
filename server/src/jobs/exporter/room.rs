//! A disk that is full for a while costs an export time, and none of what is written already.

use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use store::{Cause, StoreError};

/// How long room is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    /// Between two tries to write the same once more.
    pub pause: Duration,
    /// So long at most; then the export broke off.
    pub longest: Duration,
}

impl Default for Wait {
    fn default() -> Self {
        Self { pause: Duration::from_secs(10), longest: Duration::from_secs(60 * 60) }
    }
}

impl Wait {
    /// Does it until it is done or something else than room is missing. What is refused for want of room has changed
    /// nothing, so that it may be done again.
    pub(super) async fn for_room<'a, T>(
        self,
        mut write: impl FnMut() -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let since = Instant::now();
        loop {
            match write().await {
                Err(error) if error.cause() == Cause::Full && since.elapsed() < self.longest => {
                    tracing::warn!(%error, "an export waits for room");
                    tokio::time::sleep(self.pause).await;
                }
                done => return done,
            }
        }
    }
}
