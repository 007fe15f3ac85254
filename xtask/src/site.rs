//! What the browser gets: the WebAssembly of the islands, its JavaScript, and the files of `public`.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::build_settings::BuildSettings;
use crate::mirror::Mirror;
use crate::progress::step;
use crate::wasm_target::{self, WasmTarget};
use crate::{interrupt, process};

/// What the site is built for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Quick to build.
    Demo,
    /// Small to fetch.
    Release,
}

impl Kind {
    /// The kind that `--release` stands for, or its absence.
    pub fn of(release: bool) -> Self {
        if release { Self::Release } else { Self::Demo }
    }
}

/// Builds the site into the folder that `Cargo.toml` names. Files that stay the same are not touched.
pub fn build(settings: &BuildSettings, kind: Kind) -> Result<()> {
    let target = wasm_target::ensure(settings)?;
    let wasm = step("Building the browser's part", || compile(settings, kind, target))?;
    interrupt::check()?;
    let package = settings.site_root().join(&settings.site.site_pkg_dir);
    let bound = settings.target.join("bindgen").join(fingerprint(&wasm)?);
    if !bound.exists() {
        step("Joining it to JavaScript", || bind(settings, &wasm, &bound))?;
    }
    let mut site = Mirror::default();
    site.add(&bound, &package)?;
    site.add(&settings.root.join(&settings.site.assets_dir), &settings.site_root())?;
    site.remove_others(&settings.site_root())
}

fn compile(settings: &BuildSettings, kind: Kind, target: WasmTarget) -> Result<PathBuf> {
    let profile = match kind {
        Kind::Demo => "dev",
        Kind::Release => &settings.site.lib_profile_release,
    };
    let mut command = settings.cargo();
    command.args(["build", "--lib", "--no-default-features", "--profile", profile]);
    command.args(["--package", &settings.site.lib_package]);
    command.args(["--features", &settings.site.lib_features.join(",")]);
    target.add_to(&mut command);
    process::run(&mut command, "cargo build for the browser")?;
    let folder = if profile == "dev" { "debug" } else { profile };
    let file = format!("{}.wasm", settings.site.lib_package.replace('-', "_"));
    Ok(settings.target.join(wasm_target::NAME).join(folder).join(file))
}

/// The name under which the result for exactly this WebAssembly is kept.
fn fingerprint(wasm: &Path) -> Result<String> {
    let bytes = fs::read(wasm).with_context(|| format!("{} cannot be read", wasm.display()))?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

fn bind(settings: &BuildSettings, wasm: &Path, folder: &Path) -> Result<()> {
    let results = folder.parent().context("the results of bindgen have no folder")?;
    // Only the newest result is kept.
    if results.exists() {
        fs::remove_dir_all(results)?;
    }
    fs::create_dir_all(results)?;
    let unfinished = tempfile::tempdir_in(results)?;
    let name = &settings.site.output_name;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).web(true)?.typescript(false);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(unfinished.path()).context("wasm-bindgen cannot read what was compiled")?;
    // The name that `cargo leptos` gives it.
    let (bound, wanted) = (format!("{name}_bg.wasm"), format!("{name}.wasm"));
    fs::rename(unfinished.path().join(&bound), unfinished.path().join(&wanted))?;
    let script = unfinished.path().join(format!("{name}.js"));
    fs::write(&script, fs::read_to_string(&script)?.replace(&bound, &wanted))?;
    fs::rename(unfinished.keep(), folder).context("the result of bindgen cannot be put in place")
}
