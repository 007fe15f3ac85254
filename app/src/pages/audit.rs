//! The book: events as sentences, with one filter bar.

use chrono::{DateTime, Utc};
use domain::audit::query::{FormQuery, Query, QueryError, parse};
use domain::span::{SPAN_MAX, Span};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use super::audit_bar::{bar, mistake, summary};
use super::audit_columns::{Look, PARAMETER};
use super::audit_rows::rows;
use super::audit_tally::tally;
use super::{audit_saved, exports};
use crate::address;
use crate::backend::{AuditList, AuditPage, context_of};
use crate::components::banner::{failure, warning};
use crate::components::empty::empty;
use crate::components::head::head;
use crate::components::number::thousands;
use crate::desk::{Desk, Page, page};
use crate::forms;
use crate::frame::Place;
use crate::islands::LiveTail;
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
        let (asked, look) = (asked(&desk), Look::of(&desk));
        if let Some(path) = form_as_query(&desk, &asked, &look) {
            if let Some(response) = use_context::<ResponseOptions>() {
                forms::go(&response, true, &path);
            }
            return Ok(Page::new("Audit", ()));
        }
        let lead = if desk.sees_all() {
            "Every step of every access as it stands in the book, newest first."
        } else {
            "What stands in the book about you, what you did, and how access is used that you own or that your reports hold."
        };
        let found = match &asked {
            Asked::Query(query, _) => found(&desk, query, &look).await?,
            Asked::Mistaken(typed, error) => mistake(typed, error, &look),
            Asked::Form(_, message) => failure(message, &[], None),
        };
        let saved = desk.backend.saved_queries.list(&desk.caller).await?;
        let saved = audit_saved::fold(&desk, &asked, &look, &saved);
        let news = desk.backend.exports.news(&desk.caller).await.unwrap_or_default();
        let body = view! {
            {head("Audit", lead, further(&desk))}
            {exports::call(news)}
            {bar(&desk, &asked, &look, saved)}
            {found}
        };
        Ok(Page::new("Audit", body).with_islands())
    })
}

async fn found(desk: &Desk, query: &Query, look: &Look) -> crate::backend::Answer<AnyView> {
    let page = match (desk.query("older"), desk.query("newer")) {
        (older, _) if !older.is_empty() => AuditPage::OlderThan(older),
        (_, newer) if !newer.is_empty() => AuditPage::NewerThan(newer),
        _ => AuditPage::Newest,
    };
    let list = desk.backend.audit.search(&desk.caller, query, &page).await?;
    let looked_to = list.looked_to.map(|moment| looked(desk, moment));
    let events = if list.events.is_empty() && (looked_to.is_some() || page != AuditPage::Newest) {
        view! { <p class="quiet ledger-foot">"Nothing more here."</p> }.into_any()
    } else if list.events.is_empty() {
        empty(
            "No event matches",
            "Take a condition away, or widen the time.",
            Some((routes::AUDIT.to_owned(), "Show everything")),
        )
    } else {
        rows(desk.clock(), &list.events, &look.columns)
    };
    let watch = (page == AuditPage::Newest && may_grow(desk, query)).then(|| {
        let path = address::with_all(
            routes::AUDIT_LIVE,
            &[("q", &query.as_written()), (PARAMETER, &look.written())],
        );
        view! { <LiveTail path from=list.position/> }
    });
    let unfound = match list.unfound {
        0 => None,
        1 => Some(warning("One event has come in and is not found yet. It follows within minutes.")),
        events => {
            let events = thousands(events);
            Some(warning(format!(
                "{events} events have come in and are not found yet. They follow within minutes."
            )))
        }
    };
    Ok(view! {
        {unfound}
        {list.tally.as_ref().filter(|_| list.total > 0).map(|found| tally(&context_of(&desk.caller), query, look, found))}
        {summary(desk, query, look, &list)}
        {behind(list.behind_seconds)}
        {watch}
        <div id="below">
            <div id="events">{events}</div>
            {looked_to}
            {pages(query, look, &list, &page)}
        </div>
    }
    .into_any())
}

/// How far was looked: conditions that only looking at each event can tell are not looked for in all of the book at once.
fn looked(desk: &Desk, moment: DateTime<Utc>) -> AnyView {
    view! {
        <p class="quiet ledger-foot">
            "Looked as far as " {desk.clock().stamp(moment)} ". Narrow the time, or look further."
        </p>
    }
    .into_any()
}

/// A copy that is a moment behind is nobody's concern.
fn behind(seconds: u64) -> Option<AnyView> {
    const WORTH_SAYING_SECONDS: i64 = 5;
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).min(SPAN_MAX.seconds());
    let span = Span::from_seconds(seconds).filter(|_| seconds >= WORTH_SAYING_SECONDS)?;
    let span = if seconds < 120 { span } else { span.rounded() };
    Some(view! { <p class="quiet">{format!("Read from a copy that is {span} behind.")}</p> }.into_any())
}

/// Whether what is yet to happen can match.
fn may_grow(desk: &Desk, query: &Query) -> bool {
    let (_, until) = query.time_range();
    until.is_none_or(|until| until > desk.caller.called_at)
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
fn form_as_query(desk: &Desk, asked: &Asked, look: &Look) -> Option<String> {
    let was_sent = form(desk) != FormQuery::default() || desk.query_all(PARAMETER).len() > 1;
    match asked {
        Asked::Query(query, _) if was_sent => Some(look.address_of(query)),
        _ => None,
    }
}

fn pages(query: &Query, look: &Look, list: &AuditList, page: &AuditPage) -> Option<AnyView> {
    let looked_back = list.looked_to.is_some() && !matches!(page, AuditPage::NewerThan(_));
    let link = |name: &'static str, cursor: &str, rel: &'static str, words: &'static str| {
        (!cursor.is_empty()).then(|| {
            let path = address::with(&look.address_of(query), name, cursor);
            view! { <a class="button-quiet" href=path rel=rel>{words}</a> }
        })
    };
    let (newer, older) = (
        link("newer", &list.previous, "prev", "Newer events"),
        link("older", &list.next, "next", if looked_back { "Look further back" } else { "Older events" }),
    );
    (newer.is_some() || older.is_some())
        .then(|| view! { <nav class="more" aria-label="Pages">{newer} " " {older}</nav> }.into_any())
}
