//! A populated database of the schema before the newest migration, brought up to date beneath the binary of then.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::build_settings::BuildSettings;
use crate::postgres::Cluster;
use crate::progress::step;
use crate::tally::Tally;
use crate::test::Outcome;
use crate::{it_test, process, sqlx_data};

/// The test that does it, in the server's test binary.
const TEST: &str = "upgrade::the_old_binary_serves_through_a_migration_and_the_new_one_goes_on";

/// Builds the old binary where its source is at hand, and runs the test.
pub fn check(settings: &BuildSettings) -> Result<Outcome> {
    let migrations = sqlx_data::migrations(settings)?;
    let newest = migrations.last().context("there are no migrations yet")?;
    let Some(old) = commit_before(settings, newest) else {
        let reason = format!("the history before {} is not in this checkout", newest.display());
        return Ok(Outcome::Skipped(reason));
    };
    let cluster = Cluster::throw_away(settings)?;
    let binary =
        step("Building the binary of before the newest migration", || build(settings, &old, &cluster))?;
    step("Building the tests", || it_test::build(settings))?;
    let mut command = it_test::command(settings, TEST, &cluster);
    command.env("GATEBOOK_OLD_BINARY", binary);
    let mut tally = Tally::default();
    let status = process::run_lines(&mut command, "the upgrade test", |line| {
        if let Some(counted) = Tally::from_cargo(line) {
            tally += counted;
        }
    })?;
    Ok(Outcome::Ran(tally.of_run(status.success())))
}

/// The last commit without that migration, if git knows it.
fn commit_before(settings: &BuildSettings, migration: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let said = process::output(command.current_dir(&settings.root).args(arguments)).ok()?;
        Some(said.trim().to_owned())
    };
    let file = format!("migrations/{}", migration.display());
    let added = git(&["log", "--max-count=1", "--diff-filter=A", "--format=%H", "--", &file])?;
    // Not committed yet: then everything that is.
    let before = if added.is_empty() { "HEAD".to_owned() } else { format!("{added}^") };
    // In a shallow checkout every file is as if added by the oldest commit, which has no parent there.
    git(&["rev-parse", "--verify", "--quiet", &format!("{before}^{{commit}}")])
}

/// In a target folder of its own: in the same one, cargo would take this workspace's crates and those for each
/// other. What was built is kept by its commit.
fn build(settings: &BuildSettings, commit: &str, cluster: &Cluster) -> Result<PathBuf> {
    let home = settings.target.join("upgrade");
    let (source, binary) = (home.join(commit), home.join(format!("gatebook-{commit}")));
    if binary.is_file() {
        return Ok(binary);
    }
    fs::create_dir_all(&source).with_context(|| format!("{} cannot be made", source.display()))?;
    let archive = home.join("source.tar");
    let mut git = Command::new("git");
    git.current_dir(&settings.root).args(["archive", "--output"]).arg(&archive).arg(commit);
    process::run_quietly(&mut git, "git archive")?;
    let mut tar = Command::new("tar");
    // As if written now: with the times of their commit, cargo would take for them what it built of a later one.
    tar.args(["--extract", "--touch", "--file"]).arg(&archive).arg("-C").arg(&source);
    process::run_quietly(&mut tar, "tar")?;
    // Against a database: a commit between two merges may not have had its .sqlx renewed.
    sqlx_data::migrate(&cluster.url(), &source.join("migrations"))?;
    let mut cargo = settings.cargo();
    let target = home.join("target");
    cargo.current_dir(&source).env("CARGO_TARGET_DIR", &target);
    cargo.env("DATABASE_URL", cluster.url()).env("SQLX_OFFLINE", "false");
    cargo.args(["build", "--workspace", "--features", &settings.bin_features()]);
    process::run(cargo.args(["--bin", &settings.site.bin_target]), "cargo build of the old server")?;
    // What is built next takes its place in that folder.
    let built = target.join("debug").join(&settings.site.bin_target);
    fs::copy(built, &binary).context("the old binary cannot be kept")?;
    Ok(binary)
}
