//! The catalogue: systems as quiet sections, resources as rows, one filter bar.

use leptos::prelude::*;

use crate::address;
use crate::backend::{BundleRow, CatalogueList, CatalogueQuery, Facet, ResourceRow, SystemSection};
use crate::components::empty::empty;
use crate::components::head::head;
use crate::components::icon::{Icon, icon};
use crate::components::number::thousands;
use crate::components::tag;
use crate::components::time::Clock;
use crate::desk::{Desk, Page, page};
use crate::frame::Place;
use crate::islands::SearchAsYouType;
use crate::routes;

/// The catalogue's page.
#[component]
pub fn Catalogue() -> impl IntoView {
    page(Place::Catalogue, |desk| async move {
        let query = query(&desk);
        let list = desk.backend.catalogue.browse(&desk.caller, &query).await?;
        let add = desk.backend.administration.may_add_resources(&desk.caller).await?.then(|| {
            view! { <a class="button-quiet" href=routes::RESOURCE_NEW>"Add a resource"</a> }.into_any()
        });
        let head =
            head("Catalogue", "What you can ask for. Each entry says who decides before you ask.", add);
        if list.is_empty_catalogue {
            return Ok(Page::new("Catalogue", view! { {head} {results(desk.clock(), &list)} }));
        }
        let body = view! {
            {head}
            {bar(&query, &list)}
            <div id="results" class="results">
                {summary(&query, &list)}
                {results(desk.clock(), &list)}
            </div>
        };
        Ok(Page::new("Catalogue", body).with_islands())
    })
}

fn bar(query: &CatalogueQuery, list: &CatalogueList) -> AnyView {
    view! {
        <form class="bar bar-catalogue" role="search" aria-label="The catalogue" method="get" action=routes::CATALOGUE id="filter">
            <div class="bar-row">
                <div class="bar-search">
                    {icon(Icon::Search)}
                    <SearchAsYouType value=query.text.clone()/>
                </div>
                <button class="button-quiet" type="submit">"Show"</button>
            </div>
            <div class="bar-filters">{filters(query, list)}</div>
        </form>
    }
    .into_any()
}

fn query(desk: &Desk) -> CatalogueQuery {
    CatalogueQuery {
        text: desk.query("q"),
        system: desk.query("system"),
        environment: desk.query("environment"),
        sensitivity: desk.query("sensitivity"),
        tag: desk.query("tag"),
        held: desk.query("held") == "on",
    }
}

fn filters(query: &CatalogueQuery, list: &CatalogueList) -> AnyView {
    let held = query.held;
    view! {
        {facet("system", "All systems", "System", &query.system, &list.facets.systems)}
        {facet("environment", "All environments", "Environment", &query.environment, &list.facets.environments)}
        {facet("sensitivity", "Any sensitivity", "Sensitivity", &query.sensitivity, &list.facets.sensitivities)}
        {facet("tag", "All tags", "Tag", &query.tag, &list.facets.tags)}
        <label class="check bar-check">
            <input class="checkbox" type="checkbox" name="held" value="on" checked=held/>
            <span>"What I hold"</span>
        </label>
    }
    .into_any()
}

fn facet(
    name: &'static str,
    all: &'static str,
    label: &'static str,
    chosen: &str,
    choices: &[Facet],
) -> Option<AnyView> {
    if choices.is_empty() && chosen.is_empty() {
        return None;
    }
    // What is chosen stays a choice, even where nothing matches it any more.
    let gone = (!chosen.is_empty() && !choices.iter().any(|choice| choice.value == chosen))
        .then(|| view! { <option value=chosen.to_owned() selected>{chosen.to_owned()}</option> });
    let options = choices
        .iter()
        .map(|choice| {
            let words = format!("{} ({})", choice.label, thousands(choice.count));
            view! { <option value=choice.value.clone() selected=choice.value == chosen>{words}</option> }
        })
        .collect_view();
    let select = view! {
        <select class="input select bar-select" name=name aria-label=label>
            <option value="">{all}</option>
            {gone}
            {options}
        </select>
    };
    Some(select.into_any())
}

