//! Bringing the schema up to date while others work on it.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::{MIGRATOR, Result, StoreError};

/// So long may a migration wait for a table: everybody who wants the table afterwards waits behind it. Shorter than
/// Postgres' `deadlock_timeout` (1 s): where it and somebody else wait for each other, the migration is who gives way.
const LOCK_WITHIN: &str = "500ms";
/// So long are the others left alone before the next try.
const BREATH: Duration = Duration::from_secs(1);
/// How often is tried to get at a table that somebody holds.
const TRIES: u32 = 40;

/// Runs what is missing, as the owner. A migration that cannot have its table soon gives way and is tried again;
/// each is done whole or not at all.
///
/// # Errors
/// When the database refuses, or a table is not to be had in about a minute.
pub async fn run(url: &str) -> Result<()> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.application_name("gatebook migrate").options([("lock_timeout", LOCK_WITHIN)]);
    for _ in 1..TRIES {
        match try_once(&options).await {
            Err(StoreError::Migration(error)) if is_held_up(&error) => {
                tracing::info!("a table is in use; the migration gives way and is tried again");
                tokio::time::sleep(BREATH).await;
            }
            done => return done,
        }
    }
    try_once(&options).await
}

/// Over a connection of its own: closing it also gives up the lock against other migrations.
async fn try_once(options: &PgConnectOptions) -> Result<()> {
    let mut conn = options.connect().await?;
    let done = MIGRATOR.run(&mut conn).await;
    conn.close().await?;
    Ok(done?)
}

fn is_held_up(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    // lock_not_available, deadlock_detected
    matches!(code.as_deref(), Some("55P03" | "40P01"))
}
