//! The rules and words of Gatebook: pure functions of state, actor and now.
//!
//! *Invariant:* nothing here reads a clock, draws a random number, or does I/O.
//! *Invariant:* this crate depends on no other crate of the workspace.

pub mod alert;
pub mod audit;
pub mod caller;
pub mod catalogue;
pub mod connection;
pub mod editable;
pub mod export;
pub mod grant;
pub mod holding;
pub mod id;
pub mod json;
pub mod local_time;
pub mod matching;
pub mod nearing;
pub mod person;
pub mod policy;
pub mod report;
pub mod request;
pub mod shortening;
pub mod span;
pub mod text;
pub mod token;
pub mod usage;
