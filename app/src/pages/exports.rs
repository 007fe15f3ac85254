//! Exports that are prepared in the background: one's own, and the form for another.

use domain::export::{ExportState, KEPT};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::backend::{ExportNews, ExportRow, TypedExport};
use crate::components::empty::empty;
use crate::components::field::Field;
use crate::components::head::{crumb, head, section};
use crate::components::icon::{Icon, icon};
use crate::components::number::thousands;
use crate::components::select::select;
use crate::components::tag;
use crate::desk::{Desk, Page, page};
use crate::forms::exports::{EndExport, PrepareExport};
use crate::frame::Place;
use crate::islands::LookAgain;
use crate::routes;

/// How each format is called.
const FORMATS: [(&str, &str); 3] = [("csv", "CSV"), ("jsonl", "JSON lines"), ("ocsf", "OCSF")];

/// The caller's own.
#[component]
pub fn Exports() -> impl IntoView {
    page(Place::Audit, |desk| async move {
        let rows = desk.backend.exports.list(&desk.caller).await?;
        let lead = format!(
            "Files of the book that are prepared while you do something else. Each is kept for {} days.",
            KEPT.num_days()
        );
        let is_open = rows.iter().any(|row| row.state.is_open());
        let again = is_open.then(|| view! { <LookAgain path=routes::EXPORTS.to_owned()/> });
        let body = view! {
            {crumb(routes::AUDIT, "Audit")}
            {head("Exports", lead, None)}
            {list(&desk, &rows, is_open)}
            {again}
            {section("another", "Prepare a file", form(&desk))}
        };
        let page = Page::new("Exports", body);
        Ok(if is_open { page.with_islands() } else { page })
    })
}

/// That something is ready, or will never be, until it was fetched or deleted.
pub(crate) fn call(news: ExportNews) -> Option<AnyView> {
    let ready = match news.ready {
        0 => None,
        1 => Some("An export of yours is ready".to_owned()),
        count => Some(format!("{count} exports of yours are ready")),
    };
    let failed = match news.failed {
        0 => None,
        1 => Some("An export of yours could not be prepared".to_owned()),
        count => Some(format!("{count} exports of yours could not be prepared")),
    };
    let calls = ready
        .map(|words| (Icon::Download, words))
        .into_iter()
        .chain(failed.map(|words| (Icon::Warning, words)))
        .map(|(sign, words)| {
            view! { <a class="call" href=routes::EXPORTS>{icon(sign)} <span>{words}</span> {icon(Icon::Right)}</a> }
        })
        .collect_view();
    (news != ExportNews::default()).then(|| view! { <div class="calls">{calls}</div> }.into_any())
}

fn list(desk: &Desk, rows: &[ExportRow], is_open: bool) -> AnyView {
    let states: &[ExportState] = &rows.iter().map(|row| row.state).collect::<Vec<_>>();
    let rows = if rows.is_empty() {
        empty(
            "No export yet",
            "Short ones need no preparing: on Audit, they come at once. For long ones, ask below.",
            None,
        )
    } else {
        let rows = rows.iter().map(|one| row(desk, one)).collect_view();
        view! { <ul class="rows">{rows}</ul> }.into_any()
    };
    let again = is_open.then(|| {
        view! {
            <p class="quiet ledger-foot">"What is under way goes on without this page. " <a href=routes::EXPORTS>"Look again"</a></p>
        }
    });
    let said = said(states);
    view! { <div id="own-exports" data-open=is_open.then_some("") data-said=said>{rows} {again}</div> }
        .into_any()
}

