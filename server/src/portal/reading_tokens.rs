//! Tokens that read the book: administrators make, rotate and end them.

use app::backend::{Offer, TypedToken, TypedTokenEnd};
use app::error::PortalError;
use chrono::TimeDelta;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::TokenId;
use domain::token;
use serde_json::json;
use store::source::{self, KeptSecret, TokenRecord};
use store::{Store, Tx, reading_token};

use super::editing::{form, may};
use super::typed::Faults;
use super::{Fault, refuse};
use crate::secret;

/// What its tokens belong to, as people call it.
const WHAT: &str = "Tokens that read";

pub(super) async fn list(store: &Store, caller: &Caller) -> Result<Vec<TokenRecord>, Fault> {
    may::must_administer(caller)?;
    Ok(reading_token::list(&mut *store.read().await?).await?)
}

pub(super) async fn offer(store: &Store, caller: &Caller, token: &str) -> Result<Offer, Fault> {
    may::must_administer(caller)?;
    let token = match token {
        "" => None,
        id => Some(working(reading_token::list(&mut *store.read().await?).await?, id)?.name),
    };
    Ok(Offer { source: WHAT.to_owned(), token, secret: token::secret(&secret::token()) })
}

pub(super) async fn keep(
    store: &Store,
    caller: &Caller,
    typed: &TypedToken,
    previous_works: TimeDelta,
) -> Result<(), Fault> {
    let action = if typed.token.is_empty() { Action::TokenMade } else { Action::TokenRotated };
    let mut tx = begin(store, caller, action).await?;
    let all = reading_token::lock(tx.conn()).await?;
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
        reading_token::insert(tx.conn(), id, &name, kept, caller.id(), now).await?;
        name
    } else {
        faults.check()?;
        let token = working(all, &typed.token)?;
        source::rotate_token(tx.conn(), token.id, kept, now + previous_works, now).await?;
        token.name
    };
    let detail = json!({ "token": name, "ends_with": kept.hint, "reads": true });
    tx.commit(NewEvent::by(caller, action).detail(detail)).await?;
    Ok(())
}

pub(super) async fn end(store: &Store, caller: &Caller, typed: &TypedTokenEnd) -> Result<(), Fault> {
    let mut tx = begin(store, caller, Action::TokenEnded).await?;
    let token = working(reading_token::lock(tx.conn()).await?, &typed.token)?;
    let now = tx.now;
    source::end_token(tx.conn(), token.id, caller.id(), now).await?;
    let detail = json!({ "token": token.name, "ends_with": token.hint, "reads": true });
    tx.commit(NewEvent::by(caller, Action::TokenEnded).detail(detail)).await?;
    Ok(())
}

async fn begin(store: &Store, caller: &Caller, action: Action) -> Result<Tx, Fault> {
    if let Some(refused) = may::not_administrator(caller, action, About::default()) {
        return Err(refuse(store, caller, refused).await);
    }
    Ok(store.begin().await?)
}

fn working(all: Vec<TokenRecord>, token: &str) -> Result<TokenRecord, Fault> {
    let id: TokenId = token.trim().parse().map_err(|_| PortalError::NotFound)?;
    let found = all.into_iter().find(|token| token.id == id).ok_or(PortalError::NotFound)?;
    if found.ended_at.is_some() {
        return Err(PortalError::Conflict("This token has ended. Make another one.".to_owned()).into());
    }
    Ok(found)
}
