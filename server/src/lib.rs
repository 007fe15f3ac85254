//! The hands of Gatebook: use cases, connectors, jobs, HTTP.

pub mod connectors;
#[cfg(feature = "demo")]
pub mod demo;

pub mod import;
pub mod jobs;
pub mod portal;
