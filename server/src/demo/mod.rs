//! Everything on this machine, to try it: own databases, own sign-in provider, a sample company.

pub mod company;
mod database;
pub mod provider;

pub use database::{Databases, prepare};

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use store::Store;
use thiserror::Error;
use tokio::net::TcpListener;
use url::Url;

use crate::config::{ConfigError, Settings, Source};
use crate::oidc::OidcError;
use crate::serve::{Stop, serve};
use crate::work::work;
use crate::{http, secret};
use company::{ADMIN_GROUP, AUDITOR_GROUP, Share, TargetDatabase};
use provider::DemoProvider;

/// How Gatebook is known to the demo's provider.
pub const CLIENT_ID: &str = "gatebook-demo";
const CONNECTIONS_MAX: u32 = 20;

/// What `gatebook demo` takes.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// A Postgres superuser on this machine: postgres://postgres@127.0.0.1:5432/postgres
    #[arg(long, value_name = "URL")]
    postgres: SecretString,
    /// Where the portal listens; the sign-in provider takes the next port.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Where that Postgres writes its jsonlog or csvlog: then what is done in the company's databases shows.
    #[arg(long, value_name = "FOLDER")]
    postgres_log: Option<PathBuf>,
    /// Without the sample company.
    #[arg(long)]
    empty: bool,
    /// Where the demo keeps the password of its connector.
    #[arg(long, value_name = "FOLDER", default_value = ".gatebook")]
    state: PathBuf,
}

