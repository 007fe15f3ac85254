//! Numbers the book: one process at a time, whoever is first.

use std::time::Duration;

use store::sequence::{self, Look};
use store::{Store, StoreError};

/// Between two looks: as long as a reader may wait to hear of an event at most.
const EVERY: Duration = Duration::from_millis(100);
/// Between two tries while another process is at it, or the database is away.
const ASIDE_EVERY: Duration = Duration::from_secs(1);

/// Looks for new events for ever.
pub async fn run(store: &Store) {
    loop {
        let pause = match sequence::look(store).await {
            Ok(look) => after(look),
            Err(error) => {
                tracing::warn!(%error, "events could not be numbered; the next look goes on");
                ASIDE_EVERY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Numbers everything there is, unless another process does.
///
/// # Errors
/// When the database cannot be reached.
pub async fn catch_up(store: &Store) -> Result<(), StoreError> {
    while let Look::Numbered { .. } = sequence::look(store).await? {}
    Ok(())
}

fn after(look: Look) -> Duration {
    match look {
        Look::Numbered { .. } | Look::Nothing => EVERY,
        Look::Elsewhere => ASIDE_EVERY,
    }
}
