//! The whole product with everything that it needs beside it.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::build_settings::BuildSettings;
use crate::demo_state::DemoState;
use crate::interrupt::Interrupted;
use crate::postgres::Cluster;
use crate::process::{Running, Stop};
use crate::progress::{self, Heartbeat, step};
use crate::site;

/// How the demo is run.
#[derive(Args)]
pub struct Options {
    /// The port of 127.0.0.1 to answer on
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Forget the data of earlier runs
    #[arg(long)]
    fresh: bool,
    /// Start without the sample company
    #[arg(long)]
    empty: bool,
}

/// Builds everything and runs it until somebody asks to stop.
pub fn run(settings: &BuildSettings, options: &Options) -> Result<()> {
    // What can fail at once should not fail after minutes of building.
    let state = DemoState::take(&settings.root, options.port)?;
    require_free(options.port)?;
    if options.fresh {
        step("Forgetting the data of earlier runs", || state.forget())?;
    }
    site::build(settings, site::Kind::Demo)?;
    let binary = step("Building the server", || settings.build_debug_binary())?;
    let cluster = step("Starting Postgres", || Cluster::kept(settings, state.folder()))?;

    progress::say("==> Starting Gatebook");
    let mut command = Command::new(binary);
    command.arg("demo").arg("--postgres").arg(cluster.url_without_password());
    command.arg("--port").arg(options.port.to_string());
    if let Some(log) = cluster.own_log() {
        command.arg("--postgres-log").arg(log);
    }
    if options.empty {
        command.arg("--empty");
    }
    // Everybody on the machine can read a command line; the environment is private.
    command.env("PGPASSWORD", cluster.password()).current_dir(&settings.root);
    settings.tell_site(&mut command);
    let mut gatebook = Running::start(&mut command, "gatebook demo", Stop::Group)?;
    match gatebook.wait(&mut Heartbeat::never()) {
        Ok(status) => bail!("gatebook stopped by itself ({status}); its last lines say why"),
        Err(error) if error.is::<Interrupted>() => {
            progress::say("==> Stopping Gatebook and its Postgres");
            drop(gatebook);
            drop(cluster);
            progress::say("stopped; `cargo xtask demo` goes on with the same data");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn require_free(port: u16) -> Result<()> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} is taken: stop what uses it, or choose another with --port")
        }
        Err(error) => Err(error).with_context(|| format!("port {port} of 127.0.0.1 cannot be used")),
    }
}
