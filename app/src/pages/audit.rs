//! The book: events as sentences, with one filter bar.

use domain::audit::{Action, Event, Outcome};
use leptos::prelude::*;

use crate::address;
use crate::backend::{AuditList, AuditQuery};
use crate::components::banner::failure;
use crate::components::empty::empty;
use crate::components::head::head;
use crate::components::icon::{Icon, icon};
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
        let (title, lead) = if list.sees_all {
            ("Audit", "Every step of every access, as it was written, newest first.")
        } else {
            ("Your timeline", "What the book says about you and what you did, newest first.")
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
            {head(title, lead, None)}
            {faults.map(|error| failure(&error.to_string(), &[], None))}
            {bar(&query, &list)}
            {summary(&desk, &query, &list)}
            {events}
            {older(&query, &list.next)}
        };
        Ok(Page::new(title, body))
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
        outcome: desk.query("outcome"),
        from: desk.query("from"),
        to: desk.query("to"),
    }
}

/// The filter as pairs for an address.
fn pairs(query: &AuditQuery) -> [(&'static str, &str); 7] {
    [
        ("q", &query.q),
        ("person", &query.person),
        ("resource", &query.resource),
        ("action", &query.action),
        ("outcome", &query.outcome),
        ("from", &query.from),
        ("to", &query.to),
    ]
}

fn bar(query: &AuditQuery, list: &AuditList) -> AnyView {
    let line = |name: &'static str, label: &'static str, kind: &'static str, value: &str| {
        let id = format!("audit-{name}");
        view! {
            <div class="bar-field">
                <label class="bar-label" for=id.clone()>{label}</label>
                <input class="input" type=kind id=id name=name value=value.to_owned() autocomplete="off"/>
            </div>
        }
    };
    let is_narrowed = pairs(query).iter().skip(1).any(|(_, value)| !value.is_empty());
    view! {
        <form class="bar bar-audit" role="search" aria-label="The book" method="get" action=routes::AUDIT>
            <div class="bar-row">
                <div class="bar-search">
                    {icon(Icon::Search)}
                    <input class="input" type="search" name="q" value=query.q.clone() aria-label="Words in the event" placeholder="Words in the event: a name, a reason, an address …" autocomplete="off"/>
                </div>
                <button class="button-quiet" type="submit">"Search"</button>
            </div>
            <details class="fold bar-more" open=is_narrowed>
                <summary>"Narrow"</summary>
                <div class="bar-grid">
                    {line("person", "Person", "text", &query.person)}
                    {line("resource", "Resource or system", "text", &query.resource)}
                    {actions(query, list)}
                    {outcomes(query)}
                    {line("from", "From", "datetime-local", &query.from)}
                    {line("to", "To", "datetime-local", &query.to)}
                </div>
            </details>
        </form>
    }
    .into_any()
}

fn actions(query: &AuditQuery, list: &AuditList) -> AnyView {
    let options = list
        .actions
        .iter()
        .map(|action| view! { <option value=*action selected=query.action == *action>{*action}</option> })
        .collect_view();
    // A noun (`grant`) can stand in the address, too.
    let other = (!query.action.is_empty() && !list.actions.contains(&query.action.as_str()))
        .then(|| view! { <option value=query.action.clone() selected>{query.action.clone()}</option> });
    view! {
        <div class="bar-field">
            <label class="bar-label" for="audit-action">"Action"</label>
            <select class="input select" id="audit-action" name="action">
                <option value="">"Any"</option>
                {other}
                {options}
            </select>
        </div>
    }
    .into_any()
}

fn outcomes(query: &AuditQuery) -> AnyView {
    let options = [(Outcome::Success, "Done"), (Outcome::Denied, "Refused"), (Outcome::Failure, "Failed")]
        .into_iter()
        .map(|(outcome, words)| {
            let value = outcome.as_str();
            view! { <option value=value selected=query.outcome == value>{words}</option> }
        })
        .collect_view();
    view! {
        <div class="bar-field">
            <label class="bar-label" for="audit-outcome">"Outcome"</label>
            <select class="input select" id="audit-outcome" name="outcome">
                <option value="">"Any"</option>
                {options}
            </select>
        </div>
    }
    .into_any()
}

fn summary(desk: &Desk, query: &AuditQuery, list: &AuditList) -> AnyView {
    let count = match (list.total, list.is_more) {
        (0, _) => "No event".to_owned(),
        (1, false) => "One event".to_owned(),
        (total, is_more) => format!("{}{} events", thousands(total), if is_more { "+" } else { "" }),
    };
    let all = pairs(query);
    let chips = all
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            let others: Vec<(&str, &str)> = all.iter().filter(|(other, _)| other != name).copied().collect();
            view! {
                <a class="chip" href=address::with_all(routes::AUDIT, &others)>
                    {format!("{name}: {value}")} {icon(Icon::Close)} <span class="sr-only">"(remove)"</span>
                </a>
            }
        })
        .collect_view();
    let export = |format: &'static str| {
        address::with(&address::with_all(routes::AUDIT_EXPORT, &all), "format", format)
    };
    view! {
        <div class="bar-summary">
            <span class="bar-count">{count}</span>
            {chips}
            <span class="bar-export">
                <span class="quiet">"Times in " {desk.caller.time_zone.name()}</span>
                <a class="quiet-link" href=export("csv") download rel="nofollow">{icon(Icon::Download)} "CSV"</a>
                <a class="quiet-link" href=export("jsonl") download rel="nofollow">{icon(Icon::Download)} "JSON lines"</a>
            </span>
        </div>
    }
    .into_any()
}

/// “10,000”.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut words = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

fn older(query: &AuditQuery, next: &str) -> Option<AnyView> {
    (!next.is_empty()).then(|| {
        let path = address::with(&address::with_all(routes::AUDIT, &pairs(query)), "cursor", next);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_in_thousands() {
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(10_000), "10,000");
    }
}
