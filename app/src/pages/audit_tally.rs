//! Above the events: how many there were each day, of which kind, and how they came out. Each leads further in.

use chrono::NaiveDate;
use domain::audit::query::{ActionPattern, Context, Expr, Field, Query, Term, Text, parse};
use domain::audit::{GROUPS, Outcome};
use leptos::prelude::*;

use super::audit_columns::Look;
use crate::backend::{DayTally, Tally};
use crate::components::number::thousands;
use crate::islands::DragDays;
use crate::routes;

/// Days of a bar's width and of the space between two, in units of the drawing.
const DAY_WIDTH: usize = 10;
const BAR_WIDTH: usize = 8;
/// The highest bar.
const HEIGHT: usize = 40;
/// A day on which anything happened is seen.
const BAR_MIN: usize = 2;

/// The strip of days and the facets.
pub(crate) fn tally(context: &Context, query: &Query, look: &Look, tally: &Tally) -> AnyView {
    view! {
        <div class="tally">
            {days(context, query, look, tally)}
            <div class="facets">
                {groups(query, look, tally)}
                {outcomes(query, look, tally)}
                {names("Who", Field::Actor, query, look, &tally.actors)}
                {names("Where", Field::System, query, look, &tally.systems)}
            </div>
        </div>
    }
    .into_any()
}

fn days(context: &Context, query: &Query, look: &Look, tally: &Tally) -> Option<AnyView> {
    let (first, last) = (tally.days.first()?, tally.days.last()?);
    let most = tally.days.iter().max_by_key(|day| day.count)?;
    let bars = tally
        .days
        .iter()
        .enumerate()
        .filter(|(_, day)| day.count > 0)
        .map(|(index, day)| bar(look.address_of(&of_day(context, query, day.day)), index, day, most.count))
        .collect_view();
    let drawing = format!("0 0 {} {HEIGHT}", tally.days.len() * DAY_WIDTH);
    let summary = format!(
        "Events per day from {} to {}; most on {}: {}.",
        spoken(first.day),
        spoken(last.day),
        spoken(most.day),
        thousands(most.count)
    );
    let strip = view! {
        // People who do not see it have the dates of the filter.
        <svg class="days-bars" viewBox=drawing preserveAspectRatio="none" aria-hidden="true">
            {bars}
            <rect class="days-chosen" data-chosen=DAY_WIDTH x="0" y="0" width="0" height=HEIGHT/>
        </svg>
        <p class="days-ends" aria-hidden="true">
            <span>{short(first.day)}</span>
            <span data-words="">{format!("most: {} on {}", thousands(most.count), short(most.day))}</span>
            <span>{short(last.day)}</span>
        </p>
    };
    let joined = |name: fn(NaiveDate) -> String| {
        tally.days.iter().map(|one| name(one.day)).collect::<Vec<_>>().join(",")
    };
    let (days, names) = (joined(|day| day.format("%Y-%m-%d").to_string()), joined(short));
    let (path, columns) = (routes::AUDIT.to_owned(), look.written());
    let strip = match start_of_days(context, query) {
        Some(start) => view! { <DragDays path start columns days names>{strip}</DragDays> }.into_any(),
        None => strip.into_any(),
    };
    Some(view! { <div class="days"><p class="sr-only">{summary}</p> {strip}</div> }.into_any())
}

/// The query in which days take the place of whatever time it has, up to those days.
fn start_of_days(context: &Context, query: &Query) -> Option<String> {
    const DAYS: &str = "2000-01-01..2000-01-02";
    let of_days = with_time(context, query, DAYS).as_written();
    Some(of_days.strip_suffix(DAYS)?.to_owned())
}

/// The query with this day in the place of whatever time it has.
fn of_day(context: &Context, query: &Query, day: NaiveDate) -> Query {
    with_time(context, query, &day.format("%Y-%m-%d").to_string())
}

fn with_time(context: &Context, query: &Query, time: &str) -> Query {
    let is_time =
        |part: &&Expr| matches!(part, Expr::Term(Term::Before(_) | Term::After(_) | Term::During(_)));
    let timeless =
        query.parts().iter().filter(is_time).fold(query.clone(), |query, part| query.without(part));
    let during = parse(&format!("during:{time}"), context).unwrap_or_default();
    during.parts().iter().fold(timeless, |query, part| query.with(part.clone()))
}

fn bar(path: String, index: usize, day: &DayTally, most: usize) -> AnyView {
    let height = (day.count * HEIGHT / most.max(1)).max(BAR_MIN);
    view! {
        <a href=path tabindex="-1" class="days-day">
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

fn groups(query: &Query, look: &Look, tally: &Tally) -> Option<AnyView> {
    // One kind is no choice.
    if tally.groups.len() < 2 {
        return None;
    }
    let of = |noun: &str| tally.groups.iter().find(|(other, _)| other == noun).map(|(_, count)| *count);
    let facets = GROUPS
        .iter()
        .filter_map(|group| {
            let pattern = || Expr::from(Term::Action(ActionPattern::Noun(group.noun.to_owned())));
            // What is looked for is not left out.
            let narrowed = query.without(&pattern().negated()).with(pattern());
            Some(facet(group.label.to_owned(), of(group.noun)?, look.address_of(&narrowed)))
        })
        .collect();
    Some(row("What", facets))
}

fn outcomes(query: &Query, look: &Look, tally: &Tally) -> Option<AnyView> {
    if tally.outcomes.len() < 2 {
        return None;
    }
    let facets = [Outcome::Success, Outcome::Denied, Outcome::Failure]
        .into_iter()
        .filter_map(|outcome| {
            let (_, count) = tally.outcomes.iter().find(|(other, _)| *other == outcome)?;
            let narrowed = query.with(Term::Outcome(outcome));
            Some(facet(outcome_words(outcome).to_owned(), *count, look.address_of(&narrowed)))
        })
        .collect();
    Some(row("Came out", facets))
}

/// The most frequent names, unless one was chosen already.
fn names(
    heading: &'static str,
    field: Field,
    query: &Query,
    look: &Look,
    names: &[(String, usize)],
) -> Option<AnyView> {
    if names.len() < 2 || query.uses(field) {
        return None;
    }
    let facets = names
        .iter()
        .map(|(name, count)| {
            let whole = Text::whole(name.clone());
            let term = if field == Field::System { Term::System(whole) } else { Term::Actor(whole) };
            facet(name.clone(), *count, look.address_of(&query.with(term)))
        })
        .collect();
    Some(row(heading, facets))
}

fn row(heading: &'static str, facets: Vec<AnyView>) -> AnyView {
    view! { <p class="facets-row"><span class="facets-name">{heading}</span> <span class="facets-all">{facets}</span></p> }
        .into_any()
}

/// How an outcome is called among choices.
pub(crate) fn outcome_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "Done",
        Outcome::Denied => "Refused",
        Outcome::Failure => "Failed",
    }
}

fn facet(words: String, count: usize, path: String) -> AnyView {
    view! {
        <a class="facet" href=path>{words} " " <span class="facet-count">{thousands(count)}</span></a>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_days_take_the_place_of_any_time_and_bind_tightest() {
        let now = "2026-11-23T10:00:00Z".parse().expect("a date");
        let context = Context { now, zone: chrono_tz::Tz::UTC };
        for (text, start) in [
            ("", "during:"),
            ("person:ana after:7d", "person:ana during:"),
            ("a OR b", "(a OR b) during:"),
            ("during:2026-11-01", "during:"),
        ] {
            let query = parse(text, &context).expect("a query");
            assert_eq!(start_of_days(&context, &query).as_deref(), Some(start), "{text}");
        }
    }
}
