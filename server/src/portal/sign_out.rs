//! Ending sessions: by oneself, or because the provider says so.

use domain::audit::{Action, Actor, NewEvent};
use domain::caller::{Caller, Source};
use serde_json::json;
use store::{Store, StoreError, session};

use crate::oidc::LogoutNotice;

/// Ends the session that the caller is in. Answers the hint for signing out at the provider.
///
/// # Errors
/// When the database refuses it; then the session goes on.
pub async fn by_self(store: &Store, caller: &Caller) -> Result<Option<String>, StoreError> {
    let mut tx = store.begin().await?;
    let Some(ended) = session::end(&mut tx, caller.session).await? else { return Ok(None) };
    tx.commit(NewEvent::by(caller, Action::SignedOut).subject(caller.person.clone())).await?;
    Ok(ended.id_token)
}

/// Ends the sessions that a notice of the provider is about, each with its event. `false` when the notice
/// was obeyed before.
///
/// # Errors
/// When the database refuses it; then the notice may come again.
pub async fn by_provider(
    store: &Store,
    issuer: &str,
    notice: &LogoutNotice,
    source: Source,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    if !session::remember_logout_token(&mut tx, issuer, &notice.jti, notice.expires_at).await? {
        return Ok(false);
    }
    let ended =
        session::end_by_provider(&mut tx, issuer, notice.sid.as_deref(), notice.subject.as_deref()).await?;
    let count = ended.len();
    let mut events = ended.into_iter().map(|person| {
        NewEvent::new(Actor::System, source.clone(), Action::SessionEnded)
            .subject(person)
            .reason(Some("signed out at the sign-in provider".to_owned()))
    });
    let last = events.next_back().unwrap_or_else(|| {
        NewEvent::new(Actor::System, source.clone(), Action::SessionEnded)
            .reason(Some("signed out at the sign-in provider; no session was left to end".to_owned()))
            .detail(json!({ "sessions": 0 }))
    });
    for event in events {
        tx.record(event).await?;
    }
    tx.commit(last).await?;
    tracing::info!(count, "the provider ended sessions");
    Ok(true)
}
