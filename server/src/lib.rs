//! The hands of Gatebook: HTTP, sign-in, use cases, connectors, jobs. The one binary is `gatebook`.
//!
//! *Invariant:* this crate holds no SQL over Gatebook's own tables; it asks `store`.
//! *Invariant:* clocks are read in [`clock`] and randomness is drawn in [`secret`] alone.

mod allocator;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connectors;
mod copy_watch;
#[cfg(feature = "demo")]
pub mod demo;
pub mod fit;
pub mod formats;
pub mod http;
pub mod import;
pub mod ingest;
pub mod jobs;
pub mod judge;
pub mod live;
pub mod migrate;
pub mod oidc;
pub mod portal;
pub mod retention;
pub mod rules;
pub mod secret;
pub mod serve;
pub mod work;
