//! The compiler's WebAssembly target: there already, added by rustup, or built from its source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build_settings::BuildSettings;
use crate::progress::{self, step};
use crate::{debian_rust_src, interrupt, process, search_path};

/// The target's name.
pub const NAME: &str = "wasm32-unknown-unknown";

/// How a crate is compiled for the browser here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WasmTarget {
    /// With the standard library that came compiled.
    Installed,
    /// With the standard library compiled along, from its source.
    FromSource,
}

impl WasmTarget {
    /// Makes a cargo command compile for the browser.
    pub fn add_to(self, command: &mut Command) {
        command.args(["--target", NAME]);
        if self == Self::FromSource {
            // The stable compiler does it too when told to.
            command.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
        }
    }
}

/// Sees to it that this machine can compile for the browser.
pub fn ensure(settings: &BuildSettings) -> Result<WasmTarget> {
    if library_folder()?.is_dir() {
        return Ok(WasmTarget::Installed);
    }
    let source = sysroot()?.join("lib/rustlib/src/rust");
    if source.join("library/std").is_dir() {
        return Ok(WasmTarget::FromSource);
    }
    step("Getting the compiler's WebAssembly target", || {
        if rustup(&["target", "add", NAME])? && library_folder()?.is_dir() {
            return Ok(WasmTarget::Installed);
        }
        let by_rustup = rustup(&["component", "add", "rust-src"])?;
        if (by_rustup && source.is_dir()) || source_from_debian(settings, &source)? {
            return Ok(WasmTarget::FromSource);
        }
        bail!("The compiler cannot make WebAssembly yet: run \"rustup target add {NAME}\"")
    })
}

/// Runs rustup; `false` where it is missing or refuses, for which there are other ways.
fn rustup(arguments: &[&str]) -> Result<bool> {
    if search_path::find("rustup").is_none() {
        return Ok(false);
    }
    let name = format!("rustup {}", arguments.join(" "));
    process::run_quietly(Command::new("rustup").args(arguments), &name)
        .map_or_else(|error| failed(&error), |()| Ok(true))
}

/// Debian's package of the compiler's source, put where the compiler expects it.
fn source_from_debian(settings: &BuildSettings, wanted: &Path) -> Result<bool> {
    let fetched = match debian_rust_src::fetch(settings, &compiler_version()?) {
        Ok(Some(folder)) => folder,
        Ok(None) => return Ok(false),
        Err(error) => return failed(&error),
    };
    let put = || {
        if wanted.is_symlink() {
            fs::remove_file(wanted)?;
        }
        fs::create_dir_all(wanted.parent().unwrap_or(wanted))?;
        std::os::unix::fs::symlink(&fetched, wanted)
    };
    put().with_context(|| format!("{} cannot be made", wanted.display()))?;
    Ok(true)
}

/// Says why one way failed; only being asked to stop keeps the next from being tried.
fn failed(error: &anyhow::Error) -> Result<bool> {
    interrupt::check()?;
    progress::say(&format!("    {}", format!("{error:#}").lines().collect::<Vec<_>>().join(" · ")));
    Ok(false)
}

fn library_folder() -> Result<PathBuf> {
    rustc(&["--print", "target-libdir", "--target", NAME]).map(PathBuf::from)
}

fn sysroot() -> Result<PathBuf> {
    rustc(&["--print", "sysroot"]).map(PathBuf::from)
}

/// Such as `1.95.0`.
fn compiler_version() -> Result<String> {
    let said = rustc(&["--version"])?;
    said.split_whitespace().nth(1).map(str::to_owned).context("rustc does not say its version")
}

fn rustc(arguments: &[&str]) -> Result<String> {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Ok(process::output(Command::new(program).args(arguments))?.trim().to_owned())
}
