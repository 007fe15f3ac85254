//! The hands of Gatebook: HTTP, sign-in, use cases, jobs. The one binary is `gatebook`.
//!
//! *Invariant:* this crate holds no SQL; it asks `store`.
//! *Invariant:* clocks are read in [`clock`] and randomness is drawn in [`secret`] alone.

pub mod cli;
pub mod clock;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod http;
pub mod migrate;
pub mod oidc;
pub mod portal;
pub mod secret;
pub mod serve;
pub mod work;
