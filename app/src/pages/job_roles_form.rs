//! The job roles of a person, as administrators set them.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::{JobRolesEdit, TypedJobRoles};
use crate::components::icon::{Icon, icon};
use crate::components::reveal::reveal;
use crate::desk::Desk;
use crate::forms::administration::SetJobRoles;
use crate::routes;

/// The form; nothing where the caller may not set them.
pub(super) fn set(desk: &Desk, edit: Option<&JobRolesEdit>) -> Option<AnyView> {
    let edit = edit?;
    if edit.all.is_empty() {
        let none = view! { <p class="quiet"><a href=routes::JOB_ROLES>"Add a job role"</a> " before anybody can have one."</p> };
        return Some(none.into_any());
    }
    let filled = desk.filled::<TypedJobRoles>();
    let chosen = if filled.is_draft { &filled.typed.job_roles } else { &edit.typed.job_roles };
    let boxes = edit
        .all
        .iter()
        .map(|(id, name)| {
            view! {
                <label class="check">
                    <input class="checkbox" type="checkbox" name="typed[job_roles][]" value=id.clone() checked=chosen.contains(id)/>
                    <span>{name.clone()}</span>
                </label>
            }
        })
        .collect_view();
    let error = filled.error("job_roles").map(|error| {
        view! { <p class="field-error">{icon(Icon::Warning)} <span>{error}</span></p> }
    });
    let form = view! {
        <form method="post" action=SetJobRoles::url()>
            <input type="hidden" name="typed[person]" value=edit.typed.person.clone()/>
            <input type="hidden" name="typed[version]" value=edit.typed.version.clone()/>
            <fieldset class="field" id="f-job_roles">
                <legend class="field-label">"Job roles"</legend>
                <p class="field-hint">"They explain what somebody holds, and give no access."</p>
                {error}
                <div class="reveal-list">{boxes}</div>
            </fieldset>
            <button class="button" type="submit">"Set the job roles"</button>
        </form>
    };
    Some(
        view! { <div class="side-actions">{reveal("Set their job roles", filled.is_draft, form)}</div> }
            .into_any(),
    )
}
