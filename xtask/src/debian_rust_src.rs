//! The compiler's source as Debian packages it, for where rustup cannot fetch anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::build_settings::BuildSettings;
use crate::mirror::files_below;
use crate::{process, search_path};

/// Where Debian publishes compilers newer than its release's. The package suits any system.
const SUITE: &str = "trixie-backports";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Fetches the source of exactly that compiler version (such as `1.95.0`) and says where it is;
/// nothing, where this is no Debian or Debian does not have it.
pub fn fetch(settings: &BuildSettings, version: &str) -> Result<Option<PathBuf>> {
    let home = settings.tools().join("rust-src");
    let unpacked = home.join(format!("usr/src/rustc-{version}"));
    if unpacked.join("library/std").is_dir() {
        return Ok(Some(unpacked));
    }
    if ["apt-get", "apt-cache", "dpkg-deb"].iter().any(|name| search_path::find(name).is_none()) {
        return Ok(None);
    }
    let Some(mirror) = mirror()? else { return Ok(None) };
    let apt = PrivateApt::set_up(&home.join("apt"), &mirror)?;
    process::run_quietly(apt.command("apt-get").arg("update"), "apt-get update")?;
    let offered = process::output(apt.command("apt-cache").args(["madison", "rust-src"]))?;
    let Some(package) = fitting(&offered, version) else { return Ok(None) };
    let mut download = apt.command("apt-get");
    download.args(["download", &format!("rust-src={package}")]).current_dir(&apt.home);
    process::run_quietly(&mut download, "apt-get download of rust-src")?;
    for file in files_below(&apt.home)?.iter().filter(|file| file.extension().is_some_and(|end| end == "deb"))
    {
        let mut unpack = Command::new("dpkg-deb");
        unpack.arg("--extract").arg(apt.home.join(file)).arg(&home);
        process::run_quietly(&mut unpack, "dpkg-deb")?;
    }
    fs::remove_dir_all(&apt.home).context("what apt-get left cannot be removed")?;
    Ok(unpacked.join("library/std").is_dir().then_some(unpacked))
}

/// The mirror that this system gets its Debian packages from.
fn mirror() -> Result<Option<String>> {
    let mut list = Command::new("apt-get");
    list.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    let addresses = process::output(&mut list)?;
    let debian = |address: &&str| address.trim_end_matches('/').ends_with("/debian");
    Ok(addresses.lines().find(debian).map(str::to_owned))
}

/// Debian's name for that version, among the lines of `apt-cache madison`.
fn fitting(offered: &str, compiler: &str) -> Option<String> {
    let mut versions = offered.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    versions.find(|version| is_of(version, compiler)).map(str::to_owned)
}

fn is_of(package: &str, compiler: &str) -> bool {
    package.strip_prefix(compiler).is_some_and(|rest| rest.starts_with(['+', '-', '~']))
}

/// apt with a list of its own: the system's stays as it is, and nobody need be root.
struct PrivateApt {
    home: PathBuf,
}

impl PrivateApt {
    fn set_up(home: &Path, mirror: &str) -> Result<Self> {
        for folder in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(home.join(folder)).context("no folder for apt's lists can be made")?;
        }
        let signed =
            if Path::new(KEYRING).is_file() { format!("[signed-by={KEYRING}] ") } else { String::new() };
        fs::write(home.join("sources.list"), format!("deb {signed}{mirror} {SUITE} main\n"))?;
        Ok(Self { home: home.to_owned() })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let at = |name: &str| self.home.join(name).display().to_string();
        for (option, value) in [
            ("Dir::Etc::sourcelist", at("sources.list")),
            ("Dir::Etc::sourceparts", "/dev/null".to_owned()),
            ("Dir::State::lists", at("lists")),
            ("Dir::Cache", at("cache")),
            // Its helper user may be unable to reach this folder.
            ("APT::Sandbox::User", String::new()),
        ] {
            command.arg("-o").arg(format!("{option}={value}"));
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn only_the_very_version_of_the_compiler_will_do() {
        let line =
            |version: &str| format!("  rust-src | {version} | somewhere trixie-backports/main Packages\n");
        let offered =
            [line("1.96.1+dfsg1-2~bpo13+1"), line("1.95.01-1"), line("1.95.0+dfsg1-2~bpo13+1")].concat();
        assert_eq!(fitting(&offered, "1.95.0").as_deref(), Some("1.95.0+dfsg1-2~bpo13+1"));
        assert_eq!(fitting(&offered, "1.94.0"), None);
    }
}
