//! Making systems, resources, bundles and job roles.

use leptos::prelude::*;

use super::{Counter, Form};
use crate::address;
use crate::backend::{
    GroupKind, Saved, TypedGiveUp, TypedGroup, TypedJobRoles, TypedRemoval, TypedResource, TypedSystem,
};
use crate::error::PortalError;
use crate::notice::Notice;
use crate::routes;

/// Where the groups of a kind stand.
pub(crate) fn groups(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Bundle => routes::BUNDLES,
        GroupKind::JobRole => routes::JOB_ROLES,
    }
}

/// The page of one of a kind; an empty `id` is the form for another.
pub(crate) fn group(kind: GroupKind, id: &str) -> String {
    format!("{}/{}", groups(kind), if id.is_empty() { "new" } else { id })
}

impl Form for TypedSystem {
    const NAME: &'static str = "system";

    fn path(&self) -> String {
        routes::system(&address::encode(&self.id))
    }
}

impl Form for TypedGroup {
    const NAME: &'static str = "group";

    fn path(&self) -> String {
        match GroupKind::parse(&self.kind) {
            Some(kind) => group(kind, &address::encode(&self.id)),
            None => routes::ADMIN.to_owned(),
        }
    }
}

impl Form for TypedRemoval {
    const NAME: &'static str = "removal";

    fn path(&self) -> String {
        match GroupKind::parse(&self.kind) {
            Some(kind) => group(kind, &address::encode(&self.id)),
            None => routes::system(&address::encode(&self.id)),
        }
    }
}

impl Form for TypedJobRoles {
    const NAME: &'static str = "job-roles";

    fn path(&self) -> String {
        format!("{}/{}", routes::PEOPLE, address::encode(&self.person))
    }
}

impl Form for TypedGiveUp {
    const NAME: &'static str = "give-up-owners";

    fn path(&self) -> String {
        routes::ADMIN.to_owned()
    }
}

/// Saves a system, or adds one.
#[server(prefix = "/api/form", endpoint = "save-system")]
pub async fn save_system(typed: TypedSystem) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.administration.save_system(&counter.caller, &typed).await;
    counter.close(&typed, done, |(saved, id)| after_system(&typed, saved, &id)).await
}

fn after_system(typed: &TypedSystem, saved: Saved, id: &str) -> String {
    let notice = match saved {
        Saved::Done if typed.id.is_empty() => Notice::SystemAdded,
        Saved::Done => Notice::CatalogueSaved,
        Saved::Unchanged => Notice::NothingChanged,
        Saved::Proposed => Notice::LooseningProposed,
    };
    notice.on(&routes::system(&address::encode(id)))
}

/// Adds a resource.
#[server(prefix = "/api/form", endpoint = "add-resource")]
pub async fn add_resource(typed: TypedResource) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.administration.add_resource(&counter.caller, &typed).await;
    counter.close(&typed, done, |slug| Notice::ResourceAdded.on(&routes::resource(&slug))).await
}

/// Saves a bundle or job role, or adds one.
#[server(prefix = "/api/form", endpoint = "save-group")]
pub async fn save_group(typed: TypedGroup) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.administration.save_group(&counter.caller, &typed).await;
    counter.close(&typed, done, |(saved, _)| after_group(&typed, saved)).await
}

fn after_group(typed: &TypedGroup, saved: Saved) -> String {
    match (saved, GroupKind::parse(&typed.kind)) {
        (Saved::Unchanged, _) => Notice::NothingChanged.on(&typed.path()),
        (_, Some(GroupKind::JobRole)) => Notice::JobRoleSaved.on(routes::JOB_ROLES),
        _ => Notice::BundleSaved.on(routes::BUNDLES),
    }
}

/// Deletes a system, bundle or job role.
#[server(prefix = "/api/form", endpoint = "delete-made")]
pub async fn delete_made(typed: TypedRemoval) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let administration = &counter.backend.administration;
    let kind = GroupKind::parse(&typed.kind);
    let done = match kind {
        Some(_) => administration.delete_group(&counter.caller, &typed).await,
        None => administration.delete_system(&counter.caller, &typed).await,
    };
    counter.close(&typed, done, |()| Notice::Gone.on(kind.map_or(routes::SYSTEMS, groups))).await
}

/// Sets the job roles of somebody.
#[server(prefix = "/api/form", endpoint = "set-job-roles")]
pub async fn set_job_roles(typed: TypedJobRoles) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.administration.set_job_roles(&counter.caller, &typed).await;
    let notice = |saved| if saved == Saved::Unchanged { Notice::NothingChanged } else { Notice::JobRolesSet };
    counter.close(&typed, done, |saved| notice(saved).on(&typed.path())).await
}

/// Gives up owners who do not work here any more.
#[server(prefix = "/api/form", endpoint = "give-up-owners")]
pub async fn give_up_owners(typed: TypedGiveUp) -> Result<(), PortalError> {
    let counter = Counter::open()?;
    let done = counter.backend.administration.give_up_owners(&counter.caller, &typed).await;
    counter.close(&typed, done, |()| Notice::OwnersGivenUp.on(&typed.path())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_goes_back_to_its_own_form() {
        let system = TypedSystem { id: "1".into(), ..Default::default() };
        assert_eq!(
            (system.path(), TypedSystem::default().path()),
            ("/admin/systems/1".into(), "/admin/systems/new".into())
        );
        let group = TypedGroup { kind: "job-role".into(), id: "a&b".into(), ..Default::default() };
        assert_eq!(group.path(), "/admin/job-roles/a%26b");
        let new = TypedResource { system: "led&ger".into(), ..Default::default() };
        assert_eq!(new.path(), "/catalogue/new?system=led%26ger");
        let removal = TypedRemoval { kind: "bundle".into(), id: "1".into(), ..Default::default() };
        assert_eq!(removal.path(), "/admin/bundles/1");
    }

    #[test]
    fn what_is_added_leads_on_to_what_comes_next() {
        assert_eq!(
            after_system(&TypedSystem::default(), Saved::Done, "1"),
            "/admin/systems/1?done=system-added"
        );
        let typed = TypedGroup { kind: "bundle".into(), ..Default::default() };
        assert_eq!(after_group(&typed, Saved::Done), "/admin/bundles?done=bundle-saved");
    }
}
