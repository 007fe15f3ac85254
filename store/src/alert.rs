//! Alerts: what rules found out of the ordinary, and what became of it.

pub mod raise;