/// Why the demo does not run.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A server elsewhere could be a real one.
    #[error(
        "the demo only uses a Postgres on this machine: --postgres must name a loopback address or a socket"
    )]
    NotHere,
    /// The address is none.
    #[error("--postgres must be a Postgres address, as in postgres://postgres@127.0.0.1:5432/postgres")]
    NoAddress,
    /// There is no next port.
    #[error("--port must be below 65535: the sign-in provider takes the next one")]
    Port,
    /// Databases and roles.
    #[error(transparent)]
    Cluster(#[from] store::cluster::ClusterError),
    /// The schema.
    #[error(transparent)]
    Migrate(#[from] crate::migrate::MigrateError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The demo's own settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The portal's side of the sign-in.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// The portal's address.
    #[error(transparent)]
    PublicUrl(#[from] tower_http::csrf::ConfigError),
    /// The provider's key.
    #[error("the demo’s sign-in provider could not be set up: {0}")]
    Provider(String),
    /// The sample company.
    #[error(transparent)]
    Company(#[from] company::CompanyError),
    /// A port that is taken, and the like.
    #[error("{what}: {cause}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it went wrong.
        cause: std::io::Error,
    },
}

impl DemoError {
    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |cause| Self::Io { what, cause }
    }
}

/// Runs the demo until it is told to stop.
///
/// # Errors
/// When something it needs is not there, or is somebody else's.
pub async fn run(args: DemoArgs) -> Result<(), DemoError> {
    let provider_port = args.port.checked_add(1).ok_or(DemoError::Port)?;
    let here = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let portal = bind(here(args.port)).await?;
    let provider = bind(here(provider_port)).await?;
    let stop = Stop::on_signal().map_err(DemoError::io("signals cannot be listened to"))?;

    let databases = prepare(args.postgres.expose_secret()).await?;
    let store = Store::connect(databases.application.expose_secret(), CONNECTIONS_MAX)?;
    let settings = settings(args.port, provider_port)?;
    if !args.empty {
        let target = target(&databases, &args.state, args.postgres_log.as_deref()).await?;
        company::seed(&store, store.now().await?, Some(target)).await?;
    }
    let demo_provider =
        Arc::new(DemoProvider::new(&settings, company::people()).map_err(DemoError::Provider)?);
    let origin = settings.public_url.origin();
    let door = http::door(settings, store.clone(), app::context::Risks::default())?;
    let router = http::router(&door, http::pages::pages(&door))?;

    let jobs = tokio::spawn(work(store, stop.clone()));
    let provider = tokio::spawn(serve(provider, provider::router(demo_provider), stop.clone()));
    tokio::spawn(door.live.clone().run(stop.clone()));
    tokio::spawn(http::warm_up(door));
    // Both listeners accept already, so whoever reads this line is answered.
    let _ = writeln!(std::io::stdout(), "gatebook is ready: {origin}");
    serve(portal, router, stop).await.map_err(DemoError::io("serving failed"))?;
    for ended in [jobs.await.is_ok(), provider.await.is_ok()] {
        tracing::debug!(ended, "a part of the demo has stopped");
    }
    Ok(())
}

/// Prepares the databases that the sample company opens access to, and says how the connector gets there.
async fn target(
    databases: &Databases,
    state: &Path,
    log: Option<&Path>,
) -> Result<TargetDatabase, DemoError> {
    let file = state.join("connector-password");
    let password = match std::fs::read_to_string(&file) {
        Ok(password) => password,
        Err(_) => {
            let password = secret::token();
            let written = std::fs::create_dir_all(state).and_then(|()| write_private(&file, &password));
            written.map_err(DemoError::io(format!("{} cannot be written", file.display())))?;
            password
        }
    };
    let mut urls = Vec::new();
    for (admin, share) in
        [(&databases.target_admin, Share::Payments), (&databases.ledger_admin, Share::Ledger)]
    {
        company::seed_target(admin.expose_secret(), share, &password).await?;
        urls.push(of_connector(admin.expose_secret())?);
    }
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(DemoError::io("the working folder is gone"));
    let ledger_url_without_password = urls.pop().unwrap_or_default();
    Ok(TargetDatabase {
        url_without_password: urls.pop().unwrap_or_default(),
        ledger_url_without_password,
        password_reference: format!("file:{}", absolute(&file)?.display()),
        log: log.map(absolute).transpose()?.map(|log| log.display().to_string()),
    })
}

/// The same database for the connector's role.
fn of_connector(admin: &str) -> Result<String, DemoError> {
    let mut url = Url::parse(admin).map_err(|_| DemoError::NoAddress)?;
    url.set_username(company::CONNECTOR_ROLE).map_err(|()| DemoError::NoAddress)?;
    url.set_password(None).map_err(|()| DemoError::NoAddress)?;
    Ok(url.into())
}

/// Readable by nobody else.
fn write_private(file: &Path, content: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(content.as_bytes())
}

async fn bind(at: SocketAddr) -> Result<TcpListener, DemoError> {
    TcpListener::bind(at).await.map_err(DemoError::io(format!("{at} cannot be listened at")))
}

/// The settings of a demo: what `serve` would read from the environment.
///
/// # Errors
/// When `GATEBOOK_TIME_ZONE` in the environment is wrong.
pub fn settings(port: u16, provider_port: u16) -> Result<Settings, DemoError> {
    let zone = std::env::var("GATEBOOK_TIME_ZONE").unwrap_or_default();
    let values = [
        ("GATEBOOK_LISTEN", format!("127.0.0.1:{port}")),
        ("GATEBOOK_PUBLIC_URL", format!("http://127.0.0.1:{port}")),
        ("GATEBOOK_OIDC_ISSUER", format!("http://127.0.0.1:{provider_port}")),
        ("GATEBOOK_OIDC_CLIENT_ID", CLIENT_ID.to_owned()),
        ("GATEBOOK_OIDC_CLIENT_SECRET", secret::token()),
        ("GATEBOOK_ADMIN_GROUPS", ADMIN_GROUP.to_owned()),
        ("GATEBOOK_AUDITOR_GROUPS", AUDITOR_GROUP.to_owned()),
        ("GATEBOOK_TIME_ZONE", zone),
        // Whoever tries the demo, or tests it, signs in as often as they like.
        ("GATEBOOK_SIGN_INS_PER_MINUTE", "0".to_owned()),
    ];
    Ok(Settings::read(&Source::of(values.map(|(name, value)| (name.to_owned(), value))))?)
}
