//! What owners do by hand, and what a connector could not do.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::{proposal, unexplained};
use crate::backend::{Task, TaskKind};
use crate::components::empty::empty;
use crate::components::field::Field;
use crate::components::head::head;
use crate::components::icon::{Icon, icon};
use crate::components::person::person;
use crate::components::reveal::reveal;
use crate::components::tag;
use crate::components::what::what;
use crate::desk::{Desk, Page, page};
use crate::forms::access::{Attest, Retry, TypedAttest};
use crate::forms::field_id;
use crate::frame::Place;
use crate::routes;

/// The caller's tasks as an owner.
#[component]
pub fn Tasks() -> impl IntoView {
    page(Place::Tasks, |desk| async move {
        let tasks = desk.backend.access.tasks(&desk.caller).await?;
        let proposals = desk.backend.editing.proposals(&desk.caller).await?;
        let looser = (!proposals.is_empty()).then(|| {
            let rows = proposals.iter().map(|one| proposal::row(&desk, one)).collect_view();
            view! { <ul class="rows">{rows}</ul> }
        });
        let unexplained = desk.backend.administration.unexplained(&desk.caller).await?;
        let unexplained = unexplained::list(&desk, &unexplained);
        let body = if tasks.is_empty() && (looser.is_some() || unexplained.is_some()) {
            ().into_any()
        } else if tasks.is_empty() {
            empty(
                "Nothing to do",
                "Access on systems without a connector is opened and closed by their owners. It would wait here.",
                Some((routes::HOME.to_owned(), "Go home")),
            )
        } else {
            let rows = tasks.iter().map(|task| row(&desk, task)).collect_view();
            view! { <ul class="rows">{rows}</ul> }.into_any()
        };
        let lead = "What owners open and close by hand, what a connector could not do alone, looser rules that take \
                    a second person, and access that no job role explains any more.";
        Ok(Page::new("Tasks", view! { {head("Tasks", lead, None)} {looser} {body} {unexplained} }))
    })
}

fn row(desk: &Desk, task: &Task) -> AnyView {
    let clock = desk.clock();
    let sentence = match task.kind {
        TaskKind::OpenByHand | TaskKind::OpeningFailed => {
            view! { "Open " {what(&task.what)} " for " {person(&task.person)} }.into_any()
        }
        TaskKind::CloseByHand | TaskKind::ClosingFailed => {
            view! { "Close " {what(&task.what)} " of " {person(&task.person)} }.into_any()
        }
    };
    let account = match &task.account {
        Some(name) => view! { "account " <code>{name.clone()}</code> }.into_any(),
        None => "no account known".into_any(),
    };
    let due = task.due.map(|due| view! { " · due " {clock.short(due)} });
    let error = task.error.clone().map(|error| {
        let next = task.next_try_at.map(|at| view! { " Next try " {clock.relative(at)} "." });
        let tries = if task.attempts == 1 { "once".to_owned() } else { format!("{} times", task.attempts) };
        view! { <p class="trouble">{icon(Icon::Warning)} <span>{error} {format!(" Tried {tries}.")} {next}</span></p> }
    });
    let state = match task.kind {
        TaskKind::OpeningFailed => Some(tag::state("activation_failed")),
        TaskKind::ClosingFailed => Some(tag::state("removal_failed")),
        _ => None,
    };
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title"><span>{sentence}</span> {state}</p>
                <p class="row-sub">{task.what.system.clone()} " · " {account} " · waiting for " {clock.lasting(task.since)} {due}</p>
                {error}
            </div>
            <div class="row-actions">{action(desk, task)}</div>
        </li>
    }
    .into_any()
}

fn action(desk: &Desk, task: &Task) -> AnyView {
    let id = task.grant.to_string();
    if matches!(task.kind, TaskKind::OpeningFailed | TaskKind::ClosingFailed) {
        return view! {
            <form method="post" action=Retry::url()>
                <input type="hidden" name="typed[id]" value=id/>
                <button class="button-quiet" type="submit">"Try again now"</button>
            </form>
        }
        .into_any();
    }
    if task.is_own {
        return view! { <p class="quiet">"Another owner confirms this: it is your own access."</p> }
            .into_any();
    }
    let filled = desk.filled_where::<TypedAttest>(|typed| typed.id == id);
    let words = if task.kind == TaskKind::OpenByHand { "It is open" } else { "It is closed" };
    let note = Field::new("note", "What you did").optional().error(filled.error("note"));
    let note = if filled.is_draft { note } else { note.id(format!("{}-{id}", field_id("note"))) };
    reveal(
        words,
        filled.is_draft,
        view! {
            <form method="post" action=Attest::url()>
                <input type="hidden" name="typed[id]" value=id/>
                <p class="reveal-words">"The book will say that you checked it."</p>
                {note.input("typed[note]", "text", filled.typed.note)}
                <button class="button" type="submit">"Confirm with my name"</button>
            </form>
        },
    )
}
