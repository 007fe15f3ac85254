//! What is out of the ordinary: what waits first, and whatever else one looks for.

use leptos::prelude::*;

use super::alert_rows::alert_rows;
use crate::address;
use crate::backend::{AlertFacet, AlertList, AlertsWanted};
use crate::components::empty::empty_with;
use crate::components::head::head;
use crate::components::icon::{Icon, icon};
use crate::components::number::counted;
use crate::desk::{Page, page};
use crate::frame::Place;
use crate::routes;

/// The list's page.
#[component]
pub fn Alerts() -> impl IntoView {
    page(Place::Alerts, |desk| async move {
        let wanted = AlertsWanted {
            state: desk.query("state"),
            severity: desk.query("severity"),
            rule: desk.query("rule"),
            resource: desk.query("resource"),
            person: desk.query("person"),
            older: desk.query("older"),
        };
        let list = desk.backend.alerts.list(&desk.caller, &wanted).await?;
        let rows =
            if list.rows.is_empty() { nothing(&list, &wanted) } else { alert_rows(desk.clock(), &list.rows) };
        let older = (!list.next.is_empty()).then(|| {
            let path = address::with(&narrowed(&wanted, &[]), "older", &list.next);
            view! { <p class="more"><a class="button-quiet" href=path rel="next">"Older"</a></p> }
        });
        let rules = view! {
            <a class="button-quiet" href=routes::ALERT_TRENDS>"How they went"</a>
            <a class="button-quiet" href=routes::SUPPRESSIONS>"Silent for a time"</a>
            <a class="button-quiet" href=routes::ALERT_RULES>"What is watched"</a>
        };
        let body = view! {
            {head("Alerts", lead(&list, &wanted, desk.sees_all()), Some(rules.into_any()))}
            {choices(&list, &wanted)}
            {chips(&list, &wanted)}
            {rows}
            {older}
        };
        Ok(Page::new("Alerts", body))
    })
}

/// How many are in this state beside what is chosen otherwise.
fn in_state(list: &AlertList, state: &str) -> usize {
    list.states.iter().find(|facet| facet.value == state).map_or(0, |facet| facet.count)
}

fn lead(list: &AlertList, wanted: &AlertsWanted, sees_all: bool) -> String {
    let whose = if sees_all { "" } else { " on what you own or was handed to you" };
    let is_narrowed = *wanted != AlertsWanted { older: wanted.older.clone(), ..AlertsWanted::default() };
    if is_narrowed {
        return format!("What is out of the ordinary{whose}, newest first.");
    }
    match in_state(list, "") {
        0 => format!("Nothing out of the ordinary{whose} waits for anybody."),
        1 => format!("One thing out of the ordinary{whose} waits for an answer."),
        count => {
            let count = counted(count, list.is_more);
            format!("{count} things out of the ordinary{whose} wait for an answer, newest first.")
        }
    }
}

/// The list's address with some of what is chosen changed; an empty value lets it go.
fn narrowed(wanted: &AlertsWanted, change: &[(&str, &str)]) -> String {
    let now = [
        ("state", wanted.state.as_str()),
        ("severity", wanted.severity.as_str()),
        ("rule", wanted.rule.as_str()),
        ("resource", wanted.resource.as_str()),
        ("person", wanted.person.as_str()),
    ];
    let pairs = now.map(|(name, value)| {
        let changed = change.iter().find(|(other, _)| *other == name);
        (name, changed.map_or(value, |(_, value)| *value))
    });
    address::with_all(routes::ALERTS, &pairs)
}

fn choices(list: &AlertList, wanted: &AlertsWanted) -> AnyView {
    let states = row("State", "state", &wanted.state, &list.states, list, wanted);
    let severities = (list.severities.len() > 1 || !wanted.severity.is_empty())
        .then(|| row("Severity", "severity", &wanted.severity, &list.severities, list, wanted));
    let rules = (list.rules.len() > 1 || !wanted.rule.is_empty())
        .then(|| row("Rule", "rule", &wanted.rule, &list.rules, list, wanted));
    view! { <nav class="facets alert-facets" aria-label="Which alerts">{states} {severities} {rules}</nav> }
        .into_any()
}

/// Choices of one kind. Pressed again, a chosen one is let go; one of the states is always chosen.
fn row(
    heading: &'static str,
    name: &'static str,
    chosen: &str,
    facets: &[AlertFacet],
    list: &AlertList,
    wanted: &AlertsWanted,
) -> AnyView {
    let facets = facets
        .iter()
        .map(|facet| {
            let is_chosen = facet.value == chosen;
            let value = if is_chosen { "" } else { facet.value.as_str() };
            let path = narrowed(wanted, &[(name, value)]);
            let count = counted(facet.count, list.is_more);
            view! {
                <a class="facet" href=path aria-current=is_chosen.then_some("true")>
                    {facet.label.clone()} " " <span class="facet-count">{count}</span>
                </a>
            }
        })
        .collect_view();
    view! {
        <div class="facets-row"><span class="facets-name">{heading}</span> <span class="facets-all">{facets}</span></div>
    }
    .into_any()
}

/// Whom and what it is narrowed to by a link from elsewhere.
fn chips(list: &AlertList, wanted: &AlertsWanted) -> Option<AnyView> {
    let chip = |words: String, name: &str| {
        let path = narrowed(wanted, &[(name, "")]);
        view! { <a class="chip" href=path>{words} {icon(Icon::Close)} <span class="sr-only">"(remove)"</span></a> }
    };
    let person = list.person.as_ref().map(|person| chip(format!("About {}", person.name), "person"));
    let resource = list.resource.as_ref().map(|name| chip(format!("On {name}"), "resource"));
    (person.is_some() || resource.is_some())
        .then(|| view! { <p class="bar-summary">{person} {resource}</p> }.into_any())
}

fn nothing(list: &AlertList, wanted: &AlertsWanted) -> AnyView {
    let is_narrowed = *wanted != AlertsWanted::default();
    if is_narrowed {
        return empty_with(
            "No alerts like that",
            "Nothing that you may see fits what is chosen.",
            Some((routes::ALERTS.to_owned(), "Show what waits".to_owned())),
        );
    }
    empty_with(
        "Nothing waits",
        "Whatever is out of the ordinary stands here as soon as it happens, with its evidence.",
        Some((routes::ALERT_RULES.to_owned(), format!("{} rules watch", list.watching))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_changes_one_thing_of_the_address_and_begins_at_the_first_page() {
        let wanted = AlertsWanted {
            state: "open".into(),
            rule: "denied-burst".into(),
            older: "x".into(),
            ..AlertsWanted::default()
        };
        assert_eq!(
            narrowed(&wanted, &[("severity", "high")]),
            "/alerts?state=open&severity=high&rule=denied-burst"
        );
        assert_eq!(narrowed(&wanted, &[("rule", "")]), "/alerts?state=open");
    }
}
