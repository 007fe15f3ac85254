//! One source of events: how to send to it, its tokens, its form.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::address;
use crate::backend::{self, TokenRow, TypedSource, TypedSourceEnd};
use crate::components::empty::empty;
use crate::components::field::Field;
use crate::components::head::{crumb, head, section};
use crate::components::person::person;
use crate::components::reveal::reveal;
use crate::components::select::select;
use crate::components::tag;
use crate::components::time::Clock;
use crate::desk::{Desk, Page, page};
use crate::error::PortalError;
use crate::forms::sources::{EndSource, EndToken, SaveSource};
use crate::frame::Place;
use crate::pages::editing;
use crate::routes;

/// The form for a new source.
#[component]
pub fn SourceNew() -> impl IntoView {
    page(Place::Admin, |desk| async move {
        let source = desk.backend.sources.show(&desk.caller, "").await?;
        let body = view! {
            {crumb(routes::SOURCES, "Sources")}
            {head("Add a source", "A product or log collector that sends what is done there. Its tokens come next.", None)}
            {form(&desk, &source)}
        };
        Ok(Page::new("Add a source", body))
    })
}

/// A source.
#[component]
pub fn Source() -> impl IntoView {
    page(Place::Admin, |desk| async move {
        let slug = desk.param("slug");
        if slug.is_empty() {
            return Err(PortalError::NotFound);
        }
        let source = desk.backend.sources.show(&desk.caller, &slug).await?;
        let is_open = source.row.ended_at.is_none();
        let lead = match source.row.ended_at {
            Some(at) => {
                view! { "Closed " {desk.clock().relative(at)} ". What came in from it stays in the book." }
                    .into_any()
            }
            None => view! { "Its events carry the origin " <code>{slug.clone()}</code> "." }.into_any(),
        };
        let add = is_open.then(|| {
            view! { <a class="button" href=routes::token(&address::encode(&slug), "")>"Make a token"</a> }
                .into_any()
        });
        let body = view! {
            {crumb(routes::SOURCES, "Sources")}
            {head(source.row.name.clone(), lead, add)}
            <div class="split">
                <div class="split-main">
                    {section("tokens", "Tokens", tokens(desk.clock(), &source))}
                    {is_open.then(|| section("sending", "How to send", sending()))}
                    {is_open.then(|| section("hook", "GitHub webhooks", hook(&source)))}
                    {is_open.then(|| section("words", "The source", form(&desk, &source)))}
                </div>
                {is_open.then(|| view! {
                    <aside class="split-side" aria-label="Closing it"><div class="side-actions">{close(&desk, &source)}</div></aside>
                })}
            </div>
        };
        Ok(Page::new(source.row.name.clone(), body))
    })
}

fn tokens(clock: Clock, source: &backend::SourceView) -> AnyView {
    if source.tokens.is_empty() {
        return empty(
            "No token yet",
            "Whatever sends events shows a token. Each sender gets its own, so that one can be ended alone.",
            None,
        );
    }
    let rows = source.tokens.iter().map(|token| token_row(clock, &source.row.slug, token)).collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

/// A token with what can be done to it; an empty slug is no source.
pub(crate) fn token_row(clock: Clock, slug: &str, token: &TokenRow) -> AnyView {
    let used = match token.used_at {
        Some(at) => view! { "used " {clock.relative(at)} }.into_any(),
        None => "not used yet".into_any(),
    };
    let rotated = token.rotated_at.map(|at| view! { " · rotated " {clock.relative(at)} });
    let previous = token.previous_until.map(
        |until| view! { <p class="row-sub">"The secret of before works until " {clock.short(until)} "."</p> },
    );
    let ended = token.ended_at.map(|at| view! { " · ended " {clock.relative(at)} });
    let actions = token.ended_at.is_none().then(|| {
        let rotate = routes::token(&address::encode(slug), &token.id.to_string());
        view! {
            <a class="button-quiet" href=rotate>"Rotate" <span class="sr-only">" " {token.name.clone()}</span></a>
            {end(slug, token)}
        }
    });
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title">{token.name.clone()} " " <code>"…" {token.hint.clone()}</code> {token.ended_at.map(|_| tag::plain("ended"))}</p>
                <p class="row-sub">
                    "made " {clock.relative(token.created_at)} " by " {person(&token.created_by)} " · " {used} {rotated} {ended}
                </p>
                {previous}
            </div>
            <div class="row-actions">{actions}</div>
        </li>
    }
    .into_any()
}