fn summary(query: &CatalogueQuery, list: &CatalogueList) -> AnyView {
    let count = match list.total {
        0 => "Nothing matches".to_owned(),
        1 => "One resource".to_owned(),
        total => format!("{} resources", thousands(total)),
    };
    let label = |facets: &[Facet], value: &str| {
        facets.iter().find(|f| f.value == value).map_or_else(|| value.to_owned(), |f| f.label.clone())
    };
    let chips = [
        ("q", query.text.clone(), format!("“{}”", query.text)),
        ("system", query.system.clone(), label(&list.facets.systems, &query.system)),
        ("environment", query.environment.clone(), label(&list.facets.environments, &query.environment)),
        ("sensitivity", query.sensitivity.clone(), label(&list.facets.sensitivities, &query.sensitivity)),
        ("tag", query.tag.clone(), label(&list.facets.tags, &query.tag)),
        ("held", if query.held { "on".to_owned() } else { String::new() }, "What I hold".to_owned()),
    ];
    let pairs: Vec<(&str, String)> = chips.iter().map(|(name, value, _)| (*name, value.clone())).collect();
    let chips = chips
        .iter()
        .filter(|(_, value, _)| !value.is_empty())
        .map(|(name, _, words)| chip(name, words.clone(), &pairs))
        .collect_view();
    view! { <p class="bar-summary"><span class="bar-count" role="status">{count}</span> {chips}</p> }
        .into_any()
}

fn chip(name: &str, words: String, pairs: &[(&str, String)]) -> AnyView {
    let others: Vec<(&str, &str)> = pairs
        .iter()
        .filter(|(other, _)| *other != name)
        .map(|(other, value)| (*other, value.as_str()))
        .collect();
    view! {
        <a class="chip" href=address::with_all(routes::CATALOGUE, &others)>
            {words} {icon(Icon::Close)} <span class="sr-only">"(remove)"</span>
        </a>
    }
    .into_any()
}

fn results(clock: Clock, list: &CatalogueList) -> AnyView {
    if list.is_empty_catalogue {
        return empty(
            "The catalogue is empty",
            "An administrator adds or imports systems and resources; they stand here as soon as they are there.",
            None,
        );
    }
    if list.systems.is_empty() && list.bundles.is_empty() {
        return empty(
            "Nothing matches",
            "Take a filter away or look for another word: a system, a resource, or what it is for.",
            Some((routes::CATALOGUE.to_owned(), "Show everything")),
        );
    }
    let bundles = (!list.bundles.is_empty()).then(|| {
        let all = list.bundles.iter().map(bundle).collect_view();
        view! {
            <section class="bundles" aria-labelledby="bundles">
                <h2 class="bundles-name" id="bundles">"Bundles"</h2>
                <ul class="bundles-list">{all}</ul>
            </section>
        }
    });
    let systems = list.systems.iter().map(|system| section(clock, system)).collect_view();
    view! { {bundles} {systems} }.into_any()
}

/// One line each: what is in it stands on the form that it leads to, before anything is sent.
fn bundle(bundle: &BundleRow) -> AnyView {
    let ask = address::with(routes::REQUEST_FORM, "bundle", &bundle.slug);
    let count = bundle.entitlements.len();
    let title = format!("{} {}", bundle.description, bundle.entitlements.join(", "));
    let together = if count == 1 { " entitlement" } else { " entitlements together" };
    view! {
        <li>
            <a class="bundle" href=ask title=title>
                {bundle.name.clone()} <span class="bundle-count">{count} <span class="sr-only">{together}</span></span>
            </a>
        </li>
    }
    .into_any()
}

fn section(clock: Clock, system: &SystemSection) -> AnyView {
    let rows = system.resources.iter().map(|resource| row(clock, resource)).collect_view();
    view! {
        <section class="section">
            <h2 class="heading">{system.name.clone()}</h2>
            <ul class="rows">{rows}</ul>
        </section>
    }
    .into_any()
}

fn row(clock: Clock, resource: &ResourceRow) -> AnyView {
    let path = format!("{}/{}", routes::CATALOGUE, resource.slug);
    let held = resource
        .held
        .iter()
        .map(|held| {
            let until = held.until.map(|until| view! { " until " {clock.short(until)} });
            view! { <p class="held-brief">"You hold " <em class="what-entitlement">{held.entitlement.clone()}</em> {until}</p> }
        })
        .collect_view();
    let environment = (!resource.environment.is_empty()).then(|| tag::plain(&resource.environment));
    view! {
        <li class="row row-link">
            <div class="row-main">
                <p class="row-title"><a class="row-cover what-resource" href=path>{resource.name.clone()}</a></p>
                <p class="row-sub">{resource.description.clone()}</p>
                {held}
            </div>
            <p class="row-kinds">{resource.entitlements.join(", ")}</p>
            <div class="row-tags row-tags-grid"><span>{environment}</span> {tag::sensitivity(resource.sensitivity)}</div>
        </li>
    }
    .into_any()
}
