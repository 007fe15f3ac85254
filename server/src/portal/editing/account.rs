//! The name that somebody goes by on a system: set by those who look after the system, never by oneself.

use app::backend::{AccountRow, Saved, TypedAccount};
use app::error::PortalError;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::{PersonId, SystemId};
use store::account_edit::{self, AccountRecord, ONE_PERSON};
use store::{Store, person};

use crate::portal::typed::Faults;
use crate::portal::{Fault, Refused, refuse};

/// What somebody is called on the systems that the caller looks after; nothing for oneself.
pub async fn list(store: &Store, caller: &Caller, id: PersonId) -> Result<Vec<AccountRow>, Fault> {
    if caller.id() == id {
        return Ok(Vec::new());
    }
    let mut conn = store.read().await?;
    let records = account_edit::of(&mut conn, id, caller.id(), caller.roles.administrator).await?;
    Ok(records
        .into_iter()
        .map(|record| AccountRow {
            system_id: record.system.to_string(),
            system: record.system_name,
            name: record.name.unwrap_or_default(),
        })
        .collect())
}

/// Sets what was typed; empty takes the account away.
pub async fn set(store: &Store, caller: &Caller, typed: &TypedAccount) -> Result<Saved, Fault> {
    let id: PersonId = typed.person.trim().parse().map_err(|_| PortalError::NotFound)?;
    let mut tx = store.begin().await?;
    let record = person::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    let accounts = account_edit::of(tx.conn(), id, caller.id(), caller.roles.administrator).await?;
    let chosen = typed.system.trim().parse::<SystemId>().ok();
    let account = accounts.into_iter().find(|account| Some(account.system) == chosen);
    let account = match account {
        Some(account) if caller.id() != id => account,
        _ => {
            drop(tx);
            let message = if caller.id() == id {
                "Nobody sets their own account. Whoever looks after the system does."
            } else {
                "Only owners of a system and administrators set accounts on it."
            };
            let about = About::default();
            let refused = Refused { tried: Action::AccountSet, about, request: None, message };
            return Err(refuse(store, caller, refused).await);
        }
    };
    let mut faults = Faults::default();
    let name = faults.line("account", &typed.account);
    if faults.is_empty() && name != account.name && account.name.is_some() && account.live_grants > 0 {
        let message = format!(
            "They hold access on {} under this name, so it stays until that has ended.",
            account.system_name
        );
        faults.add("account", message);
    }
    faults.check()?;
    if name == account.name {
        return Ok(Saved::Unchanged);
    }
    if !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    account_edit::set(tx.conn(), id, account.system, name.as_deref()).await.map_err(|error| {
        if error.violates(ONE_PERSON) {
            let message = format!("Somebody else is called so on {}.", account.system_name);
            Fault::from(PortalError::field("account", message))
        } else {
            error.into()
        }
    })?;
    let AccountRecord { system, system_name, name: before, .. } = account;
    let about = About { system_id: Some(system), system: Some(system_name), ..About::default() };
    let event = NewEvent::by(caller, Action::AccountSet)
        .subject(record.person())
        .about(about)
        .detail(serde_json::json!({ "before": { "account": before }, "after": { "account": name } }));
    tx.commit(event).await?;
    Ok(Saved::Done)
}
