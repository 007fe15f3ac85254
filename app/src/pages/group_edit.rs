//! Making and editing a bundle or a job role: its words, and what is picked of everything that can be held.

use domain::editable::GroupFacts;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::editing;
use crate::backend::{self, Answer, ChoiceResource, ChoiceSystem, GroupKind, TypedGroup, TypedRemoval};
use crate::components::field::Field;
use crate::components::head::{crumb, head};
use crate::components::icon::{Icon, icon};
use crate::components::textarea::textarea;
use crate::desk::{Desk, Filled, Page, page};
use crate::error::PortalError;
use crate::forms::administration::{SaveGroup, groups};
use crate::frame::Place;

/// The form for a new bundle.
#[component]
pub fn BundleNew() -> impl IntoView {
    page(Place::Admin, |desk| async move { read(&desk, GroupKind::Bundle, "").await })
}

/// A bundle.
#[component]
pub fn Bundle() -> impl IntoView {
    page(Place::Admin, |desk| async move { read_one(&desk, GroupKind::Bundle).await })
}

/// The form for a new job role.
#[component]
pub fn JobRoleNew() -> impl IntoView {
    page(Place::Admin, |desk| async move { read(&desk, GroupKind::JobRole, "").await })
}

/// A job role.
#[component]
pub fn JobRole() -> impl IntoView {
    page(Place::Admin, |desk| async move { read_one(&desk, GroupKind::JobRole).await })
}

async fn read_one(desk: &Desk, kind: GroupKind) -> Answer<Page> {
    let id = desk.param("id");
    if id.is_empty() {
        return Err(PortalError::NotFound);
    }
    read(desk, kind, &id).await
}

/// “bundle”, “Bundles”.
fn nouns(kind: GroupKind) -> (&'static str, &'static str) {
    match kind {
        GroupKind::Bundle => ("bundle", "Bundles"),
        GroupKind::JobRole => ("job role", "Job roles"),
    }
}

async fn read(desk: &Desk, kind: GroupKind, id: &str) -> Answer<Page> {
    let edit = desk.backend.administration.group(&desk.caller, kind, id).await?;
    let (noun, nouns) = nouns(kind);
    let is_new = id.is_empty();
    let title = if is_new { format!("Add a {noun}") } else { format!("Edit {}", edit.name) };
    let lead = match kind {
        GroupKind::Bundle => "What is asked for together. Each part still has its own deciders.".to_owned(),
        GroupKind::JobRole if is_new => {
            "What this responsibility explains. It gives nobody access.".to_owned()
        }
        GroupKind::JobRole => {
            let people = match edit.people {
                0 => "Nobody has it yet".to_owned(),
                1 => "One person has it".to_owned(),
                count => format!("{count} people have it"),
            };
            format!("{people}. It explains what they hold, and gives nobody access.")
        }
    };
    let delete = (!is_new).then(|| {
        let typed =
            TypedRemoval { kind: kind.as_str().to_owned(), id: id.to_owned(), reason: String::new() };
        let words = match kind {
            GroupKind::Bundle => "It can no longer be asked for. What was granted stays, and so does its history.",
            GroupKind::JobRole => {
                "It is taken from everybody who has it, and what it explained stands out. Nobody loses access by that."
            }
        };
        let delete = editing::delete_made(desk, typed, &edit.name, words);
        view! { <aside class="split-side" aria-label="Deleting it"><div class="side-actions">{delete}</div></aside> }
    });
    let body = view! {
        {crumb(groups(kind), nouns)}
        {head(title.clone(), lead, None)}
        <div class="split">
            <div class="split-main">{form(desk, kind, &edit, is_new)}</div>
            {delete}
        </div>
    };
    Ok(Page::new(title, body))
}

