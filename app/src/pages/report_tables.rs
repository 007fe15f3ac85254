//! The tables of the report on a period.

use domain::grant::Removal;
use domain::report::Table;
use leptos::prelude::*;

use super::audit_columns::Look;
use crate::address;
use crate::backend::{PeriodRow, PeriodTable};
use crate::components::head::section;
use crate::components::held;
use crate::components::icon::{Icon, icon};
use crate::components::number::{counted, thousands};
use crate::components::person::person;
use crate::components::sentence::about;
use crate::desk::Desk;
use crate::routes;

/// One table under its heading, with its query and its export. About who held what, so many events are `unread`.
pub(super) fn table(desk: &Desk, one: &PeriodTable, unread: usize) -> AnyView {
    let heading = format!("{} ({})", one.table.heading(), counted(one.total, one.is_more));
    let rows = if one.rows.is_empty() {
        view! { <p class="quiet">"None in this period."</p> }.into_any()
    } else {
        let heads =
            columns(one.table).iter().map(|name| view! { <th scope="col">{*name}</th> }).collect_view();
        let rows = one.rows.iter().map(|found| row(desk, one.table, found, unread)).collect_view();
        view! { <table class="ledger report-ledger"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table> }
            .into_any()
    };
    let body = view! {
        <p class="report-said">{one.table.said()}</p>
        {ways(one)}
        {rows}
        {more(one)}
    };
    section(one.table.anchor(), heading, body)
}

fn export(one: &PeriodTable, format: &str) -> String {
    let all = address::with(routes::AUDIT_EXPORT, "q", &one.query.as_written());
    address::with(&all, "format", format)
}

fn ways(one: &PeriodTable) -> AnyView {
    let of = |format: &str| format!("{format} of {}", one.table.heading());
    view! {
        <p class="report-way">
            <a class="report-query" href=Look::default().address_of(&one.query)>{one.query.as_written()}</a>
            <span class="bar-export">
                <a class="quiet-link" href=export(one, "csv") download rel="nofollow" aria-label=of("CSV")>{icon(Icon::Download)} "CSV"</a>
                <a class="quiet-link" href=export(one, "jsonl") download rel="nofollow" aria-label=of("JSON lines")>{icon(Icon::Download)} "JSON lines"</a>
            </span>
        </p>
    }
    .into_any()
}

/// What the page leaves out.
fn more(one: &PeriodTable) -> Option<AnyView> {
    let rest = one.total.saturating_sub(one.rows.len());
    let said = if one.is_more {
        format!("More than {} more", thousands(rest))
    } else {
        format!("{} more", thousands(rest))
    };
    (rest > 0).then(|| {
        view! { <p class="report-more">{said} ": " <a href=export(one, "csv") download rel="nofollow">"export all of them"</a> "."</p> }
            .into_any()
    })
}

fn columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::New | Table::Privileged => &["When", "Who", "Access", "Until", "Approved by"],
        Table::Ended => &["When", "Who", "Access", "Why", "How that is known"],
        Table::Left => &["When", "Who", "Held then", "Last of it closed"],
        Table::Uncovered => &["When", "Who", "What"],
    }
}

fn row(desk: &Desk, table: Table, row: &PeriodRow, unread: usize) -> AnyView {
    let cells = match table {
        Table::New | Table::Privileged => {
            vec![when(desk, row), subject(row), about(&row.event.resource), until(desk, row), approval(row)]
        }
        Table::Ended => vec![when(desk, row), subject(row), about(&row.event.resource), why(row), known(row)],
        Table::Left => {
            let mut cells = vec![when(desk, row), subject(row)];
            cells.extend(left(desk, row, unread));
            cells
        }
        Table::Uncovered => vec![when(desk, row), actor(row), about(&row.event.resource)],
    };
    let cells = columns(table)
        .iter()
        .zip(cells)
        .map(|(name, cell)| view! { <td data-name=*name><span class="ledger-cell">{cell}</span></td> })
        .collect_view();
    view! { <tr>{cells}</tr> }.into_any()
}

fn when(desk: &Desk, row: &PeriodRow) -> AnyView {
    let path = format!("{}/{}", routes::AUDIT, row.event.id);
    view! { <a class="ledger-when" href=path>{desk.clock().short(row.event.occurred_at)}</a> }.into_any()
}

fn subject(row: &PeriodRow) -> AnyView {
    row.event.subject.as_ref().map(person).into_any()
}

fn actor(row: &PeriodRow) -> AnyView {
    match &row.person {
        Some(known) => {
            let name = row.event.actor.name().to_owned();
            let as_reported =
                (name != known.name).then(|| view! { <span class="ledger-sub">"as " {name}</span> });
            view! { {person(known)} {as_reported} }.into_any()
        }
        None => row.event.actor.name().to_owned().into_any(),
    }
}

fn not_read() -> AnyView {
    view! { <span class="quiet">"not read yet"</span> }.into_any()
}

fn until(desk: &Desk, row: &PeriodRow) -> AnyView {
    match &row.holding {
        Some(holding) => held::until(desk.clock(), holding),
        None => not_read(),
    }
}

fn approval(row: &PeriodRow) -> AnyView {
    match &row.holding {
        Some(holding) => held::approval(holding, row.sees_request),
        None => not_read(),
    }
}

fn why(row: &PeriodRow) -> AnyView {
    let closed = row.holding.as_ref().map(|holding| holding.closed.as_ref().map(|closed| closed.why));
    let words = match closed {
        Some(Some(why)) => held::why(why),
        Some(None) => "not read yet",
        None if row.event.action == "grant.ended" => held::why(Removal::TimeRanOut),
        None if !row.is_read => "not read yet",
        None => "taken away before it was opened",
    };
    let reason =
        row.event.reason.clone().map(|reason| view! { <span class="ledger-sub">"“" {reason} "”"</span> });
    view! { {words} {reason} }.into_any()
}

fn known(row: &PeriodRow) -> AnyView {
    match &row.holding {
        Some(holding) => match &holding.closed {
            Some(closed) => held::known(closed).into_any(),
            None => not_read(),
        },
        None if !row.is_read => not_read(),
        None => "it never was open".into_any(),
    }
}

/// What they held then is known once their leaving was read; whether all of it is closed, once everything was.
fn left(desk: &Desk, row: &PeriodRow, unread: usize) -> [AnyView; 2] {
    if !row.is_read {
        return [not_read(), not_read()];
    }
    let Some(left) = row.left.as_ref() else { return ["nothing".into_any(), ().into_any()] };
    let held = match left.held {
        0 => "nothing".to_owned(),
        1 => "one access".to_owned(),
        count => format!("{} accesses", thousands(count)),
    };
    let closed = match (left.open, left.last_closed_at) {
        (0, Some(at)) => desk.clock().short(at),
        (0, None) => view! { <span class="quiet">"nothing to close"</span> }.into_any(),
        (open, _) => {
            let so_far = if unread > 0 { ", as far as that is read" } else { "" };
            view! {
                <span class="unexplained">{icon(Icon::Warning)} {format!("{} not closed yet{so_far}", thousands(open))}</span>
            }
        }
        .into_any(),
    };
    [held.into_any(), closed]
}
