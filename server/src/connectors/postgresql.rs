//! PostgreSQL: an entitlement is membership in a role; the holder's account is a role that can log in.
//!
//! The connector's own role needs `ADMIN OPTION` on the roles that it gives, and membership in
//! `pg_signal_backend` to end sessions. It need not be, and should not be, a superuser.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, PgConnection, Row};

use super::{Closed, Connector, ConnectorError, Target, secret};

/// So long may the target take to answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How often, and how many times, is looked whether ended sessions are gone: five seconds in all.
const SESSION_LOOK_EVERY: Duration = Duration::from_millis(50);
const SESSION_LOOKS_MAX: u32 = 100;
/// So long may the target take over one statement, and wait for a lock.
const LIMITS: [(&str, &str); 2] = [("statement_timeout", "20s"), ("lock_timeout", "10s")];

/// The connector for PostgreSQL 13 and later.
#[derive(Debug, Clone, Copy)]
pub struct Postgresql;

/// A system's settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// `postgres://ROLE@HOST:PORT/DATABASE`, without a password.
    url: String,
    /// A reference to the password.
    password: Option<String>,
    /// The folder of its log, which [`crate::jobs::follower`] reads.
    #[serde(rename = "log")]
    _log: Option<String>,
}

#[async_trait]
impl Connector for Postgresql {
    fn name(&self) -> &'static str {
        "postgresql"
    }

    async fn open(&self, target: &Target) -> Result<(), ConnectorError> {
        let mut conn = connect(target).await?;
        must_exist(&mut conn, target).await?;
        let given = givers(&mut conn, target).await?;
        match given.first() {
            // Ours from a try whose end was not seen.
            Some(giver) if giver.is_us => {}
            Some(giver) => {
                let (account, right) = (target.account.clone(), target.right.clone());
                return Err(ConnectorError::HeldOtherwise { account, right, by: giver.name.clone() });
            }
            None => change(&mut conn, "grant %1$I to %2$I", target, "").await?,
        }
        // From here on it may be open, whatever goes wrong with looking.
        match has(&mut conn, target).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(ConnectorError::NoAnswer("it accepted the grant but does not show it.".to_owned()))
            }
            Err(error) => Err(ConnectorError::NoAnswer(error.to_string())),
        }
    }

    async fn close(&self, target: &Target) -> Result<Closed, ConnectorError> {
        let mut conn = connect(target).await?;
        let is_there = exists(&mut conn, &target.account).await? && exists(&mut conn, &target.right).await?;
        let mut given = if is_there { givers(&mut conn, target).await? } else { Vec::new() };
        // What somebody else gave is not ours to take, unless it was brought in as it was.
        given.retain(|giver| giver.is_us || target.is_adopted);
        let form = revocation(&conn);
        for giver in &given {
            change(&mut conn, form, target, &giver.name).await?;
        }
        // Whoever has the right in another way keeps their sessions; it is said instead.
        if is_there && has(&mut conn, target).await? {
            let through = through(&mut conn, target).await?;
            let (account, right) = (target.account.clone(), target.right.clone());
            return Err(ConnectorError::StillThere { account, right, through });
        }
        // Also when the right was gone: a session keeps what SET ROLE gave it.
        let sessions_ended = end_sessions(&mut conn, &target.account).await?;
        Ok(Closed { was_gone: given.is_empty(), sessions_ended })
    }
}

/// From PostgreSQL 16 on each giver's membership is a row of its own and is taken away by name.
fn revocation(conn: &PgConnection) -> &'static str {
    match conn.server_version_num() {
        Some(version) if version < 160_000 => "revoke %1$I from %2$I",
        _ => "revoke %1$I from %2$I granted by %3$I",
    }
}

async fn connect(target: &Target) -> Result<PgConnection, ConnectorError> {
    let settings: Settings = serde_json::from_value(target.settings.clone())
        .map_err(|error| ConnectorError::Settings(format!("{error}.")))?;
    let mut options: PgConnectOptions = settings
        .url
        .parse()
        .map_err(|_| ConnectorError::Settings("the url is not one of PostgreSQL.".to_owned()))?;
    if let Some(reference) = &settings.password {
        options = options.password(secret::resolve(reference)?.expose_secret());
    }
    let options = options.application_name("gatebook-connector").options(LIMITS);
    match tokio::time::timeout(CONNECT_WITHIN, options.connect()).await {
        Ok(Ok(conn)) => not_as_superuser(conn).await,
        Ok(Err(error)) => Err(ConnectorError::Unreachable(words(&error))),
        Err(_) => {
            Err(ConnectorError::Unreachable(format!("no answer within {} s.", CONNECT_WITHIN.as_secs())))
        }
    }
}

/// As a superuser, what it gave could not be told from what others gave (and it could do anything).
async fn not_as_superuser(mut conn: PgConnection) -> Result<PgConnection, ConnectorError> {
    let is_superuser: bool = sqlx::query_scalar("select rolsuper from pg_roles where rolname = current_user")
        .fetch_one(&mut conn)
        .await
        .map_err(|error| refused(&error))?;
    if is_superuser {
        let message =
            "the connector must not be a superuser; give it a role with ADMIN OPTION on the rights.";
        return Err(ConnectorError::Settings(message.to_owned()));
    }
    Ok(conn)
}

