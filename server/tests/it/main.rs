//! Everything that needs a real Postgres. One binary, a module for each part of the portal.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod alerting;
mod as_of;
mod book;
mod canaries;
mod cluster;
mod completing;
mod connector_postgresql;
mod crash;
mod deciding;
mod deleting;
#[cfg(feature = "demo")]
mod demo_company;
mod door;
mod editing;
mod exporting;
mod following;
mod full;
mod grants;
mod grouping;
mod history;
mod hooking;
mod hostile;
mod house;
mod import;
mod judging;
mod killed;
mod lagging;
mod leading;
mod leaving;
mod ledger;
mod linking;
mod loosening;
mod making;
mod matrix;
mod owning;
mod period;
mod preparing;
mod races;
mod reading;
mod reporting;
mod requesting;
mod restore;
mod retention;
mod saving;
mod searching_far;
mod seeing;
mod sequencing;
mod servers;
mod shelf;
mod starting;
mod statements;
mod upgrade;
mod watching;
mod windowing;
