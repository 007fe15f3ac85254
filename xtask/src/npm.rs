//! Packages from npm, installed where the lockfile has changed since.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{process, search_path};

/// Installs a folder's packages exactly as its lockfile says, unless they are there already.
pub fn install(folder: &Path) -> Result<()> {
    if !available() {
        bail!("Node.js with npm is needed for this: install version 20 or newer")
    }
    let lockfile = folder.join("package-lock.json");
    let wanted = fs::read(&lockfile).with_context(|| format!("{} is missing", lockfile.display()))?;
    // A copy of the lockfile is left where npm removes it before it installs anything.
    let installed = folder.join("node_modules/.installed-lock.json");
    if fs::read(&installed).ok().as_ref() == Some(&wanted) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    process::run_quietly(&mut npm, "npm ci")?;
    fs::write(&installed, wanted).with_context(|| format!("{} cannot be written", installed.display()))
}

/// Whether there is a Node.js to work with.
pub fn available() -> bool {
    search_path::find("node").is_some() && search_path::find("npm").is_some()
}
