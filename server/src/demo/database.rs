//! The demo's databases: made on first use, marked, and told apart from anything else on the server.

use std::net::IpAddr;

use secrecy::SecretString;
use store::cluster::{self, connect};
use url::Url;

use super::DemoError;
use crate::{migrate, secret};

/// The portal's database.
const DATABASE: &str = "gatebook_demo";
/// The databases that the sample company opens and closes access to.
const TARGET: &str = "gatebook_demo_target";
const LEDGER: &str = "gatebook_demo_ledger";
const OWNER: &str = "gatebook_owner";
const APPLICATION: &str = "gatebook_app";
/// What the demo's own databases and roles are commented with. Others of these names are left alone.
const MARK: &str = "made by gatebook demo";

/// Ways into the demo's databases. The passwords are new at each start and stand nowhere else.
#[derive(Debug, Clone)]
pub struct Databases {
    /// The portal's database, as the application's role.
    pub application: SecretString,
    /// The portal's database, as the owner of its tables.
    pub owner: SecretString,
    /// The target's database, as its owner.
    pub target: SecretString,
    /// The target's database, as the superuser: for making roles there.
    pub target_admin: SecretString,
    /// The ledger's database, as the superuser.
    pub ledger_admin: SecretString,
}

/// Makes what is missing, sets new passwords, and brings the schema up to date.
///
/// # Errors
/// When the server is not on this machine, refuses, or has such databases of somebody else's.
pub async fn prepare(superuser_url: &str) -> Result<Databases, DemoError> {
    let superuser = Url::parse(superuser_url).map_err(|_| DemoError::NoAddress)?;
    if !matches!(superuser.scheme(), "postgres" | "postgresql") {
        return Err(DemoError::NoAddress);
    }
    if !is_here(&superuser) {
        return Err(DemoError::NotHere);
    }
    let admin = connect(superuser_url).await?;
    let (owner_password, application_password) = (secret::token(), secret::token());
    cluster::ensure_role(&admin, OWNER, &owner_password, Some(MARK)).await?;
    cluster::ensure_role(&admin, APPLICATION, &application_password, Some(MARK)).await?;
    cluster::ensure_database(&admin, DATABASE, OWNER, MARK).await?;
    cluster::ensure_database(&admin, TARGET, OWNER, MARK).await?;
    cluster::ensure_database(&admin, LEDGER, OWNER, MARK).await?;
    let databases = Databases {
        application: login(&superuser, DATABASE, Some((APPLICATION, &application_password)))?,
        owner: login(&superuser, DATABASE, Some((OWNER, &owner_password)))?,
        target: login(&superuser, TARGET, Some((OWNER, &owner_password)))?,
        target_admin: login(&superuser, TARGET, None)?,
        ledger_admin: login(&superuser, LEDGER, None)?,
    };
    migrate::migrate(&databases.owner, &databases.application).await?;
    Ok(databases)
}

/// The same server with another database and, if given, another login.
fn login(server: &Url, database: &str, user: Option<(&str, &str)>) -> Result<SecretString, DemoError> {
    let mut url = server.clone();
    url.set_path(&format!("/{database}"));
    if let Some((name, password)) = user {
        url.set_username(name).map_err(|()| DemoError::NoAddress)?;
        url.set_password(Some(password)).map_err(|()| DemoError::NoAddress)?;
    }
    Ok(String::from(url).into())
}

/// Whether an address stays on this machine: loopback or a socket's folder, also where `host=` says so.
fn is_here(url: &Url) -> bool {
    let is_local = |host: &str| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host.starts_with('/')
            || host == "localhost"
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    let decoded = |host: &str| host.replace("%2F", "/").replace("%2f", "/");
    let hosts = url.host_str().filter(|host| !host.is_empty()).map(decoded).into_iter();
    let overrides = url
        .query_pairs()
        .filter(|(name, _)| matches!(name.as_ref(), "host" | "hostaddr"))
        .map(|(_, value)| value.into_owned());
    let all: Vec<String> = hosts.chain(overrides).collect();
    !all.is_empty() && all.iter().all(|host| is_local(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn only_this_machine_will_do() {
        let here = |text: &str| is_here(&Url::parse(text).unwrap());
        for text in [
            "postgres://postgres@127.0.0.1:5432/postgres",
            "postgres://postgres@localhost/postgres",
            "postgres://postgres@[::1]/postgres",
            "postgres://postgres@%2Ftmp%2Fpg/postgres",
            "postgres:///postgres?host=/tmp/pg&user=postgres",
        ] {
            assert!(here(text), "{text}");
        }
        for text in [
            "postgres://postgres@db.example.com/postgres",
            "postgres://postgres@10.0.0.1/postgres",
            "postgres://postgres@localhost/postgres?host=db.example.com",
            "postgres://postgres@127.0.0.1.example.com/postgres",
            "postgres:///postgres",
        ] {
            assert!(!here(text), "{text}");
        }
    }

    #[test]
    fn a_login_keeps_the_server_and_nothing_else() {
        let server = Url::parse("postgres://postgres:pw@127.0.0.1:5432/postgres").unwrap();
        let url = login(&server, "gatebook_demo", Some(("app", "s3"))).unwrap();
        assert_eq!(url.expose_secret(), "postgres://app:s3@127.0.0.1:5432/gatebook_demo");
    }
}
