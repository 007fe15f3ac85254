//! Events as rows: sentences under their days, or a table of chosen columns. The page and what is watched show the same.

use domain::audit::{Action, Event, Outcome};
use domain::usage::UsageAction;
use leptos::prelude::*;

use super::audit_columns::Column;
use super::audit_tally::outcome_words;
use crate::components::person::person;
use crate::components::sentence::{actor, sentence};
use crate::components::tag;
use crate::components::time::Clock;
use crate::routes;

/// Rows as the page shows them, as text: what is new is put before those that are there. Sections with the same
/// `data-rows` belong together, and each holds its rows in a `data-row-list`.
pub fn rows_text(clock: Clock, events: &[Event], columns: &[Column]) -> String {
    rows(clock, events, columns).to_html()
}

/// Rows of the page: sentences, or these columns.
pub(crate) fn rows(clock: Clock, events: &[Event], columns: &[Column]) -> AnyView {
    if columns.is_empty() { event_rows(clock, events, false) } else { table(clock, events, columns) }
}

/// Events under the days on which they happened; `has_heading` where a heading stands above them all.
pub(crate) fn event_rows(clock: Clock, events: &[Event], has_heading: bool) -> AnyView {
    under_days(clock, events.iter().map(|event| (event, true)), has_heading)
}

/// Events that something else is made of, under their days; not each has a page that is open to whoever reads.
pub(crate) fn evidence_rows<'a>(clock: Clock, events: impl Iterator<Item = (&'a Event, bool)>) -> AnyView {
    under_days(clock, events, true)
}

fn under_days<'a>(
    clock: Clock,
    events: impl Iterator<Item = (&'a Event, bool)>,
    has_heading: bool,
) -> AnyView {
    let mut days: Vec<(String, Vec<AnyView>)> = Vec::new();
    for (event, is_open) in events {
        let day = clock.day(event.occurred_at);
        let row = event_row(clock, event, is_open);
        match days.last_mut() {
            Some((last, rows)) if *last == day => rows.push(row),
            _ => days.push((day, vec![row])),
        }
    }
    days.into_iter()
        .map(|(day, rows)| {
            // Without “Today”, which another day is by tomorrow.
            let name = day.trim_start_matches("Today, ").to_owned();
            let heading = if has_heading {
                view! { <h3 class="day-name">{day}</h3> }.into_any()
            } else {
                view! { <h2 class="day-name">{day}</h2> }.into_any()
            };
            view! {
                <section class="day" data-rows=name>
                    {heading}
                    <ol class="events" data-row-list="">{rows}</ol>
                </section>
            }
        })
        .collect_view()
        .into_any()
}

fn path_of(event: &Event) -> String {
    format!("{}/{}", routes::AUDIT, event.id)
}

fn event_row(clock: Clock, event: &Event, is_open: bool) -> AnyView {
    let reason = event.reason.clone().map(|reason| view! { <p class="event-reason">"“" {reason} "”"</p> });
    let imported = (event.source.origin == "imported").then(tag::imported);
    let time = clock.of_day(event.occurred_at);
    let time = if is_open {
        view! { <a class="event-time" href=path_of(event)>{time} <span class="sr-only">" details"</span></a> }
            .into_any()
    } else {
        view! { <span class="event-time">{time}</span> }.into_any()
    };
    view! {
        <li class=mark(event)>
            {time}
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

fn table(clock: Clock, events: &[Event], columns: &[Column]) -> AnyView {
    let heads = columns.iter().map(|column| view! { <th scope="col">{column.label()}</th> }).collect_view();
    let rows = events.iter().map(|event| table_row(clock, event, columns)).collect_view();
    view! {
        <section class="sheet" data-rows="table" role="region" aria-label="Events" tabindex="0">
            // Narrow windows show each row by itself, which must not take it its meaning.
            <table class="sheet-table" role="table">
                <thead role="rowgroup"><tr role="row">{heads}</tr></thead>
                <tbody role="rowgroup" data-row-list="">{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}

fn table_row(clock: Clock, event: &Event, columns: &[Column]) -> AnyView {
    // Something of every row leads to its page, and says something in every row.
    let leads = [Column::Time, Column::Action, Column::Outcome].into_iter().find(|one| columns.contains(one));
    let cells = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let words = cell(clock, event, *column);
            // Narrow windows leave such a cell out.
            let class = if words.is_some() { "" } else { "cell-empty" };
            let words = words.unwrap_or_else(|| ().into_any());
            let words = if leads == Some(*column) {
                view! { <a class="event-time" href=path_of(event)>{words} <span class="sr-only">" details"</span></a> }
                    .into_any()
            } else if leads.is_none() && at == 0 {
                view! { {words} " " <a class="event-time" href=path_of(event)>"details"</a> }.into_any()
            } else {
                words
            };
            view! { <td role="cell" class=class data-label=column.label()>{words}</td> }
        })
        .collect_view();
    view! { <tr role="row" class="event-line">{cells}</tr> }.into_any()
}

fn cell(clock: Clock, event: &Event, column: Column) -> Option<AnyView> {
    let text = |text: &Option<String>| text.clone().map(IntoAny::into_any);
    let about = &event.resource;
    let view = match column {
        Column::Time => clock.stamp(event.occurred_at),
        Column::Actor => actor(&event.actor),
        Column::Action => label(&event.action).into_any(),
        Column::Outcome => match tag::outcome(event.outcome) {
            Some(tag) => tag,
            None => outcome_words(event.outcome).into_any(),
        },
        Column::Subject => return event.subject.as_ref().map(person),
        Column::System => return text(&about.system),
        Column::Resource => return text(&about.resource),
        Column::Entitlement => return text(&about.entitlement),
        Column::Reason => return text(&event.reason),
        Column::Source => event.source.origin.clone().into_any(),
        Column::Ip => return text(&event.source.ip),
    };
    Some(view)
}

/// What an action is called by itself.
pub(crate) fn label(action: &str) -> String {
    Action::parse(action).map(Action::label).unwrap_or_else(|| UsageAction::label_of(action))
}
