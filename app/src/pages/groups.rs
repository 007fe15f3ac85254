//! Every bundle or job role, for administrators.

use leptos::prelude::*;

use crate::backend::{Answer, GroupKind, GroupRow};
use crate::components::empty::empty;
use crate::components::head::{crumb, head};
use crate::desk::{Desk, Page, page};
use crate::forms::administration::group;
use crate::frame::Place;
use crate::routes;

/// Bundles.
#[component]
pub fn Bundles() -> impl IntoView {
    page(Place::Admin, |desk| async move { list(&desk, GroupKind::Bundle).await })
}

/// Job roles.
#[component]
pub fn JobRoles() -> impl IntoView {
    page(Place::Admin, |desk| async move { list(&desk, GroupKind::JobRole).await })
}

async fn list(desk: &Desk, kind: GroupKind) -> Answer<Page> {
    let groups = desk.backend.administration.groups(&desk.caller, kind).await?;
    let (title, lead, add) = match kind {
        GroupKind::Bundle => ("Bundles", "Several entitlements that are asked for together.", "Add a bundle"),
        GroupKind::JobRole => {
            ("Job roles", "Responsibilities, and the entitlements that they explain.", "Add a job role")
        }
    };
    let rows = if groups.is_empty() {
        match kind {
            GroupKind::Bundle => {
                empty("No bundle yet", "What somebody new needs on the first day makes a good one.", None)
            }
            GroupKind::JobRole => empty(
                "No job role yet",
                "A job role says which access a responsibility explains; what none explains stands out.",
                None,
            ),
        }
    } else {
        let rows = groups.iter().map(|one| row(kind, one)).collect_view();
        view! { <ul class="rows">{rows}</ul> }.into_any()
    };
    let add = view! { <a class="button" href=group(kind, "")>{add}</a> };
    let body = view! {
        {crumb(routes::ADMIN, "Administration")}
        {head(title, lead, Some(add.into_any()))}
        {rows}
    };
    Ok(Page::new(title, body))
}

fn row(kind: GroupKind, one: &GroupRow) -> AnyView {
    let entitlements = match one.entitlements {
        0 => "no entitlement any more".to_owned(),
        1 => "one entitlement".to_owned(),
        count => format!("{count} entitlements"),
    };
    let people = (kind == GroupKind::JobRole).then(|| match one.people {
        0 => " · nobody has it".to_owned(),
        1 => " · one person has it".to_owned(),
        count => format!(" · {count} people have it"),
    });
    let description =
        (!one.description.is_empty()).then(|| view! { <p class="row-sub">{one.description.clone()}</p> });
    view! {
        <li class="row row-link">
            <div class="row-main">
                <p class="row-title"><a class="row-cover" href=group(kind, &one.id)>{one.name.clone()}</a></p>
                {description}
                <p class="row-sub">{entitlements} {people}</p>
            </div>
        </li>
    }
    .into_any()
}
