//! Whether the database role may run the application: not if it could rewrite the book.

use std::time::Instant;

use app::context::Risks;
use store::copy::Standing;
use store::{Store, StoreError, roles};
use thiserror::Error;

use crate::config::Source;

/// Lets the application run as a role that could rewrite the book.
pub const OVERRIDE: &str = "GATEBOOK_ALLOW_OWNER_ROLE";

/// Why the application does not start.
#[derive(Debug, Error)]
pub enum UnfitError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The role.
    #[error(
        "DATABASE_URL names a role that could rewrite the book: {0}. Run `gatebook migrate`, which makes a role that \
         cannot, and use that one. {OVERRIDE}=1 starts all the same."
    )]
    CouldRewriteBook(String),
    /// The copy to read from.
    #[error(
        "DATABASE_READ_URL is not right: it leads to {0}, and must lead to a streaming replica of DATABASE_URL."
    )]
    NoCopy(&'static str),
}

/// Refuses a role that could change or delete events, unless that is allowed by setting: then it is a risk that
/// administrators are told of.
///
/// # Errors
/// When the role could, or the database cannot be asked.
pub async fn check(store: &Store, source: &Source) -> Result<Risks, UnfitError> {
    let Some(why) = roles::could_rewrite_book(&mut *store.read().await?).await? else {
        return Ok(Risks::default());
    };
    if source.get(OVERRIDE).as_deref() == Some("1") {
        tracing::warn!(why, "{OVERRIDE}=1: whoever runs this process could rewrite the book");
        return Ok(Risks { could_rewrite_book: true });
    }
    Err(UnfitError::CouldRewriteBook(why))
}

/// Refuses a copy to read from that is none. One that does not answer may come back: the database itself is read until
/// then.
///
/// # Errors
/// When it is none, or the database cannot be asked.
pub async fn check_copy(store: &Store) -> Result<(), UnfitError> {
    store.look_at_copy(Instant::now()).await?;
    match store.copy().map(|copy| copy.standing()) {
        Some(Standing::Foreign(what)) => Err(UnfitError::NoCopy(what)),
        _ => Ok(()),
    }
}
