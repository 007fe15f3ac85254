//! Reads from the book who held what and when: one process at a time, whoever is first.

use std::time::Duration;

use store::holding::{self, Step};
use store::{Store, StoreError};

/// So many events are taken in in one transaction.
const BATCH: usize = 1_000;
/// Between two looks where there was nothing to do.
const EVERY: Duration = Duration::from_millis(500);
/// Between two tries while another process is at it, or the database is away.
const ASIDE_EVERY: Duration = Duration::from_secs(1);

/// Reads on for ever.
pub async fn run(store: &Store) {
    loop {
        let pause = match holding::step(store, BATCH).await {
            Ok(step) => after(step),
            Err(error) => {
                tracing::warn!(%error, "who held what could not be read; the next try goes on");
                ASIDE_EVERY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Reads everything there is, unless another process does.
///
/// # Errors
/// When the database cannot be reached.
pub async fn catch_up(store: &Store) -> Result<(), StoreError> {
    catch_up_by(store, BATCH).await
}

/// The same in batches of this size.
///
/// # Errors
/// When the database cannot be reached.
pub async fn catch_up_by(store: &Store, batch: usize) -> Result<(), StoreError> {
    while let Step::Read { .. } = holding::step(store, batch).await? {}
    Ok(())
}

fn after(step: Step) -> Duration {
    match step {
        Step::Read { is_full: true } => Duration::ZERO,
        Step::Read { is_full: false } | Step::Nothing => EVERY,
        Step::Elsewhere => ASIDE_EVERY,
    }
}
