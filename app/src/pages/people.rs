//! People, by name.

use leptos::prelude::*;

use crate::backend::PersonRow;
use crate::components::empty::empty;
use crate::components::head::head;
use crate::components::icon::{Icon, icon};
use crate::components::initials::initials;
use crate::components::tag;
use crate::desk::{Page, page};
use crate::frame::Place;
use crate::routes;

/// Everybody, or who matches.
#[component]
pub fn People() -> impl IntoView {
    page(Place::People, |desk| async move {
        let text = desk.query("q");
        let people = desk.backend.people.list(&desk.caller, &text).await?;
        let rows = if people.is_empty() {
            empty(
                "Nobody matches",
                "Search for a part of a name, a title or a department.",
                Some((routes::PEOPLE.to_owned(), "Show everybody")),
            )
        } else {
            let rows = people.iter().map(row).collect_view();
            view! { <ul class="rows rows-tight">{rows}</ul> }.into_any()
        };
        let lead = match people.len() {
            0 => "Nobody matches.".to_owned(),
            1 => "One person.".to_owned(),
            100.. => "The first 100 by name. Search to narrow.".to_owned(),
            count => format!("{count} people."),
        };
        let body = view! {
            {head("People", lead, None)}
            <form class="bar" role="search" aria-label="People" method="get" action=routes::PEOPLE>
                <div class="bar-row">
                    <div class="bar-search">
                        {icon(Icon::Search)}
                        <input class="input" type="search" name="q" value=text aria-label="Name, title or department" placeholder="Name, title or department"/>
                    </div>
                    <button class="button-quiet" type="submit">"Search"</button>
                </div>
            </form>
            {rows}
        };
        Ok(Page::new("People", body))
    })
}

fn row(row: &PersonRow) -> AnyView {
    let path = format!("{}/{}", routes::PEOPLE, row.person.id);
    view! {
        <li class="row row-link">
            <div class="row-person">
                {initials(&row.person.name)}
                <div>
                    <p class="row-title"><a class="row-cover" href=path>{row.person.name.clone()}</a> {tag::status(row.status)}</p>
                    <p class="row-sub">{one_line(row)}</p>
                </div>
            </div>
        </li>
    }
    .into_any()
}

/// “Database engineer, Payments”.
pub(crate) fn one_line(row: &PersonRow) -> String {
    [row.title.as_str(), row.department.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}
