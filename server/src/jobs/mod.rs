//! What happens by itself. What is due stands in the rows themselves, so nothing gets lost and nothing stays
//! queued: any number of workers look for it, and a crash leaves it due.

mod due;
pub mod escalator;
pub mod exporter;
pub mod follower;
pub mod holdings;
pub mod judge;
pub mod linker;
mod partitions;
pub mod sequencer;
mod target;

use std::future::Future;
use std::time::Duration;

use store::Store;

use crate::connectors::Connector;

/// How often workers look for what is due.
const EVERY: Duration = Duration::from_secs(1);

/// Works until `stop` is done. What time brings about and what targets answer go on beside each other, so that a
/// slow target keeps nothing else from ending.
pub async fn run(store: Store, connectors: Vec<Box<dyn Connector>>, stop: impl Future<Output = ()> + Send) {
    let by_time = async {
        loop {
            due::all(&store).await;
            tokio::time::sleep(EVERY).await;
        }
    };
    let at_targets = async {
        loop {
            if let Err(error) = target::work(&store, &connectors).await {
                tracing::warn!(%error, "a round at the targets failed; the next one goes on");
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = stop => {}
        _ = async {
            tokio::join!(
                by_time, at_targets, sequencer::run(&store), linker::run(&store), holdings::run(&store),
                follower::run(&store), partitions::run(&store), exporter::run(&store), judge::run(&store),
            )
        } => {}
    }
}

/// One round over everything that is due; answers how many changes it made.
///
/// # Errors
/// When the database cannot be reached. What was done stays done.
pub async fn tick(store: &Store, connectors: &[Box<dyn Connector>]) -> Result<usize, store::StoreError> {
    Ok(due::all(store).await + target::work(store, connectors).await?)
}
