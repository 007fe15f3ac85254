//! The database that the company's payments and ledger systems stand for: roles, accounts, a few rows.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::CompanyError;
use super::people::PEOPLE_CSV;

/// The role that Gatebook's connector signs in with. Not a superuser, and it may not make roles.
pub const CONNECTOR_ROLE: &str = "gatebook_connector";
/// Whose account Gatebook knows of, but the target does not: so that one opening fails.
pub(super) const NOT_AT_TARGET: &str = "emi_sato";

/// How the company's systems reach the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetDatabase {
    /// The payments database: `postgres://gatebook_connector@HOST:PORT/DATABASE`.
    pub url_without_password: String,
    /// The ledger's, likewise.
    pub ledger_url_without_password: String,
    /// The folder of the server's own log, where it writes one.
    pub log: Option<String>,
    /// `env:NAME` or `file:/path`.
    pub password_reference: String,
}

/// One of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Of the system Payments database.
    Payments,
    /// Of the system Ledger database.
    Ledger,
}

impl Share {
    fn of(prefix: &str) -> Self {
        match prefix {
            "ledger" | "ledger_staging" | "ledger_archive" | "reconciliation" | "fees" => Self::Ledger,
            _ => Self::Payments,
        }
    }
}

/// What can be seen: the right's prefix, its table, and a statement that fills it.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "payments",
        "payments (id bigint primary key, merchant text, amount_cents bigint, currency text, state text)",
        "insert into payments select n, 'merchant-' || n % 40, n * 137 % 90000, 'EUR',
            (array['settled', 'settled', 'pending', 'refunded'])[n % 4 + 1] from generate_series(1, 500) n
         on conflict do nothing",
    ),
    (
        "payments_staging",
        "payments_staging (id bigint primary key, merchant text, amount_cents bigint)",
        "insert into payments_staging select n, 'test-' || n, 100 from generate_series(1, 50) n on conflict do nothing",
    ),
    (
        "payouts",
        "payouts (id bigint primary key, merchant text, amount_cents bigint, bank_file text)",
        "insert into payouts select n, 'merchant-' || n, n * 1000, 'payout-' || n % 7 || '.xml'
         from generate_series(1, 40) n on conflict do nothing",
    ),
    (
        "disputes",
        "disputes (id bigint primary key, payment_id bigint, reason text)",
        "insert into disputes select n, n * 9, 'not recognised' from generate_series(1, 30) n on conflict do nothing",
    ),
    (
        "risk_scores",
        "risk_scores (payment_id bigint primary key, score integer)",
        "insert into risk_scores select n, n * 31 % 100 from generate_series(1, 200) n on conflict do nothing",
    ),
    (
        "payments_reporting",
        "payments_reporting (day integer primary key, volume_cents bigint)",
        "insert into payments_reporting select n, n * 991 from generate_series(1, 60) n on conflict do nothing",
    ),
    (
        "ledger",
        "postings (id bigint primary key, debit text, credit text, amount_cents bigint)",
        "insert into postings select n, 'cash', 'merchants', n * 137 % 90000 from generate_series(1, 500) n
         on conflict do nothing",
    ),
    (
        "ledger_staging",
        "postings_staging (id bigint primary key, debit text, credit text)",
        "insert into postings_staging select n, 'cash', 'merchants' from generate_series(1, 50) n
         on conflict do nothing",
    ),
    (
        "ledger_archive",
        "postings_archive (id bigint primary key, debit text, credit text)",
        "insert into postings_archive select n, 'cash', 'merchants' from generate_series(1, 50) n
         on conflict do nothing",
    ),
    (
        "reconciliation",
        "statements (id bigint primary key, bank text, matched boolean)",
        "insert into statements select n, 'Nordbank', n % 9 <> 0 from generate_series(1, 90) n on conflict do nothing",
    ),
    (
        "fees",
        "fees (merchant text primary key, basis_points integer)",
        "insert into fees select 'merchant-' || n, 90 + n from generate_series(1, 40) n on conflict do nothing",
    ),
];

/// Makes a database's roles, accounts and rows where they are missing; existing ones stay as they are. The
/// connector's role gets this password each time.
///
/// # Errors
/// When the server refuses, as where the login is not a superuser.
pub async fn seed_target(
    superuser_url: &str,
    share: Share,
    connector_password: &str,
) -> Result<(), CompanyError> {
    let mut conn = PgConnection::connect(superuser_url).await.map_err(CompanyError::Target)?;
    fill(&mut conn, share, connector_password).await.map_err(CompanyError::Target)?;
    conn.close().await.map_err(CompanyError::Target)
}

async fn fill(conn: &mut PgConnection, share: Share, connector_password: &str) -> Result<(), sqlx::Error> {
    let mut tx = conn.begin().await?;
    // Roles belong to the whole server: two at once would run into each other.
    sqlx::query("select pg_advisory_xact_lock(7016996765293437283)").execute(&mut *tx).await?;
    ensure_role(&mut tx, CONNECTOR_ROLE, "login").await?;
    let statement: String =
        sqlx::query_scalar("select format('alter role gatebook_connector password %L', $1)")
            .bind(connector_password)
            .fetch_one(&mut *tx)
            .await?;
    run(&mut tx, statement).await?;
    run(&mut tx, "grant pg_signal_backend to gatebook_connector".to_owned()).await?;
    for account in accounts() {
        // Everybody's password is “demo”, so that whoever tries the demo can try psql, too.
        ensure_role(&mut tx, account, "login password 'demo'").await?;
    }
    // What was done in it stands in the server's log, if that writes one; `log_statement` would tell of what was tried.
    let database: String = sqlx::query_scalar(
        "select format('alter database %I set log_min_duration_statement = 0', current_database())",
    )
    .fetch_one(&mut *tx)
    .await?;
    run(&mut tx, database).await?;
    for (prefix, table, rows) in TABLES.iter().filter(|(prefix, ..)| Share::of(prefix) == share) {
        let name = table.split(' ').next().unwrap_or_default();
        run(&mut tx, format!("create table if not exists {table}")).await?;
        run(&mut tx, (*rows).to_owned()).await?;
        for (right, may) in [("read", "select"), ("admin", "select, insert, update, delete")] {
            let role = format!("{prefix}_{right}");
            ensure_role(&mut tx, &role, "nologin").await?;
            run(&mut tx, format!("grant {may} on {name} to {role}")).await?;
            run(&mut tx, format!("grant {role} to gatebook_connector with admin option")).await?;
        }
    }
    tx.commit().await
}

/// The names that people go by on the two databases.
fn accounts() -> BTreeSet<&'static str> {
    PEOPLE_CSV
        .split([',', ';', '\n'])
        .filter_map(|cell| cell.strip_prefix("payments-db=").or_else(|| cell.strip_prefix("ledger-db=")))
        .filter(|account| *account != NOT_AT_TARGET)
        .collect()
}

async fn ensure_role(conn: &mut PgConnection, name: &str, may: &'static str) -> Result<(), sqlx::Error> {
    let is_there: bool = sqlx::query_scalar("select exists (select 1 from pg_roles where rolname = $1)")
        .bind(name)
        .fetch_one(&mut *conn)
        .await?;
    if is_there {
        return Ok(());
    }
    let statement: String = sqlx::query_scalar("select format('create role %I ', $1) || $2")
        .bind(name)
        .bind(may)
        .fetch_one(&mut *conn)
        .await?;
    run(conn, statement).await
}

async fn run(conn: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(conn).await?;
    Ok(())
}
