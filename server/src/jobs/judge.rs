//! Judges the book by rules, and raises alerts: one process at a time, whoever is first.

use std::time::Duration;

use store::judging::{self, Beginning};
use store::{SessionLock, Store, StoreError};
use thiserror::Error;

use crate::judge::{Judge, JudgeError};
use crate::rules::{self, Rule, RuleError};

/// So many events are judged in one transaction.
pub const BATCH: i64 = 1_000;
/// Between two looks where there was nothing to do.
const EVERY: Duration = Duration::from_millis(250);
/// Between two tries while another process is at it, or the database is away.
const ASIDE_EVERY: Duration = Duration::from_secs(1);

/// Why the judge stopped; the next begins where it stood.
#[derive(Debug, Error)]
pub enum Stopped {
    /// The database refused, or is away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A rule, or what it remembers, cannot be evaluated.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// A rule that comes with Gatebook cannot be read.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// Judges what is new by the rules that come with Gatebook, for ever.
pub async fn run(store: &Store) {
    match rules::built_in() {
        Ok(rules) => run_by(store, &rules).await,
        Err(error) => tracing::error!(%error, "a rule of this release is broken; nothing is judged"),
    }
}

/// Judges what is new by these rules, for ever.
pub async fn run_by(store: &Store, rules: &[Rule]) {
    loop {
        match SessionLock::try_judging(store).await {
            Ok(Some(lock)) => {
                if let Err(error) = at_work(store, rules).await {
                    tracing::warn!(%error, "events could not be judged; the next try goes on");
                }
                lock.release().await;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "events could not be judged; the next try goes on"),
        }
        tokio::time::sleep(ASIDE_EVERY).await;
    }
}

/// Until something fails, or another judge has taken over.
async fn at_work(store: &Store, rules: &[Rule]) -> Result<(), Stopped> {
    let (mut judge, mut position) = begin(store, rules).await?;
    while let Some(is_more) = step(store, &mut judge, &mut position, BATCH).await? {
        if !is_more {
            tokio::time::sleep(EVERY).await;
        }
    }
    Ok(())
}

/// A judge who knows what was remembered, and the position that this is of.
async fn begin(store: &Store, rules: &[Rule]) -> Result<(Judge, i64), Stopped> {
    let Beginning { position, memory } = judging::begin(store).await?;
    Ok((Judge::new(rules.to_vec(), memory)?, position))
}

/// Judges the next events: whether there likely are more; `None` where another judge has come further.
async fn step(
    store: &Store,
    judge: &mut Judge,
    position: &mut i64,
    limit: i64,
) -> Result<Option<bool>, Stopped> {
    let batch = judging::next(store, *position, limit).await?;
    if batch.to == batch.from {
        return Ok(Some(false));
    }
    let (findings, learned) = judge.judge(&batch.events)?;
    let is_ours = judging::finish(store, &batch, &learned, &findings).await?;
    *position = batch.to;
    Ok(is_ours.then_some(batch.to - batch.from == limit))
}

/// Judges everything there is, unless another process does.
///
/// # Errors
/// When the database cannot be reached, or a rule be evaluated.
pub async fn catch_up(store: &Store) -> Result<(), Stopped> {
    catch_up_by(store, &rules::built_in()?, BATCH).await
}

/// The same by these rules, in batches of this size.
///
/// # Errors
/// When the database cannot be reached, or a rule be evaluated.
pub async fn catch_up_by(store: &Store, rules: &[Rule], batch: i64) -> Result<(), Stopped> {
    let Some(lock) = SessionLock::try_judging(store).await? else { return Ok(()) };
    let done = async {
        let (mut judge, mut position) = begin(store, rules).await?;
        while step(store, &mut judge, &mut position, batch).await? == Some(true) {}
        Ok(())
    };
    let done = done.await;
    lock.release().await;
    done
}
