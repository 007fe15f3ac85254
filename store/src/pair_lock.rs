//! One worker at a time at the target, for one person on one system.

use domain::id::{PersonId, SystemId};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use crate::{Result, Store};

/// Held while a target is changed; any number of servers agree on it through the database. A crash ends it.
#[derive(Debug)]
pub struct PairLock {
    conn: Option<PoolConnection<Postgres>>,
}

impl PairLock {
    /// `None` when another worker is at it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn try_acquire(store: &Store, person: PersonId, system: SystemId) -> Result<Option<Self>> {
        let mut conn = store.read().await?;
        let key = format!("{person} {system}");
        let got =
            sqlx::query_scalar!(r#"select pg_try_advisory_lock(hashtextextended($1, 1)) as "got!""#, key)
                .fetch_one(&mut *conn)
                .await?;
        Ok(got.then_some(Self { conn: Some(conn) }))
    }

    /// Gives it up and the connection back.
    pub async fn release(mut self) {
        if let Some(mut conn) = self.conn.take()
            && sqlx::query!(r#"select pg_advisory_unlock_all() as "done: ()""#)
                .fetch_one(&mut *conn)
                .await
                .is_err()
        {
            conn.close_on_drop();
        }
    }
}

impl Drop for PairLock {
    fn drop(&mut self) {
        // Not released: closing the connection ends the lock on the server.
        if let Some(mut conn) = self.conn.take() {
            conn.close_on_drop();
        }
    }
}
