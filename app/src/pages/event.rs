//! One event: its sentence, the thread it belongs to, and the row as it stands in the book.

use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::query::value_text;
use domain::audit::{Action, Event as BookEvent, Fact, Outcome, told};
use leptos::prelude::*;

use super::audit_tally::outcome_words;
use super::request::window;
use crate::address;
use crate::backend::EventView;
use crate::components::head::{crumb, head, section};
use crate::components::person::person;
use crate::components::prose::said;
use crate::components::sentence::{sentence, sentence_text};
use crate::components::tag;
use crate::components::thread::{Mark, Step, thread};
use crate::components::time::Clock;
use crate::desk::{Page, page};
use crate::frame::Place;
use crate::routes;

/// An event's page.
#[component]
pub fn Event() -> impl IntoView {
    page(Place::Audit, |desk| async move {
        let view = desk.backend.audit.event(&desk.caller, desk.id("event")?).await?;
        let clock = desk.clock();
        let event = &view.event;
        let neighbours = (view.thread.len() > 1)
            .then(|| section("thread", "The thread it belongs to", steps(clock, &view)));
        let body = view! {
            {crumb(routes::AUDIT, "Audit")}
            {head(
                sentence(event),
                view! { <span class="standing">{clock.exact(event.occurred_at)} {tag::outcome(event.outcome)}</span> },
                None,
            )}
            <div class="split">
                <div class="split-main">
                    {event.reason.as_deref().map(said)}
                    {told_facts(clock, event)}
                    {neighbours}
                    {around(clock, event)}
                    {original(&view.json)}
                </div>
                <aside class="split-side" aria-label="Details">{facts(clock, &view)}</aside>
            </div>
        };
        Ok(Page::new(sentence_text(event), body))
    })
}

/// What else the same one did, and what else happened there, an hour before and after.
fn around(clock: Clock, event: &BookEvent) -> AnyView {
    let hour = TimeDelta::hours(1);
    let time = |at: DateTime<Utc>| at.with_timezone(&clock.zone).format("%Y-%m-%dT%H:%M:%S").to_string();
    let during = format!("during:{}..{}", time(event.occurred_at - hour), time(event.occurred_at + hour));
    let link = |field: &str, name: &str| {
        let path = address::with(routes::AUDIT, "q", &format!("{field}:={} {during}", value_text(name)));
        view! { <li><a href=path>{name.to_owned()}</a></li> }
    };
    let about = &event.resource;
    let place = match (&about.resource, &about.system) {
        (Some(resource), _) => Some(link("resource", resource)),
        (None, Some(system)) => Some(link("system", system)),
        (None, None) => None,
    };
    let actor = link("actor", event.actor.name());
    section("around", "An hour before and after", view! { <ul class="links">{actor} {place}</ul> })
}

/// What the detail says, as a list.
fn told_facts(clock: Clock, event: &BookEvent) -> Option<AnyView> {
    let facts = told(&event.detail);
    let rows = facts
        .iter()
        .map(|one| {
            let said = match &one.fact {
                Fact::Words(words) => words.clone().into_any(),
                Fact::Moment(at) => clock.short(*at),
                Fact::Window(asked) => window(clock, asked),
                Fact::Change(before, after) => change(before.clone(), after.clone()),
            };
            view! { <div><dt>{one.name.clone()}</dt><dd>{said}</dd></div> }
        })
        .collect_view();
    (!facts.is_empty())
        .then(|| section("told", "What it says", view! { <dl class="facts facts-wide">{rows}</dl> }))
}

fn change(before: Option<String>, after: Option<String>) -> AnyView {
    let or_nothing = |side: Option<String>| side.unwrap_or_else(|| "nothing".to_owned());
    view! {
        <span class="was">{or_nothing(before)}</span> <span class="quiet">" → "<span class="sr-only">"became"</span></span>
        <span>{or_nothing(after)}</span>
    }
    .into_any()
}

/// The row itself, for whoever checks word by word.
fn original(json: &str) -> AnyView {
    view! {
        <details class="fold section">
            <summary>"As it stands in the book"</summary>
            <pre class="json" tabindex="0"><code>{json.to_owned()}</code></pre>
        </details>
    }
    .into_any()
}

fn steps(clock: Clock, view: &EventView) -> AnyView {
    let steps = view
        .thread
        .iter()
        .map(|event| {
            let is_this = event.id == view.event.id;
            let path = format!("{}/{}", routes::AUDIT, event.id);
            let words = if is_this {
                view! { <strong>{sentence(event)}</strong> }.into_any()
            } else {
                sentence(event)
            };
            let when = clock.short(event.occurred_at);
            let when = if is_this { when } else { view! { <a href=path>{when}</a> }.into_any() };
            Step {
                mark: if event.outcome == Outcome::Success { Mark::Done } else { Mark::Bad },
                sentence: words,
                when: Some(when),
                said: event.reason.clone(),
            }
        })
        .collect();
    thread(steps)
}

fn facts(clock: Clock, view: &EventView) -> AnyView {
    let event = &view.event;
    let label = Action::parse(&event.action).map(|action| view! { {action.label()} <br/> });
    let person =
        view.person.as_ref().map(|known| view! { <div><dt>"Who that is"</dt><dd>{person(known)}</dd></div> });
    let covered = view.covered.map(|covered| {
        let words = if covered { "Yes" } else { "No: nobody had granted it" };
        view! { <div><dt>"Covered by a grant"</dt><dd>{words}</dd></div> }
    });
    let position =
        view.position.map(|at| view! { <div><dt>"Position in the book"</dt><dd>{at.to_string()}</dd></div> });
    let request = view.request.map(|id| {
        view! { <div><dt>"Request"</dt><dd><a href=format!("{}/{id}", routes::REQUESTS)>"See the request"</a></dd></div> }
    });
    let agent =
        event.source.user_agent.clone().map(|agent| view! { <div><dt>"Browser"</dt><dd>{agent}</dd></div> });
    let ip =
        event.source.ip.clone().map(|ip| view! { <div><dt>"Address"</dt><dd><code>{ip}</code></dd></div> });
    view! {
        <dl class="facts">
            <div><dt>"What was done"</dt><dd>{label} " " <code class="raw">{event.action.clone()}</code></dd></div>
            <div><dt>"Came out"</dt><dd>{outcome_words(event.outcome)} " " <code class="raw">{event.outcome.as_str()}</code></dd></div>
            <div><dt>"Happened"</dt><dd>{clock.exact(event.occurred_at)}</dd></div>
            <div><dt>"Recorded"</dt><dd>{clock.exact(event.recorded_at)}</dd></div>
            <div><dt>"Came from"</dt><dd>{event.source.origin.clone()}</dd></div>
            {person} {covered} {request} {ip} {agent} {position}
            <div><dt>"Number"</dt><dd><code class="break">{event.id.to_string()}</code></dd></div>
        </dl>
    }
    .into_any()
}
