//! Tokens: those of a source, which write its events, and those of none, which read the book. Administrators make, rotate
//! and end them.

use app::backend::{Offer, TypedToken, TypedTokenEnd};
use app::error::PortalError;
use chrono::TimeDelta;
use domain::audit::{Action, NewEvent};
use domain::caller::Caller;
use domain::id::TokenId;
use domain::token;
use serde_json::{Value, json};
use store::source::{self, KeptSecret, SourceRecord, TokenRecord};
use store::{PgConnection, Store, Tx};

use super::editing::{form, may};
use super::typed::Faults;
use super::{Fault, sources};
use crate::secret;

/// What those of no source belong to, as people call it.
const OF_NONE: &str = "Tokens that read";
/// So long does the secret of before work after a rotation.
const PREVIOUS_WORKS: TimeDelta = TimeDelta::hours(24);

/// Those that belong to no source.
pub(super) async fn of_none(store: &Store, caller: &Caller) -> Result<Vec<TokenRecord>, Fault> {
    may::must_administer(caller)?;
    Ok(source::tokens(&mut *store.read().await?, None).await?)
}

/// A secret for a new token, or for this one.
pub(super) async fn offer(store: &Store, caller: &Caller, slug: &str, token: &str) -> Result<Offer, Fault> {
    may::must_administer(caller)?;
    let mut conn = store.read().await?;
    let of = match slug {
        "" => None,
        slug => {
            let found = source::find(&mut conn, slug).await?.filter(|found| found.ended_at.is_none());
            Some(found.ok_or(PortalError::NotFound)?)
        }
    };
    let token = match token {
        "" => None,
        id => Some(working(&mut conn, of.as_ref(), id).await?.name),
    };
    let source = of.map_or_else(|| OF_NONE.to_owned(), |source| source.name);
    Ok(Offer { source, token, secret: token::secret(&secret::token()) })
}

/// The source, kept from others who change its tokens; nothing is those of none.
async fn lock(tx: &mut Tx, slug: &str) -> Result<Option<SourceRecord>, Fault> {
    match slug {
        "" => {
            source::lock_tokens_of_none(tx.conn()).await?;
            Ok(None)
        }
        slug => Ok(Some(sources::lock(tx, slug).await?)),
    }
}

pub(super) async fn keep(store: &Store, caller: &Caller, typed: &TypedToken) -> Result<(), Fault> {
    let action = if typed.token.is_empty() { Action::TokenMade } else { Action::TokenRotated };
    let mut tx = sources::begin(store, caller, action).await?;
    let of = lock(&mut tx, &typed.slug).await?;
    let mut faults = Faults::default();
    let offered = typed.secret.trim();
    if !token::is_secret(offered) {
        faults.add("secret", "This is not the secret that was offered. Here is another one.");
    }
    let hash = secret::hash(offered.as_bytes());
    let kept = KeptSecret { hash: &hash, hint: token::hint(offered) };
    let now = tx.now;
    let name = if typed.token.is_empty() {
        let name = form::name(&mut faults, &typed.name, domain::text::LINE_MAX_CHARS);
        faults.check()?;
        let id = TokenId(tx.new_id());
        let of = of.as_ref().map(|source| source.id);
        source::insert_token(tx.conn(), id, of, &name, kept, caller.id(), now).await?;
        name
    } else {
        faults.check()?;
        let token = working(tx.conn(), of.as_ref(), &typed.token).await?;
        source::rotate_token(tx.conn(), token.id, kept, now + PREVIOUS_WORKS, now).await?;
        token.name
    };
    tx.commit(told(caller, action, of.as_ref(), &name, kept.hint)).await?;
    Ok(())
}

pub(super) async fn end(store: &Store, caller: &Caller, typed: &TypedTokenEnd) -> Result<(), Fault> {
    let mut tx = sources::begin(store, caller, Action::TokenEnded).await?;
    let of = lock(&mut tx, &typed.slug).await?;
    let token = working(tx.conn(), of.as_ref(), &typed.token).await?;
    let now = tx.now;
    source::end_token(tx.conn(), token.id, caller.id(), now).await?;
    tx.commit(told(caller, Action::TokenEnded, of.as_ref(), &token.name, &token.hint)).await?;
    Ok(())
}

fn told(caller: &Caller, action: Action, of: Option<&SourceRecord>, name: &str, hint: &str) -> NewEvent {
    let event = NewEvent::by(caller, action);
    let with = |whose: Value| {
        let mut detail = json!({ "token": name, "ends_with": hint });
        if let (Some(detail), Value::Object(whose)) = (detail.as_object_mut(), whose) {
            detail.extend(whose);
        }
        detail
    };
    match of {
        Some(source) => event
            .about(sources::about(source.system.as_ref()))
            .detail(with(json!({ "source": source.name, "slug": source.slug }))),
        None => event.detail(with(json!({ "reads": true }))),
    }
}

/// A token that works.
async fn working(
    conn: &mut PgConnection,
    of: Option<&SourceRecord>,
    token: &str,
) -> Result<TokenRecord, Fault> {
    let id: TokenId = token.trim().parse().map_err(|_| PortalError::NotFound)?;
    let all = source::tokens(conn, of.map(|source| source.id)).await?;
    let found = all.into_iter().find(|token| token.id == id).ok_or(PortalError::NotFound)?;
    if found.ended_at.is_some() {
        return Err(PortalError::Conflict("This token has ended. Make another one.".to_owned()).into());
    }
    Ok(found)
}
