//! Alerts as rows: in the list, beside a similar one, and under their rule.

use domain::alert::{State, Verdict};
use leptos::prelude::*;

use crate::backend::AlertRow;
use crate::components::number::thousands;
use crate::components::tag;
use crate::components::time::Clock;
use crate::routes;

/// Rows, as they come.
pub(crate) fn alert_rows(clock: Clock, rows: &[AlertRow]) -> AnyView {
    let rows = rows.iter().map(|row| alert_row(clock, row)).collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

fn alert_row(clock: Clock, row: &AlertRow) -> AnyView {
    let keeper = row.keeper.clone().map(|name| view! { " · " {name} " takes care of it" });
    let until = match row.state {
        State::Resolved { verdict: Verdict::Accepted { until }, .. } => {
            Some(view! { " · until " {clock.short(until)} })
        }
        _ => None,
    };
    view! {
        <li class="row row-link alert-row">
            <div class="row-main">
                <p class="row-title"><a class="row-cover" href=routes::alert(&row.id.to_string())>{row.sentence.clone()}</a></p>
                <p class="row-sub">{row.title.clone()} " · " {often(clock, row)} {keeper} {until}</p>
            </div>
            <div class="row-tags alert-tags">{tag::severity(row.severity)} {tag::alert(row.state)} {row.is_overdue.then(tag::overdue)}</div>
        </li>
    }
    .into_any()
}

/// “once, 2 hours ago”, “12 times, last 2 hours ago”.
pub(crate) fn often(clock: Clock, row: &AlertRow) -> AnyView {
    match row.times {
        1 => view! { "once, " {clock.relative(row.last_at)} }.into_any(),
        times => {
            view! { {format!("{} times, last ", thousands(times))} {clock.relative(row.last_at)} }.into_any()
        }
    }
}
