//! One event: its sentence, the thread it belongs to, and the row as it stands in the book.

use domain::audit::{Event as BookEvent, Outcome};
use leptos::prelude::*;

use crate::backend::EventView;
use crate::components::head::{crumb, head, section};
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
            {crumb(routes::AUDIT, "The book")}
            {head(
                sentence(event),
                view! { <span class="standing">{clock.exact(event.occurred_at)} {tag::outcome(event.outcome)}</span> },
                None,
            )}
            <div class="split">
                <div class="split-main">
                    {event.reason.as_deref().map(said)}
                    {neighbours}
                    {section("original", "As it stands in the book", view! { <pre class="json" tabindex="0"><code>{view.json.clone()}</code></pre> })}
                </div>
                <aside class="split-side" aria-label="Details">{facts(clock, event)}</aside>
            </div>
        };
        Ok(Page::new(sentence_text(event), body))
    })
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

fn facts(clock: Clock, event: &BookEvent) -> AnyView {
    let request = event.request_id.map(|id| {
        view! { <div><dt>"Request"</dt><dd><a href=format!("{}/{id}", routes::REQUESTS)>"See the request"</a></dd></div> }
    });
    let agent =
        event.source.user_agent.clone().map(|agent| view! { <div><dt>"Browser"</dt><dd>{agent}</dd></div> });
    let ip =
        event.source.ip.clone().map(|ip| view! { <div><dt>"Address"</dt><dd><code>{ip}</code></dd></div> });
    view! {
        <dl class="facts">
            <div><dt>"Action"</dt><dd><code>{event.action.clone()}</code></dd></div>
            <div><dt>"Outcome"</dt><dd>{event.outcome.as_str()}</dd></div>
            <div><dt>"Happened"</dt><dd>{clock.exact(event.occurred_at)}</dd></div>
            <div><dt>"Recorded"</dt><dd>{clock.exact(event.recorded_at)}</dd></div>
            <div><dt>"Came from"</dt><dd>{event.source.origin.clone()}</dd></div>
            {ip} {agent} {request}
            <div><dt>"Number"</dt><dd><code class="break">{event.id.to_string()}</code></dd></div>
        </dl>
    }
    .into_any()
}
