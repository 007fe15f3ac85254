//! Editing a resource.

use domain::catalogue::Sensitivity;
use domain::editable::ResourceFacts;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{editing, proposal};
use crate::backend::{self, TypedResource};
use crate::components::field::Field;
use crate::components::head::{crumb_to, head, section};
use crate::components::select::select;
use crate::components::textarea::textarea;
use crate::desk::{Desk, Filled, Page, page};
use crate::forms::editing::SaveResource;
use crate::frame::Place;
use crate::routes;

/// The form that edits a resource.
#[component]
pub fn ResourceEdit() -> impl IntoView {
    page(Place::Catalogue, |desk| async move {
        let edit = desk.backend.editing.resource(&desk.caller, &desk.param("resource")).await?;
        let title = format!("Edit {}", edit.name);
        let slug = edit.typed.slug.clone();
        let body = view! {
            {crumb_to(routes::resource(&slug), edit.name.clone())}
            {head(title.clone(), lead(&edit), None)}
            <div class="split">
                <div class="split-main">{form(&desk, &edit)}</div>
                <aside class="split-side" aria-label="What belongs to it">
                    {entitlements(&edit, &slug)}
                    <div class="side-actions">{editing::delete(&desk, &slug, "", &edit.name, edit.at_stake)}</div>
                </aside>
            </div>
        };
        Ok(Page::new(title, body))
    })
}

fn lead(edit: &backend::ResourceEdit) -> AnyView {
    let system = match &edit.system_path {
        Some(path) => view! { <a href=path.clone()>{edit.system.clone()}</a> }.into_any(),
        None => edit.system.clone().into_any(),
    };
    view! { "A resource of " {system} ". Its address stays as it is." }.into_any()
}

fn form(desk: &Desk, edit: &backend::ResourceEdit) -> AnyView {
    let filled = desk.filled_where::<TypedResource>(|typed| typed.slug == edit.typed.slug);
    let since = if filled.is_draft {
        editing::changed_since::<ResourceFacts>(&filled.typed.version, &edit.typed.version)
    } else {
        Vec::new()
    };
    let typed = if filled.is_draft { filled.typed.clone() } else { edit.typed.clone() };
    view! {
        {editing::meanwhile(&since)}
        {edit.proposal.as_ref().map(|one| proposal::waits(desk, one))}
        {editing::old_sign_in(edit.sign_in_again)}
        <form class="form" method="post" action=SaveResource::url()>
            <input type="hidden" name="typed[slug]" value=edit.typed.slug.clone()/>
            // The form of now: whoever reads this has been told what changed.
            <input type="hidden" name="typed[version]" value=edit.typed.version.clone()/>
            {words(&typed, &filled)}
            {rules(&typed, &filled)}
            {proposal::who_confirms(proposal::LOOSER, &edit.seconds)}
            <div class="form-end">
                <button class="button" type="submit">"Save the resource"</button>
                <a class="button-quiet" href=routes::resource(&edit.typed.slug)>"Leave it as it is"</a>
            </div>
        </form>
    }
    .into_any()
}

/// The fields that people read.
pub(super) fn words(typed: &TypedResource, filled: &Filled<TypedResource>) -> AnyView {
    let description = Field::new("description", "Description").optional().error(filled.error("description"));
    view! {
        {Field::new("name", "Name").error(filled.error("name")).input("typed[name]", "text", typed.name.clone())}
        {textarea(description, "typed[description]", &typed.description, 3)}
        {Field::new("environment", "Environment")
            .optional()
            .hint("Like “production” or “staging”.")
            .error(filled.error("environment"))
            .input("typed[environment]", "text", typed.environment.clone())}
        {Field::new("tags", "Tags")
            .optional()
            .hint("Separated by commas.")
            .error(filled.error("tags"))
            .input("typed[tags]", "text", typed.tags.clone())}
    }
    .into_any()
}

/// The fields that rules are made of.
pub(super) fn rules(typed: &TypedResource, filled: &Filled<TypedResource>) -> AnyView {
    let sensitivity = Field::new("sensitivity", "Sensitivity")
        .hint("From high on, an approval says why; critical takes a fresh sign-in, too.")
        .error(filled.error("sensitivity"));
    let levels = Sensitivity::ALL.iter().map(|level| (level.as_str().to_owned(), level.as_str().to_owned()));
    let hint = "Emails, one to a line. They decide where an entitlement has no owners of its own; without any, \
                the system's owners do.";
    view! {
        {select(sensitivity, "typed[sensitivity]", &typed.sensitivity, levels.collect())}
        {editing::access_max(filled.error("access_max"), typed.access_max.clone())}
        {editing::owners(filled.error("owners"), &typed.owners, hint)}
    }
    .into_any()
}

fn entitlements(edit: &backend::ResourceEdit, slug: &str) -> AnyView {
    let rows = edit
        .entitlements
        .iter()
        .map(|(id, name)| view! { <li class="row"><a href=routes::entitlement_edit(slug, id)>{name.clone()}</a></li> })
        .collect_view();
    section(
        "entitlements",
        "Its entitlements",
        view! {
            <ul class="rows rows-tight">{rows}</ul>
            <p><a class="button-quiet" href=routes::entitlement_edit(slug, "")>"Add an entitlement"</a></p>
        },
    )
}
