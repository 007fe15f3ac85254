//! Change windows, and one with what was used in it.

use domain::audit::query::value_text;
use domain::id::WindowId;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::address;
use crate::backend::{TypedWindow, UsedRow, WindowList, WindowRow, WindowView};
use crate::components::empty::empty;
use crate::components::field::Field;
use crate::components::head::{crumb, head, section};
use crate::components::icon::{Icon, icon};
use crate::components::number::thousands;
use crate::components::person::person;
use crate::components::reveal::reveal;
use crate::components::time::Clock;
use crate::desk::{Desk, Page, page};
use crate::forms::windows::{AddWindow, DeleteWindow};
use crate::frame::Place;
use crate::routes;

/// The list, with the form for another.
#[component]
pub fn Windows() -> impl IntoView {
    page(Place::Audit, |desk| async move {
        let list = desk.backend.windows.list(&desk.caller).await?;
        let rows = if list.windows.is_empty() {
            empty(
                "No window yet",
                "A change window is a named time in which systems are changed. What was used in it stands on its page.",
                None,
            )
        } else {
            let rows = list.windows.iter().map(|window| row(desk.clock(), window)).collect_view();
            view! { <ul class="rows">{rows}</ul> }.into_any()
        };
        let add = list.may_edit.then(|| section("add", "Add a window", form(&desk, &list)));
        let several = list.may_edit.then(|| {
            view! { <a class="button-quiet" href=routes::WINDOWS_FILE>"Add windows from CSV"</a> }.into_any()
        });
        let body = view! {
            {crumb(routes::AUDIT, "Audit")}
            {head("Change windows", "Who used which permission while systems were changed.", several)}
            {rows}
            {add}
        };
        Ok(Page::new("Change windows", body))
    })
}

fn times(clock: Clock, window: &WindowRow) -> AnyView {
    view! { {clock.short(window.starts_at)} " to " {clock.short(window.ends_at)} }.into_any()
}

fn systems(window: &WindowRow) -> String {
    if window.systems.is_empty() { "every system".to_owned() } else { window.systems.join(", ") }
}

fn row(clock: Clock, window: &WindowRow) -> AnyView {
    view! {
        <li class="row row-link">
            <div class="row-main">
                <p class="row-title"><a class="row-cover" href=routes::window(&window.id.to_string())>{window.name.clone()}</a></p>
                <p class="row-sub">{times(clock, window)} " · " {systems(window)}</p>
            </div>
        </li>
    }
    .into_any()
}

fn form(desk: &Desk, list: &WindowList) -> AnyView {
    let filled = desk.filled::<TypedWindow>();
    let typed = &filled.typed;
    let boxes = list
        .systems
        .iter()
        .map(|(slug, name)| {
            let is_picked = typed.systems.contains(slug);
            view! {
                <label class="pick-one">
                    <input class="checkbox" type="checkbox" name="typed[systems][]" value=slug.clone() checked=is_picked/>
                    <span>{name.clone()}</span>
                </label>
            }
        })
        .collect_view();
    let error = filled
        .error("systems")
        .map(|error| view! { <p class="field-error" id="f-systems-error">{icon(Icon::Warning)} <span>{error}</span></p> });
    view! {
        <form class="form" method="post" action=AddWindow::url()>
            {Field::new("name", "Name").hint("Such as a change's number. It is what window: looks for.").error(filled.error("name")).input("typed[name]", "text", typed.name.clone())}
            {Field::new("start", "Start").error(filled.error("start")).input("typed[start]", "datetime-local", typed.start.clone())}
            {Field::new("end", "End").error(filled.error("end")).input("typed[end]", "datetime-local", typed.end.clone())}
            <fieldset class="field pick" id="f-systems">
                <legend class="field-label">"Systems" <span class="field-optional">" none is all of them"</span></legend>
                {error}
                <span class="pick-boxes">{boxes}</span>
            </fieldset>
            <div class="form-end"><button class="button" type="submit">"Add the window"</button></div>
        </form>
    }
    .into_any()
}

/// One window.
#[component]
pub fn Window() -> impl IntoView {
    page(Place::Audit, |desk| async move {
        let view = desk.backend.windows.show(&desk.caller, desk.id::<WindowId>("id")?).await?;
        let all = address::with(routes::AUDIT, "q", &format!("window:{}", value_text(&view.row.name)));
        let link = view! { <a class="button-quiet" href=all>"All events in it"</a> }.into_any();
        let lead = view! { {times(desk.clock(), &view.row)} " · " {systems(&view.row)} };
        let delete = view.may_edit.then(|| delete(&view));
        let inside = used(&view.inside, "Nothing was reported from these systems in this time.");
        let around = used(&view.around, "Nothing was reported on the day before and the day after.");
        let unread = match view.unread {
            0 => None,
            1 => Some("One event has come in and is not looked at yet.".to_owned()),
            count => Some(format!("{} events have come in and are not looked at yet.", thousands(count))),
        };
        let unread = unread.map(|words| view! { <p class="quiet ledger-foot">{words}</p> });
        let body = view! {
            {crumb(routes::WINDOWS, "Change windows")}
            {head(view.row.name.clone(), lead, Some(link))}
            {section("inside", "Used in it", inside)}
            {section("around", "Used outside it, within a day", around)}
            {unread}
            {delete}
        };
        Ok(Page::new(view.row.name.clone(), body))
    })
}

fn used(rows: &[UsedRow], nothing: &'static str) -> AnyView {
    if rows.is_empty() {
        return view! { <p class="quiet">{nothing}</p> }.into_any();
    }
    let rows = rows.iter().map(used_row).collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

fn used_row(used: &UsedRow) -> AnyView {
    let who = match &used.person {
        Some(known) => person(known),
        None => view! { <span class="name-plain">{used.actor.clone()}</span> <span class="quiet">" (nobody known)"</span> }.into_any(),
    };
    let times =
        if used.events == 1 { "once".to_owned() } else { format!("{} times", thousands(used.events)) };
    let requests = used
        .requests
        .iter()
        .map(|id| view! { " " <a href=format!("{}/{id}", routes::REQUESTS)>"the request"</a> })
        .collect_view();
    let covered = if used.uncovered > 0 {
        let share = if used.uncovered == used.events {
            "No grant covered it".to_owned()
        } else {
            format!("No grant covered {} of them", thousands(used.uncovered))
        };
        view! { <span class="unexplained">{icon(Icon::Warning)} {share}</span> }.into_any()
    } else if used.covered > 0 {
        if used.requests.is_empty() {
            view! { <span class="quiet">"covered by access that nobody asked for here"</span> }.into_any()
        } else {
            view! { <span class="quiet">"covered by a grant:"</span> {requests} }.into_any()
        }
    } else {
        view! { <span class="quiet">"not known whether a grant covered it"</span> }.into_any()
    };
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title"><span>{who} " used " {used.what.clone()}</span></p>
                <p class="row-sub">{times} " · " {covered}</p>
            </div>
        </li>
    }
    .into_any()
}

fn delete(view: &WindowView) -> AnyView {
    reveal(
        "Delete this window",
        false,
        view! {
            <form method="post" action=DeleteWindow::url()>
                <input type="hidden" name="typed[id]" value=view.row.id.to_string()/>
                <p class="reveal-words">"window: does not find it any more. What happened in it stays in the book."</p>
                <button class="button-danger" type="submit">"Delete it"</button>
            </form>
        },
    )
}
