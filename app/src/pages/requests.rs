//! Own requests.

use domain::id::{RequestId, SubmissionId};
use domain::policy::Deciders;
use leptos::prelude::*;

use crate::address;
use crate::backend::{Answer, RequestList, RequestRow};
use crate::components::deciders::deciders_text;
use crate::components::empty::empty;
use crate::components::head::head;
use crate::components::tag;
use crate::components::thread::dots;
use crate::components::time::Clock;
use crate::components::what::what_plain;
use crate::desk::{Desk, Page, page};
use crate::frame::Place;
use crate::routes;

/// The caller's requests: all, or those of one submission.
#[component]
pub fn Requests() -> impl IntoView {
    page(Place::Requests, |desk| async move {
        let submission = desk.query("submission").parse::<SubmissionId>().ok();
        let list = read(&desk, submission).await?;
        let (title, lead) = if submission.is_some() {
            (
                "What you just asked for",
                "Each request is decided by its own people; a denial closes only its own.",
            )
        } else {
            ("Your requests", "Everything you asked for, newest first, and where it stands.")
        };
        let body = view! {
            {head(title, lead, Some(view! { <a class="button" href=routes::CATALOGUE>"Find access"</a> }.into_any()))}
            {rows_or_nothing(desk.clock(), &list)}
            {submission.is_some().then(|| view! {
                <p class="more"><a class="button-quiet" href=routes::REQUESTS>"All your requests"</a></p>
            })}
            {list.next.map(|next| view! {
                <p class="more">
                    <a class="button-quiet" href=address::with(routes::REQUESTS, "before", &next.to_string())>
                        "Older requests"
                    </a>
                </p>
            })}
        };
        Ok(Page::new("Requests", body))
    })
}

async fn read(desk: &Desk, submission: Option<SubmissionId>) -> Answer<RequestList> {
    match submission {
        Some(id) => {
            let rows = desk.backend.requests.submission(&desk.caller, id).await?;
            Ok(RequestList { rows, next: None })
        }
        None => {
            desk.backend.requests.mine(&desk.caller, desk.query("before").parse::<RequestId>().ok()).await
        }
    }
}

fn rows_or_nothing(clock: Clock, list: &RequestList) -> AnyView {
    if list.rows.is_empty() {
        return empty(
            "You have not asked for anything yet",
            "Choose what you need in the catalogue; it says who decides before you ask.",
            Some((routes::CATALOGUE.to_owned(), "Browse the catalogue")),
        );
    }
    request_rows(clock, &list.rows)
}

/// Requests as rows, each a link to its thread.
pub(crate) fn request_rows(clock: Clock, rows: &[RequestRow]) -> AnyView {
    let rows = rows.iter().map(|row| request_row(clock, row)).collect_view();
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

fn request_row(clock: Clock, row: &RequestRow) -> AnyView {
    let grant = row.grant.as_ref();
    let until = || row.decide_by.map(|at| clock.short(at));
    let standing = match (row.state.as_str(), &row.deciders, grant) {
        ("pending", Some(Deciders::Held { reason }), _) => view! { "on hold: " {reason.clone()} }.into_any(),
        ("pending", Some(deciders), _) => {
            view! { "waits for " {deciders_text(deciders)} " until " {until()} }.into_any()
        }
        ("pending", None, _) => view! { "waits until " {until()} }.into_any(),
        (_, _, Some(grant)) => match grant.until {
            Some(until) if grant.state == "active" => view! { "until " {clock.short(until)} }.into_any(),
            Some(until) => view! { "its time was until " {clock.short(until)} }.into_any(),
            None => ().into_any(),
        },
        _ => row.closed_at.map(|at| view! { "closed " {clock.relative(at)} }).into_any(),
    };
    let state = grant.map_or(row.state.as_str(), |grant| grant.state.as_str());
    let path = format!("{}/{}", routes::REQUESTS, row.id);
    view! {
        <li class="row row-link">
            <div class="row-main">
                <p class="row-title"><a class="row-cover" href=path>{what_plain(&row.what)}</a> {row.is_renewal.then(tag::renewal)} {row.is_imported.then(tag::imported)}</p>
                <p class="row-sub">{row.what.system.clone()} " · asked " {clock.relative(row.filed_at)}</p>
            </div>
            <div class="row-time"><p class="left-words">{standing}</p></div>
            <div class="row-state">{dots(&row.state, grant.map(|g| g.state.as_str()))} {tag::state(state)}</div>
        </li>
    }
    .into_any()
}
