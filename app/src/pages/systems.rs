//! Every system, for administrators.

use leptos::prelude::*;

use crate::backend::SystemRow;
use crate::components::empty::empty;
use crate::components::head::{crumb, head};
use crate::components::tag;
use crate::desk::{Page, page};
use crate::frame::Place;
use crate::routes;

/// The list.
#[component]
pub fn Systems() -> impl IntoView {
    page(Place::Admin, |desk| async move {
        let systems = desk.backend.administration.systems(&desk.caller).await?;
        let rows = if systems.is_empty() {
            empty(
                "No system yet",
                "A system is a product that people get access to: a database, a cluster, an office tool.",
                None,
            )
        } else {
            let rows = systems.iter().map(row).collect_view();
            view! { <ul class="rows">{rows}</ul> }.into_any()
        };
        let add = view! { <a class="button" href=routes::system("")>"Add a system"</a> };
        let body = view! {
            {crumb(routes::ADMIN, "Administration")}
            {head("Systems", "What access is on, and who looks after it.", Some(add.into_any()))}
            {rows}
        };
        Ok(Page::new("Systems", body))
    })
}

fn row(system: &SystemRow) -> AnyView {
    let resources = match system.resources {
        0 => "no resource yet".to_owned(),
        1 => "one resource".to_owned(),
        count => format!("{count} resources"),
    };
    let names: Vec<&str> = system.owners.iter().map(|owner| owner.name.as_str()).collect();
    let owners = if names.is_empty() {
        view! { <span class="unexplained">"no owner"</span> }.into_any()
    } else {
        format!("owned by {}", names.join(", ")).into_any()
    };
    view! {
        <li class="row row-link">
            <div class="row-main">
                <p class="row-title">
                    <a class="row-cover" href=routes::system(&system.id)>{system.name.clone()}</a>
                    {tag::plain(&system.connector)}
                </p>
                <p class="row-sub">{resources} " · " {owners}</p>
            </div>
        </li>
    }
    .into_any()
}