/// “1 under way, 2 ready.”, for whoever does not see them change.
fn said(states: &[ExportState]) -> String {
    let under_way = states.iter().filter(|state| state.is_open()).count();
    let counted = |wanted| states.iter().filter(|state| **state == wanted).count();
    let parts: Vec<String> = [
        (under_way, "under way"),
        (counted(ExportState::Done), "ready"),
        (counted(ExportState::Failed), "failed"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{count} {words}"))
    .collect();
    if parts.is_empty() { String::new() } else { format!("Exports: {}.", parts.join(", ")) }
}

fn row(desk: &Desk, row: &ExportRow) -> AnyView {
    let what = if row.query.is_empty() {
        let words = if row.sees_all { "Everything" } else { "Everything that concerns you" };
        words.into_any()
    } else {
        view! { <code class="saved-query">{row.query.clone()}</code> }.into_any()
    };
    let format = FORMATS.iter().find(|(word, _)| *word == row.format).map_or("", |(_, words)| words);
    let fetch = (row.state == ExportState::Done).then(|| {
        view! {
            <a class="button-quiet" href=routes::export_file(&row.id) rel="nofollow">{icon(Icon::Download)} "Fetch it"</a>
        }
    });
    let (words, class) =
        if row.state.is_open() { ("Cancel it", "button-quiet") } else { ("Delete it", "button-danger") };
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title">{what} " " {tag::plain(format)}</p>
                <p class="row-sub">"Asked for " {desk.clock().relative(row.asked_at)} {told(desk, row)}</p>
                {bar(row)}
            </div>
            <div class="row-tags">{tag::export(row.state)}</div>
            <div class="row-actions">
                {fetch}
                <form method="post" action=EndExport::url()>
                    <input type="hidden" name="typed[id]" value=row.id.clone()/>
                    <input type="hidden" name="typed[cancels]" value=row.state.is_open().to_string()/>
                    <button class=class type="submit">{words}</button>
                </form>
            </div>
        </li>
    }
    .into_any()
}

fn number(count: u64) -> String {
    thousands(usize::try_from(count).unwrap_or(usize::MAX))
}

/// What there is to say of it, behind when it was asked for.
fn told(desk: &Desk, row: &ExportRow) -> AnyView {
    let clock = desk.clock();
    match row.state {
        ExportState::Waiting => " · it begins in a moment".into_any(),
        ExportState::Running if row.written == 0 && row.expected.is_none() => {
            " · it begins once searches find all of it".into_any()
        }
        ExportState::Running => {
            let expected = row.expected.map(|expected| format!(" of {}", number(expected)));
            let back = row.reached_at.filter(|_| row.expected.is_none());
            let back = back.map(|at| view! { ", back to " {clock.short(at)} });
            view! { " · " {number(row.written)} {expected} " events" {back} }.into_any()
        }
        ExportState::Done => {
            let until = row.expires_at.map(|at| view! { " · kept until " {clock.short(at)} });
            let fetched = row.fetched_at.map(|at| view! { " · fetched " {clock.relative(at)} });
            let events = if row.written == 1 {
                "one event".to_owned()
            } else {
                format!("{} events", number(row.written))
            };
            view! { " · " {events} ", " {size(row.bytes)} " compressed" {until} {fetched} }.into_any()
        }
        ExportState::Failed => view! { " · " {row.reason.clone()} }.into_any(),
        ExportState::Cancelled => ().into_any(),
        ExportState::Expired => {
            let at = row.expires_at.map(|at| view! { " · its time was over " {clock.relative(at)} });
            view! { {at} }.into_any()
        }
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}

/// How much of it is done, where that is known.
fn bar(row: &ExportRow) -> Option<AnyView> {
    let expected = row.expected.filter(|_| row.state == ExportState::Running)?;
    let width = row.written.saturating_mul(100).checked_div(expected)?.min(100).to_string();
    Some(
        view! {
            <svg class="left-bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
                <rect class="left-track" width="100" height="1"/>
                <rect class="left-fill" width=width height="1"/>
            </svg>
        }
        .into_any(),
    )
}

fn form(desk: &Desk) -> AnyView {
    let filled = desk.filled::<TypedExport>();
    let typed = if filled.is_draft {
        filled.typed.clone()
    } else {
        TypedExport { query: desk.query("q"), format: desk.query("format") }
    };
    let query = Field::new("query", "Query")
        .hint("As on the page Audit. Without one, everything that you may see.")
        .error(filled.error("query"));
    let format = Field::new("format", "Format").error(filled.error("format"));
    let formats = FORMATS.iter().map(|(word, words)| ((*word).to_owned(), (*words).to_owned())).collect();
    view! {
        <form class="form" method="post" action=PrepareExport::url()>
            {query.input("typed[query]", "text", typed.query)}
            {select(format, "typed[format]", &typed.format, formats)}
            <div class="form-end"><button class="button" type="submit">"Prepare the file"</button></div>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_they_stand_is_said_in_a_sentence() {
        use ExportState::{Cancelled, Done, Failed, Running, Waiting};
        assert_eq!(
            said(&[Waiting, Running, Done, Failed, Cancelled]),
            "Exports: 2 under way, 1 ready, 1 failed."
        );
        assert_eq!(said(&[Cancelled]), "");
    }

    #[test]
    fn sizes_read_as_people_say_them() {
        assert_eq!(size(1), "1 kB");
        assert_eq!(size(2_400_000), "3 MB");
        assert_eq!(size(10_250_000_000), "10.2 GB");
    }
}
