//! What the browser loads: the WebAssembly of all islands and its JavaScript, as a release ships them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::build_settings::BuildSettings;
use crate::mirror::files_below;
use crate::progress::step;
use crate::{process, site};

/// The most that a page with islands may load, in bytes.
const GOAL_BYTES: u64 = 150_000;
/// What holds the pages without islands to loading nothing.
const PROOF: &str = "server/tests/it/door/scripts.rs, end2end/accessibility.test.mjs";
/// Node's own brotli, so that this driver needs none.
const COMPRESS: &str = "const { brotliCompressSync, constants: c } = require('node:zlib');\
    const sizes = process.argv.slice(1).map(file => {\
      const bytes = require('node:fs').readFileSync(file);\
      const params = { [c.BROTLI_PARAM_QUALITY]: 11, [c.BROTLI_PARAM_SIZE_HINT]: bytes.length };\
      return brotliCompressSync(bytes, { params }).length;\
    });\
    console.log(JSON.stringify(sizes));";

/// Builds the release's site and weighs it.
pub fn measure(settings: &BuildSettings, report: &Path) -> Result<()> {
    site::build(settings, site::Kind::Release)?;
    let package = settings.site_root().join(&settings.site.site_pkg_dir);
    let files: Vec<PathBuf> = files_below(&package)?.into_iter().collect();
    let sizes = step("Compressing with brotli 11", || compressed(&package, &files))?;
    let islands = islands(&package.join(format!("{}.js", settings.site.output_name)))?;
    let all: u64 = sizes.iter().sum();
    let mut each = BTreeMap::new();
    for (file, size) in files.iter().zip(&sizes) {
        let plain = package.join(file).metadata()?.len();
        println!("client: {} {size} bytes (plain {plain})", file.display());
        each.insert(file.display().to_string(), json!({ "brotli": size, "plain": plain }));
    }
    let ratio = ((all as f64 / GOAL_BYTES as f64) * 1000.0).round() / 1000.0;
    let word = if all <= GOAL_BYTES { "met" } else { "MISSED" };
    println!("client: islands in it: {}", islands.join(", "));
    println!("client: {all} bytes of {GOAL_BYTES}: {ratio} (goal ≤ 1, {word})");
    println!("client: pages without islands load no script at all, which is tested: {PROOF}");
    let date = process::output(Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]))?;
    let whole = json!({
        "name": "client", "date": date.trim(), "ratio": ratio, "goal": 1.0, "bytes": all, "goal_bytes": GOAL_BYTES,
        "runs": [{ "ratio": ratio, "files": each }],
        "measured": { "thing": "pkg/ of the release's site, brotli 11", "islands": islands,
            "pages_without_islands": { "bytes": 0, "proof": PROOF } },
    });
    let text = serde_json::to_string_pretty(&whole)? + "\n";
    fs::write(report, text).with_context(|| format!("{} cannot be written", report.display()))
}

fn compressed(package: &Path, files: &[PathBuf]) -> Result<Vec<u64>> {
    let mut node = Command::new("node");
    node.args(["--eval", COMPRESS, "--"]).args(files.iter().map(|file| package.join(file)));
    let said: Value = serde_json::from_str(&process::output(&mut node)?)?;
    let sizes: Vec<u64> = serde_json::from_value(said)?;
    if sizes.len() != files.len() || sizes.is_empty() {
        bail!("{} holds nothing to weigh", package.display());
    }
    Ok(sizes)
}

/// The names of the islands that the script wakes.
fn islands(script: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(script).with_context(|| format!("{} was not built", script.display()))?;
    Ok(islands_in(&text))
}

/// `export function SearchAsYouType_0123()` wakes one.
fn islands_in(script: &str) -> Vec<String> {
    let exports = script.lines().filter_map(|line| line.trim().strip_prefix("export function "));
    let mut found: Vec<String> = exports
        .filter_map(|line| line.split('(').next()?.rsplit_once('_'))
        .filter(|(name, number)| {
            name.starts_with(char::is_uppercase) && number.chars().all(|c| c.is_ascii_digit())
        })
        .map(|(name, _)| name.to_owned())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::islands_in;

    #[test]
    fn islands_are_told_from_whatever_else_the_script_exports() {
        let script = "export function QueueKeys_17564506737691216934(el) {\nexport function hydrate() {\n\
                      export function LivePreview_75(el) {\nfunction Hidden_1() {\nexport { initSync };";
        assert_eq!(islands_in(script), ["LivePreview", "QueueKeys"]);
    }
}
