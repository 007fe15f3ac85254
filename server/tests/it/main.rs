//! Everything that needs a real Postgres. One binary, a module for each part of the portal.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod accounts;
mod book;
mod connector_postgresql;
mod deciding;
mod deleting;
mod editing;
mod grants;
mod house;
mod leaving;
mod loosening;
mod races;
mod requesting;
mod shelf;
