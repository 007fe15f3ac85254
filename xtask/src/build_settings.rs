//! Where things are and what they are called, as `Cargo.toml` says.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// The workspace's places and names.
pub struct BuildSettings {
    /// The folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Where cargo puts what it compiles.
    pub target: PathBuf,
    /// The site's part: `[[workspace.metadata.leptos]]`, which `cargo leptos` reads too.
    pub site: SiteSettings,
}

/// The lines of `[[workspace.metadata.leptos]]` that this driver follows.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SiteSettings {
    pub bin_package: String,
    pub bin_target: String,
    pub bin_features: Vec<String>,
    pub lib_package: String,
    pub lib_features: Vec<String>,
    pub lib_profile_release: String,
    pub output_name: String,
    pub site_root: PathBuf,
    pub site_pkg_dir: PathBuf,
    pub assets_dir: PathBuf,
    pub style_file: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    metadata: WorkspaceMetadata,
}

#[derive(Deserialize)]
struct WorkspaceMetadata {
    leptos: Vec<SiteSettings>,
}

impl BuildSettings {
    /// Asks cargo.
    pub fn read() -> Result<Self> {
        let mut command = Command::new(cargo());
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata: Metadata = serde_json::from_str(&process::output(&mut command)?)
            .context("Cargo.toml lacks a line that this driver needs below [[workspace.metadata.leptos]]")?;
        let mut sites = metadata.metadata.leptos;
        let site = sites.pop().context("Cargo.toml has no [[workspace.metadata.leptos]]")?;
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory, site })
    }

    /// `cargo`, set up to work on this workspace.
    pub fn cargo(&self) -> Command {
        let mut command = self.command(cargo());
        command.env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// `rustup run` of another compiler than this workspace is built with.
    pub fn rustup(&self, toolchain: &str) -> Command {
        let mut command = self.command("rustup".into());
        command.args(["run", toolchain]);
        command
    }

    fn command(&self, program: OsString) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        // What cargo tells this driver about the driver's own crate would make it rebuild crates whose
        // build scripts look at it (ring's does), here and again when somebody calls cargo directly.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_this_crate(name)) {
            command.env_remove(name);
        }
        command
    }

    /// The folder that the site is put together in, below the repository wherever cargo compiles.
    pub fn site_root(&self) -> PathBuf {
        self.root.join(&self.site.site_root)
    }

    /// Tells a program where the site is, in the words of Leptos.
    pub fn tell_site(&self, command: &mut Command) {
        command.env("LEPTOS_SITE_ROOT", self.site_root());
        command.env("LEPTOS_SITE_PKG_DIR", &self.site.site_pkg_dir);
        command.env("LEPTOS_OUTPUT_NAME", &self.site.output_name);
    }

    /// Where tools are kept that had to be fetched.
    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// A path as people read it: from the repository's root where it lies there.
    pub fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }

    /// Builds the debug binary and says where it is. It is built with the whole workspace's features,
    /// so that the demo, the tests and the lints share what they compile.
    pub fn build_debug_binary(&self) -> Result<PathBuf> {
        let mut command = self.cargo();
        command.args(["build", "--workspace", "--features", &self.bin_features()]);
        command.args(["--bin", &self.site.bin_target]);
        process::run(&mut command, "cargo build of the server")?;
        Ok(self.target.join("debug").join(&self.site.bin_target))
    }

    /// The server's features, named so that they can be asked for from the workspace's root.
    pub fn bin_features(&self) -> String {
        let named =
            self.site.bin_features.iter().map(|feature| format!("{}/{feature}", self.site.bin_package));
        named.collect::<Vec<_>>().join(",")
    }
}

fn is_about_this_crate(variable: &OsStr) -> bool {
    let variable = variable.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| variable.starts_with(start))
        || ["CARGO_CRATE_NAME", "CARGO_BIN_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&variable.as_ref())
}

/// The cargo that runs this driver.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
