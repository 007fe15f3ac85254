//! Single tests of the server's test binary that only this driver can give what they need.

use std::process::Command;

use anyhow::Result;

use crate::build_settings::BuildSettings;
use crate::postgres::Cluster;
use crate::process;

/// Compiles them.
pub fn build(settings: &BuildSettings) -> Result<()> {
    process::run(cargo_test(settings).arg("--no-run"), "cargo test --no-run")
}

/// A command that runs this one, also where it is ignored otherwise, on that cluster.
pub fn command(settings: &BuildSettings, test: &str, cluster: &Cluster) -> Command {
    let mut command = cargo_test(settings);
    command.args(["--quiet", "--", "--include-ignored", "--exact", "--nocapture", test]);
    command.env("DATABASE_URL", cluster.url());
    command
}

fn cargo_test(settings: &BuildSettings) -> Command {
    let mut command = settings.cargo();
    // The features of the whole workspace, as in `build_debug_binary`.
    command.args(["test", "--workspace", "--features", &settings.bin_features(), "--test", "it"]);
    command.env("SQLX_OFFLINE", "true");
    command
}