fn end(slug: &str, token: &TokenRow) -> AnyView {
    reveal(
        view! { "End"<span class="sr-only">" " {token.name.clone()}</span> },
        false,
        view! {
            <form method="post" action=EndToken::url()>
                <input type="hidden" name="typed[slug]" value=slug.to_owned()/>
                <input type="hidden" name="typed[token]" value=token.id.to_string()/>
                <p class="reveal-words">"Whatever shows it is refused from now on."</p>
                <button class="button-danger" type="submit">"End this token"</button>
            </form>
        },
    )
}

fn sending() -> AnyView {
    let example = r#"curl "$GATEBOOK_URL/api/v1/events" \
  -H "Authorization: Bearer $GATEBOOK_TOKEN" \
  -H "Content-Type: application/json" \
  -d '[{"id": "1", "time": "2026-11-23T10:00:00Z", "action": "resource.accessed",
        "outcome": "success", "actor": {"email": "ben@example.com"},
        "resource": "payments-prod"}]'"#;
    view! {
        <p class="quiet">"An array of events, or one to a line, up to 10,000 or 16 MiB, gzip too. Each gets its answer, and what is sent again is not stored twice."</p>
        <pre class="json" tabindex="0"><code>{example}</code></pre>
    }
    .into_any()
}

/// How an organisation at GitHub sends what happens there by itself.
fn hook(source: &backend::SourceView) -> AnyView {
    let path = routes::github_hook(&address::encode(&source.row.slug));
    let state = if source.typed.webhook_secret.is_empty() {
        view! {
            <p class="quiet">"An organisation at GitHub can send what happens there by itself. Put a long random secret where this server can read it, and say below where that is: then this address takes what is signed with it."</p>
        }
        .into_any()
    } else {
        view! { <p class="quiet">"This address takes what is signed with the secret at " <code>{source.typed.webhook_secret.clone()}</code> "."</p> }.into_any()
    };
    view! {
        {state}
        <dl class="facts facts-wide">
            <div><dt>"Payload URL"</dt><dd>"Gatebook’s address and " <code>{path}</code></dd></div>
            <div><dt>"Content type"</dt><dd><code>"application/json"</code></dd></div>
            <div><dt>"Secret"</dt><dd>"the same secret"</dd></div>
            <div><dt>"Events"</dt><dd>"Send me everything"</dd></div>
        </dl>
        <p class="quiet">"In the organisation at GitHub: Settings, Webhooks, Add webhook. What GitHub delivers again is not stored twice; what is not signed is refused, and stands in the book."</p>
    }
    .into_any()
}

fn form(desk: &Desk, source: &backend::SourceView) -> AnyView {
    let is_new = source.typed.slug.is_empty();
    let filled = desk.filled_where::<TypedSource>(|typed| typed.slug == source.typed.slug);
    let typed = if filled.is_draft { filled.typed.clone() } else { source.typed.clone() };
    let address = is_new.then(|| editing::address(filled.error("address"), typed.address.clone()));
    let mut systems = source.systems.clone();
    systems.insert(0, (String::new(), "None: its events name their system".to_owned()));
    let system = Field::new("system", "What its events are about")
        .hint("Where an event names a system itself, that counts.")
        .error(filled.error("system"));
    let webhook = (!is_new).then(|| {
        Field::new("webhook_secret", "Where the secret of its webhooks is")
            .hint("env:NAME or file:/path on this server; empty where nothing is signed. Never the secret itself.")
            .error(filled.error("webhook_secret"))
            .input("typed[webhook_secret]", "text", typed.webhook_secret.clone())
    });
    view! {
        <form class="form" method="post" action=SaveSource::url()>
            <input type="hidden" name="typed[slug]" value=source.typed.slug.clone()/>
            {Field::new("name", "Name").error(filled.error("name")).input("typed[name]", "text", typed.name.clone())}
            {address}
            {select(system, "typed[system]", &typed.system, systems)}
            {webhook}
            <div class="form-end">
                <button class="button" type="submit">{if is_new { "Add the source" } else { "Save the source" }}</button>
                <a class="button-quiet" href=routes::SOURCES>{if is_new { "Leave it" } else { "Leave it as it is" }}</a>
            </div>
        </form>
    }
    .into_any()
}

fn close(desk: &Desk, source: &backend::SourceView) -> AnyView {
    let filled = desk.filled_where::<TypedSourceEnd>(|typed| typed.slug == source.row.slug);
    let reason = Field::new("reason", "Why").error(filled.error("reason"));
    reveal(
        "Close this source",
        filled.is_draft,
        view! {
            <form method="post" action=EndSource::url()>
                <input type="hidden" name="typed[slug]" value=source.row.slug.clone()/>
                <p class="reveal-words">"Nothing comes in from it any more, and its tokens end. What came in stays in the book, and its address is not given to another one."</p>
                {reason.input("typed[reason]", "text", filled.typed.reason.clone())}
                <button class="button-danger" type="submit">"Close it"</button>
            </form>
        },
    )
}
