//! The book: events as sentences, with one filter bar.

use domain::audit::{Action, Event, Outcome};
use leptos::prelude::*;

use super::audit_bar::{bar, summary};
use super::audit_tally::tally;
use crate::address;
use crate::backend::{AuditList, AuditQuery};
use crate::components::banner::failure;
use crate::components::empty::empty;
use crate::components::head::head;
use crate::components::sentence::sentence;
use crate::components::tag;
use crate::components::time::Clock;
use crate::desk::{Desk, Page, page};
use crate::error::PortalError;
use crate::frame::Place;
use crate::routes;

/// The book's page.
#[component]
pub fn Audit() -> impl IntoView {
    page(Place::Audit, |desk| async move {
        let query = query(&desk);
        let found = desk.backend.audit.search(&desk.caller, &query, &desk.query("cursor")).await;
        let (list, faults) = match found {
            Ok(list) => (list, None),
            // What was typed stays in the bar, and what is wrong with it stands above.
            Err(error @ PortalError::Invalid(_)) => (nothing_found(&desk), Some(error)),
            Err(error) => return Err(error),
        };
        let lead = if list.sees_all {
            "Every step of every access as it stands in the book, newest first."
        } else {
            "What stands in the book about you and what you did, newest first."
        };
        let events = if faults.is_some() {
            ().into_any()
        } else if list.events.is_empty() {
            empty(
                "No event matches",
                "Take a filter away, or widen the time.",
                Some((routes::AUDIT.to_owned(), "Show everything")),
            )
        } else {
            event_rows(desk.clock(), &list.events, false)
        };
        let body = view! {
            {head("Audit", lead, None)}
            {faults.map(|error| failure(&error.to_string(), &[], None))}
            {bar(&desk, &query, &list)}
            {list.tally.as_ref().filter(|_| list.total > 0).map(|found| tally(&query, found))}
            {summary(&desk, &query, &list)}
            {events}
            {older(&query, &list.next)}
        };
        Ok(Page::new("Audit", body))
    })
}

/// What a filter that cannot be read finds.
fn nothing_found(desk: &Desk) -> AuditList {
    AuditList {
        actions: Action::ALL.iter().map(|action| action.as_str()).collect(),
        sees_all: desk.caller.roles.auditor || desk.caller.roles.administrator,
        ..AuditList::default()
    }
}

fn query(desk: &Desk) -> AuditQuery {
    AuditQuery {
        q: desk.query("q"),
        person: desk.query("person"),
        resource: desk.query("resource"),
        action: desk.query("action"),
        without: desk.query("without"),
        outcome: desk.query("outcome"),
        from: desk.query("from"),
        to: desk.query("to"),
    }
}

/// The filter as pairs for an address.
pub(crate) fn pairs(query: &AuditQuery) -> [(&'static str, &str); 8] {
    [
        ("q", &query.q),
        ("person", &query.person),
        ("resource", &query.resource),
        ("action", &query.action),
        ("without", &query.without),
        ("outcome", &query.outcome),
        ("from", &query.from),
        ("to", &query.to),
    ]
}

/// Where this filter leads to.
pub(crate) fn address_of(query: &AuditQuery) -> String {
    address::with_all(routes::AUDIT, &pairs(query))
}

fn older(query: &AuditQuery, next: &str) -> Option<AnyView> {
    (!next.is_empty()).then(|| {
        let path = address::with(&address_of(query), "cursor", next);
        view! { <p class="more"><a class="button-quiet" href=path rel="next">"Older events"</a></p> }
            .into_any()
    })
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
