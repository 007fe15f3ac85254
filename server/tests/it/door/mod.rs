//! The door as browsers, providers and attackers meet it: the real router, with pages that only say who asks.

mod account;
#[cfg(feature = "demo")]
mod demo;
pub mod fake_provider;
pub mod gate;
mod hostile_answers;
mod risks;
mod roles;
mod sessions;
mod sign_in;
mod sign_out;
mod unknown_addresses;
mod worn_by_every_answer;
