//! The hands of Gatebook: use cases, connectors, jobs, HTTP.

pub mod connectors;

pub mod import;
pub mod jobs;
pub mod portal;
