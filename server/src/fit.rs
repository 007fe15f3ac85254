//! Whether the database role may run the application: not if it could rewrite the book.

use app::context::Risks;
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
