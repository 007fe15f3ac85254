//! For administrators: what there is to make and edit, and what has lost its owners.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::{Overview, Unowned};
use crate::components::head::{head, section};
use crate::components::icon::{Icon, icon};
use crate::components::reveal::reveal;
use crate::desk::{Page, page};
use crate::forms::administration::GiveUpOwners;
use crate::frame::Place;
use crate::routes;

/// The start page of administrators.
#[component]
pub fn Admin() -> impl IntoView {
    page(Place::Admin, |desk| async move {
        let overview = desk.backend.administration.overview(&desk.caller).await?;
        let body = view! {
            {head("Administration", "What can be asked for, in which bundles, and what explains it.", None)}
            {ways(&overview)}
            {without_owner(&overview.unowned)}
        };
        Ok(Page::new("Administration", body))
    })
}

fn ways(overview: &Overview) -> AnyView {
    let way = |path: &'static str, words: &'static str, count: usize, what: &'static str| {
        view! {
            <li class="row row-link row-way">
                <div class="row-main">
                    <p class="row-title"><a class="row-cover" href=path>{words}</a></p>
                    <p class="row-sub">{what}</p>
                </div>
                <p class="row-count">{count}</p>
                {icon(Icon::Right)}
            </li>
        }
    };
    let systems = "What access is on, whether people or a connector open it, and who looks after it";
    let bundles = "Several entitlements that are asked for together";
    let sources = "Where events of other systems come in, and the tokens that let them in";
    let reading = "Programs that read the whole book";
    let unmatched = "People and things that reports name and nobody here knows";
    let job_roles = "Responsibilities, and the entitlements that they explain";
    view! {
        <ul class="rows">
            {way(routes::SYSTEMS, "Systems", overview.systems, systems)}
            {way(routes::BUNDLES, "Bundles", overview.bundles, bundles)}
            {way(routes::JOB_ROLES, "Job roles", overview.job_roles, job_roles)}
            {way(routes::SOURCES, "Sources", overview.sources, sources)}
            {way(routes::READING_TOKENS, "Tokens that read", overview.reading_tokens, reading)}
            {way(routes::UNMATCHED, "Not known yet", overview.unmatched, unmatched)}
        </ul>
    }
    .into_any()
}

fn without_owner(unowned: &[Unowned]) -> AnyView {
    let body = if unowned.is_empty() {
        view! { <p class="quiet">"Nothing has lost its last owner. What does stands here until it has another one."</p> }
            .into_any()
    } else {
        let rows = unowned.iter().map(row).collect_view();
        view! {
            <p class="quiet">"Their owners do not work here any more, so the next level decides: the resource's owners, the system's, or you."</p>
            <ul class="rows">{rows}</ul>
        }
        .into_any()
    };
    section("unowned", "Without an owner", body)
}

fn row(one: &Unowned) -> AnyView {
    let on = (!one.system.is_empty()).then(|| format!(" on {}", one.system));
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title"><a class="what-resource" href=one.path.clone()>{one.label.clone()}</a></p>
                <p class="row-sub">{one.kind} {on} " · was owned by " {one.owned_by.join(", ")}</p>
            </div>
            <div class="row-actions">
                <a class="button-quiet" href=one.path.clone()>"Give it an owner"<span class="sr-only">": " {one.label.clone()}</span></a>
                {give_up(one)}
            </div>
        </li>
    }
    .into_any()
}

fn give_up(one: &Unowned) -> AnyView {
    reveal(
        view! { "Leave it to the next level"<span class="sr-only">": " {one.label.clone()}</span> },
        false,
        view! {
            <form method="post" action=GiveUpOwners::url()>
                <input type="hidden" name="typed[system]" value=one.typed.system.clone()/>
                <input type="hidden" name="typed[resource]" value=one.typed.resource.clone()/>
                <input type="hidden" name="typed[entitlement]" value=one.typed.entitlement.clone()/>
                <p class="reveal-words">"It has no owners of its own from then on: those of what it is on decide, or else administrators."</p>
                <button class="button" type="submit">"Do without owners of its own"</button>
            </form>
        },
    )
}
