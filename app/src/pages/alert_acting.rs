//! What can be done from an alert: take the access away, suspend somebody, ask them. Each is opened first, and done
//! with a second press.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::alert_forms::{fold, hidden_id};
use crate::backend::{AlertView, HeldBehind, TypedQuestion, TypedRevokeFrom, TypedSuspendFrom, Ways};
use crate::components::field::Field;
use crate::components::reveal::reveal;
use crate::components::tag;
use crate::components::textarea::textarea;
use crate::components::what::{what, what_text};
use crate::desk::Desk;
use crate::forms::acting::{AskAboutAlert, RevokeFromAlert, SuspendFromAlert};

/// The forms of what the caller can do.
pub(crate) fn acting(desk: &Desk, alert: &AlertView, ways: &Ways) -> AnyView {
    let held = (!ways.held.is_empty()).then(|| held(desk, alert, ways));
    let ask = ways.may_ask.as_ref().filter(|_| !alert.is_resolved()).map(|who| ask(desk, alert, &who.name));
    let asked = ways.is_asked.then(|| {
        let who = alert.person.as_ref().map_or("They", |person| person.name.as_str()).to_owned();
        view! { <p class="quiet alert-note">{who} " was asked, and has not answered yet."</p> }
    });
    let suspend = ways.may_suspend.as_ref().map(|who| suspend(desk, alert, &who.name));
    view! { {held} {asked} {ask} {suspend} }.into_any()
}

fn held(desk: &Desk, alert: &AlertView, ways: &Ways) -> AnyView {
    let rows = ways.held.iter().map(|one| row(desk, alert, one)).collect_view();
    view! {
        <div class="alert-held">
            <h3 class="heading">"Access behind it"</h3>
            <ul class="rows">{rows}</ul>
        </div>
    }
    .into_any()
}

fn row(desk: &Desk, alert: &AlertView, held: &HeldBehind) -> AnyView {
    let clock = desk.clock();
    let until = match held.until {
        Some(until) => view! { "until " {clock.short(until)} }.into_any(),
        None => "without an end yet".into_any(),
    };
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title">{what(&held.what)} {tag::state(&held.state)}</p>
                <p class="row-sub">{held.what.system.clone()} " · " {until}</p>
            </div>
            <div class="row-actions">{revoke(desk, alert, held)}</div>
        </li>
    }
    .into_any()
}

fn revoke(desk: &Desk, alert: &AlertView, held: &HeldBehind) -> AnyView {
    let grant = held.grant.to_string();
    let filled = desk.filled_where::<TypedRevokeFrom>(|typed| typed.grant == grant);
    let name = format!("revoke-{grant}");
    let field = Field::new(&name, "Why")
        .hint("Whoever holds it reads this, and it stands in the book.")
        .error(filled.error(&name));
    reveal(
        view! { "Take away" <span class="sr-only">{format!(" {}", what_text(&held.what))}</span> },
        filled.is_draft,
        view! {
            <form method="post" action=RevokeFromAlert::url()>
                {hidden_id(alert)}
                <input type="hidden" name="typed[grant]" value=grant/>
                {field.input("typed[reason]", "text", filled.typed.reason)}
                <button class="button-danger" type="submit">"Take it away now"</button>
            </form>
        },
    )
}

fn ask(desk: &Desk, alert: &AlertView, who: &str) -> AnyView {
    let filled = desk.filled::<TypedQuestion>();
    let words = Field::new("ask", "What you ask")
        .hint(format!("{who} sees this, your name, and what was done under theirs. Nothing else of the alert. Empty asks: Was this you?"))
        .optional()
        .error(filled.error("ask"));
    let body = view! {
        <form class="form" method="post" action=AskAboutAlert::url()>
            {hidden_id(alert)}
            {textarea(words, "typed[words]", &filled.typed.words, 2)}
            <div class="form-end"><button class="button-quiet" type="submit">{format!("Ask {who}")}</button></div>
        </form>
    };
    fold(format!("Ask {who} whether it was them"), filled.is_draft, body.into_any())
}

fn suspend(desk: &Desk, alert: &AlertView, who: &str) -> AnyView {
    let filled = desk.filled::<TypedSuspendFrom>();
    let reason = Field::new("suspend", "Why").hint("It stands in the book.").error(filled.error("suspend"));
    let body = view! {
        <form class="form" method="post" action=SuspendFromAlert::url()>
            {hidden_id(alert)}
            <p class="quiet">
                "They are signed out, everything they hold is taken away, and what they asked for is denied. Nothing of it
                comes back by itself."
            </p>
            {textarea(reason, "typed[reason]", &filled.typed.reason, 2)}
            <div class="form-end"><button class="button-danger" type="submit">{format!("Suspend {who}")}</button></div>
        </form>
    };
    fold(format!("Suspend {who}"), filled.is_draft, body.into_any())
}
