//! Where access starts and stops for real: one file per kind of system, and a line in [`all`].

mod postgresql;
pub mod secret;
pub mod settings;

use async_trait::async_trait;
use thiserror::Error;

pub use postgresql::Postgresql;

/// Every connector. A system whose connector is `manual` has none: its owners do it by hand.
pub fn all() -> Vec<Box<dyn Connector>> {
    vec![Box::new(Postgresql)]
}

/// Opens and closes access at one kind of system. Every call may be repeated: a worker may have died in between.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The word in a system's `connector` column.
    fn name(&self) -> &'static str;

    /// Gives the account the right, and reads back that it has it.
    ///
    /// # Errors
    /// When the target refuses, or has the right already from somebody else.
    async fn open(&self, target: &Target) -> Result<(), ConnectorError>;

    /// Takes the right from the account, ends its open sessions, and reads back that it is gone for good,
    /// whatever way it was had.
    ///
    /// # Errors
    /// When the target refuses, or the account still has the right.
    async fn close(&self, target: &Target) -> Result<Closed, ConnectorError>;
}

/// What is to be changed.
#[derive(Debug, Clone)]
pub struct Target {
    /// The system's addresses and references to secrets.
    pub settings: serde_json::Value,
    /// The name that the holder goes by there.
    pub account: String,
    /// What the entitlement is called there.
    pub right: String,
    /// Whether it was found beforehand: then it was given by somebody else, and is taken away all the same.
    pub is_adopted: bool,
}

/// How a closing went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Closed {
    /// Whether the right had been taken away already by somebody else.
    pub was_gone: bool,
    /// How many open sessions were ended.
    pub sessions_ended: usize,
}

/// Why a target was not changed. The text is for its owners; it holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectorError {
    /// The system's settings are not usable.
    #[error("The settings of this system are not usable: {0}")]
    Settings(String),
    /// The target cannot be reached.
    #[error("The target could not be reached: {0}")]
    Unreachable(String),
    /// It was asked, and what came of it is not known.
    #[error("The target gave no clear answer: {0}")]
    NoAnswer(String),
    /// The target refused.
    #[error("The target refused: {0}")]
    Refused(String),
    /// The account is not there.
    #[error("There is no account “{0}” at the target.")]
    NoAccount(String),
    /// The right is not there.
    #[error("There is no role “{0}” at the target.")]
    NoRight(String),
    /// The account has the right from somebody else; it is never adopted silently.
    #[error(
        "“{account}” has “{right}” already, given by “{by}” and not through Gatebook. Take it away there, or import it."
    )]
    HeldOtherwise {
        /// Who has it.
        account: String,
        /// What.
        right: String,
        /// Who gave it.
        by: String,
    },
    /// The right is still there after it was taken away.
    #[error("“{account}” still has the rights of “{right}” {through}.")]
    StillThere {
        /// Who has it.
        account: String,
        /// What.
        right: String,
        /// Which way.
        through: String,
    },
}

impl ConnectorError {
    /// Whether a try to open that ended so may have opened it all the same.
    pub fn may_have_opened(&self) -> bool {
        matches!(self, Self::NoAnswer(_) | Self::StillThere { .. })
    }
}