/// The server's own message without anything of ours around it.
fn words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => format!("{}.", error.message()),
        sqlx::Error::Io(error) => format!("{error}."),
        _ => "the connection broke.".to_owned(),
    }
}

fn refused(error: &sqlx::Error) -> ConnectorError {
    match error {
        sqlx::Error::Database(_) => ConnectorError::Refused(words(error)),
        _ => ConnectorError::NoAnswer(words(error)),
    }
}

async fn exists(conn: &mut PgConnection, role: &str) -> Result<bool, ConnectorError> {
    sqlx::query_scalar("select exists (select 1 from pg_roles where rolname = $1)")
        .bind(role)
        .fetch_one(conn)
        .await
        .map_err(|error| refused(&error))
}

async fn must_exist(conn: &mut PgConnection, target: &Target) -> Result<(), ConnectorError> {
    if !exists(conn, &target.account).await? {
        return Err(ConnectorError::NoAccount(target.account.clone()));
    }
    if !exists(conn, &target.right).await? {
        return Err(ConnectorError::NoRight(target.right.clone()));
    }
    Ok(())
}

/// Somebody who gave the membership.
struct Giver {
    name: String,
    /// The connector itself, or a role that it acts for.
    is_us: bool,
}

/// Who gave the membership, ourselves first.
async fn givers(conn: &mut PgConnection, target: &Target) -> Result<Vec<Giver>, ConnectorError> {
    let rows = sqlx::query(
        "select coalesce(g.rolname, 'an unknown role')::text as name,
           coalesce(pg_has_role(g.oid, 'member'), false) as is_us
         from pg_auth_members m
         join pg_roles r on r.oid = m.roleid and r.rolname = $1
         join pg_roles a on a.oid = m.member and a.rolname = $2
         left join pg_roles g on g.oid = m.grantor
         order by 2 desc, 1",
    )
    .bind(&target.right)
    .bind(&target.account)
    .fetch_all(conn)
    .await
    .map_err(|error| refused(&error))?;
    let giver = |row: &PgRow| Ok(Giver { name: row.try_get("name")?, is_us: row.try_get("is_us")? });
    rows.iter().map(giver).collect::<Result<_, sqlx::Error>>().map_err(|error| refused(&error))
}

/// Whether the account has the rights, inherited ones included.
async fn has(conn: &mut PgConnection, target: &Target) -> Result<bool, ConnectorError> {
    sqlx::query_scalar("select pg_has_role($1::name, $2::name, 'member')")
        .bind(&target.account)
        .bind(&target.right)
        .fetch_one(conn)
        .await
        .map_err(|error| refused(&error))
}

/// Which way the account still has the rights, in words.
async fn through(conn: &mut PgConnection, target: &Target) -> Result<String, ConnectorError> {
    let roles: Vec<String> = sqlx::query_scalar(
        "select r.rolname::text from pg_auth_members m join pg_roles r on r.oid = m.roleid
         join pg_roles a on a.oid = m.member
         where a.rolname = $1 and pg_has_role(r.oid, $2::name, 'member') order by 1",
    )
    .bind(&target.account)
    .bind(&target.right)
    .fetch_all(conn)
    .await
    .map_err(|error| refused(&error))?;
    Ok(if roles.is_empty() {
        "as a superuser".to_owned()
    } else {
        format!("through {}", roles.iter().map(|role| format!("“{role}”")).collect::<Vec<_>>().join(", "))
    })
}

/// Runs a statement over the right, the account and whoever gave it, quoted by the server itself.
async fn change(
    conn: &mut PgConnection,
    form: &'static str,
    target: &Target,
    giver: &str,
) -> Result<(), ConnectorError> {
    let statement: String = sqlx::query_scalar("select format($1, $2, $3, $4)")
        .bind(form)
        .bind(&target.right)
        .bind(&target.account)
        .bind(giver)
        .fetch_one(&mut *conn)
        .await
        .map_err(|error| refused(&error))?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(conn).await.map_err(|error| refused(&error))?;
    Ok(())
}

/// Ends every session of the account, whatever role it has set, and waits until they are gone.
async fn end_sessions(conn: &mut PgConnection, account: &str) -> Result<usize, ConnectorError> {
    let asked: Vec<bool> = sqlx::query_scalar(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and pid <> pg_backend_pid()",
    )
    .bind(account)
    .fetch_all(&mut *conn)
    .await
    .map_err(|error| refused(&error))?;
    for _ in 0..SESSION_LOOKS_MAX {
        let are_open: bool =
            sqlx::query_scalar("select exists (select 1 from pg_stat_activity where usename = $1)")
                .bind(account)
                .fetch_one(&mut *conn)
                .await
                .map_err(|error| refused(&error))?;
        if !are_open {
            return Ok(asked.len());
        }
        tokio::time::sleep(SESSION_LOOK_EVERY).await;
    }
    Err(ConnectorError::Refused("an open session of the account could not be ended.".to_owned()))
}
