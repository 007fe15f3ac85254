//! What can go wrong in the portal, as far as people are told.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A fault of one field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name in the form.
    pub field: String,
    /// What is wrong and what to do, in a sentence.
    pub message: String,
}

impl FieldError {
    /// A fault of `field`.
    pub fn new(field: &str, message: impl ToString) -> Self {
        Self { field: field.to_owned(), message: message.to_string() }
    }
}

/// Why the portal did not do what was asked. Internal causes are logged, never sent.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum PortalError {
    /// Nobody is signed in. 401.
    #[error("Sign in to go on.")]
    SignedOut,
    /// It does not exist, or the caller may not see it: the two look the same. 404.
    #[error("There is nothing here, or nothing that you may see.")]
    NotFound,
    /// The caller sees it but may not do this. 403.
    #[error("{0}")]
    Forbidden(String),
    /// The sign-in is too old for this. 403, with a way to prove it again.
    #[error("This needs a sign-in of the last 15 minutes. Sign in again, then go on where you were.")]
    SignInAgain,
    /// Somebody was first, or it stands otherwise by now. 409.
    #[error("{0}")]
    Conflict(String),
    /// Asked for already: leads to what is there. 409.
    #[error("{message}")]
    AlreadyThere {
        /// A sentence.
        message: String,
        /// Where it is.
        path: String,
        /// What the link to it says.
        link: String,
    },
    /// Something typed is wrong. 422.
    #[error("{}", invalid_summary(.0))]
    Invalid(Vec<FieldError>),
    /// There is no room left to write anything down, so nothing was changed. 503.
    #[error(
        "Gatebook’s database has no room left, so this could not be written into the book and nothing was changed. \
         The catalogue and your own pages still work. Try again when an administrator has made room."
    )]
    Full,
    /// The database stopped answering; what was sent may have been done. 503.
    #[error(
        "Gatebook’s database does not answer at the moment. If you sent something, look whether it was done before \
         you send it again."
    )]
    Away,
    /// It will be, in a while. 503.
    #[error("{0}")]
    NotYet(String),
    /// Ours to mend. 500.
    #[error("Something went wrong on our side, and nothing was changed. Try again in a moment.")]
    Internal,
}

impl PortalError {
    /// One field's fault.
    pub fn field(field: &str, message: impl ToString) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// The HTTP status that goes with it.
    pub fn status(&self) -> u16 {
        match self {
            Self::SignedOut => 401,
            Self::NotFound => 404,
            Self::Forbidden(_) | Self::SignInAgain => 403,
            Self::Conflict(_) | Self::AlreadyThere { .. } => 409,
            Self::Invalid(_) => 422,
            Self::Full | Self::Away | Self::NotYet(_) => 503,
            Self::Internal => 500,
        }
    }

    /// Whether it is of the moment and not of what was asked for: then nothing can be kept of a form either.
    pub fn is_of_the_moment(&self) -> bool {
        matches!(self, Self::Full | Self::Away)
    }
}

fn invalid_summary(fields: &[FieldError]) -> String {
    match fields {
        [] => "Something typed is not right.".to_owned(),
        [only] => only.message.clone(),
        several => format!("{} fields need another look.", several.len()),
    }
}

impl leptos::server_fn::error::FromServerFnError for PortalError {
    type Encoder = leptos::server_fn::codec::JsonEncoding;

    /// A form that cannot be read at all is the sender's fault, everything else is ours.
    fn from_server_fn_error(error: leptos::server_fn::error::ServerFnErrorErr) -> Self {
        use leptos::server_fn::error::ServerFnErrorErr as Cause;
        match error {
            Cause::Args(_) | Cause::MissingArg(_) => Self::Invalid(Vec::new()),
            _ => Self::Internal,
        }
    }
}
