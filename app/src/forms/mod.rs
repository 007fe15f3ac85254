//! Forms, one pattern for all: a plain `<form method=post>` to a server function whose only argument is the
//! typed form, every field a `String` (`typed[rationale]`), so that nothing typed can fail before the body.
//!
//! Success goes on to where the form says. A failure of a browser's form is kept as a draft and shown again
//! on the form's own page with everything typed; a failure of anything else is a status and the error as JSON. Where
//! nothing can be written down, no draft can either: the status tells the server to answer with a page of its own,
//! and what was typed is still in the browser's.

pub mod access;
pub mod account;
pub mod acting;
pub mod administration;
pub mod alerts;
pub mod approvals;
pub mod editing;
pub mod exports;
pub mod matching;
pub mod people;
pub mod requests;
pub mod saved_queries;
pub mod sources;
pub mod windows;

use domain::caller::Caller;
use http::header::{ACCEPT, LOCATION};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::address;
use crate::backend::{Answer, Backend, Draft};
use crate::context::Visitor;
use crate::error::PortalError;
use crate::routes;

/// The id of the field `name`, where the summary of errors leads to.
pub fn field_id(name: &str) -> String {
    format!("f-{name}")
}

/// What is typed into a form.
pub trait Form: Serialize + DeserializeOwned + Default + Send + Sync {
    /// Names its drafts.
    const NAME: &'static str;
    /// The page that the form stands on, as it was filled there.
    fn path(&self) -> String;
}

/// What every form's server function works with.
pub struct Counter {
    /// The ports.
    pub backend: Backend,
    /// Who sends the form.
    pub caller: Caller,
    accepts_html: bool,
    response: ResponseOptions,
}

impl Counter {
    /// The counter of this call.
    ///
    /// # Errors
    /// When nobody is signed in.
    pub fn open() -> Answer<Self> {
        let response = use_context::<ResponseOptions>().ok_or(PortalError::Internal)?;
        let backend = use_context::<Backend>().ok_or(PortalError::Internal)?;
        let Some(caller) = use_context::<Visitor>().and_then(|visitor| visitor.0) else {
            response.set_status(StatusCode::UNAUTHORIZED);
            return Err(PortalError::SignedOut);
        };
        let accepts_html = use_context::<Parts>().is_some_and(|parts| accepts_html(&parts));
        Ok(Self { backend, caller, accepts_html, response })
    }

    /// Goes on to what `then` says, or back to the form with everything typed.
    ///
    /// # Errors
    /// What went wrong, for callers that are no browser form.
    pub async fn close<T>(
        &self,
        typed: &impl Form,
        done: Answer<T>,
        then: impl FnOnce(T) -> String,
    ) -> Answer<()> {
        match done {
            Ok(value) => {
                self.go(&then(value));
                Ok(())
            }
            Err(error) if self.accepts_html && !error.is_of_the_moment() => self.back(typed, error).await,
            Err(error) => Err(self.fail(error)),
        }
    }

    /// The form once more with everything typed, and nothing wrong: its page says what it would come to.
    ///
    /// # Errors
    /// When what was typed cannot be kept.
    pub async fn show_again<F: Form>(&self, typed: &F) -> Answer<()> {
        let draft = Draft {
            form: F::NAME.to_owned(),
            typed: serde_json::to_string(typed).unwrap_or_default(),
            message: String::new(),
            fields: Vec::new(),
            way_out: None,
        };
        let id =
            self.backend.account.keep_draft(&self.caller, draft).await.map_err(|error| self.fail(error))?;
        self.go(&address::with(&typed.path(), "draft", &id));
        Ok(())
    }

    async fn back(&self, typed: &impl Form, error: PortalError) -> Answer<()> {
        match self.backend.account.keep_draft(&self.caller, draft_of(typed, &error)).await {
            Ok(id) => self.go(&address::with(&typed.path(), "draft", &id)),
            Err(lost) => {
                tracing::error!(%lost, "what was typed into a form could not be kept");
                return Err(self.fail(lost));
            }
        }
        Err(error)
    }

    fn fail(&self, error: PortalError) -> PortalError {
        if let Ok(status) = StatusCode::from_u16(error.status()) {
            self.response.set_status(status);
        }
        error
    }

    fn go(&self, path: &str) {
        go(&self.response, self.accepts_html, path);
    }
}

/// Sends a browser on with 303; tells everything else where it would have gone.
pub(crate) fn go(response: &ResponseOptions, accepts_html: bool, path: &str) {
    let path = address::safe_local(path, routes::HOME);
    if let Ok(location) = HeaderValue::from_str(path) {
        response.insert_header(LOCATION, location);
    }
    if accepts_html {
        response.set_status(StatusCode::SEE_OTHER);
    }
}

pub(crate) fn accepts_html(parts: &Parts) -> bool {
    let accepted = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|types| types.contains("text/html"))
}

