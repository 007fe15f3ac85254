//! What is not told for a time.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::SuppressionRow;
use crate::components::empty::empty_with;
use crate::components::head::{crumb, head, section};
use crate::components::number::thousands;
use crate::components::person::person;
use crate::components::prose;
use crate::components::reveal::reveal;
use crate::components::time::Clock;
use crate::desk::{Page, page};
use crate::forms::acting::EndSuppression;
use crate::frame::Place;
use crate::routes;

/// The page of them.
#[component]
pub fn Suppressions() -> impl IntoView {
    page(Place::Alerts, |desk| async move {
        let rows = desk.backend.acting.suppressions(&desk.caller).await?;
        let now = desk.clock().now;
        let (held, over): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.ends_at > now);
        let lead = match held.len() {
            0 => "Every alert is told.".to_owned(),
            1 => "One thing is not told for a time: its rule goes on looking, and counts what it finds."
                .to_owned(),
            count => {
                format!(
                    "{count} things are not told for a time: their rules go on looking, and count what they find."
                )
            }
        };
        let list = if held.is_empty() {
            empty_with(
                "Nothing is silent",
                "Whoever accepts an alert for a time says how far. What goes beyond the alert stands here until its end.",
                Some((routes::ALERTS.to_owned(), "Show what waits".to_owned())),
            )
        } else {
            list(desk.clock(), &held)
        };
        let over = (!over.is_empty()).then(|| section("over", "Over", self::list(desk.clock(), &over)));
        let body = view! {
            {crumb(routes::ALERTS, "Alerts")}
            {head("Silent for a time", lead, None)}
            {list}
            {over}
        };
        Ok(Page::new("Silent for a time", body))
    })
}

fn list(clock: Clock, rows: &[SuppressionRow]) -> AnyView {
    let rows = rows.iter().map(|row| one(clock, row)).collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

fn one(clock: Clock, row: &SuppressionRow) -> AnyView {
    let who = row.person.as_ref().map(|who| view! { " of " {person(who)} });
    let place = row.resource.clone().map(|(name, slug)| match slug {
        Some(slug) => view! { " on " <a href=routes::resource(&slug)>{name}</a> }.into_any(),
        None => view! { " on " {name} }.into_any(),
    });
    let times = match (row.times, row.last_at) {
        (0, _) | (_, None) => "nothing found so far".into_any(),
        (1, Some(at)) => view! { "found once, " {clock.relative(at)} }.into_any(),
        (times, Some(at)) => {
            view! { {format!("found {} times, last ", thousands(times))} {clock.relative(at)} }.into_any()
        }
    };
    let end = match &row.ended_by {
        Some(name) => view! { "ended by " {name.clone()} " " {clock.short(row.ends_at)} }.into_any(),
        None => view! { "until " {clock.short(row.ends_at)} }.into_any(),
    };
    let form = row.may_end.then(|| {
        let whole = format!(" of {}", row.title);
        reveal(
            view! { "Tell it again" <span class="sr-only">{whole}</span> },
            false,
            view! {
                <form method="post" action=EndSuppression::url()>
                    <input type="hidden" name="typed[id]" value=row.id.to_string()/>
                    <p class="reveal-words">"What its rule finds from now on is an alert again."</p>
                    <button class="button-danger" type="submit">"Tell it from now on"</button>
                </form>
            },
        )
    });
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title"><a href=routes::alert_rule(&row.rule)>{row.title.clone()}</a> {who} {place}</p>
                <p class="row-sub">{end} " · " {times}</p>
                {prose::said(&row.reason)}
                <p class="row-sub">{person(&row.by)} ", " {clock.short(row.made_at)}</p>
            </div>
            <div class="row-actions">{form}</div>
        </li>
    }
    .into_any()
}
