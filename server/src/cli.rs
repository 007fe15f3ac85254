//! The command line.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use secrecy::ExposeSecret as _;
use store::Store;
use thiserror::Error;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::config::{self, ConfigError, Settings, Source};
use crate::serve::{Stop, serve};
use crate::{copy_watch, fit, http};

/// Connections that one process holds to the database at most.
const CONNECTIONS_MAX: u32 = 20;

#[derive(Debug, Parser)]
#[command(
    name = "gatebook",
    version,
    about = "The gate and the book: access that is asked for, decided, and written down."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the portal.
    Serve,
    /// Run the jobs: access that starts and ends by itself.
    Work,
    /// Bring the database up to date, as its owner.
    Migrate,
    /// Say, or change as the owner of the database, how long what was used is kept.
    Retention(crate::retention::RetentionArgs),
    /// Forget whom and what reports were matched to, and what was read about who held what; the jobs make all of it
    /// anew from the book.
    Relink,
    /// Bring in people, the catalogue, access found beforehand, or history.
    Import(crate::import::args::ImportArgs),
    /// Run everything on this machine, with its own sign-in provider and a sample company.
    #[cfg(feature = "demo")]
    Demo(crate::demo::DemoArgs),
}

/// Why a command ended badly. Printed as a sentence.
#[derive(Debug, Error)]
pub enum CommandError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The schema.
    #[error(transparent)]
    Migrate(#[from] crate::migrate::MigrateError),
    /// The sign-in provider.
    #[error(transparent)]
    Oidc(#[from] crate::oidc::OidcError),
    /// The public address.
    #[error("GATEBOOK_PUBLIC_URL cannot be used: {0}")]
    PublicUrl(#[from] tower_http::csrf::ConfigError),
    /// An address that cannot be listened at, and the like.
    #[error("{what}: {cause}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it went wrong.
        cause: std::io::Error,
    },
    /// What was to be imported.
    #[error(transparent)]
    Import(#[from] crate::import::ImportError),
    /// The database role.
    #[error(transparent)]
    Unfit(#[from] fit::UnfitError),
    /// The demo.
    #[cfg(feature = "demo")]
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
}

impl CommandError {
    /// Something of the operating system's, with what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |cause| Self::Io { what, cause }
    }
}

/// Runs the command that the arguments ask for.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,tower_sessions_core=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    match runtime.block_on(dispatch(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    // Nothing is left to do where even this cannot be written.
    let _ = writeln!(std::io::stderr(), "gatebook: {error}");
    ExitCode::FAILURE
}

async fn dispatch(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Serve => serve_portal().await,
        Command::Work => work().await,
        Command::Migrate => {
            let source = Source::of_process()?;
            let (admin, application) = (config::database_admin_url(&source)?, config::database_url(&source)?);
            Ok(crate::migrate::migrate(&admin, &application).await?)
        }
        Command::Retention(args) => {
            let owner = config::database_admin_url(&Source::of_process()?)?;
            let store = Store::connect(owner.expose_secret(), 1)?;
            let said = crate::retention::command(&store, &args).await?;
            writeln!(std::io::stdout(), "{said}").map_err(CommandError::io("the report cannot be written"))
        }
        Command::Relink => {
            let store = connect(&Source::of_process()?)?;
            store::link::forget(&store).await?;
            store::holding::forget(&store).await?;
            let said = "Every report is matched anew by the jobs, and who held what is read anew, from the oldest on.";
            writeln!(std::io::stdout(), "{said}").map_err(CommandError::io("the report cannot be written"))
        }
        Command::Import(args) => {
            let store = connect(&Source::of_process()?)?;
            let report = match args.kind {
                crate::import::Kind::Events => crate::import::events::command(&store, &args).await?,
                kind => crate::import::command(&store, kind, &args.files, args.dry_run).await?,
            };
            writeln!(std::io::stdout(), "{report}").map_err(CommandError::io("the report cannot be written"))
        }
        #[cfg(feature = "demo")]
        Command::Demo(args) => Ok(crate::demo::run(args).await?),
    }
}

async fn serve_portal() -> Result<(), CommandError> {
    let source = Source::of_process()?;
    let settings = Settings::read(&source)?;
    let store = connect_with_copy(&source)?;
    let risks = fit::check(&store, &source).await?;
    fit::check_copy(&store).await?;
    let stop = Stop::on_signal().map_err(CommandError::io("signals cannot be listened to"))?;
    let listen = settings.listen;
    let door = http::door(settings, store, risks)?;
    let router = http::router(&door, http::pages::pages(&door))?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(CommandError::io(format!("{listen} cannot be listened at")))?;
    tracing::info!(%listen, "gatebook serves");
    tokio::spawn(door.live.clone().run(stop.clone()));
    tokio::spawn(copy_watch::run(door.store.clone(), stop.clone()));
    tokio::spawn(http::warm_up(door));
    serve(listener, router, stop).await.map_err(CommandError::io("serving failed"))
}

async fn work() -> Result<(), CommandError> {
    let source = Source::of_process()?;
    let store = connect(&source)?;
    fit::check(&store, &source).await?;
    let stop = Stop::on_signal().map_err(CommandError::io("signals cannot be listened to"))?;
    crate::work::work(store, stop).await;
    Ok(())
}

fn connect(source: &Source) -> Result<Store, CommandError> {
    Ok(Store::connect(config::database_url(source)?.expose_secret(), CONNECTIONS_MAX)?)
}

fn connect_with_copy(source: &Source) -> Result<Store, CommandError> {
    let store = connect(source)?;
    Ok(match config::database_read_url(source)? {
        Some(url) => store.with_copy(url.expose_secret(), CONNECTIONS_MAX)?,
        None => store,
    })
}
