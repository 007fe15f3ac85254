//! Roles and databases: what stands beside the schema, made by the owner or a superuser.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool};
use thiserror::Error;

use crate::StoreError;

/// Why a role or database was not made.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// Postgres refused it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something of this name is there, and was made by somebody else.
    #[error("{kind} {name:?} is there already and was not made by this command, so it is left alone")]
    Foreign {
        /// `role` or `database`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
}

impl From<sqlx::Error> for ClusterError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A small pool for administration.
///
/// # Errors
/// When `url` is not a Postgres address or nobody answers there.
pub async fn connect(url: &str) -> Result<PgPool, ClusterError> {
    let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(10));
    Ok(pool.connect(url).await?)
}

/// Whether somebody with this address is let in.
pub async fn can_connect(url: &str) -> bool {
    let Ok(options) = url.parse::<PgConnectOptions>() else { return false };
    match options.connect().await {
        Ok(connection) => connection.close().await.is_ok(),
        Err(_) => false,
    }
}

/// Whether the pool's own role has this name.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn is_own_role(admin: &PgPool, name: &str) -> Result<bool, ClusterError> {
    Ok(sqlx::query_scalar!(r#"select current_user::text = $1 as "own!""#, name).fetch_one(admin).await?)
}

/// Makes a role that can log in, or gives the one that is there this password.
/// With a `mark`, a role that does not carry it as its comment is refused.
///
/// # Errors
/// When Postgres refuses, or the role is somebody else's.
pub async fn ensure_role(
    admin: &PgPool,
    name: &str,
    password: &str,
    mark: Option<&str>,
) -> Result<(), ClusterError> {
    let found = sqlx::query!(
        r#"select shobj_description(oid, 'pg_authid') as comment from pg_roles where rolname = $1"#,
        name
    )
    .fetch_optional(admin)
    .await?;
    let verb = match found {
        None => "create",
        Some(role) if mark.is_some() && role.comment.as_deref() != mark => {
            return Err(ClusterError::Foreign { kind: "role", name: name.to_owned() });
        }
        Some(_) => "alter",
    };
    let sql = format!(
        "{verb} role {} login nosuperuser nocreatedb nocreaterole password {}",
        identifier(name),
        literal(password)
    );
    sqlx::query(AssertSqlSafe(sql)).execute(admin).await?;
    if let (Some(mark), "create") = (mark, verb) {
        let sql = format!("comment on role {} is {}", identifier(name), literal(mark));
        sqlx::query(AssertSqlSafe(sql)).execute(admin).await?;
    }
    Ok(())
}

/// Makes a database owned by `owner` and comments it with `mark`. One of that name without the mark is refused.
///
/// # Errors
/// When Postgres refuses, or the database is somebody else's.
pub async fn ensure_database(
    admin: &PgPool,
    name: &str,
    owner: &str,
    mark: &str,
) -> Result<(), ClusterError> {
    let found = sqlx::query!(
        r#"select shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1"#,
        name
    )
    .fetch_optional(admin)
    .await?;
    match found {
        Some(database) if database.comment.as_deref() == Some(mark) => return Ok(()),
        Some(_) => return Err(ClusterError::Foreign { kind: "database", name: name.to_owned() }),
        None => {}
    }
    let sql = format!(
        "create database {} owner {} template template0 encoding 'UTF8'",
        identifier(name),
        identifier(owner)
    );
    sqlx::query(AssertSqlSafe(sql)).execute(admin).await?;
    let sql = format!("comment on database {} is {}", identifier(name), literal(mark));
    sqlx::query(AssertSqlSafe(sql)).execute(admin).await?;
    Ok(())
}

/// An identifier, quoted.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string, quoted. Strings with a backslash are written so that no setting changes their meaning.
pub fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_be_left() {
        assert_eq!(identifier(r#"a"b"#), r#""a""b""#);
        assert_eq!(literal(r"it's \"), r"E'it''s \\'");
    }
}
