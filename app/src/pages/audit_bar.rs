//! The filter bar of the book.

use chrono::TimeDelta;
use domain::audit::{Action, GROUPS, OTHERS, Outcome, group_of};
use leptos::prelude::*;

use super::audit::{address_of, pairs};
use super::audit_tally::outcome_words;
use crate::address;
use crate::backend::{AuditList, AuditQuery};
use crate::components::icon::{Icon, icon};
use crate::components::number::counted;
use crate::desk::Desk;
use crate::routes;

/// Sign-ins are most of what happens, and seldom what somebody looks for.
const SIGN_INS: &str = "session";
/// Ranges to choose with one click.
const RANGES: [(i64, &str); 3] = [(7, "7 days"), (30, "30 days"), (90, "90 days")];

/// Words, and under them what narrows.
pub(crate) fn bar(desk: &Desk, query: &AuditQuery, list: &AuditList) -> AnyView {
    let line = |name: &'static str, label: &'static str, kind: &'static str, value: &str| {
        let id = format!("audit-{name}");
        view! {
            <div class="bar-field">
                <label class="bar-label" for=id.clone()>{label}</label>
                <input class="input" type=kind id=id name=name value=value.to_owned() autocomplete="off"/>
            </div>
        }
    };
    let is_narrowed = pairs(query).iter().skip(1).any(|(_, value)| !value.is_empty());
    let without = (!query.without.is_empty())
        .then(|| view! { <input type="hidden" name="without" value=query.without.clone()/> });
    view! {
        <form class="bar bar-audit" role="search" aria-label="Audit" method="get" action=routes::AUDIT>
            {without}
            <div class="bar-row">
                <div class="bar-search">
                    {icon(Icon::Search)}
                    <input class="input" type="search" name="q" value=query.q.clone() aria-label="Words in the event" placeholder="Words in the event: a name, a reason, an address …" autocomplete="off"/>
                </div>
                <button class="button-quiet" type="submit">"Search"</button>
            </div>
            <details class="fold bar-more" open=is_narrowed>
                <summary>"Narrow"</summary>
                <div class="bar-grid">
                    {line("person", "Person", "text", &query.person)}
                    {line("resource", "Resource or system", "text", &query.resource)}
                    {actions(query, list)}
                    {outcomes(query)}
                    {line("from", "From", "datetime-local", &dated(&query.from, "T00:00"))}
                    {line("to", "To", "datetime-local", &dated(&query.to, "T23:59"))}
                    {ranges(desk, query)}
                </div>
            </details>
        </form>
    }
    .into_any()
}

/// A bare date of an address as the browser's field takes it.
fn dated(typed: &str, time: &str) -> String {
    let is_bare = typed.len() == 10 && typed.split('-').count() == 3;
    if is_bare { format!("{typed}{time}") } else { typed.to_owned() }
}

fn ranges(desk: &Desk, query: &AuditQuery) -> AnyView {
    let clock = desk.clock();
    let links = RANGES
        .into_iter()
        .map(|(days, words)| {
            let from =
                (clock.now - TimeDelta::days(days)).with_timezone(&clock.zone).format("%Y-%m-%dT00:00");
            let last = AuditQuery { from: from.to_string(), to: String::new(), ..query.clone() };
            view! { <a class="facet" href=address_of(&last)>{words}</a> }
        })
        .collect_view();
    view! { <p class="bar-ranges"><span class="facets-name">"The last"</span> {links}</p> }.into_any()
}

fn actions(query: &AuditQuery, list: &AuditList) -> AnyView {
    let option = |value: &str, words: String| {
        view! { <option value=value.to_owned() selected=query.action == value>{words}</option> }.into_any()
    };
    let of = |noun: Option<&'static str>| {
        let all = list.actions.iter().filter(|word| group_of(word).map(|group| group.noun) == noun);
        all.map(|word| option(word, label(word))).collect_view()
    };
    let groups = GROUPS
        .iter()
        .map(|group| {
            view! {
                <optgroup label=group.label>
                    {option(group.noun, format!("{}: all", group.label))}
                    {of(Some(group.noun))}
                </optgroup>
            }
        })
        .collect_view();
    let is_known =
        list.actions.contains(&query.action.as_str()) || GROUPS.iter().any(|g| g.noun == query.action);
    // Any noun can stand in the address, too.
    let other = (!query.action.is_empty() && !is_known).then(|| option(&query.action, query.action.clone()));
    view! {
        <div class="bar-field">
            <label class="bar-label" for="audit-action">"What was done"</label>
            <select class="input select" id="audit-action" name="action">
                <option value="">"Anything"</option>
                {other}
                {groups}
                <optgroup label=OTHERS>{of(None)}</optgroup>
            </select>
        </div>
    }
    .into_any()
}

