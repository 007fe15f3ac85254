//! What a job role explained and none does any more, for managers and owners.

use leptos::prelude::*;

use crate::backend::Unexplained;
use crate::components::head::section;
use crate::components::person::{path, person};
use crate::desk::Desk;
use crate::routes;

/// The section of the tasks; nothing where there is nothing.
pub(super) fn list(desk: &Desk, all: &[Unexplained]) -> Option<AnyView> {
    if all.is_empty() {
        return None;
    }
    let rows = all.iter().map(|one| row(desk, one)).collect_view();
    let heading = format!("No longer explained by a job role: {}", all.len());
    let body = view! {
        <p class="quiet">"A job role explained this access, and none does now. Owners take away what is not needed any more; it stands here until it ends or is explained again."</p>
        <ul class="rows">{rows}</ul>
    };
    Some(section("unexplained", heading, body))
}

fn row(desk: &Desk, one: &Unexplained) -> AnyView {
    // Managers and administrators see all that somebody holds, owners who holds what is theirs.
    let (to, words, whose) = if one.sees_person {
        (format!("{}#holds", path(&one.person)), "See what they hold", one.person.name.clone())
    } else {
        (routes::resource(&one.resource_slug), "See who holds it", one.resource.clone())
    };
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title"><span>{person(&one.person)} " holds " <em class="what-entitlement">{one.entitlement.clone()}</em> " on " <a class="what-resource" href=routes::resource(&one.resource_slug)>{one.resource.clone()}</a></span></p>
                <p class="row-sub">{one.system.clone()} " · was explained by " {one.job_role.clone()} ", until " {desk.clock().relative(one.since)}</p>
            </div>
            <div class="row-actions">
                <a class="button-quiet" href=to>{words}<span class="sr-only">": " {whose}</span></a>
            </div>
        </li>
    }
    .into_any()
}
