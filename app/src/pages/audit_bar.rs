//! The search of the book: one line of query, and a form that writes it.

use domain::audit::query::{ActionPattern, Expr, Field, FormQuery, Query, QueryError, Term};
use domain::audit::{Action, GROUPS, OTHERS, Outcome, group_of};
use domain::usage::UsageAction;
use leptos::prelude::*;

use super::audit::Asked;
use super::audit_columns::{Look, PARAMETER};
use super::audit_rows::label;
use super::audit_tally::outcome_words;
use crate::address;
use crate::backend::{AuditList, context_of};
use crate::components::icon::{Icon, icon};
use crate::components::number::counted;
use crate::desk::Desk;
use crate::islands::QueryLine;
use crate::routes;

/// Sign-ins are most of what happens, and seldom what somebody looks for.
const SIGN_INS: &str = "session";
/// Ranges to choose with one click.
const RANGES: [(&str, &str); 4] =
    [("1d", "24 hours"), ("7d", "7 days"), ("30d", "30 days"), ("90d", "90 days")];

/// The query, and under it the form for those who do not type it.
pub(crate) fn bar(desk: &Desk, asked: &Asked, look: &Look, saved: AnyView) -> AnyView {
    let (typed, form) = match asked {
        Asked::Query(query, typed) => {
            (typed.clone(), FormQuery::from_query(query, &context_of(&desk.caller)))
        }
        Asked::Mistaken(typed, _) => (typed.clone(), None),
        Asked::Form(form, _) => (String::new(), Some(form.as_ref().clone())),
    };
    let is_mistaken = matches!(asked, Asked::Mistaken(..));
    // The line and the chips say what is looked for; the form opens where something in it is wrong.
    let is_open = matches!(asked, Asked::Form(..));
    let narrow = match form {
        Some(form) => narrow(&form, look),
        None => {
            view! { <p class="quiet">"This query says more than the form can. Go on in the line above."</p> }
                .into_any()
        }
    };
    let columns = match asked {
        Asked::Query(query, _) => Some(view! {
            <details class="fold bar-more">
                <summary>"Columns"</summary>
                {look.form(query)}
            </details>
        }),
        _ => None,
    };
    let placeholder = "Words, or fields such as person:\"Ana Ruiz\" action:grant.* after:7d".to_owned();
    view! {
        <div class="bar bar-audit">
            <form role="search" aria-label="Audit" method="get" action=routes::AUDIT>
                {look.kept()}
                <div class="bar-row">
                    <div class="bar-search">
                        {icon(Icon::Search)}
                        <QueryLine path=routes::AUDIT_COMPLETE.to_owned() value=typed placeholder is_mistaken/>
                    </div>
                    <button class="button-quiet" type="submit">"Search"</button>
                </div>
            </form>
            <div class="bar-folds">
                <details class="fold bar-more" open=is_open>
                    <summary>"Narrow"</summary>
                    {narrow}
                </details>
                {saved}
                {columns}
                {how_to()}
            </div>
        </div>
    }
    .into_any()
}

/// Everything that can be typed, with an example of each.
fn how_to() -> AnyView {
    let fields = Field::ALL
        .iter()
        .map(|field| view! { <div><dt><code>{field.as_str()} ":"</code></dt><dd>{field.explanation()}</dd></div> })
        .collect_view();
    view! {
        <details class="fold bar-more">
            <summary>"What can be typed"</summary>
            <p class="quiet">"Words must all be there; “in quotation marks” as they stand. " <code>"-"</code> " before anything leaves it out, " <code>"OR"</code> " takes either, and brackets hold together."</p>
            <dl class="facts facts-wide">{fields}</dl>
        </details>
    }
    .into_any()
}

fn narrow(form: &FormQuery, look: &Look) -> AnyView {
    let line = |name: &'static str, label: &'static str, hint: &'static str, value: &str| {
        let id = format!("audit-{name}");
        view! {
            <div class="bar-field">
                <label class="bar-label" for=id.clone()>{label}</label>
                <input class="input" type="text" id=id name=name value=value.to_owned() placeholder=hint autocomplete="off"/>
            </div>
        }
    };
    let kept = [
        ("environment", &form.environment),
        ("sensitivity", &form.sensitivity),
        ("without", &form.without),
        ("window", &form.window),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| view! { <input type="hidden" name=name value=value.clone()/> })
    .collect_view();
    let covered = [("", "Either way"), ("no", "No: nobody granted it"), ("yes", "Yes")];
    let outcomes = [Outcome::Success, Outcome::Denied, Outcome::Failure]
        .map(|outcome| (outcome.as_str(), outcome_words(outcome)));
    let outcomes: Vec<(&str, &str)> = std::iter::once(("", "Either way")).chain(outcomes).collect();
    view! {
        <form class="bar-grid" method="get" action=routes::AUDIT aria-label="Narrow">
            {kept}
            {look.kept()}
            {line("words", "Words", "", &form.words)}
            {line("person", "Person", "", &form.person)}
            {line("resource", "Resource or system", "", &form.resource)}
            {actions(&form.action)}
            {choice("outcome", "Came out", &form.outcome, &outcomes)}
            {choice("covered", "Covered by a grant", &form.covered, &covered)}
            {line("ip", "Address or network", "10.0.0.0/8", &form.ip)}
            {line("from", "From", "2026-11-01, 7d, yesterday", &form.from)}
            {line("to", "To", "2026-11-07, today", &form.to)}
            <div class="bar-field bar-go"><button class="button-quiet" type="submit">"Narrow"</button></div>
        </form>
    }
    .into_any()
}

