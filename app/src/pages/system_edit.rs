//! A system: edited by administrators, seen by its owners, and where its resources are added.

use domain::editable::SystemFacts;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{editing, proposal};
use crate::address;
use crate::backend::{self, Answer, TypedRemoval, TypedSystem};
use crate::components::field::Field;
use crate::components::head::{crumb, head, section};
use crate::components::person::people;
use crate::components::textarea::textarea;
use crate::desk::{Desk, Filled, Page, page};
use crate::error::PortalError;
use crate::forms::administration::SaveSystem;
use crate::frame::Place;
use crate::routes;

/// The form that adds a system.
#[component]
pub fn SystemNew() -> impl IntoView {
    page(Place::Admin, |desk| async move { read(&desk, "").await })
}

/// A system's page.
#[component]
pub fn System() -> impl IntoView {
    page(Place::Admin, |desk| async move {
        let id = desk.param("id");
        if id.is_empty() {
            return Err(PortalError::NotFound);
        }
        read(&desk, &id).await
    })
}

async fn read(desk: &Desk, id: &str) -> Answer<Page> {
    let edit = desk.backend.administration.system(&desk.caller, id).await?;
    let is_new = id.is_empty();
    let title = match (is_new, edit.may_edit) {
        (true, _) => "Add a system".to_owned(),
        (false, true) => format!("Edit {}", edit.name),
        (false, false) => edit.name.clone(),
    };
    let lead = if is_new {
        "A product that people get access to. Its resources come next.".to_owned()
    } else {
        format!("A system. In import files it is called {}, and stays so.", edit.slug)
    };
    let main = if edit.may_edit { form(desk, &edit, is_new) } else { facts(desk, &edit) };
    let side = (!is_new).then(|| {
        view! {
            <aside class="split-side" aria-label="What belongs to it">
                {resources(&edit)}
                {edit.may_edit.then(|| view! { <div class="side-actions">{delete(desk, &edit)}</div> })}
            </aside>
        }
    });
    let (path, words) =
        if edit.may_edit { (routes::SYSTEMS, "Systems") } else { (routes::CATALOGUE, "Catalogue") };
    let body = view! {
        {crumb(path, words)}
        {head(title.clone(), lead, None)}
        <div class="split">
            <div class="split-main">{main}</div>
            {side}
        </div>
    };
    Ok(Page::new(title, body))
}

/// What its owners see.
fn facts(desk: &Desk, edit: &backend::SystemEdit) -> AnyView {
    let description =
        (!edit.typed.description.is_empty()).then(|| view! { <p>{edit.typed.description.clone()}</p> });
    let max = if edit.typed.access_max.is_empty() { "no limit of its own" } else { &edit.typed.access_max };
    view! {
        {edit.proposal.as_ref().map(|one| proposal::waits(desk, one))}
        <div class="made-facts">
        {description}
        <dl class="facts">
            <div><dt>"Opened and closed by"</dt><dd>{who_opens(&edit.typed.connector)}</dd></div>
            <div><dt>"Longest access"</dt><dd>{max.to_owned()}</dd></div>
            <div><dt>"Owners"</dt><dd>{people(&edit.owners)}</dd></div>
        </dl>
        <p class="quiet">"Administrators change the system itself. You add resources to it, and edit those."</p>
        </div>
    }
    .into_any()
}

fn who_opens(connector: &str) -> String {
    match connector {
        "manual" => "People, by hand".to_owned(),
        "postgresql" => "Gatebook, at PostgreSQL".to_owned(),
        other => format!("Gatebook, at {other}"),
    }
}

fn form(desk: &Desk, edit: &backend::SystemEdit, is_new: bool) -> AnyView {
    let filled = desk.filled_where::<TypedSystem>(|typed| typed.id == edit.typed.id);
    let since = if filled.is_draft && !is_new {
        editing::changed_since::<SystemFacts>(&filled.typed.version, &edit.typed.version)
    } else {
        Vec::new()
    };
    let typed = if filled.is_draft { filled.typed.clone() } else { edit.typed.clone() };
    let (save, back) =
        if is_new { ("Add the system", "Leave it") } else { ("Save the system", "Leave it as it is") };
    view! {
        {editing::meanwhile(&since)}
        {edit.proposal.as_ref().map(|one| proposal::waits(desk, one))}
        {editing::old_sign_in(edit.sign_in_again)}
        <form class="form" method="post" action=SaveSystem::url()>
            <input type="hidden" name="typed[id]" value=edit.typed.id.clone()/>
            // The form of now: whoever reads this has been told what changed.
            <input type="hidden" name="typed[version]" value=edit.typed.version.clone()/>
            {words(&typed, &filled, is_new)}
            {way(edit, &typed, &filled)}
            {rules(&typed, &filled)}
            {(!is_new).then(|| proposal::who_confirms("Longer limits, other owners and leading it elsewhere", &edit.seconds))}
            <div class="form-end">
                <button class="button" type="submit">{save}</button>
                <a class="button-quiet" href=routes::SYSTEMS>{back}</a>
            </div>
        </form>
    }
    .into_any()
}

