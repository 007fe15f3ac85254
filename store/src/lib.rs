//! The memory of Gatebook: the only place with SQL.
//!
//! *Invariant:* a write commits together with its event or not at all ([`Tx::commit`]).
//! *Invariant:* no statement calls a clock; a transaction reads the time once and passes it on.

pub mod access_fact;
pub mod account_edit;
pub mod alert;
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
mod session_lock;
pub mod source;
pub mod stock;
pub mod system_edit;
mod tx;
pub mod unowned;
pub mod usage;
pub mod window;

pub use session_lock::SessionLock;
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

/// What lies behind an error, as far as whoever asked can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// There is no room left to write: nothing was changed, and reading goes on.
    Full,
    /// The database does not answer, or stopped answering: what was sent last may have been done.
    Away,
    /// Anything else.
    Other,
}

impl StoreError {
    /// What lies behind it.
    pub fn cause(&self) -> Cause {
        use sqlx::Error;
        let Self::Database(error) = self else { return Cause::Other };
        match error {
            Error::Database(error) => cause_of_code(error.code().as_deref().unwrap_or_default()),
            Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => {
                Cause::Away
            }
            _ => Cause::Other,
        }
    }

    /// Whether a unique constraint of this name refused the write.
    pub fn violates(&self, constraint: &str) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.constraint() == Some(constraint))
    }

    /// A row that makes no sense.
    pub fn corrupt(table: &'static str, value: impl Into<String>) -> Self {
        Self::Corrupt { table, value: value.into() }
    }
}

/// By SQLSTATE (PostgreSQL, appendix A).
fn cause_of_code(code: &str) -> Cause {
    match code {
        // disk_full
        "53100" => Cause::Full,
        // too_many_connections, admin_shutdown, crash_shutdown, cannot_connect_now
        "53300" | "57P01" | "57P02" | "57P03" => Cause::Away,
        // Connections that broke.
        _ if code.starts_with("08") => Cause::Away,
        _ => Cause::Other,
    }
}

/// What every function here answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_database_that_is_away_and_both_from_a_mistake() {
        assert_eq!(cause_of_code("53100"), Cause::Full);
        for code in ["53300", "57P01", "57P02", "57P03", "08006"] {
            assert_eq!(cause_of_code(code), Cause::Away, "{code}");
        }
        for code in ["", "23505", "40001", "57014", "42P01"] {
            assert_eq!(cause_of_code(code), Cause::Other, "{code}");
        }
        let cause = |error: sqlx::Error| StoreError::from(error).cause();
        assert_eq!(cause(sqlx::Error::PoolTimedOut), Cause::Away);
        assert_eq!(cause(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()), Cause::Away);
        assert_eq!(cause(sqlx::Error::RowNotFound), Cause::Other);
    }
}
