//! The use cases: what the pages' ports and the door ask for.

pub mod account;
pub mod sign_in;
pub mod sign_out;
