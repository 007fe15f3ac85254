//! The choices above the list, each with how many it would show beside what is chosen otherwise.

use std::collections::BTreeMap;

use app::backend::AlertFacet;
use domain::alert::{Severity, State};
use store::alert::{Filter, Tallied, Which};

pub(super) fn states(tallied: &[Tallied], filter: &Filter) -> Vec<AlertFacet> {
    let count = |which: Which| {
        let among = |one: &&Tallied| {
            which.takes(&one.state, one.is_overdue) && is_of(filter, one) && is_as_bad(filter, one)
        };
        sum(tallied.iter().filter(among))
    };
    let [open, acknowledged, resolved] = State::WORDS;
    [
        ("", "Unresolved", Which::Unresolved),
        (open, "Open", Which::Open),
        ("overdue", "Waiting too long", Which::Overdue),
        (acknowledged, "Taken up", Which::Acknowledged),
        (resolved, "Resolved", Which::Resolved),
        ("all", "All", Which::All),
    ]
    .into_iter()
    .map(|(value, label, which)| facet(value, label, count(which)))
    .collect()
}

pub(super) fn severities(tallied: &[Tallied], filter: &Filter) -> Vec<AlertFacet> {
    let of = |severity: Severity| {
        let among = |one: &&Tallied| {
            filter.which.takes(&one.state, one.is_overdue) && is_of(filter, one) && one.severity == severity
        };
        let label = match severity {
            Severity::Low => "Low",
            Severity::Medium => "Medium",
            Severity::High => "High",
            Severity::Critical => "Critical",
        };
        facet(severity.as_str(), label, sum(tallied.iter().filter(among)))
    };
    let is_shown = |facet: &AlertFacet| {
        facet.count > 0 || filter.severity.is_some_and(|chosen| chosen.as_str() == facet.value)
    };
    Severity::ALL.into_iter().rev().map(of).filter(is_shown).collect()
}

pub(super) fn rules(tallied: &[Tallied], filter: &Filter) -> Vec<AlertFacet> {
    let mut found: BTreeMap<&str, AlertFacet> = BTreeMap::new();
    for one in tallied {
        let is_counted = filter.which.takes(&one.state, one.is_overdue) && is_as_bad(filter, one);
        if !is_counted && filter.rule.as_ref() != Some(&one.rule) {
            continue;
        }
        let facet = found.entry(&one.rule).or_insert_with(|| facet(&one.rule, &one.title, 0));
        facet.count += if is_counted { usize::try_from(one.count).unwrap_or_default() } else { 0 };
    }
    let mut all: Vec<AlertFacet> = found.into_values().collect();
    all.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.label.cmp(&other.label)));
    all
}

fn is_of(filter: &Filter, one: &Tallied) -> bool {
    filter.rule.as_ref().is_none_or(|rule| *rule == one.rule)
}

fn is_as_bad(filter: &Filter, one: &Tallied) -> bool {
    filter.severity.is_none_or(|severity| severity == one.severity)
}

fn sum<'a>(counted: impl Iterator<Item = &'a Tallied>) -> usize {
    counted.map(|one| usize::try_from(one.count).unwrap_or_default()).sum()
}

fn facet(value: &str, label: &str, count: usize) -> AlertFacet {
    AlertFacet { value: value.to_owned(), label: label.to_owned(), count }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallied(state: &str, severity: Severity, rule: &str, count: i64) -> Tallied {
        Tallied {
            state: state.into(),
            severity,
            rule: rule.into(),
            title: rule.to_uppercase(),
            is_overdue: false,
            count,
        }
    }

    #[test]
    fn a_choice_says_how_many_it_would_show_beside_what_is_chosen_otherwise() {
        let all = [
            tallied("open", Severity::High, "a", 2),
            tallied("acknowledged", Severity::Low, "a", 3),
            tallied("resolved", Severity::High, "b", 5),
        ];
        let filter = Filter { rule: Some("a".into()), severity: Some(Severity::High), ..Filter::default() };
        let counts = |facets: Vec<AlertFacet>| -> Vec<(String, usize)> {
            facets.into_iter().map(|facet| (facet.value, facet.count)).collect()
        };
        let expected = |pairs: &[(&str, usize)]| -> Vec<(String, usize)> {
            pairs.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
        };
        let of_state =
            [("", 2), ("open", 2), ("overdue", 0), ("acknowledged", 0), ("resolved", 0), ("all", 2)];
        assert_eq!(counts(states(&all, &filter)), expected(&of_state));
        assert_eq!(counts(severities(&all, &filter)), expected(&[("high", 2), ("low", 3)]));
        assert_eq!(counts(rules(&all, &filter)), expected(&[("a", 2)]));
        let everything = Filter { which: Which::All, ..Filter::default() };
        assert_eq!(counts(rules(&all, &everything)), expected(&[("a", 5), ("b", 5)]));
    }
}
