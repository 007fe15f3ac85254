//! The hands of Gatebook: use cases, connectors, jobs, HTTP.

pub mod connectors;
pub mod jobs;
pub mod portal;
