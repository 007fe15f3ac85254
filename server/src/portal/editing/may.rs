//! Who may edit what. Everybody sees the catalogue, so who may not is told so, and the attempt is written down.

use app::error::PortalError;
use domain::audit::{About, Action};
use domain::caller::Caller;
use domain::id::{EntitlementId, SystemId};
use store::catalogue_edit::{self, EditedEntitlement, EditedResource};
use store::system_edit::{self, EditedSystem};
use store::{PgConnection, owner};

use crate::portal::{Fault, Refused};

/// What somebody wants to edit, or why they may not.
pub type Allowed<T> = Result<T, Refused<'static>>;

/// What it is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// To be shown.
    Show,
    /// To be written: nobody else edits it meanwhile.
    Write(Action),
}

impl For {
    async fn find(self, conn: &mut PgConnection, slug: &str) -> Result<EditedResource, Fault> {
        let found = match self {
            Self::Show => catalogue_edit::resource(conn, slug.trim()).await?,
            Self::Write(_) => catalogue_edit::lock_resource(conn, slug.trim()).await?,
        };
        Ok(found.ok_or(PortalError::NotFound)?)
    }

    fn tried(self) -> Action {
        match self {
            Self::Show => Action::ResourceChanged,
            Self::Write(action) => action,
        }
    }
}

/// The system, for those who look after it: its owners and administrators.
pub async fn look_after_system(
    conn: &mut PgConnection,
    caller: &Caller,
    id: SystemId,
    what_for: For,
) -> Result<Allowed<EditedSystem>, Fault> {
    let found = match what_for {
        For::Show => system_edit::find(conn, id).await?,
        For::Write(_) => system_edit::lock(conn, id).await?,
    };
    let found = found.ok_or(PortalError::NotFound)?;
    if caller.roles.administrator || owner::owns_system(conn, caller.id(), id).await? {
        return Ok(Ok(found));
    }
    let message = "Only owners of this system and administrators look after it.";
    Ok(Err(Refused { tried: what_for.tried(), about: found.about(), request: None, message }))
}

/// Why the caller may not do what only administrators do; `None` where they are one.
pub fn not_administrator(caller: &Caller, tried: Action, about: About) -> Option<Refused<'static>> {
    let message = "Only administrators do this.";
    (!caller.roles.administrator).then_some(Refused { tried, about, request: None, message })
}

/// What a page that is for administrators answers everybody else.
pub fn must_administer(caller: &Caller) -> Result<(), PortalError> {
    match not_administrator(caller, Action::SystemChanged, About::default()) {
        Some(refused) => Err(forbid(refused)),
        None => Ok(()),
    }
}

/// What a page that is not for this caller answers.
pub fn forbid(refused: Refused<'_>) -> PortalError {
    PortalError::Forbidden(refused.message.to_owned())
}

/// The resource at this address.
pub async fn resource(
    conn: &mut PgConnection,
    caller: &Caller,
    slug: &str,
    what_for: For,
) -> Result<Allowed<EditedResource>, Fault> {
    let found = what_for.find(conn, slug).await?;
    let owns = owner::owns_resource(conn, caller.id(), found.id).await?;
    if owns || caller.roles.administrator {
        return Ok(Ok(found));
    }
    let message = "Only owners of this resource or its system and administrators edit it.";
    Ok(Err(Refused { tried: what_for.tried(), about: found.about(), request: None, message }))
}

/// An entitlement of the resource at this address.
pub async fn entitlement(
    conn: &mut PgConnection,
    caller: &Caller,
    slug: &str,
    id: &str,
    what_for: For,
) -> Result<Allowed<(EditedResource, EditedEntitlement)>, Fault> {
    let id: EntitlementId = id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let resource = what_for.find(conn, slug).await?;
    let found = catalogue_edit::entitlement(conn, resource.id, id).await?.ok_or(PortalError::NotFound)?;
    if caller.roles.administrator || owner::owns(conn, caller.id(), id).await? {
        return Ok(Ok((resource, found)));
    }
    let message = "Only owners of this entitlement, its resource or its system and administrators edit it.";
    Ok(Err(Refused { tried: what_for.tried(), about: found.about(&resource), request: None, message }))
}
