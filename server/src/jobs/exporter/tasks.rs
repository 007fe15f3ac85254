//! Tasks that run for ever, each begun again where it panicked.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use tokio::task::JoinSet;

/// Begins one of them.
pub(super) type Begin = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Runs each until all have ended, and begins the one that panicked, not another, again after a pause.
pub(super) async fn keep(tasks: &[Begin], pause: Duration) {
    let mut running = JoinSet::new();
    let mut begun = HashMap::new();
    for task in tasks {
        begun.insert(running.spawn(task()).id(), task);
    }
    while let Some(ended) = running.join_next_with_id().await {
        let Err(error) = ended else { continue };
        let Some(task) = begun.remove(&error.id()) else { continue };
        tracing::error!(%error, "preparing exports ended unexpectedly");
        tokio::time::sleep(pause).await;
        begun.insert(running.spawn(task()).id(), task);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Panics so often, then ends; counts how often it was begun.
    fn failing(times: usize) -> (Begin, Arc<AtomicUsize>) {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = begun.clone();
        let begin = move || {
            let before = count.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move { assert!(before >= times, "on purpose") })
                as Pin<Box<dyn Future<Output = ()> + Send>>
        };
        (Box::new(begin), begun)
    }

    #[tokio::test]
    async fn the_task_that_panicked_is_the_one_that_is_begun_again() {
        let ((steady, steadily), (shaky, shakily)) = (failing(0), failing(2));
        keep(&[steady, shaky], Duration::ZERO).await;
        assert_eq!((steadily.load(Ordering::SeqCst), shakily.load(Ordering::SeqCst)), (1, 3));
    }
}
