//! The server against a real database.

mod import;
