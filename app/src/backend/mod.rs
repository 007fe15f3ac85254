//! The ports: everything a page or a server function may ask of the world.
//!
//! *Invariant:* `app` reaches the database, the network and the clock only through these traits; `server`
//! implements them. Every method takes the [`Caller`] and answers only what that person may see.

mod access;
mod account;
mod acting;
mod administration;
mod alerts;
mod approvals;
mod audit;
mod catalogue;
mod editing;
mod exports;
mod holdings;
mod matching;
mod people;
mod reports;
mod requests;
mod saved_queries;
mod sources;
mod windows;

use std::sync::Arc;

pub use access::*;
pub use account::*;
pub use acting::*;
pub use administration::*;
pub use alerts::*;
pub use approvals::*;
pub use audit::*;
pub use catalogue::*;
pub use domain::caller::Caller;
pub use editing::*;
pub use exports::*;
pub use holdings::*;
pub use matching::*;
pub use people::*;
pub use reports::*;
pub use requests::*;
pub use saved_queries::*;
pub use sources::*;
pub use windows::*;

use crate::error::PortalError;

/// What every port answers.
pub type Answer<T> = Result<T, PortalError>;

/// All ports, provided as a Leptos context by the server.
#[derive(Clone)]
pub struct Backend {
    /// What can be asked for.
    pub catalogue: Arc<dyn Catalogue>,
    /// Changing what can be asked for.
    pub editing: Arc<dyn Editing>,
    /// Making it.
    pub administration: Arc<dyn Administration>,
    /// Asking.
    pub requests: Arc<dyn Requests>,
    /// Deciding.
    pub approvals: Arc<dyn Approvals>,
    /// Holding, giving back, taking away, manual tasks.
    pub access: Arc<dyn Access>,
    /// What is out of the ordinary.
    pub alerts: Arc<dyn Alerts>,
    /// What is done about it.
    pub acting: Arc<dyn Acting>,
    /// The book.
    pub audit: Arc<dyn Audit>,
    /// Queries of it that are kept under a name.
    pub saved_queries: Arc<dyn SavedQueries>,
    /// Exports of it that are prepared in the background.
    pub exports: Arc<dyn Exports>,
    /// Who had what.
    pub holdings: Arc<dyn Holdings>,
    /// Reports for auditors.
    pub reports: Arc<dyn Reports>,
    /// Change windows.
    pub windows: Arc<dyn Windows>,
    /// Where events come in from outside.
    pub sources: Arc<dyn Sources>,
    /// Who and what their words mean here.
    pub matching: Arc<dyn Matching>,
    /// Who people are and what they hold.
    pub people: Arc<dyn People>,
    /// One's own settings and signed-in devices, and what was typed into a form that failed.
    pub account: Arc<dyn Account>,
}
