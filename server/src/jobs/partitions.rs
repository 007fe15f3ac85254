//! Keeps the months of the book: the next one is there before it begins, and use is let go when its time is over.

use std::time::Duration;

use store::{Store, retention};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Looks after them for ever. Any number of processes may: what one has done, the next one finds done.
pub async fn run(store: &Store) {
    loop {
        match retention::keep_partitions(store).await {
            Ok(gone) if !gone.is_empty() => {
                tracing::info!(partitions = gone.join(", "), "use was let go: it has been kept long enough");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the months of the book could not be looked after; the next look goes on")
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
