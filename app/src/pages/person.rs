//! One person: who they are in one line, what they hold, their timeline.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::account_form;
use super::audit_rows::event_rows;
use super::grant_forms;
use super::job_roles_form;
use super::people::one_line;
use crate::backend::{PersonGrant, PersonView};
use crate::components::empty::empty;
use crate::components::field::Field;
use crate::components::head::{crumb, head, section};
use crate::components::icon::{Icon, icon};
use crate::components::person::{people, person};
use crate::components::reveal::reveal;
use crate::components::select::select;
use crate::components::tag;
use crate::components::used::used;
use crate::components::what::what;
use crate::desk::{Desk, Page, page};
use crate::forms::people::{SetStatus, TypedStatus};
use crate::frame::Place;
use crate::routes;

/// A person's page.
#[component]
pub fn Person() -> impl IntoView {
    page(Place::People, |desk| async move {
        let view = desk.backend.people.show(&desk.caller, desk.id("id")?).await?;
        let accounts = desk.backend.editing.accounts(&desk.caller, view.row.person.id).await?;
        let job_roles = desk.backend.administration.job_roles(&desk.caller, view.row.person.id).await?;
        let name = view.row.person.name.clone();
        let is_self = view.row.person.id == desk.caller.id();
        let holds = view.holds.as_ref().map(|holds| {
            let heading = if is_self { "What you hold" } else { "What they hold" };
            let as_of = routes::person_as_of(&view.row.person.id.to_string());
            let body = view! {
                {holdings(&desk, &view, holds)}
                <p class="after"><a class="quiet-link" href=as_of>{icon(Icon::Clock)} "As of another day"</a></p>
            };
            section("holds", heading, body)
        });
        let timeline = view.timeline.as_ref().map(|events| {
            let rows = if events.is_empty() {
                empty("Nothing yet", "What happens to this person's access stands here.", None)
            } else {
                event_rows(desk.clock(), events, true)
            };
            section("timeline", "What has happened", rows)
        });
        let is_closed = holds.is_none() && timeline.is_none();
        let body = view! {
            {crumb(routes::PEOPLE, "People")}
            {head(name.clone(), view! { {one_line(&view.row)} " " {tag::status(view.row.status)} }, None)}
            <div class="split">
                <div class="split-main">{holds} {timeline} {is_closed.then(closed)}</div>
                <aside class="split-side" aria-label="Who they are">{facts(&view)} {job_roles_form::set(&desk, job_roles.as_ref())} {account_form::set(&desk, &view.row.person, &accounts)} {view.may_change.then(|| view! { <div class="side-actions">{change(&desk, &view)}</div> })}</aside>
            </div>
        };
        Ok(Page::new(name, body))
    })
}

/// What those see who may see no more.
fn closed() -> AnyView {
    empty(
        "Not yours to see",
        "All that somebody holds is seen by themselves, their manager, auditors and administrators.",
        None,
    )
}

fn facts(view: &PersonView) -> AnyView {
    let email = (!view.email.is_empty()).then(|| {
        view! { <div><dt>"Email"</dt><dd><a href=format!("mailto:{}", view.email)>{view.email.clone()}</a></dd></div> }
    });
    let manager =
        view.manager.as_ref().map(|one| view! { <div><dt>"Manager"</dt><dd>{person(one)}</dd></div> });
    let reports = (!view.reports.is_empty())
        .then(|| view! { <div><dt>"Reports"</dt><dd>{people(&view.reports)}</dd></div> });
    let roles = if view.job_roles.is_empty() {
        "None, so nothing they hold is explained by one".to_owned()
    } else {
        view.job_roles.join(", ")
    };
    view! {
        <dl class="facts">
            {email} {manager} {reports}
            <div><dt>"Job roles"</dt><dd>{roles}</dd></div>
        </dl>
    }
    .into_any()
}

fn holdings(desk: &Desk, view: &PersonView, holds: &[PersonGrant]) -> AnyView {
    if holds.is_empty() {
        return empty("Nothing at the moment", "No live access stands in the book.", None);
    }
    let may_revoke = desk.caller.roles.administrator && view.row.person.id != desk.caller.id();
    let rows = holds
        .iter()
        .map(|grant| holding(desk, grant, may_revoke.then(|| view.row.person.name.clone())))
        .collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

fn holding(desk: &Desk, grant: &PersonGrant, revoke_from: Option<String>) -> AnyView {
    let explained = if grant.explained_by.is_empty() {
        view! { <span class="unexplained">"not explained by a job role"</span> }.into_any()
    } else {
        view! { <span>"explained by " {grant.explained_by.join(", ")}</span> }.into_any()
    };
    let until = match grant.until {
        Some(until) => view! { "until " {desk.clock().short(until)} }.into_any(),
        None if grant.state == "active" => "without an end".into_any(),
        None => ().into_any(),
    };
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title">
                    {what(&grant.what)} {tag::state(&grant.state)} {grant.is_imported.then(tag::imported)}
                </p>
                <p class="row-sub">{grant.what.system.clone()} " · " {explained} {use_of(desk, grant)}</p>
            </div>
            <div class="row-time"><p class="left-words">{until}</p></div>
            <div class="row-actions">{revoke_from.filter(|_| grant_forms::can_end(&grant.state)).map(|name| grant_forms::revoke(desk, grant.id, &name))}</div>
        </li>
    }
    .into_any()
}

/// What has not begun cannot have been used.
fn use_of(desk: &Desk, grant: &PersonGrant) -> Option<AnyView> {
    let has_begun = !matches!(grant.state.as_str(), "scheduled" | "activating" | "activation_failed");
    let words = || view! { " · " {used(desk, grant.id, grant.used.as_ref())} }.into_any();
    has_begun.then(words)
}

fn change(desk: &Desk, view: &PersonView) -> AnyView {
    let filled = desk.filled::<TypedStatus>();
    let chosen =
        if filled.is_draft { filled.typed.status.clone() } else { view.row.status.as_str().to_owned() };
    let statuses = [
        ("active", "Active: works here"),
        ("suspended", "Suspended: everything is taken away, sessions end"),
        ("left", "Has left: everything is taken away for good"),
    ];
    let options = statuses.into_iter().map(|(value, words)| (value.to_owned(), words.to_owned())).collect();
    reveal(
        "Change their status",
        filled.is_draft,
        view! {
            <form method="post" action=SetStatus::url()>
                <input type="hidden" name="typed[id]" value=view.row.person.id.to_string()/>
                {select(Field::new("status", "Status").error(filled.error("status")), "typed[status]", &chosen, options)}
                {Field::new("reason", "Reason")
                    .hint("It stands in the book.")
                    .error(filled.error("reason"))
                    .input("typed[reason]", "text", filled.typed.reason.clone())}
                <button class="button-danger" type="submit">"Change the status"</button>
            </form>
        },
    )
}
