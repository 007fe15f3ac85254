//! Home: what waits, what is held, what is open. Nothing else.

use domain::id::EntitlementId;
use domain::local_time;
use domain::nearing::{Nearing, nearing};
use futures::join;
use leptos::prelude::*;

use super::requests::request_rows;
use super::{exports, grant_forms, question};
use crate::address;
use crate::backend::{self, HeldGrant, Start, What};
use crate::components::empty::empty;
use crate::components::head::{head, section};
use crate::components::icon::{Icon, icon};
use crate::components::tag;
use crate::components::time_left::time_left;
use crate::components::what::{self, what_text};
use crate::desk::{Desk, Page, page};
use crate::frame::Place;
use crate::routes;

/// The start page.
#[component]
pub fn Home() -> impl IntoView {
    page(Place::Home, |desk| async move {
        let (home, exports, alerts, questions) = join!(
            desk.backend.access.home(&desk.caller),
            desk.backend.exports.news(&desk.caller),
            desk.backend.alerts.waiting(&desk.caller),
            desk.backend.acting.questions(&desk.caller)
        );
        // Without them, the page is still worth having.
        let (home, exports, alerts) = (home?, exports.unwrap_or_default(), alerts.unwrap_or_default());
        let questions = questions.unwrap_or_default();
        let held = held(&desk, &home.held);
        let open = (!home.open.is_empty())
            .then(|| section("open", "What you asked for", request_rows(desk.clock(), &home.open)));
        let body = view! {
            {head(
                greeting(&desk),
                lead(&home),
                Some(find(home.start.is_none())),
            )}
            {question::calls(&questions)}
            {waiting(&home, alerts.count)}
            {exports::call(exports)}
            {soon_over(&desk, &home.held)}
            {home.start.as_ref().map(start)}
            {open}
            {home.start.is_none().then(|| section("held", "What you hold", held))}
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

fn waiting(home: &backend::Home, alerts: usize) -> Option<AnyView> {
    let decide = (home.to_decide > 0).then(|| {
        let words = match home.to_decide {
            1 => "One request waits for your decision".to_owned(),
            100.. => "100 or more requests wait for your decision".to_owned(),
            count => format!("{count} requests wait for your decision"),
        };
        view! { <a class="call" href=routes::APPROVALS>{icon(Icon::Approval)} <span>{words}</span> {icon(Icon::Right)}</a> }
    });
    let alerts = (alerts > 0).then(|| {
        let words = match alerts {
            1 => "One alert waits for your answer".to_owned(),
            100.. => "100 or more alerts wait for your answer".to_owned(),
            count => format!("{count} alerts wait for your answer"),
        };
        view! { <a class="call" href=routes::ALERTS>{icon(Icon::Alert)} <span>{words}</span> {icon(Icon::Right)}</a> }
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
    (decide.is_some() || alerts.is_some() || tasks.is_some() || unexplained.is_some())
        .then(|| view! { <div class="calls">{decide} {alerts} {tasks} {unexplained}</div> }.into_any())
}

/// The page's one primary action, unless there is something better to begin with.
fn find(is_primary: bool) -> AnyView {
    let class = if is_primary { "button" } else { "button-quiet" };
    view! { <a class=class href=routes::CATALOGUE>"Find access"</a> }.into_any()
}

/// What ends within a day and is not renewed yet.
fn soon_over(desk: &Desk, held: &[HeldGrant]) -> Option<AnyView> {
    let now = desk.clock().now;
    let calls: Vec<AnyView> = held
        .iter()
        .filter(|grant| grant.may_renew)
        .filter_map(|grant| {
            let until = grant.until.filter(|until| *until > now)?;
            let class = match nearing(grant.active_since, until, now)? {
                Nearing::Day => "call call-soon",
                Nearing::Hour => "call call-now",
            };
            let path = address::with(routes::REQUEST_FORM, "renew", &grant.id.to_string());
            let when = local_time::length((until - now).num_seconds());
            let when = when.map_or_else(|| "in less than a minute".to_owned(), |length| format!("in {length}"));
            let words = format!("{} ends {when}", what_text(&grant.what));
            Some(view! {
                <a class=class href=path>{icon(Icon::Clock)} <span>{words}</span> <span class="call-way">"Renew"</span> {icon(Icon::Right)}</a>
            }.into_any())
        })
        .collect();
    (!calls.is_empty()).then(|| view! { <div class="calls">{calls}</div> }.into_any())
}

/// What somebody who holds nothing begins with: what their job role explains.
fn start(start: &Start) -> AnyView {
    let roles = start.job_roles.join(", ");
    let bundle = start.bundle.as_ref().map(|bundle| {
        let path = address::with(routes::REQUEST_FORM, "bundle", &bundle.slug);
        let count = bundle.entitlements.len();
        let lines = bundle.entitlements.iter().map(|one| view! { <li>{one.clone()}</li> }).collect_view();
        view! {
            <div class="start-bundle">
                <div>
                    <p class="start-name">{bundle.name.clone()}</p>
                    <p class="quiet">{bundle.description.clone()}</p>
                    <ul class="start-list">{lines}</ul>
                </div>
                <a class="button" href=path>{format!("Request all {count}")}</a>
            </div>
        }
    });
    let all = start.others.iter().fold(routes::REQUEST_FORM.to_owned(), |path, (id, _)| {
        address::with(&path, "entitlement", &id.to_string())
    });
    let others = (!start.others.is_empty()).then(|| {
        let is_alone = start.bundle.is_none();
        let rows = start.others.iter().map(other).collect_view();
        let heading = if is_alone { "What your job role explains" } else { "Your job role explains this, too" };
        let request_all = (is_alone && start.others.len() > 1)
            .then(|| view! { <p class="more"><a class="button" href=all>{format!("Request all {}", start.others.len())}</a></p> });
        view! { {section("explained", heading, view! { <ul class="rows rows-tight">{rows}</ul> })} {request_all} }
    });
    let lead = format!("You work here as {roles}. This is what people with that job role begin with.");
    section("start", "Start here", view! { <p class="quiet">{lead}</p> {bundle} {others} })
}

fn other((id, wanted): &(EntitlementId, What)) -> AnyView {
    let path = address::with(routes::REQUEST_FORM, "entitlement", &id.to_string());
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title">{what::what(wanted)}</p>
                <p class="row-sub">{wanted.system.clone()}</p>
            </div>
            <div class="row-tags">{tag::sensitivity(wanted.sensitivity)}</div>
            <div class="row-actions">
                <a class="button-quiet" href=path>"Request" <span class="sr-only">" " {what_text(wanted)}</span></a>
            </div>
        </li>
    }
    .into_any()
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

fn renew(grant: &HeldGrant) -> AnyView {
    let path = address::with(routes::REQUEST_FORM, "renew", &grant.id.to_string());
    view! { <a class="button-quiet" href=path>"Renew" <span class="sr-only">" " {what_text(&grant.what)}</span></a> }
        .into_any()
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
    let renewal = grant.renewal.map(|id| {
        let path = format!("{}/{id}", routes::REQUESTS);
        view! { " · " <a class="quiet-link" href=path>"Renewal asked for"</a> }
    });
    view! {
        <li class="row held-row">
            <div class="row-main">
                <p class="row-title">
                    {what::what(&grant.what)} {tag::state(&grant.state)} {grant.is_imported.then(tag::imported)}
                </p>
                <p class="row-sub">{grant.what.system.clone()} {account} {request.is_some().then_some(" · ")} {request} {renewal}</p>
                {grant.trouble.clone().map(|words| view! { <p class="trouble">{icon(Icon::Warning)} {words}</p> })}
            </div>
            <div class="row-time">{standing}</div>
            <div class="row-actions">
                {grant.may_renew.then(|| renew(grant))}
                {grant.may_give_back.then(|| grant_forms::give_back(desk, grant.id))}
            </div>
        </li>
    }
    .into_any()
}
