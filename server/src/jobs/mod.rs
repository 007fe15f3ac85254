//! What happens by itself. What is due stands in the rows themselves, so nothing gets lost and nothing stays
//! queued: any number of workers look for it, and a crash leaves it due.

mod due;
mod target;

use std::future::Future;
use std::time::Duration;

use store::Store;

use crate::connectors::Connector;

/// How often workers look for what is due.
const EVERY: Duration = Duration::from_secs(1);

/// Works until `stop` is done.
pub async fn run(store: Store, connectors: Vec<Box<dyn Connector>>, stop: impl Future<Output = ()> + Send) {
    let mut stop = std::pin::pin!(stop);
    loop {
        if let Err(error) = tick(&store, &connectors).await {
            tracing::warn!(%error, "a round of jobs failed; the next one goes on");
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// One round over everything that is due; answers how many changes it made.
///
/// # Errors
/// When the database cannot be reached. What was done stays done.
pub async fn tick(store: &Store, connectors: &[Box<dyn Connector>]) -> Result<usize, store::StoreError> {
    let mut changes = due::expire_requests(store).await?;
    // Starts go before ends: a renewal takes over without a gap.
    changes += due::start_grants(store).await?;
    changes += due::end_grants(store).await?;
    changes += target::work(store, connectors).await?;
    Ok(changes)
}
