//! What one process at a time may do for as long as it takes: held with a connection, outside of any transaction.

use domain::id::{ExportJobId, PersonId, SystemId};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use crate::lock_number::LockNumber;
use crate::{Result, Store};

/// Any number of servers agree on it through the database. A crash ends it.
#[derive(Debug)]
pub struct SessionLock(Option<PoolConnection<Postgres>>);

impl SessionLock {
    /// For changing what a person has on a system. `None` when another worker is at it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn try_pair(store: &Store, person: PersonId, system: SystemId) -> Result<Option<Self>> {
        Self::try_acquire(store, &format!("{person} {system}"), LockNumber::Pairs).await
    }

    /// For following the log of a system. `None` when another process does.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn try_following(store: &Store, system: SystemId) -> Result<Option<Self>> {
        Self::try_acquire(store, &system.to_string(), LockNumber::Following).await
    }

    /// For preparing an export. `None` when another process does.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn try_export(store: &Store, export: ExportJobId) -> Result<Option<Self>> {
        Self::try_acquire(store, &export.to_string(), LockNumber::Exports).await
    }

    /// For judging the book by rules. `None` when another process does.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn try_judging(store: &Store) -> Result<Option<Self>> {
        Self::try_acquire(store, "", LockNumber::Judging).await
    }

    async fn try_acquire(store: &Store, key: &str, seed: LockNumber) -> Result<Option<Self>> {
        let mut conn = store.read().await?;
        let got = sqlx::query_scalar!(
            r#"select pg_try_advisory_lock(hashtextextended($1, $2)) as "got!""#,
            key,
            seed.get()
        )
        .fetch_one(&mut *conn)
        .await?;
        Ok(got.then_some(Self(Some(conn))))
    }

    /// Gives it up and the connection back.
    pub async fn release(mut self) {
        if let Some(mut conn) = self.0.take()
            && sqlx::query!(r#"select pg_advisory_unlock_all() as "done: ()""#)
                .fetch_one(&mut *conn)
                .await
                .is_err()
        {
            conn.close_on_drop();
        }
    }
}

impl Drop for SessionLock {
    fn drop(&mut self) {
        // Not released: closing the connection ends the lock on the server.
        if let Some(mut conn) = self.0.take() {
            conn.close_on_drop();
        }
    }
}
