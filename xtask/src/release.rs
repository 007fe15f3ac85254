//! The binary to give away.

use std::path::Path;

use anyhow::{Context, Result};

use crate::build_settings::BuildSettings;
use crate::progress::{self, step};
use crate::{process, site};

/// Builds the site and the release binary with it inside, and says where that is and how big.
pub fn build(settings: &BuildSettings) -> Result<()> {
    site::build(settings, site::Kind::Release)?;
    let name = &settings.site;
    step("Building the release binary", || {
        let mut command = settings.cargo();
        command.args(["build", "--release", "--package", &name.bin_package, "--bin", &name.bin_target]);
        settings.tell_site(&mut command);
        process::run(&mut command, "cargo build of the release")
    })?;
    let package = settings.site_root().join(&name.site_pkg_dir);
    for extension in ["wasm", "js"] {
        show_size(settings, &package.join(format!("{}.{extension}", name.output_name)))?;
    }
    show_size(settings, &settings.target.join("release").join(&name.bin_target))
}

fn show_size(settings: &BuildSettings, file: &Path) -> Result<()> {
    let data = file.metadata().with_context(|| format!("{} was not built", settings.shown(file)))?;
    progress::say(&format!("    {} ({} kB)", settings.shown(file), data.len().div_ceil(1000)));
    Ok(())
}