fn label(action: &str) -> String {
    Action::parse(action).map_or_else(|| action.to_owned(), Action::label)
}

fn outcomes(query: &AuditQuery) -> AnyView {
    let options = [Outcome::Success, Outcome::Denied, Outcome::Failure]
        .into_iter()
        .map(|outcome| {
            let value = outcome.as_str();
            view! { <option value=value selected=query.outcome == value>{outcome_words(outcome)}</option> }
        })
        .collect_view();
    view! {
        <div class="bar-field">
            <label class="bar-label" for="audit-outcome">"Came out"</label>
            <select class="input select" id="audit-outcome" name="outcome">
                <option value="">"Either way"</option>
                {options}
            </select>
        </div>
    }
    .into_any()
}

/// How many there are, what is set, and the way out of here with all of it.
pub(crate) fn summary(desk: &Desk, query: &AuditQuery, list: &AuditList) -> AnyView {
    let count = match (list.total, list.is_more) {
        (0, _) => "No event".to_owned(),
        (1, false) => "One event".to_owned(),
        (total, is_more) => format!("{} events", counted(total, is_more)),
    };
    let all = pairs(query);
    let chips = all
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            let others: Vec<(&str, &str)> = all.iter().filter(|(other, _)| other != name).copied().collect();
            view! {
                <a class="chip" href=address::with_all(routes::AUDIT, &others)>
                    {chip_words(name, value)} {icon(Icon::Close)} <span class="sr-only">"(remove)"</span>
                </a>
            }
        })
        .collect_view();
    let has_sign_ins = list
        .tally
        .as_ref()
        .is_some_and(|tally| tally.groups.len() > 1 && tally.groups.iter().any(|(noun, _)| noun == SIGN_INS));
    let leave_out = (query.without.is_empty() && has_sign_ins).then(|| {
        let without = AuditQuery { without: SIGN_INS.to_owned(), ..query.clone() };
        view! { <a class="quiet-link" href=address_of(&without)>"Leave sign-ins out"</a> }
    });
    let export = |format: &'static str| {
        address::with(&address::with_all(routes::AUDIT_EXPORT, &all), "format", format)
    };
    view! {
        <div class="bar-summary">
            <span class="bar-count">{count}</span>
            {chips}
            {leave_out}
            <span class="bar-export">
                <span class="quiet">"Times in " {desk.caller.time_zone.name()}</span>
                <a class="quiet-link" href=export("csv") download rel="nofollow">{icon(Icon::Download)} "CSV"</a>
                <a class="quiet-link" href=export("jsonl") download rel="nofollow">{icon(Icon::Download)} "JSON lines"</a>
            </span>
        </div>
    }
    .into_any()
}

/// A filter as people would say it.
fn chip_words(name: &str, value: &str) -> String {
    let grouped = |word: &str| group_of(word).filter(|_| !word.contains('.')).map(|group| group.label);
    match name {
        "q" => format!("“{value}”"),
        "person" => format!("Person: {value}"),
        "resource" => format!("On: {value}"),
        "action" => grouped(value).map_or_else(|| label(value), str::to_owned),
        "without" => format!("Without {}", grouped(value).unwrap_or(value).to_lowercase()),
        "outcome" => {
            Outcome::parse(value).map_or_else(|| value.to_owned(), |one| outcome_words(one).to_owned())
        }
        _ => format!("{} {}", if name == "from" { "From" } else { "To" }, value.replace('T', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_reads_in_words() {
        assert_eq!(chip_words("action", "grant"), "Access");
        assert_eq!(chip_words("action", "request.submitted"), "Asked for access");
        assert_eq!(chip_words("action", "elsewhere.done"), "elsewhere.done");
        assert_eq!(chip_words("without", "session"), "Without sign-ins");
        assert_eq!(chip_words("outcome", "denied"), "Refused");
        assert_eq!(chip_words("from", "2026-11-23T00:00"), "From 2026-11-23 00:00");
    }

    #[test]
    fn a_bare_date_of_an_address_fills_the_field_and_nonsense_stays_as_it_is() {
        assert_eq!(dated("2026-11-23", "T23:59"), "2026-11-23T23:59");
        assert_eq!(dated("2026-11-23T10:00", "T23:59"), "2026-11-23T10:00");
        assert_eq!(dated("yesterday!", "T23:59"), "yesterday!");
    }
}
