//! The server against a real database.

#[cfg(feature = "demo")]
mod demo_company;
mod history;
mod import;
