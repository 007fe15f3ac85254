//! Adding a resource.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{editing, resource_edit};
use crate::backend::{self, TypedResource};
use crate::components::field::Field;
use crate::components::head::{crumb, head};
use crate::components::select::select;
use crate::desk::{Desk, Page, page};
use crate::forms::administration::AddResource;
use crate::frame::Place;
use crate::routes;

/// The form for a new resource.
#[component]
pub fn ResourceNew() -> impl IntoView {
    page(Place::Catalogue, |desk| async move {
        let new = desk.backend.administration.new_resource(&desk.caller, &desk.query("system")).await?;
        let body = view! {
            {crumb(routes::CATALOGUE, "Catalogue")}
            {head("Add a resource", "A database, a repository, an environment. What can be held on it comes next.", None)}
            {form(&desk, &new)}
        };
        Ok(Page::new("Add a resource", body))
    })
}

fn form(desk: &Desk, new: &backend::ResourceNew) -> AnyView {
    let filled = desk.filled_where::<TypedResource>(|typed| typed.slug.is_empty());
    let typed = if filled.is_draft { filled.typed.clone() } else { new.typed.clone() };
    let system = Field::new("system", "System").error(filled.error("system"));
    let mut systems = new.systems.clone();
    if typed.system.is_empty() && systems.len() > 1 {
        systems.insert(0, (String::new(), "Choose one".to_owned()));
    }
    view! {
        {editing::old_sign_in(new.sign_in_again)}
        <form class="form" method="post" action=AddResource::url()>
            {select(system, "typed[system]", &typed.system, systems)}
            {resource_edit::words(&typed, &filled)}
            {editing::address(filled.error("address"), typed.address.clone())}
            {resource_edit::rules(&typed, &filled)}
            <div class="form-end">
                <button class="button" type="submit">"Add the resource"</button>
                <a class="button-quiet" href=routes::CATALOGUE>"Leave it"</a>
            </div>
        </form>
    }
    .into_any()
}
