//! The port of those who make what can be asked for.

use app::backend::{
    Administration, Answer, GroupEdit, GroupKind, GroupRow, JobRolesEdit, Overview, ResourceNew, Saved,
    SystemEdit, SystemRow, TypedGiveUp, TypedGroup, TypedJobRoles, TypedRemoval, TypedResource, TypedSystem,
    Unexplained,
};
use async_trait::async_trait;
use domain::caller::Caller;
use domain::id::PersonId;

use super::{group, job_roles, new_resource, system, unowned};
use crate::portal::{Portal, tell};

#[async_trait]
impl Administration for Portal {
    async fn overview(&self, caller: &Caller) -> Answer<Overview> {
        tell(unowned::overview(&self.store, caller).await)
    }

    async fn systems(&self, caller: &Caller) -> Answer<Vec<SystemRow>> {
        tell(system::list(&self.store, caller).await)
    }

    async fn system(&self, caller: &Caller, id: &str) -> Answer<SystemEdit> {
        tell(system::show(&self.store, caller, id).await)
    }

    async fn save_system(&self, caller: &Caller, typed: &TypedSystem) -> Answer<(Saved, String)> {
        tell(if typed.id.trim().is_empty() {
            system::add(&self.store, caller, typed).await.map(|id| (Saved::Done, id.to_string()))
        } else {
            system::save(&self.store, caller, typed).await.map(|saved| (saved, typed.id.clone()))
        })
    }

    async fn delete_system(&self, caller: &Caller, typed: &TypedRemoval) -> Answer<()> {
        tell(system::delete(&self.store, caller, typed).await)
    }

    async fn new_resource(&self, caller: &Caller, system: &str) -> Answer<ResourceNew> {
        tell(new_resource::show(&self.store, caller, system).await)
    }

    async fn add_resource(&self, caller: &Caller, typed: &TypedResource) -> Answer<String> {
        tell(new_resource::add(&self.store, caller, typed).await)
    }

    async fn may_add_resources(&self, caller: &Caller) -> Answer<bool> {
        tell(new_resource::may_any(&self.store, caller).await)
    }

    async fn groups(&self, caller: &Caller, kind: GroupKind) -> Answer<Vec<GroupRow>> {
        tell(group::list(&self.store, caller, kind).await)
    }

    async fn group(&self, caller: &Caller, kind: GroupKind, id: &str) -> Answer<GroupEdit> {
        tell(group::show(&self.store, caller, kind, id).await)
    }

    async fn save_group(&self, caller: &Caller, typed: &TypedGroup) -> Answer<(Saved, String)> {
        tell(group::save(&self.store, caller, typed).await.map(|(saved, id)| (saved, id.to_string())))
    }

    async fn delete_group(&self, caller: &Caller, typed: &TypedRemoval) -> Answer<()> {
        tell(group::delete(&self.store, caller, typed).await)
    }

    async fn job_roles(&self, caller: &Caller, person: PersonId) -> Answer<Option<JobRolesEdit>> {
        tell(job_roles::show(&self.store, caller, person).await)
    }

    async fn set_job_roles(&self, caller: &Caller, typed: &TypedJobRoles) -> Answer<Saved> {
        tell(job_roles::set(&self.store, caller, typed).await)
    }

    async fn give_up_owners(&self, caller: &Caller, typed: &TypedGiveUp) -> Answer<()> {
        tell(unowned::give_up(&self.store, caller, typed).await)
    }

    async fn unexplained(&self, caller: &Caller) -> Answer<Vec<Unexplained>> {
        tell(job_roles::unexplained(&self.store, caller).await)
    }
}
