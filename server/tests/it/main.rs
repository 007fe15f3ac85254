//! The server against a real database.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[cfg(feature = "demo")]
mod demo_company;
mod history;
mod import;
