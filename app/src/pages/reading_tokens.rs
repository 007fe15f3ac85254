//! Tokens that read the book, for administrators.

use leptos::prelude::*;

use crate::components::empty::empty;
use crate::components::head::{crumb, head, section};
use crate::desk::{Page, page};
use crate::frame::Place;
use crate::pages::source::token_row;
use crate::routes;

/// The list, and how to read with one.
#[component]
pub fn ReadingTokens() -> impl IntoView {
    page(Place::Admin, |desk| async move {
        let tokens = desk.backend.sources.reading_tokens(&desk.caller).await?;
        let rows = if tokens.is_empty() {
            empty(
                "No token reads yet",
                "A program that evaluates the book, such as a log collector, shows a token of its own.",
                None,
            )
        } else {
            let rows = tokens.iter().map(|token| token_row(desk.clock(), "", token)).collect_view();
            view! { <ul class="rows">{rows}</ul> }.into_any()
        };
        let lead = "Whoever has one reads the whole book, as auditors do, and can write nothing. \
                    What is searched and exported with it stands in the book under its name.";
        let add = view! { <a class="button" href=routes::token("", "")>"Make a token"</a> }.into_any();
        let body = view! {
            {crumb(routes::ADMIN, "Administration")}
            {head("Tokens that read", lead, Some(add))}
            {section("tokens", "Tokens", rows)}
            {section("reading", "How to read", reading())}
        };
        Ok(Page::new("Tokens that read", body))
    })
}

fn reading() -> AnyView {
    let example = r#"curl --get "$GATEBOOK_URL/api/v1/events" \
  -H "Authorization: Bearer $GATEBOOK_TOKEN" \
  --data-urlencode 'q=covered:no after:7d'

curl --get "$GATEBOOK_URL/api/v1/events/export" \
  -H "Authorization: Bearer $GATEBOOK_TOKEN" \
  --data-urlencode 'q=action:grant.*' -d format=ocsf"#;
    view! {
        <p class="quiet">"The query is that of the page Audit. A list goes on where its " <code>"next"</code> " leads; an export is whole when it has its end."</p>
        <pre class="json" tabindex="0"><code>{example}</code></pre>
        <p class="quiet"><a href="/api/openapi.json">"Everything that programs can call"</a> ", as OpenAPI."</p>
    }
    .into_any()
}
