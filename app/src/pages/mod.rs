//! Pages: each reads through a port, shows what it read, and holds its forms. Made on the server only.

mod account_form;
pub mod approvals;
pub mod audit;
mod audit_bar;
mod audit_tally;
pub mod catalogue;
mod decision;
mod editing;
pub mod entitlement_edit;
pub mod event;
mod grant_forms;
pub mod home;
pub mod missing;
pub mod people;
pub mod person;
mod proposal;
pub mod request;
pub mod request_form;
mod request_preview;
pub mod requests;
pub mod resource;
pub mod resource_edit;
pub mod settings;
pub mod tasks;
