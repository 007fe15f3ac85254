//! Where events come in from outside, for administrators.

use leptos::prelude::*;

use crate::backend::SourceRow;
use crate::components::empty::empty;
use crate::components::head::{crumb, head};
use crate::components::tag;
use crate::components::time::Clock;
use crate::desk::{Page, page};
use crate::frame::Place;
use crate::routes;

/// The list.
#[component]
pub fn Sources() -> impl IntoView {
    page(Place::Admin, |desk| async move {
        let sources = desk.backend.sources.list(&desk.caller).await?;
        let rows = if sources.is_empty() {
            empty(
                "Nothing comes in yet",
                "A source sends what is done in other systems, so that the book shows use beside access.",
                None,
            )
        } else {
            let rows = sources.iter().map(|source| row(desk.clock(), source)).collect_view();
            view! { <ul class="rows">{rows}</ul> }.into_any()
        };
        let add = view! { <a class="button" href=routes::source("")>"Add a source"</a> };
        let body = view! {
            {crumb(routes::ADMIN, "Administration")}
            {head("Sources", "What is done in other systems comes in through these.", Some(add.into_any()))}
            {rows}
        };
        Ok(Page::new("Sources", body))
    })
}

fn row(clock: Clock, source: &SourceRow) -> AnyView {
    let tokens = match source.tokens {
        _ if source.ended_at.is_some() => "nothing comes in any more".to_owned(),
        0 => "no token yet".to_owned(),
        1 => "one token".to_owned(),
        count => format!("{count} tokens"),
    };
    let used = source.used_at.map(|at| view! { " · sent something " {clock.relative(at)} });
    let system = source.system.clone().map(|name| format!(" · about {name}"));
    view! {
        <li class="row row-link">
            <div class="row-main">
                <p class="row-title">
                    <a class="row-cover" href=routes::source(&source.slug)>{source.name.clone()}</a>
                    {source.ended_at.map(|_| tag::plain("closed"))}
                </p>
                <p class="row-sub">{tokens} {system} {used}</p>
            </div>
        </li>
    }
    .into_any()
}
