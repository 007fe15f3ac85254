//! Real `gatebook` processes over one database, and people who are signed in to them.

mod process;
mod visitor;

pub use process::{Process, free_port};
pub use visitor::{Told, Visitor};

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use sqlx::PgPool;
use store::{cluster, roles};
use url::Url;

use crate::door::fake_provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider, Signature};

/// How long a process may take to answer, and anything that is waited for to come about.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked whether it has.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What the processes share: a database, and a provider to sign in with.
pub struct Servers {
    binary: PathBuf,
    /// The database, as the application's role.
    pub url: String,
    provider: FakeProvider,
    wire: reqwest::Client,
    /// Settings beside those that all have.
    more: Vec<(&'static str, String)>,
}

impl Servers {
    /// Over a migrated database, as a role made for it that has the application's rights and no others.
    pub async fn over(pool: &PgPool) -> Self {
        let options = pool.connect_options();
        let database = options.get_database().unwrap();
        // Roles belong to the whole server, so they are named for the database.
        let role = role_of(database);
        cluster::ensure_role(pool, &role, "test", None).await.unwrap();
        roles::grant_application(&mut pool.acquire().await.unwrap(), &role).await.unwrap();
        let (host, port) = (options.get_host(), options.get_port());
        Self::at(format!("postgres://{role}:test@{host}:{port}/{database}")).await
    }

    /// Over the database at this address.
    pub async fn at(url: String) -> Self {
        let wire = wire();
        let binary = env!("CARGO_BIN_EXE_gatebook").into();
        Self { binary, url, provider: FakeProvider::start().await, wire, more: Vec::new() }
    }

    /// The same with another binary.
    #[must_use]
    pub fn of_binary(&self, binary: PathBuf) -> Self {
        let (url, provider, wire) = (self.url.clone(), self.provider.clone(), self.wire.clone());
        Self { binary, url, provider, wire, more: self.more.clone() }
    }

    /// The same with one setting more.
    #[must_use]
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut servers = self.of_binary(self.binary.clone());
        servers.more.retain(|(known, _)| *known != name);
        servers.more.push((name, value.to_owned()));
        servers
    }

    /// Starts `gatebook serve`, and waits until it and its database answer.
    pub async fn serve(&self) -> Process {
        let mut process = Process::start(&self.binary, "serve", &self.settings()).await;
        process.wait_until_ready(&self.wire).await;
        process
    }

    /// The same two, which log what they do as this filter says.
    pub async fn talkative(&self, filter: &str) -> (Process, Process) {
        let mut settings = self.settings();
        settings.push(("RUST_LOG", filter.to_owned()));
        let mut serving = Process::start(&self.binary, "serve", &settings).await;
        serving.wait_until_ready(&self.wire).await;
        (serving, Process::start(&self.binary, "work", &settings).await)
    }

    /// Starts `gatebook work`.
    pub async fn work(&self) -> Process {
        Process::start(&self.binary, "work", &self.settings()).await
    }

    /// Runs `gatebook migrate` as this owner, who makes the application's role where it is missing.
    pub async fn migrate(&self, owner_url: &str) {
        let mut settings = self.settings();
        settings.push(("DATABASE_ADMIN_URL", owner_url.to_owned()));
        let mut process = Process::start(&self.binary, "migrate", &settings).await;
        let ended = process.ended().await;
        assert!(ended.success(), "{}", process.said());
    }

    /// Starts `gatebook serve` as this role, which must be refused; answers what it says.
    pub async fn try_serve_as(&self, url: &str) -> String {
        let mut settings = self.settings();
        settings.push(("DATABASE_URL", url.to_owned()));
        let mut process = Process::start(&self.binary, "serve", &settings).await;
        assert!(!process.ended().await.success());
        process.said()
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("DATABASE_URL", self.url.clone()),
            // One name for all of them, as behind a proxy.
            ("GATEBOOK_PUBLIC_URL", "http://127.0.0.1:3000".to_owned()),
            ("GATEBOOK_OIDC_ISSUER", self.provider.issuer.clone()),
            ("GATEBOOK_OIDC_CLIENT_ID", CLIENT_ID.to_owned()),
            ("GATEBOOK_OIDC_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("GATEBOOK_ADMIN_GROUPS", "admins".to_owned()),
            ("GATEBOOK_SIGN_INS_PER_MINUTE", "0".to_owned()),
        ];
        settings.extend(self.more.iter().cloned());
        settings
    }

    /// Makes this person the one that `sub` signs in as.
    pub async fn is_known_as(&self, pool: &PgPool, person: uuid::Uuid, sub: &str) {
        sqlx::query("update person set issuer = $2, subject = $3 where id = $1")
            .bind(person)
            .bind(&self.provider.issuer)
            .bind(sub)
            .execute(pool)
            .await
            .unwrap();
    }

    /// A browser in which this person has signed in, at this process; the others know the session, too.
    pub async fn sign_in(&self, at: &Process, sub: &str, email: &str, groups: &[&str]) -> Visitor {
        let (visitor, answer) = self.try_sign_in(at, sub, email, groups).await;
        assert_eq!((answer.status, answer.location.as_str()), (303, "/"), "{}", answer.body);
        visitor
    }

    /// The same, whatever is answered.
    pub async fn try_sign_in(
        &self,
        at: &Process,
        sub: &str,
        email: &str,
        groups: &[&str],
    ) -> (Visitor, Told) {
        let mut visitor = Visitor::new(self.wire.clone());
        let answer = visitor.get(at.port, "/sign-in?return_to=/").await.unwrap();
        let Ok(asked) = Url::parse(&answer.location) else { return (visitor, answer) };
        let mut claims = self.provider.claims(&asked, sub, server::clock::machine());
        claims["groups"] = json!(groups);
        claims["email"] = email.into();
        let back = self.provider.answer(&asked, claims, Signature::EdDsa);
        let answer = visitor.get(at.port, &back).await.unwrap();
        visitor.came_by = back;
        (visitor, answer)
    }
}

/// A client that follows nothing by itself.
fn wire() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.timeout(PATIENCE).build().unwrap()
}

/// Takes the role away that [`Servers::over`] made.
pub async fn drop_role(pool: &PgPool) {
    let role = role_of(pool.connect_options().get_database().unwrap());
    let statement = format!("drop owned by {role} cascade; drop role {role}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
}

fn role_of(database: &str) -> String {
    let hash = server::secret::hash(database.as_bytes());
    format!("app_{}", hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Looks until it is so; a test that waits in vain fails and says for what.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asked = std::time::Instant::now();
    while !is_so().await {
        assert!(asked.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
