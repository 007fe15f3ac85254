//! Postgres clusters of this driver's own: one kept below `.gatebook`, or a throw-away one.

mod account;
mod binaries;
mod cluster;
mod left_over;

pub use cluster::Cluster;
pub use left_over::stop_left_over;

use std::time::Duration;

use anyhow::Result;

use crate::build_settings::BuildSettings;
use crate::{interrupt, progress};

/// Runs a throw-away cluster until somebody asks to stop.
pub fn stay(settings: &BuildSettings) -> Result<()> {
    let cluster = progress::step("Starting a throw-away Postgres", || Cluster::throw_away(settings))?;
    println!("DATABASE_URL={}", cluster.url());
    progress::say("Ctrl-C stops it and forgets its data.");
    loop {
        interrupt::pause(Duration::from_secs(3600))?;
    }
}
