//! The book: events as sentences, with one filter bar.

use domain::audit::query::{FormQuery, Query, QueryError, parse};
use domain::audit::{Action, Event, Outcome};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use super::audit_bar::{bar, mistake, summary};
use super::audit_tally::tally;
use crate::address;
use crate::backend::{AuditList, AuditPage, context_of};
use crate::components::banner::failure;
use crate::components::empty::empty;
use crate::components::head::head;
use crate::components::sentence::sentence;
use crate::components::tag;
use crate::components::time::Clock;
use crate::desk::{Desk, Page, page};
use crate::forms;
use crate::frame::Place;
use crate::routes;

/// What was asked for, as it came.
pub(crate) enum Asked {
    /// A query that can be read, with its text as it was typed.
    Query(Query, String),
    /// One that cannot.
    Mistaken(String, QueryError),
    /// A form with a fault in it.
    Form(Box<FormQuery>, String),
}

/// The book's page.
#[component]
pub fn Audit() -> impl IntoView {
    page(Place::Audit, |desk| async move {
        let asked = asked(&desk);
        if let Some(path) = form_as_query(&desk, &asked) {
            if let Some(response) = use_context::<ResponseOptions>() {
                forms::go(&response, true, &path);
            }
            return Ok(Page::new("Audit", ()));
        }
        let lead = if desk.sees_all() {
            "Every step of every access as it stands in the book, newest first."
        } else {
            "What stands in the book about you and what you did, newest first."
        };
        let found = match &asked {
            Asked::Query(query, _) => found(&desk, query).await?,
            Asked::Mistaken(typed, error) => mistake(typed, error),
            Asked::Form(_, message) => failure(message, &[], None),
        };
        let body = view! {
            {head("Audit", lead, further(&desk))}
            {bar(&desk, &asked)}
            {found}
        };
        Ok(Page::new("Audit", body))
    })
}

async fn found(desk: &Desk, query: &Query) -> crate::backend::Answer<AnyView> {
    let page = match (desk.query("older"), desk.query("newer")) {
        (older, _) if !older.is_empty() => AuditPage::OlderThan(older),
        (_, newer) if !newer.is_empty() => AuditPage::NewerThan(newer),
        _ => AuditPage::Newest,
    };
    let list = desk.backend.audit.search(&desk.caller, query, &page).await?;
    let events = if list.events.is_empty() {
        empty(
            "No event matches",
            "Take a condition away, or widen the time.",
            Some((routes::AUDIT.to_owned(), "Show everything")),
        )
    } else {
        event_rows(desk.clock(), &list.events, false)
    };
    Ok(view! {
        {list.tally.as_ref().filter(|_| list.total > 0).map(|found| tally(&context_of(&desk.caller), query, found))}
        {summary(desk, query, &list)}
        {events}
        {pages(query, &list)}
    }
    .into_any())
}

fn further(desk: &Desk) -> Option<AnyView> {
    let links = || {
        view! {
            <a class="button-quiet" href=routes::REPORT>"Access report"</a>
            " "
            <a class="button-quiet" href=routes::AS_OF>"Who had what"</a>
            " "
            <a class="button-quiet" href=routes::WINDOWS>"Change windows"</a>
        }
        .into_any()
    };
    desk.sees_all().then(links)
}

/// The form's fields, as they stand in an address.
fn form(desk: &Desk) -> FormQuery {
    FormQuery {
        words: desk.query("words"),
        person: desk.query("person"),
        resource: desk.query("resource"),
        environment: desk.query("environment"),
        sensitivity: desk.query("sensitivity"),
        action: desk.query("action"),
        without: desk.query("without"),
        outcome: desk.query("outcome"),
        ip: desk.query("ip"),
        covered: desk.query("covered"),
        window: desk.query("window"),
        from: desk.query("from"),
        to: desk.query("to"),
    }
}

fn asked(desk: &Desk) -> Asked {
    let (typed, context) = (desk.query("q"), context_of(&desk.caller));
    let query = match parse(&typed, &context) {
        Ok(query) => query,
        Err(error) => return Asked::Mistaken(typed, error),
    };
    let form = form(desk);
    match form.to_query(&context) {
        Ok(narrowing) => {
            let all = narrowing.parts().iter().fold(query, |query, part| query.with(part.clone()));
            let text = if form == FormQuery::default() { typed } else { all.as_written() };
            Asked::Query(all, text)
        }
        Err(fault) => Asked::Form(Box::new(form), fault.message),
    }
}

/// Where a form that was sent leads to: the address of its query, which can be kept and shared.
fn form_as_query(desk: &Desk, asked: &Asked) -> Option<String> {
    let was_sent = form(desk) != FormQuery::default();
    match asked {
        Asked::Query(query, _) if was_sent => Some(address_of(query)),
        _ => None,
    }
}

/// Where this query leads to.
pub(crate) fn address_of(query: &Query) -> String {
    let text = query.as_written();
    if text.is_empty() { routes::AUDIT.to_owned() } else { address::with(routes::AUDIT, "q", &text) }
}

fn pages(query: &Query, list: &AuditList) -> Option<AnyView> {
    let link = |name: &'static str, cursor: &str, rel: &'static str, words: &'static str| {
        (!cursor.is_empty()).then(|| {
            let path = address::with(&address_of(query), name, cursor);
            view! { <a class="button-quiet" href=path rel=rel>{words}</a> }
        })
    };
    let (newer, older) = (
        link("newer", &list.previous, "prev", "Newer events"),
        link("older", &list.next, "next", "Older events"),
    );
    (newer.is_some() || older.is_some())
        .then(|| view! { <nav class="more" aria-label="Pages">{newer} " " {older}</nav> }.into_any())
}

/// Events under the days on which they happened; `has_heading` where a heading stands above them all.
pub(crate) fn event_rows(clock: Clock, events: &[Event], has_heading: bool) -> AnyView {
    let mut days: Vec<(String, Vec<AnyView>)> = Vec::new();
    for event in events {
        let day = clock.day(event.occurred_at);
        let row = event_row(clock, event);
        match days.last_mut() {
            Some((last, rows)) if *last == day => rows.push(row),
            _ => days.push((day, vec![row])),
        }
    }
    days.into_iter()
        .map(|(day, rows)| {
            let heading = if has_heading {
                view! { <h3 class="day-name">{day}</h3> }.into_any()
            } else {
                view! { <h2 class="day-name">{day}</h2> }.into_any()
            };
            view! {
                <section class="day">
                    {heading}
                    <ol class="events">{rows}</ol>
                </section>
            }
        })
        .collect_view()
        .into_any()
}

fn event_row(clock: Clock, event: &Event) -> AnyView {
    let path = format!("{}/{}", routes::AUDIT, event.id);
    let reason = event.reason.clone().map(|reason| view! { <p class="event-reason">"“" {reason} "”"</p> });
    let imported = (event.source.origin == "imported").then(tag::imported);
    view! {
        <li class=mark(event)>
            <a class="event-time" href=path>{clock.of_day(event.occurred_at)} <span class="sr-only">" details"</span></a>
            <div class="event-words">
                <p>{sentence(event)} " " {tag::outcome(event.outcome)} {imported}</p>
                {reason}
            </div>
        </li>
    }
    .into_any()
}

fn mark(event: &Event) -> &'static str {
    match (event.outcome, Action::parse(&event.action)) {
        (Outcome::Success, Some(Action::RequestDenied | Action::GrantRevoked)) => "event event-bad",
        (Outcome::Success, _) => "event",
        (Outcome::Denied, _) => "event event-bad",
        (Outcome::Failure, _) => "event event-trouble",
    }
}
