//! The compiler's WebAssembly target: there already, added by rustup, or built from its source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build_settings::BuildSettings;
use crate::progress::{self, step};
use crate::{interrupt, process, search_path};

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
    attempt(Command::new("rustup").args(arguments), &format!("rustup {}", arguments.join(" ")))
}

/// Debian's package of the compiler's source, if it is exactly this compiler's.
fn source_from_debian(settings: &BuildSettings, wanted: &Path) -> Result<bool> {
    if search_path::find("apt-get").is_none() || search_path::find("dpkg-deb").is_none() {
        return Ok(false);
    }
    let version = compiler_version()?;
    let Some(package) = debian_version(&version) else { return Ok(false) };
    let home = settings.tools().join("rust-src");
    let unpacked = home.join(format!("usr/src/rustc-{version}"));
    if !unpacked.join("library/std").is_dir() {
        fs::create_dir_all(&home)?;
        let mut download = Command::new("apt-get");
        download.args(["download", &format!("rust-src={package}")]).current_dir(&home);
        if !attempt(&mut download, "apt-get download of rust-src")? {
            return Ok(false);
        }
        for name in crate::mirror::files_below(&home)?.iter().filter(|name| is_package(name)) {
            let mut unpack = Command::new("dpkg-deb");
            unpack.arg("--extract").arg(home.join(name)).arg(&home);
            attempt(&mut unpack, "unpacking rust-src")?;
        }
    }
    if !unpacked.join("library/std").is_dir() {
        return Ok(false);
    }
    if let Some(folder) = wanted.parent() {
        fs::create_dir_all(folder).context("the compiler's own folder cannot be written")?;
    }
    if wanted.is_symlink() {
        fs::remove_file(wanted)?;
    }
    std::os::unix::fs::symlink(&unpacked, wanted).context("the compiler's own folder cannot be written")?;
    Ok(true)
}

fn is_package(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "deb")
}

/// Debian's name for that version, among what is on offer.
fn debian_version(compiler: &str) -> Option<String> {
    let offered = process::output(Command::new("apt-cache").args(["madison", "rust-src"])).ok()?;
    let versions = offered.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    versions.filter(|version| is_of(version, compiler)).map(str::to_owned).next()
}

/// Whether a package's version is one of that compiler version.
fn is_of(package: &str, compiler: &str) -> bool {
    package.strip_prefix(compiler).is_some_and(|rest| rest.starts_with(['+', '-', '~']))
}

/// Tries what may fail; only being asked to stop is an error.
fn attempt(command: &mut Command, name: &str) -> Result<bool> {
    match process::run_quietly(command, name) {
        Ok(()) => Ok(true),
        Err(error) => {
            interrupt::check()?;
            progress::say(&format!("    {}", format!("{error:#}").lines().collect::<Vec<_>>().join(" · ")));
            Ok(false)
        }
    }
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

#[cfg(test)]
mod tests {
    use super::is_of;

    #[test]
    fn only_the_very_version_of_the_compiler_will_do() {
        assert!(is_of("1.95.0+dfsg1-1~bpo13+1", "1.95.0"));
        assert!(!is_of("1.95.01-1", "1.95.0"));
        assert!(!is_of("1.94.0+dfsg1-1", "1.95.0"));
    }
}
