//! The browser that the tests drive.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::progress::step;
use crate::{process, search_path};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Finds a Chromium, or installs Debian's.
pub fn ensure() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Ok(PathBuf::from(path));
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    if rustix::process::geteuid().is_root() && search_path::find("apt-get").is_some() {
        step("Installing Chromium", || {
            let apt = |arguments: &[&str]| {
                let mut command = Command::new("apt-get");
                command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
                process::run_quietly(&mut command, &format!("apt-get {}", arguments.join(" ")))
            };
            apt(&["update"])?;
            apt(&["install", "--yes", "--no-install-recommends", "chromium"])
        })?;
    }
    match installed() {
        Some(found) => Ok(found),
        None => bail!(
            "No Chromium was found: install it (Debian's package \"chromium\"), or name one in CHROMIUM"
        ),
    }
}

fn installed() -> Option<PathBuf> {
    NAMES.iter().find_map(|name| search_path::find(name))
}
