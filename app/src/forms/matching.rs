//! Saying who or what the words of a source mean.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::backend::{Saved, TypedAlias};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

impl Form for TypedAlias {
    const NAME: &'static str = "alias";

    fn path(&self) -> String {
        routes::UNMATCHED.to_owned()
    }
}

/// Says who or what is meant by a key, or takes that back.
#[server(prefix = "/api/form", endpoint = "answer-unmatched")]
pub async fn answer_unmatched(typed: TypedAlias) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.matching.answer(&counter.caller, &typed).await;
    counter.close(&typed, done, |saved| notice(&typed, saved).on(&typed.path())).await
}

fn notice(typed: &TypedAlias, saved: Saved) -> Notice {
    match (saved, typed.choice.as_str()) {
        (Saved::Unchanged, _) => Notice::NothingChanged,
        (_, "forget") => Notice::AliasTakenBack,
        _ => Notice::AliasSet,
    }
}