fn choice(
    name: &'static str,
    label: &'static str,
    chosen: &str,
    options: &[(&str, &'static str)],
) -> AnyView {
    let id = format!("audit-{name}");
    let options = options
        .iter()
        .map(|(value, words)| view! { <option value=(*value).to_owned() selected=*value == chosen>{*words}</option> })
        .collect_view();
    view! {
        <div class="bar-field">
            <label class="bar-label" for=id.clone()>{label}</label>
            <select class="input select" id=id name=name>{options}</select>
        </div>
    }
    .into_any()
}

fn actions(chosen: &str) -> AnyView {
    let option = |value: &str, words: String| {
        view! { <option value=value.to_owned() selected=chosen == value>{words}</option> }.into_any()
    };
    let own = || Action::ALL.iter().map(|action| action.as_str());
    let of = |noun: Option<&'static str>| {
        let outside = UsageAction::known().map(|(word, _)| word);
        let all = own().chain(outside).filter(|word| group_of(word).map(|group| group.noun) == noun);
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
    let is_known = own().any(|word| word == chosen)
        || UsageAction::known().any(|(word, _)| word == chosen)
        || GROUPS.iter().any(|group| group.noun == chosen);
    // Any verb of use can stand in a query, too.
    let other = (!chosen.is_empty() && !is_known).then(|| option(chosen, chosen.to_owned()));
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

/// A query that cannot be read: where, why, and what to write instead.
pub(crate) fn mistake(typed: &str, error: &QueryError, look: &Look) -> AnyView {
    let part = |range: std::ops::Range<usize>| -> String {
        typed.chars().skip(range.start).take(range.len()).collect()
    };
    let (at, length) = (error.at.clone(), typed.chars().count());
    // Where something is missing, there is nothing to mark but the place.
    let marked = if at.is_empty() { "▴".to_owned() } else { part(at.clone()) };
    let fix = error.fix.as_ref().map(|fix| {
        let words =
            if fix.offer.is_empty() { "Leave it out".to_owned() } else { format!("Take {}", fix.offer) };
        let path = address::with_all(routes::AUDIT, &[("q", &fix.query), (PARAMETER, &look.written())]);
        view! { <a class="button-quiet" href=path>{words}</a> }
    });
    view! {
        <div class="mistake" role="alert">
            <p class="mistake-query"><code>{part(0..at.start)}<mark>{marked}</mark>{part(at.end..length)}</code></p>
            <p>{error.message.clone()}</p>
            {fix}
        </div>
    }
    .into_any()
}

/// How many there are, what is looked for, and the way out of here with all of it.
pub(crate) fn summary(desk: &Desk, query: &Query, look: &Look, list: &AuditList) -> AnyView {
    let count = match (list.total, list.is_more) {
        (0, _) => "No event".to_owned(),
        (1, false) => "One event".to_owned(),
        (total, is_more) => format!("{} events", counted(total, is_more)),
    };
    let chips = query
        .parts()
        .iter()
        .map(|part| {
            view! {
                <a class="chip" href=look.address_of(&query.without(part))>
                    {Query::from(part.clone()).as_written()} {icon(Icon::Close)} <span class="sr-only">"(remove)"</span>
                </a>
            }
        })
        .collect_view();
    let noun = |noun: &str| Expr::from(Term::Action(ActionPattern::Noun(noun.to_owned())));
    let has_sign_ins = list
        .tally
        .as_ref()
        .is_some_and(|tally| tally.groups.len() > 1 && tally.groups.iter().any(|(noun, _)| noun == SIGN_INS));
    let leave_out = (!query.uses(Field::Action) && has_sign_ins).then(|| {
        view! { <a class="quiet-link" href=look.address_of(&query.with(noun(SIGN_INS).negated()))>"Leave sign-ins out"</a> }
    });
    let export = |format: &'static str| {
        let all = address::with(routes::AUDIT_EXPORT, "q", &query.as_written());
        address::with(&all, "format", format)
    };
    view! {
        <div class="bar-summary">
            <span class="bar-count">{count}</span>
            {chips}
            {leave_out}
            {ranges(desk, query, look)}
            <span class="bar-export">
                <span class="quiet">"Times in " {desk.caller.time_zone.name()}</span>
                <a class="quiet-link" href=export("csv") rel="nofollow">{icon(Icon::Download)} "CSV"</a>
                <a class="quiet-link" href=export("jsonl") rel="nofollow">{icon(Icon::Download)} "JSON lines"</a>
                <a class="quiet-link" href=export("ocsf") rel="nofollow">{icon(Icon::Download)} "OCSF"</a>
                <a class="quiet-link" href=address::with(routes::EXPORTS, "q", &query.as_written())>"In the background"</a>
            </span>
        </div>
    }
    .into_any()
}

/// The last so many days, where no time is looked for yet.
fn ranges(desk: &Desk, query: &Query, look: &Look) -> Option<AnyView> {
    if [Field::Before, Field::After, Field::During].into_iter().any(|field| query.uses(field)) {
        return None;
    }
    let links = RANGES
        .into_iter()
        .filter_map(|(typed, words)| {
            let last =
                domain::audit::query::parse(&format!("after:{typed}"), &context_of(&desk.caller)).ok()?;
            let narrowed = last.parts().iter().fold(query.clone(), |query, part| query.with(part.clone()));
            Some(view! { <a class="facet" href=look.address_of(&narrowed)>{words}</a> })
        })
        .collect_view();
    Some(
        view! { <span class="bar-ranges"><span class="facets-name">"The last"</span> {links}</span> }
            .into_any(),
    )
}
