//! Above the events: how many there were each day, of which kind, and how they came out. Each leads further in.

use chrono::NaiveDate;
use domain::audit::{GROUPS, Outcome};
use leptos::prelude::*;

use super::audit::address_of;
use crate::backend::{AuditQuery, DayTally, Tally};
use crate::components::number::thousands;

/// Days of a bar's width and of the space between two, in units of the drawing.
const DAY_WIDTH: usize = 10;
const BAR_WIDTH: usize = 8;
/// The highest bar.
const HEIGHT: usize = 40;
/// A day on which anything happened is seen.
const BAR_MIN: usize = 2;

/// The strip of days and the facets.
pub(crate) fn tally(query: &AuditQuery, tally: &Tally) -> AnyView {
    view! {
        <div class="tally">
            {days(query, tally)}
            <div class="facets">
                {groups(query, tally)}
                {outcomes(query, tally)}
            </div>
        </div>
    }
    .into_any()
}

fn days(query: &AuditQuery, tally: &Tally) -> Option<AnyView> {
    let (first, last) = (tally.days.first()?, tally.days.last()?);
    let most = tally.days.iter().max_by_key(|day| day.count)?;
    let bars = tally
        .days
        .iter()
        .enumerate()
        .filter(|(_, day)| day.count > 0)
        .map(|(index, day)| bar(query, index, day, most.count))
        .collect_view();
    let drawing = format!("0 0 {} {HEIGHT}", tally.days.len() * DAY_WIDTH);
    let summary = format!(
        "Events per day from {} to {}; most on {}: {}.",
        spoken(first.day),
        spoken(last.day),
        spoken(most.day),
        thousands(most.count)
    );
    let view = view! {
        <div class="days">
            <p class="sr-only">{summary}</p>
            // People who do not see it have the dates of the filter.
            <svg class="days-bars" viewBox=drawing preserveAspectRatio="none" aria-hidden="true">{bars}</svg>
            <p class="days-ends" aria-hidden="true">
                <span>{short(first.day)}</span>
                <span>{format!("most: {} on {}", thousands(most.count), short(most.day))}</span>
                <span>{short(last.day)}</span>
            </p>
        </div>
    };
    Some(view.into_any())
}

fn bar(query: &AuditQuery, index: usize, day: &DayTally, most: usize) -> AnyView {
    let height = (day.count * HEIGHT / most.max(1)).max(BAR_MIN);
    let date = day.day.format("%Y-%m-%d");
    let of_day = AuditQuery { from: format!("{date}T00:00"), to: format!("{date}T23:59"), ..query.clone() };
    view! {
        <a href=address_of(&of_day) tabindex="-1" class="days-day">
            <title>{format!("{}: {}", spoken(day.day), thousands(day.count))}</title>
            <rect class="days-ground" x=index * DAY_WIDTH y="0" width=DAY_WIDTH height=HEIGHT/>
            <rect class="days-bar" x=index * DAY_WIDTH + 1 y=HEIGHT - height width=BAR_WIDTH height=height/>
        </a>
    }
    .into_any()
}

fn spoken(day: NaiveDate) -> String {
    day.format("%A %-d %B").to_string()
}

fn short(day: NaiveDate) -> String {
    day.format("%-d %b").to_string()
}

fn groups(query: &AuditQuery, tally: &Tally) -> Option<AnyView> {
    // One kind is no choice.
    if tally.groups.len() < 2 {
        return None;
    }
    let of = |noun: &str| tally.groups.iter().find(|(other, _)| other == noun).map(|(_, count)| *count);
    let facets = GROUPS
        .iter()
        .filter_map(|group| {
            let narrowed = AuditQuery {
                action: group.noun.to_owned(),
                // What is looked for is not left out.
                without: Some(query.without.clone())
                    .filter(|without| without != group.noun)
                    .unwrap_or_default(),
                ..query.clone()
            };
            Some(facet(group.label, of(group.noun)?, &narrowed))
        })
        .collect_view();
    Some(view! { <p class="facets-row"><span class="facets-name">"What"</span> <span class="facets-all">{facets}</span></p> }.into_any())
}

fn outcomes(query: &AuditQuery, tally: &Tally) -> Option<AnyView> {
    if tally.outcomes.len() < 2 {
        return None;
    }
    let facets = [Outcome::Success, Outcome::Denied, Outcome::Failure]
        .into_iter()
        .filter_map(|outcome| {
            let (_, count) = tally.outcomes.iter().find(|(other, _)| *other == outcome)?;
            let narrowed = AuditQuery { outcome: outcome.as_str().to_owned(), ..query.clone() };
            Some(facet(outcome_words(outcome), *count, &narrowed))
        })
        .collect_view();
    Some(view! { <p class="facets-row"><span class="facets-name">"Came out"</span> <span class="facets-all">{facets}</span></p> }.into_any())
}

/// How an outcome is called among choices.
pub(crate) fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "Done",
        Outcome::Denied => "Refused",
        Outcome::Failure => "Failed",
    }
}

fn facet(words: &'static str, count: usize, narrowed: &AuditQuery) -> AnyView {
    view! {
        <a class="facet" href=address_of(narrowed)>{words} " " <span class="facet-count">{thousands(count)}</span></a>
    }
    .into_any()
}
