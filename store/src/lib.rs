//! The memory of Gatebook: the only place with SQL.
//!
//! *Invariant:* a write commits together with its event or not at all ([`Tx::commit`]).
//! *Invariant:* no statement calls a clock; a transaction reads the time once and passes it on.

pub mod access_fact;
pub mod account_edit;
pub mod alias;
pub mod audit;
mod book_reader;
pub mod catalogue;
pub mod catalogue_edit;
pub mod cluster;
pub mod copy;
pub mod deciding;
pub mod directory;
pub mod explanation;
pub mod export_job;
pub mod follow;
pub mod grant;
pub mod group_edit;
pub mod holding;
pub mod identity;
pub mod link;
mod lock_number;
pub mod loosening;
pub mod migration;
pub mod owner;
pub mod owner_edit;
mod pair_lock;
pub mod past;
pub mod person;
pub mod policy;
pub mod reading_token;
pub mod report;
pub mod request;
pub mod retention;
pub mod roles;
pub mod saved_query;
pub mod sequence;
pub mod session;
pub mod source;
pub mod stock;
pub mod system_edit;
mod tx;
pub mod unowned;
pub mod usage;
pub mod window;

pub use pair_lock::PairLock;
pub use sqlx::{PgConnection, PgPool};
use thiserror::Error;
pub use tx::{Clock, Store, Tx};

/// The schema, embedded. Append-only: a migration that has been released is never edited.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Why the database did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database, or the way to it.
    #[error("the database refused or could not be reached: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("a migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row that the schema should have made impossible.
    #[error("a row of {table} says {value:?}, which has no meaning here")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// What.
        value: String,
    },
}

impl StoreError {
    /// Whether a unique constraint of this name refused the write.
    pub fn violates(&self, constraint: &str) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.constraint() == Some(constraint))
    }

    /// A row that makes no sense.
    pub(crate) fn corrupt(table: &'static str, value: impl Into<String>) -> Self {
        Self::Corrupt { table, value: value.into() }
    }
}

/// What every function here answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
