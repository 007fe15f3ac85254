//! Home: what waits, what is held, what is open. Nothing else.

use leptos::prelude::*;

use super::grant_forms;
use super::requests::request_rows;
use crate::address;
use crate::backend::{self, HeldGrant};
use crate::components::empty::empty;
use crate::components::head::{head, section};
use crate::components::icon::{Icon, icon};
use crate::components::tag;
use crate::components::time_left::time_left;
use crate::components::what::what;
use crate::desk::{Desk, Page, page};
use crate::frame::Place;
use crate::routes;

/// The start page.
#[component]
pub fn Home() -> impl IntoView {
    page(Place::Home, |desk| async move {
        let home = desk.backend.access.home(&desk.caller).await?;
        let held = held(&desk, &home.held);
        let open = (!home.open.is_empty())
            .then(|| section("open", "What you asked for", request_rows(desk.clock(), &home.open)));
        let body = view! {
            {head(
                greeting(&desk),
                lead(&home),
                Some(view! { <a class="button" href=routes::CATALOGUE>"Find access"</a> }.into_any()),
            )}
            {waiting(&home)}
            {open}
            {section("held", "What you hold", held)}
        };
        Ok(Page::new("Home", body))
    })
}

fn greeting(desk: &Desk) -> String {
    let first = desk.caller.person.name.split_whitespace().next().unwrap_or_default().to_owned();
    format!("Hello {first}")
}

fn lead(home: &backend::Home) -> String {
    let held = match home.held.len() {
        0 => "You hold no access at the moment".to_owned(),
        1 => "You hold access to one thing".to_owned(),
        count => format!("You hold {count} pieces of access"),
    };
    match home.open.len() {
        0 => format!("{held}."),
        1 => format!("{held}, and one request of yours is open."),
        count => format!("{held}, and {count} requests of yours are open."),
    }
}

fn waiting(home: &backend::Home) -> Option<AnyView> {
    let decide = (home.to_decide > 0).then(|| {
        let words = match home.to_decide {
            1 => "One request waits for your decision".to_owned(),
            100.. => "100 or more requests wait for your decision".to_owned(),
            count => format!("{count} requests wait for your decision"),
        };
        view! { <a class="call" href=routes::APPROVALS>{icon(Icon::Approval)} <span>{words}</span> {icon(Icon::Right)}</a> }
    });
    let tasks = (home.tasks > 0).then(|| {
        let words = match home.tasks {
            1 => "One task waits for you as an owner".to_owned(),
            count => format!("{count} tasks wait for you as an owner"),
        };
        view! { <a class="call" href=routes::TASKS>{icon(Icon::Task)} <span>{words}</span> {icon(Icon::Right)}</a> }
    });
    let unexplained = (home.unexplained > 0).then(|| {
        let words = match home.unexplained {
            1 => "One piece of access is no longer explained by a job role".to_owned(),
            count => format!("{count} pieces of access are no longer explained by a job role"),
        };
        let path = format!("{}#unexplained", routes::TASKS);
        view! { <a class="call" href=path>{icon(Icon::People)} <span>{words}</span> {icon(Icon::Right)}</a> }
    });
    (decide.is_some() || tasks.is_some() || unexplained.is_some())
        .then(|| view! { <div class="calls">{decide} {tasks} {unexplained}</div> }.into_any())
}

fn held(desk: &Desk, held: &[HeldGrant]) -> AnyView {
    if held.is_empty() {
        return empty(
            "You hold nothing yet",
            "What you are granted stands here with the time it has left, and ends by itself.",
            Some((routes::CATALOGUE.to_owned(), "Browse the catalogue")),
        );
    }
    let rows = held.iter().map(|grant| held_row(desk, grant)).collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

fn held_row(desk: &Desk, grant: &HeldGrant) -> AnyView {
    let clock = desk.clock();
    let standing = match (grant.until, grant.start_at) {
        (Some(until), _) if grant.state == "active" => time_left(clock, grant.active_since, until),
        (_, Some(start)) if grant.state == "scheduled" => {
            view! { <p class="left-words">"opens " {clock.short(start)}</p> }.into_any()
        }
        (None, _) if grant.state == "active" => {
            view! { <p class="left-words">"without an end"</p> }.into_any()
        }
        _ => ().into_any(),
    };
    let account = grant.account.clone().map(|name| view! { " as " <code>{name}</code> });
    let request = grant.request.map(|id| {
        view! { <a class="quiet-link" href=format!("{}/{id}", routes::REQUESTS)>"How it came about"</a> }
    });
    let renew = grant.may_renew.then(|| {
        let path = address::with(routes::REQUEST_FORM, "renew", &grant.id.to_string());
        view! { <a class="button-quiet" href=path>"Renew"</a> }
    });
    view! {
        <li class="row held-row">
            <div class="row-main">
                <p class="row-title">
                    {what(&grant.what)} {tag::state(&grant.state)} {grant.is_imported.then(tag::imported)}
                </p>
                <p class="row-sub">{grant.what.system.clone()} {account} {request.is_some().then_some(" · ")} {request}</p>
                {grant.trouble.clone().map(|words| view! { <p class="trouble">{icon(Icon::Warning)} {words}</p> })}
            </div>
            <div class="row-time">{standing}</div>
            <div class="row-actions">
                {renew}
                {grant.may_give_back.then(|| grant_forms::give_back(desk, grant.id))}
            </div>
        </li>
    }
    .into_any()
}
