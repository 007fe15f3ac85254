//! `.sqlx`: what the database says about each query, committed, so that a build needs no database.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};

use crate::build_settings::BuildSettings;
use crate::mirror::{Mirror, files_below};
use crate::postgres::Cluster;
use crate::process;
use crate::progress::step;

/// The one crate with queries.
const PACKAGE: &str = "store";

/// Asks a database with today's schema about every query, and keeps the answers.
pub fn renew(settings: &BuildSettings) -> Result<()> {
    step("Checking every query against a database", || {
        let fresh = describe(settings)?;
        let mut mirror = Mirror::default();
        mirror.add(fresh.path(), &kept(settings))?;
        mirror.remove_others(&kept(settings))
    })
}

/// Fails unless the committed answers are those that the database gives today.
pub fn check(settings: &BuildSettings) -> Result<()> {
    let fresh = describe(settings)?;
    if contents(fresh.path())? != contents(&kept(settings))? {
        bail!(".sqlx is out of date: run \"cargo xtask sqlx\" and commit it")
    }
    Ok(())
}

/// The migrations, in order of their names.
pub fn migrations(settings: &BuildSettings) -> Result<Vec<PathBuf>> {
    let names = files_below(&settings.root.join("migrations"))?;
    Ok(names
        .into_iter()
        .filter(|name| name.extension().is_some_and(|extension| extension == "sql"))
        .collect())
}

fn kept(settings: &BuildSettings) -> PathBuf {
    settings.root.join(".sqlx")
}

fn contents(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    files_below(folder)?.into_iter().map(|name| Ok((name.clone(), fs::read(folder.join(name))?))).collect()
}

fn describe(settings: &BuildSettings) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let cluster = Cluster::throw_away(settings)?;
    migrate(&cluster.url(), &settings.root.join("migrations"))?;

    // A target folder of its own: forgetting one crate there costs the other builds nothing.
    let target = settings.target.join("sqlx");
    let mut clean = settings.cargo();
    clean.env("CARGO_TARGET_DIR", &target).args(["clean", "--quiet", "--package", PACKAGE]);
    process::run(&mut clean, "cargo clean")?;
    let mut check = settings.cargo();
    check.args(["check", "--package", PACKAGE, "--all-targets"]);
    check.env("CARGO_TARGET_DIR", &target).env("DATABASE_URL", cluster.url());
    check.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", folder.path());
    process::run(&mut check, "cargo check against the database")?;
    Ok(folder)
}

/// Runs the migrations in that folder.
pub fn migrate(url: &str, migrations: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let migrator = Migrator::new(migrations).await.context("the migrations cannot be read")?;
        let mut connection = PgConnection::connect(url).await.context("the database does not answer")?;
        migrator.run(&mut connection).await.context("a migration fails")
    })
}
