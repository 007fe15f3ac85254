//! The job roles of a person, and what they explain no longer.

use std::collections::BTreeSet;

use app::backend::{JobRolesEdit, Saved, TypedJobRoles, Unexplained};
use app::error::PortalError;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::id::{JobRoleId, PersonId};
use serde_json::json;
use store::group_edit::{self, Kind};
use store::{Store, directory, explanation, person};

use crate::portal::{Fault, Refused, refuse};

const UNEXPLAINED_MAX: i64 = 200;

/// Which job roles somebody has, of all there are; `None` where the caller may not set them.
pub async fn show(store: &Store, caller: &Caller, id: PersonId) -> Result<Option<JobRolesEdit>, Fault> {
    if !caller.roles.administrator || caller.id() == id {
        return Ok(None);
    }
    let mut conn = store.read().await?;
    let has = group_edit::job_roles_of(&mut conn, id).await?;
    let all = group_edit::list(&mut conn, Kind::JobRole).await?;
    let job_roles: Vec<String> = has.iter().map(|(id, _)| id.to_string()).collect();
    let typed = TypedJobRoles { person: id.to_string(), version: job_roles.join(","), job_roles };
    Ok(Some(JobRolesEdit { typed, all: all.into_iter().map(|one| (one.id.to_string(), one.name)).collect() }))
}

/// Sets the job roles of somebody.
pub async fn set(store: &Store, caller: &Caller, typed: &TypedJobRoles) -> Result<Saved, Fault> {
    let id: PersonId = typed.person.trim().parse().map_err(|_| PortalError::NotFound)?;
    let mut tx = store.begin().await?;
    let record = person::lock(tx.conn(), id).await?.ok_or(PortalError::NotFound)?;
    if !caller.roles.administrator || caller.id() == id {
        drop(tx);
        let message = if caller.id() == id {
            "Nobody sets their own job roles."
        } else {
            "Only administrators set the job roles of somebody."
        };
        let refused =
            Refused { tried: Action::PersonUpdated, about: About::default(), request: None, message };
        return Err(refuse(store, caller, refused).await);
    }
    let before = group_edit::job_roles_of(tx.conn(), id).await?;
    let stands = before.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(",");
    if typed.version != stands {
        let message =
            "Somebody changed these job roles since you opened the page. Nothing of yours was saved yet.";
        return Err(PortalError::Conflict(message.to_owned()).into());
    }
    let all = group_edit::list(tx.conn(), Kind::JobRole).await?;
    let chosen: BTreeSet<&str> = typed.job_roles.iter().map(|id| id.trim()).collect();
    let after: Vec<(JobRoleId, String)> = all
        .into_iter()
        .filter(|one| chosen.contains(one.id.to_string().as_str()))
        .map(|one| (JobRoleId(one.id), one.slug))
        .collect();
    if after.len() < chosen.len() {
        let message = "A job role that was chosen does not exist any more. Look at what is chosen now.";
        return Err(PortalError::field("job_roles", message).into());
    }
    if after == before {
        return Ok(Saved::Unchanged);
    }
    let now = tx.now;
    let ids: BTreeSet<JobRoleId> = after.iter().map(|(id, _)| *id).collect();
    directory::set_job_roles(tx.conn(), id, &ids, now).await?;
    let slugs = |some: &[(JobRoleId, String)]| some.iter().map(|(_, slug)| slug.clone()).collect::<Vec<_>>();
    let told = json!({ "job_roles": { "before": slugs(&before), "after": slugs(&after) } });
    tx.commit(NewEvent::by(caller, Action::PersonUpdated).subject(record.person()).detail(told)).await?;
    Ok(Saved::Done)
}

/// What no job role explains any more, of the caller's reports and on what they own; administrators see all.
pub async fn unexplained(store: &Store, caller: &Caller) -> Result<Vec<Unexplained>, Fault> {
    let all = caller.roles.administrator;
    let lost = explanation::lost(&mut *store.read().await?, caller.id(), all, UNEXPLAINED_MAX).await?;
    Ok(lost
        .into_iter()
        .map(|record| Unexplained {
            person: record.person,
            entitlement: record.entitlement,
            resource: record.resource,
            resource_slug: record.resource_slug,
            system: record.system,
            job_role: record.job_role,
            since: record.since,
            sees_person: record.is_report || all || caller.roles.auditor,
        })
        .collect())
}
