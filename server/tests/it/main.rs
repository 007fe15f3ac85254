//! The portal as browsers, providers and attackers meet it: the real router over a real Postgres.

mod account;
#[cfg(feature = "demo")]
mod demo;
mod fake_provider;
mod gate;
mod hostile_answers;
mod roles;
mod sessions;
mod sign_in;
mod sign_out;
mod worn_by_every_answer;
