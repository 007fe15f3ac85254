//! The stylesheet, made by Tailwind CSS and committed, so that a build needs no Node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build_settings::BuildSettings;
use crate::progress::step;
use crate::{npm, process};

/// Builds the stylesheet anew.
pub fn renew(settings: &BuildSettings) -> Result<()> {
    step("Building the stylesheet", || generate(settings, &settings.root.join(&settings.site.style_file)))
}

/// Fails unless the committed stylesheet is what its source gives today.
pub fn check(settings: &BuildSettings) -> Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let fresh = folder.path().join("app.css");
    generate(settings, &fresh)?;
    let committed = settings.root.join(&settings.site.style_file);
    if fs::read(&committed).ok() != Some(fs::read(&fresh)?) {
        bail!("{} is out of date: run \"cargo xtask css\" and commit it", settings.site.style_file.display())
    }
    Ok(())
}

/// The stylesheet's source.
pub fn source(settings: &BuildSettings) -> PathBuf {
    settings.root.join("style/app.css")
}

fn generate(settings: &BuildSettings, output: &Path) -> Result<()> {
    let folder = settings.root.join("style");
    npm::install(&folder)?;
    let mut tailwind = Command::new("node");
    tailwind.arg("node_modules/@tailwindcss/cli/dist/index.mjs").current_dir(&folder);
    tailwind.arg("--input").arg(source(settings)).arg("--output").arg(output).arg("--minify");
    process::run_quietly(&mut tailwind, "Tailwind CSS")
}
