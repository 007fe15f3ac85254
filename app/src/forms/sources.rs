//! Sources of events and their tokens.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::address;
use crate::backend::{Saved, TypedSource, TypedSourceEnd, TypedToken, TypedTokenEnd};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

impl Form for TypedSource {
    const NAME: &'static str = "source";

    fn path(&self) -> String {
        routes::source(&address::encode(&self.slug))
    }
}

impl Form for TypedSourceEnd {
    const NAME: &'static str = "end-source";

    fn path(&self) -> String {
        routes::source(&address::encode(&self.slug))
    }
}

impl Form for TypedToken {
    const NAME: &'static str = "token";

    fn path(&self) -> String {
        routes::token(&address::encode(&self.slug), &address::encode(&self.token))
    }
}

impl Form for TypedTokenEnd {
    const NAME: &'static str = "end-token";

    fn path(&self) -> String {
        routes::tokens(&address::encode(&self.slug))
    }
}

/// Saves a source, or adds one.
#[server(prefix = "/api/form", endpoint = "save-source")]
pub async fn save_source(typed: TypedSource) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.sources.save(&counter.caller, &typed).await;
    counter.close(&typed, done, |(saved, slug)| after_source(&typed, saved, &slug)).await
}

fn after_source(typed: &TypedSource, saved: Saved, slug: &str) -> String {
    let notice = match saved {
        Saved::Unchanged => Notice::NothingChanged,
        _ if typed.slug.is_empty() => Notice::SourceAdded,
        _ => Notice::SourceSaved,
    };
    notice.on(&routes::source(&address::encode(slug)))
}

/// Closes a source.
#[server(prefix = "/api/form", endpoint = "end-source")]
pub async fn end_source(typed: TypedSourceEnd) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.sources.end(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::SourceEnded.on(&typed.path())).await
}

/// Makes a token with the secret that was offered, or gives one another secret.
#[server(prefix = "/api/form", endpoint = "keep-token")]
pub async fn keep_token(typed: TypedToken) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.sources.keep(&counter.caller, &typed).await;
    let notice = if typed.token.is_empty() { Notice::TokenMade } else { Notice::TokenRotated };
    counter.close(&typed, done, |()| notice.on(&routes::tokens(&address::encode(&typed.slug)))).await
}

/// Ends a token.
#[server(prefix = "/api/form", endpoint = "end-token")]
pub async fn end_token(typed: TypedTokenEnd) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.sources.end_token(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::TokenEnded.on(&typed.path())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_part_of_what_a_failed_form_keeps() {
        let typed = TypedToken { secret: "gatebook_x".into(), name: "n".into(), ..Default::default() };
        let kept = crate::forms::draft_of(&typed, &PortalError::Internal).typed;
        assert!(!kept.contains("gatebook_x") && kept.contains("\"n\""), "{kept}");
        for (secret, is_kept) in [("hunter2", false), ("env:HUNTER2", true)] {
            let typed = TypedSource { webhook_secret: secret.into(), ..Default::default() };
            let kept = crate::forms::draft_of(&typed, &PortalError::Internal).typed;
            assert_eq!(kept.contains(secret), is_kept, "{kept}");
        }
    }

    #[test]
    fn forms_lead_back_to_where_they_stand() {
        let token = TypedToken { slug: "a&b".into(), token: "1".into(), ..Default::default() };
        assert_eq!(token.path(), "/admin/sources/a%26b/token?token=1");
        assert_eq!(TypedToken::default().path(), "/admin/reading-tokens/token");
        assert_eq!(TypedTokenEnd::default().path(), "/admin/reading-tokens");
        assert_eq!(TypedSource::default().path(), "/admin/sources/new");
        assert_eq!(
            after_source(&TypedSource::default(), Saved::Done, "a"),
            "/admin/sources/a?done=source-added"
        );
    }
}
