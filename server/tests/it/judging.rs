//! The judge: every event once, whoever judges, in batches of any size, and whatever crashes.

mod bench;
mod built_in;
mod once;
mod silent;
