//! Links what sources report to people, resources and grants, and makes the search index of all events: one process at
//! a time, whoever is first.

use std::time::Duration;

use store::link::{self, Step};
use store::{Store, StoreError};

/// So many events are looked at in one transaction.
const BATCH: i64 = 5_000;
/// Between two looks where there was nothing to do.
const EVERY: Duration = Duration::from_millis(250);
/// Between two tries while another process is at it, or the database is away.
const ASIDE_EVERY: Duration = Duration::from_secs(1);

/// Links what is new, and again what is due again, for ever.
pub async fn run(store: &Store) {
    loop {
        let pause = match link::step(store, BATCH).await {
            Ok(step) => after(step),
            Err(error) => {
                tracing::warn!(%error, "events could not be linked; the next try goes on");
                ASIDE_EVERY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Links everything there is, unless another process does.
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
pub async fn catch_up_by(store: &Store, batch: i64) -> Result<(), StoreError> {
    while let Step::Done { .. } = link::step(store, batch).await? {}
    Ok(())
}

fn after(step: Step) -> Duration {
    match step {
        // More is likely waiting.
        Step::Done { .. } => Duration::ZERO,
        Step::Nothing => EVERY,
        Step::Elsewhere => ASIDE_EVERY,
    }
}
