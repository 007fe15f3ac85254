//! Looks how far the copy to read from is behind, where there is one.

use std::time::{Duration, Instant};

use store::Store;

use crate::serve::Stop;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// Looks until the stop.
pub async fn run(store: Store, stop: Stop) {
    if store.copy().is_none() {
        return;
    }
    let look_on = async {
        loop {
            if let Err(error) = store.look_at_copy(Instant::now()).await {
                tracing::warn!(%error, "how far the copy to read from is behind could not be looked at");
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! { () = stop.wait() => {}, () = look_on => {} }
}
