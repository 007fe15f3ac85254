//! Editing the catalogue.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::address;
use crate::backend::{Saved, TypedAccount, TypedAnswer, TypedDeletion, TypedEntitlement, TypedResource};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

impl Form for TypedResource {
    const NAME: &'static str = "edit-resource";

    fn path(&self) -> String {
        match self.slug.as_str() {
            "" if self.system.is_empty() => routes::RESOURCE_NEW.to_owned(),
            "" => address::with(routes::RESOURCE_NEW, "system", &self.system),
            slug => routes::resource_edit(&address::encode(slug)),
        }
    }
}

impl Form for TypedEntitlement {
    const NAME: &'static str = "edit-entitlement";

    fn path(&self) -> String {
        routes::entitlement_edit(&address::encode(&self.slug), &address::encode(&self.id))
    }
}

impl Form for TypedDeletion {
    const NAME: &'static str = "delete";

    fn path(&self) -> String {
        let slug = address::encode(&self.slug);
        match self.id.as_str() {
            "" => routes::resource_edit(&slug),
            id => routes::entitlement_edit(&slug, &address::encode(id)),
        }
    }
}

impl Form for TypedAnswer {
    const NAME: &'static str = "answer-loosening";

    fn path(&self) -> String {
        address::safe_local(&self.back, routes::TASKS).to_owned()
    }
}

impl Form for TypedAccount {
    const NAME: &'static str = "set-account";

    fn path(&self) -> String {
        format!("{}/{}", routes::PEOPLE, address::encode(&self.person))
    }
}

/// Saves a resource.
#[server(prefix = "/api/form", endpoint = "save-resource")]
pub async fn save_resource(typed: TypedResource) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.editing.save_resource(&counter.caller, &typed).await;
    counter.close(&typed, done, |saved| after(saved, &typed.slug, &typed.path())).await
}

/// Saves an entitlement, or adds one.
#[server(prefix = "/api/form", endpoint = "save-entitlement")]
pub async fn save_entitlement(typed: TypedEntitlement) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.editing.save_entitlement(&counter.caller, &typed).await;
    counter.close(&typed, done, |saved| after(saved, &typed.slug, &typed.path())).await
}

/// Deletes a resource or an entitlement.
#[server(prefix = "/api/form", endpoint = "delete-from-catalogue")]
pub async fn delete_from_catalogue(typed: TypedDeletion) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.editing.delete(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::Deleted.on(&gone_to(&typed))).await
}

/// Sets what somebody is called on a system.
#[server(prefix = "/api/form", endpoint = "set-account")]
pub async fn set_account(typed: TypedAccount) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.editing.set_account(&counter.caller, &typed).await;
    counter.close(&typed, done, |saved| account_notice(saved).on(&typed.path())).await
}

fn account_notice(saved: Saved) -> Notice {
    if saved == Saved::Unchanged { Notice::NothingChanged } else { Notice::AccountSet }
}

/// Confirms or rejects looser rules.
#[server(prefix = "/api/form", endpoint = "answer-loosening")]
pub async fn answer_loosening(typed: TypedAnswer) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.editing.answer(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| answered(&typed).on(&typed.path())).await
}

fn answered(typed: &TypedAnswer) -> Notice {
    if typed.verdict == "confirm" { Notice::LooseningConfirmed } else { Notice::LooseningRejected }
}

/// Where to go on: what is saved shows on the resource's page, what waits shows on the form's.
fn after(saved: Saved, slug: &str, form: &str) -> String {
    match saved {
        Saved::Done => Notice::CatalogueSaved.on(&routes::resource(&address::encode(slug))),
        Saved::Unchanged => Notice::NothingChanged.on(form),
        Saved::Proposed => Notice::LooseningProposed.on(form),
    }
}

/// What still exists after a deletion.
fn gone_to(typed: &TypedDeletion) -> String {
    if typed.id.is_empty() {
        routes::CATALOGUE.to_owned()
    } else {
        routes::resource(&address::encode(&typed.slug))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_edit_goes_back_to_its_own_form() {
        let new = TypedEntitlement { slug: "ledger".into(), ..Default::default() };
        assert_eq!(new.path(), "/catalogue/ledger/entitlements/new");
        let one = TypedEntitlement { slug: "led&ger".into(), id: "1".into(), ..Default::default() };
        assert_eq!(one.path(), "/catalogue/led%26ger/entitlements/1/edit");
        let deletion = TypedDeletion { slug: "ledger".into(), ..Default::default() };
        assert_eq!(deletion.path(), "/catalogue/ledger/edit");
        assert_eq!(gone_to(&deletion), "/catalogue");
    }

    #[test]
    fn what_waits_stays_on_its_form_and_what_is_saved_shows_on_the_resource() {
        let form = "/catalogue/ledger/edit";
        assert_eq!(after(Saved::Done, "ledger", form), "/catalogue/ledger?done=catalogue-saved");
        assert_eq!(after(Saved::Unchanged, "ledger", form), "/catalogue/ledger/edit?done=nothing-changed");
        assert_eq!(after(Saved::Proposed, "ledger", form), "/catalogue/ledger/edit?done=loosening-proposed");
    }
}