fn words(typed: &TypedSystem, filled: &Filled<TypedSystem>, is_new: bool) -> AnyView {
    let description = Field::new("description", "Description").optional().error(filled.error("description"));
    let address = is_new.then(|| editing::address(filled.error("address"), typed.address.clone()));
    view! {
        {Field::new("name", "Name").error(filled.error("name")).input("typed[name]", "text", typed.name.clone())}
        {address}
        {textarea(description, "typed[description]", &typed.description, 3)}
    }
    .into_any()
}

/// Who opens access there, and the way there. The fields of a connector show while it is chosen.
fn way(edit: &backend::SystemEdit, typed: &TypedSystem, filled: &Filled<TypedSystem>) -> AnyView {
    let choices = edit
        .connectors
        .iter()
        .map(|connector| {
            let id = format!("connector-{connector}");
            let words = who_opens(connector);
            view! {
                <label class="choice">
                    <input
                        class="choice-input"
                        type="radio"
                        id=id
                        name="typed[connector]"
                        value=connector.clone()
                        checked=typed.connector == *connector
                    />
                    <span class="choice-words">{words}</span>
                </label>
            }
        })
        .collect_view();
    let live = (edit.live > 0).then(|| {
        let pieces =
            if edit.live == 1 { "One piece of access is".to_owned() } else { format!("{} pieces of access are", edit.live) };
        format!(
            "{pieces} open or on the way here. That is closed where it was opened, so who opens it cannot change before it has ended."
        )
    });
    let error = filled.error("connector").map(|error| {
        view! { <p class="field-error" id="f-connector-error">{crate::components::icon::icon(crate::components::icon::Icon::Warning)} <span>{error}</span></p> }
    });
    view! {
        <fieldset class="field connector" id="f-connector">
            <legend class="field-label">"Who opens and closes access"</legend>
            {live.map(|live| view! { <p class="field-hint">{live}</p> })}
            <div class="choices">{choices}</div>
            {error}
            <div class="connector-way">
                {Field::new("url", "Address of the database")
                    .hint("Like postgres://gatebook@db.example:5432/payments, without a password. The role is the one that Gatebook signs in as.")
                    .error(filled.error("url"))
                    .input("typed[url]", "text", typed.url.clone())}
                {Field::new("password", "Where the password is")
                    .optional()
                    .hint("A reference: env:NAME, or file:/path on the machine that Gatebook runs on. The password itself never comes in here.")
                    .error(filled.error("password"))
                    .input("typed[password]", "text", typed.password.clone())}
                {Field::new("log", "Folder of its log")
                    .optional()
                    .hint("Where the database server writes its jsonlog or csvlog, as a full path on the machine that Gatebook works on. What is done there is then read from it.")
                    .error(filled.error("log"))
                    .input("typed[log]", "text", typed.log.clone())}
            </div>
        </fieldset>
    }
    .into_any()
}

fn rules(typed: &TypedSystem, filled: &Filled<TypedSystem>) -> AnyView {
    let hint = "Emails, one to a line. They decide where neither entitlement nor resource has owners of its own; \
                without any, administrators do.";
    view! {
        {editing::access_max(filled.error("access_max"), typed.access_max.clone())}
        {editing::owners(filled.error("owners"), &typed.owners, hint)}
    }
    .into_any()
}

fn resources(edit: &backend::SystemEdit) -> AnyView {
    let rows = edit
        .resources
        .iter()
        .map(|(slug, name)| view! { <li class="row"><a href=routes::resource(slug)>{name.clone()}</a></li> })
        .collect_view();
    let list = if edit.resources.is_empty() {
        view! { <p class="quiet">"None yet, so there is nothing to ask for on it."</p> }.into_any()
    } else {
        view! { <ul class="rows rows-tight rows-many">{rows}</ul> }.into_any()
    };
    let add = address::with(routes::RESOURCE_NEW, "system", &edit.slug);
    section(
        "resources",
        "Its resources",
        view! {
            {list}
            <p class="mt-4"><a class="button-quiet" href=add>"Add a resource"</a></p>
        },
    )
}

fn delete(desk: &Desk, edit: &backend::SystemEdit) -> AnyView {
    if !edit.resources.is_empty() {
        return view! { <p class="quiet">"A system can be deleted once it has no resources. Delete those first; each ends the access to it."</p> }
            .into_any();
    }
    let typed = TypedRemoval { kind: "system".to_owned(), id: edit.typed.id.clone(), reason: String::new() };
    editing::delete_made(desk, typed, &edit.name, "It has no resources. Its history stays.")
}
