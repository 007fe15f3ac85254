//! Who had what at a moment: a person, on a resource, everything.

use chrono::NaiveDate;
use leptos::prelude::*;

use crate::address;
use crate::backend::{AsOf, Held, HeldRow, HeldView};
use crate::components::empty::empty;
use crate::components::field::Field;
use crate::components::head::{crumb, crumb_to, head};
use crate::components::held;
use crate::components::icon::{Icon, icon};
use crate::components::number::counted;
use crate::components::person::person;
use crate::desk::{Desk, Page, page};
use crate::error::FieldError;
use crate::frame::Place;
use crate::routes;

/// What one person had.
#[component]
pub fn OfPerson() -> impl IntoView {
    page(Place::People, |desk| async move {
        let view = desk.backend.holdings.of_person(&desk.caller, desk.id("id")?, &asked(&desk)).await?;
        let name = view.of.clone().unwrap_or_default();
        let back = format!("{}/{}", routes::PEOPLE, desk.param("id"));
        let here = routes::person_as_of(&desk.param("id"));
        let title = format!("What {name} had");
        Ok(Page::new(title.clone(), body(&desk, &view, crumb_to(back, name), title, &here)))
    })
}

/// Who had something on one resource.
#[component]
pub fn OfResource() -> impl IntoView {
    page(Place::Catalogue, |desk| async move {
        let slug = desk.param("resource");
        let view = desk.backend.holdings.of_resource(&desk.caller, &slug, &asked(&desk)).await?;
        let name = view.of.clone().unwrap_or_default();
        let (back, here) = (routes::resource(&slug), routes::resource_as_of(&slug));
        let title = format!("Who had access to {name}");
        Ok(Page::new(title.clone(), body(&desk, &view, crumb_to(back, name), title, &here)))
    })
}

/// Everything.
#[component]
pub fn OfAll() -> impl IntoView {
    page(Place::Audit, |desk| async move {
        let view = desk.backend.holdings.of_all(&desk.caller, &asked(&desk)).await?;
        let title = "Who had what".to_owned();
        let crumb = crumb(routes::AUDIT, "Audit");
        Ok(Page::new(title.clone(), body(&desk, &view, crumb, title, routes::AS_OF)))
    })
}

fn asked(desk: &Desk) -> AsOf {
    AsOf { date: desk.query("date"), older: desk.query("older") }
}

fn body(desk: &Desk, view: &HeldView, crumb: AnyView, title: String, here: &str) -> AnyView {
    let (lead, found) = match &view.held {
        Ok(held) => {
            let lead = view! { "As of " {desk.clock().exact(held.at)} ", as the book says." }.into_any();
            (lead, table(desk, view, held, here))
        }
        Err(_) => ("Nobody knows who had what then.".into_any(), ().into_any()),
    };
    view! {
        {crumb}
        {head(title, lead, None)}
        {form(desk, here, view.held.as_ref().err())}
        {found}
    }
    .into_any()
}

fn form(desk: &Desk, here: &str, error: Option<&FieldError>) -> AnyView {
    let typed = desk.query("date");
    let shown = match typed.trim() {
        "" => desk.clock().now.with_timezone(&desk.caller.time_zone).date_naive().to_string(),
        typed => typed.to_owned(),
    };
    // A control for dates would swallow what is none.
    let is_date = NaiveDate::parse_from_str(&shown, "%Y-%m-%d").is_ok();
    let field = Field::new("date", "At the end of").error(error.map(|error| error.message.clone())).input(
        "date",
        if is_date { "date" } else { "text" },
        shown,
    );
    view! {
        <form class="bar bar-date" method="get" action=here.to_owned()>
            {field}
            <button class="button-quiet bar-go" type="submit">"Show"</button>
        </form>
    }
    .into_any()
}

fn table(desk: &Desk, view: &HeldView, held: &Held, here: &str) -> AnyView {
    let narrowed = view.is_narrowed.then(|| {
        view! { <p class="quiet">"Shown is what you may see: your own, that of those who report to you, and on what you own."</p> }
    });
    let rows = if held.rows.is_empty() {
        empty("Nothing was held then", "Nobody had access at that moment, or none that you may see.", None)
    } else {
        let of_person = here.starts_with(routes::PEOPLE);
        let rows = held.rows.iter().map(|one| row(desk, one, of_person)).collect_view();
        view! {
            <table class="ledger">
                <thead>
                    <tr>
                        {(!of_person).then(|| view! { <th scope="col">"Who"</th> })}
                        <th scope="col">"Access"</th>
                        <th scope="col">"Since"</th>
                        <th scope="col">"Until"</th>
                        <th scope="col">"Approved by"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    let date = desk.query("date");
    let next = (!held.next.is_empty()).then(|| {
        let path = address::with_all(here, &[("date", &date), ("older", &held.next)]);
        view! { <nav class="more" aria-label="Pages"><a class="button-quiet" href=path rel="next">"Opened earlier"</a></nav> }
    });
    view! {
        <div class="bar-summary">
            <span class="bar-count">{count(held)}</span>
            {(here == routes::AS_OF).then(|| exports(&date))}
        </div>
        {narrowed}
        {rows}
        {next}
        <p class="quiet ledger-foot">{held::read_from(held.read_to, held.unread)}</p>
    }
    .into_any()
}

fn count(held: &Held) -> String {
    match (held.total, held.is_more) {
        (0, _) => "Nothing held".to_owned(),
        (1, false) => "One held".to_owned(),
        (total, is_more) => format!("{} held", counted(total, is_more)),
    }
}

fn exports(date: &str) -> AnyView {
    let path = |format: &str| address::with_all(routes::AS_OF_EXPORT, &[("date", date), ("format", format)]);
    view! {
        <span class="bar-export">
            <a class="quiet-link" href=path("csv") download rel="nofollow">{icon(Icon::Download)} "CSV"</a>
            <a class="quiet-link" href=path("jsonl") download rel="nofollow">{icon(Icon::Download)} "JSON lines"</a>
        </span>
    }
    .into_any()
}

fn row(desk: &Desk, row: &HeldRow, of_person: bool) -> AnyView {
    let (holding, clock) = (&row.holding, desk.clock());
    let who = (!of_person).then(
        || view! { <td data-name="Who"><span class="ledger-cell">{person(&holding.person)}</span></td> },
    );
    view! {
        <tr>
            {who}
            <td data-name="Access"><span class="ledger-cell">{held::access(holding, row.resource_slug.as_deref())}</span></td>
            <td data-name="Since"><span class="ledger-cell">{clock.short(holding.opened_at)}</span></td>
            <td data-name="Until"><span class="ledger-cell">{held::until(clock, holding)}</span></td>
            <td data-name="Approved by"><span class="ledger-cell">{held::approval(holding, row.sees_request)}</span></td>
        </tr>
    }
    .into_any()
}