fn form(desk: &Desk, kind: GroupKind, edit: &backend::GroupEdit, is_new: bool) -> AnyView {
    let is_it = |typed: &TypedGroup| typed.kind == edit.typed.kind && typed.id == edit.typed.id;
    let filled = desk.filled_where::<TypedGroup>(is_it);
    let since = if filled.is_draft && !is_new {
        editing::changed_since::<GroupFacts>(&filled.typed.version, &edit.typed.version)
    } else {
        Vec::new()
    };
    let typed = if filled.is_draft { filled.typed.clone() } else { edit.typed.clone() };
    let description = Field::new("description", "Description").optional().error(filled.error("description"));
    let address = is_new.then(|| editing::address(filled.error("address"), typed.address.clone()));
    let (noun, _) = nouns(kind);
    let save = if is_new { format!("Add the {noun}") } else { format!("Save the {noun}") };
    view! {
        {editing::meanwhile(&since)}
        <form class="form" method="post" action=SaveGroup::url()>
            <input type="hidden" name="typed[kind]" value=edit.typed.kind.clone()/>
            <input type="hidden" name="typed[id]" value=edit.typed.id.clone()/>
            // The form of now: whoever reads this has been told what changed.
            <input type="hidden" name="typed[version]" value=edit.typed.version.clone()/>
            {Field::new("name", "Name").error(filled.error("name")).input("typed[name]", "text", typed.name.clone())}
            {address}
            {textarea(description, "typed[description]", &typed.description, 3)}
            {picker(edit, &typed, &filled)}
            <div class="form-end">
                <button class="button" type="submit">{save}</button>
                <a class="button-quiet" href=groups(kind)>{if is_new { "Leave it" } else { "Leave it as it is" }}</a>
            </div>
        </form>
    }
    .into_any()
}

/// Everything that can be held, a fold for each system: those with something picked are open.
fn picker(edit: &backend::GroupEdit, typed: &TypedGroup, filled: &Filled<TypedGroup>) -> AnyView {
    let error = filled.error("entitlements").map(|error| {
        view! { <p class="field-error" id="f-entitlements-error">{icon(Icon::Warning)} <span>{error}</span></p> }
    });
    let body = if edit.choices.is_empty() {
        view! { <p class="quiet">"There is nothing in the catalogue yet. Add a system, a resource on it, and what can be held."</p> }
            .into_any()
    } else {
        edit.choices.iter().map(|system| pick_system(system, typed)).collect_view().into_any()
    };
    view! {
        <fieldset class="field pick" id="f-entitlements">
            <legend class="field-label">"Entitlements"</legend>
            {error}
            {body}
        </fieldset>
    }
    .into_any()
}

fn pick_system(system: &ChoiceSystem, typed: &TypedGroup) -> AnyView {
    let all: Vec<String> = (system.resources.iter())
        .flat_map(|resource| resource.entitlements.iter().map(|(id, _)| id.to_string()))
        .collect();
    let picked = all.iter().filter(|id| typed.entitlements.contains(id)).count();
    let count = if picked == 0 { all.len().to_string() } else { format!("{picked} of {} chosen", all.len()) };
    let resources = system.resources.iter().map(|resource| pick_resource(resource, typed)).collect_view();
    view! {
        <details class="pick-system" open=picked != 0>
            <summary class="pick-summary">{icon(Icon::Right)} <span>{system.name.clone()}</span> <span class="quiet">{count}</span></summary>
            <ul class="pick-resources">{resources}</ul>
        </details>
    }
    .into_any()
}

fn pick_resource(resource: &ChoiceResource, typed: &TypedGroup) -> AnyView {
    let boxes = resource
        .entitlements
        .iter()
        .map(|(id, name)| {
            let id = id.to_string();
            let is_picked = typed.entitlements.contains(&id);
            view! {
                <label class="pick-one">
                    <input class="checkbox" type="checkbox" name="typed[entitlements][]" value=id checked=is_picked/>
                    <span>{name.clone()}<span class="sr-only">" on " {resource.name.clone()}</span></span>
                </label>
            }
        })
        .collect_view();
    view! {
        <li class="pick-resource">
            <span class="pick-name">{resource.name.clone()}</span>
            <span class="pick-boxes">{boxes}</span>
        </li>
    }
    .into_any()
}
