//! Whether the database role may run the application: not if it could rewrite the book.

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
}

/// Refuses a role that could change or delete events, unless that is allowed by setting.
///
/// # Errors
/// When the role could, or the database cannot be asked.
pub async fn check(store: &Store, source: &Source) -> Result<(), UnfitError> {
    let Some(why) = roles::could_rewrite_book(&mut *store.read().await?).await? else { return Ok(()) };
    if source.get(OVERRIDE).as_deref() == Some("1") {
        tracing::warn!(why, "{OVERRIDE}=1: whoever runs this process could rewrite the book");
        return Ok(());
    }
    Err(UnfitError::CouldRewriteBook(why))
}
