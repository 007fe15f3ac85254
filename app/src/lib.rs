//! The face of Gatebook: pages, islands, and the ports that they read through.

pub mod error;
pub mod routes;

#[cfg(feature = "ssr")]
pub mod backend;
