//! The sample company. (A stand-in until it arrives.)

use store::Store;

use super::{Databases, DemoError};
use crate::config::Settings;

/// Fills an empty database with a believable company; leaves one alone that has people in it already.
///
/// # Errors
/// When the database refuses it.
#[expect(clippy::unused_async, reason = "the company that takes this place writes to the database")]
pub async fn seed(_databases: &Databases, _settings: &Settings, _store: &Store) -> Result<(), DemoError> {
    Ok(())
}