/// What is kept of a form that failed.
pub(crate) fn draft_of<F: Form>(typed: &F, error: &PortalError) -> Draft {
    Draft {
        form: F::NAME.to_owned(),
        typed: serde_json::to_string(typed).unwrap_or_default(),
        message: error.to_string(),
        fields: match error {
            PortalError::Invalid(fields) => fields.clone(),
            _ => Vec::new(),
        },
        way_out: match error {
            PortalError::AlreadyThere { path, link, .. } => Some((path.clone(), link.clone())),
            // The page adds where to come back to: this draft.
            PortalError::SignInAgain => {
                Some((address::with(routes::SIGN_IN, "again", "1"), "Sign in again".to_owned()))
            }
            _ => None,
        },
    }
}

/// The id that a form names in a hidden field; what is no id names nothing.
///
/// # Errors
/// Not found.
pub fn id<T: std::str::FromStr>(text: &str) -> Answer<T> {
    text.trim().parse().map_err(|_| PortalError::NotFound)
}

/// Makes every form known to the server's router, wherever the linker put it.
pub fn register_server_functions() {
    use leptos::server_fn::axum::register_explicit;
    register_explicit::<requests::SubmitRequest>();
    register_explicit::<requests::CancelRequest>();
    register_explicit::<approvals::Decide>();
    register_explicit::<access::GiveBack>();
    register_explicit::<access::Revoke>();
    register_explicit::<access::Attest>();
    register_explicit::<access::Retry>();
    register_explicit::<alerts::AcknowledgeAlert>();
    register_explicit::<alerts::ResolveAlert>();
    register_explicit::<alerts::HandOverAlert>();
    register_explicit::<alerts::CommentAlert>();
    register_explicit::<acting::RevokeFromAlert>();
    register_explicit::<acting::SuspendFromAlert>();
    register_explicit::<acting::AskAboutAlert>();
    register_explicit::<acting::AnswerQuestion>();
    register_explicit::<acting::EndSuppression>();
    register_explicit::<exports::PrepareExport>();
    register_explicit::<exports::EndExport>();
    register_explicit::<people::SetStatus>();
    register_explicit::<editing::SaveResource>();
    register_explicit::<editing::SaveEntitlement>();
    register_explicit::<editing::DeleteFromCatalogue>();
    register_explicit::<editing::AnswerLoosening>();
    register_explicit::<editing::SetAccount>();
    register_explicit::<administration::SaveSystem>();
    register_explicit::<administration::AddResource>();
    register_explicit::<administration::SaveGroup>();
    register_explicit::<administration::DeleteMade>();
    register_explicit::<administration::SetJobRoles>();
    register_explicit::<administration::GiveUpOwners>();
    register_explicit::<sources::SaveSource>();
    register_explicit::<sources::EndSource>();
    register_explicit::<sources::KeepToken>();
    register_explicit::<sources::EndToken>();
    register_explicit::<saved_queries::SaveQuery>();
    register_explicit::<saved_queries::DeleteQuery>();
    register_explicit::<windows::AddWindow>();
    register_explicit::<windows::ImportWindows>();
    register_explicit::<windows::DeleteWindow>();
    register_explicit::<matching::AnswerUnmatched>();
    register_explicit::<account::SaveSettings>();
    register_explicit::<account::EndDevice>();
    register_explicit::<account::SetTheme>();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::TypedRequest;
    use crate::error::FieldError;

    fn typed() -> TypedRequest {
        TypedRequest { rationale: "</textarea><b>".into(), duration: "9 hours".into(), ..Default::default() }
    }

    #[test]
    fn everything_typed_comes_back_with_each_fault_at_its_field() {
        let error = PortalError::field("duration", "This is longer than 8 hours.");
        let filled = crate::desk::filled::<TypedRequest>(Some(&draft_of(&typed(), &error)));
        assert_eq!(filled.typed, typed());
        assert!(filled.is_draft);
        assert_eq!(filled.error("duration").as_deref(), Some("This is longer than 8 hours."));
        assert_eq!(filled.error("rationale"), None);
    }

    #[test]
    fn a_draft_of_another_form_fills_nothing() {
        let draft = Draft { form: "decision".into(), ..draft_of(&typed(), &PortalError::Internal) };
        assert!(!crate::desk::filled::<TypedRequest>(Some(&draft)).is_draft);
    }

    #[test]
    fn what_is_there_already_leads_to_it_and_an_old_sign_in_to_a_new_one() {
        let there = PortalError::AlreadyThere {
            message: "You asked for this on Monday.".into(),
            path: "/requests/1".into(),
            link: "See the request".into(),
        };
        let way_out = |error| draft_of(&typed(), &error).way_out;
        assert_eq!(way_out(there), Some(("/requests/1".into(), "See the request".into())));
        assert_eq!(
            way_out(PortalError::SignInAgain),
            Some(("/sign-in?again=1".into(), "Sign in again".into()))
        );
        assert_eq!(way_out(PortalError::Invalid(vec![FieldError::new("a", "b")])), None);
    }
}
