//! Whether an event is what a query looks for.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::Query;
use super::ast::{ActionPattern, Comparison, Expr, Term, Text, folded};
use super::words::{stand_in, words};
use crate::audit::Outcome;
use crate::catalogue::Sensitivity;
use crate::id::{GrantId, RequestId};

/// What a query sees of an event. What the reader may not see is left out (`None`, or not in the text), so that
/// searching tells nothing that reading would not. `None` matches no term, and so every term's `Not`: in SQL, a
/// comparison that is null counts as false before it is negated.
#[derive(Debug, Clone)]
pub struct Matchable<'a> {
    /// The name of who acted, as it stands in the book.
    pub actor: &'a str,
    /// The name of whose access it is.
    pub subject: Option<&'a str>,
    /// Names of people whom the event was matched to, where an account stood in it.
    pub matched_people: &'a [&'a str],
    /// The system's name as of then.
    pub system: Option<&'a str>,
    /// The resource's name as of then.
    pub resource: Option<&'a str>,
    /// The entitlement's name as of then.
    pub entitlement: Option<&'a str>,
    /// The resource's environment.
    pub environment: Option<&'a str>,
    /// The resource's tags.
    pub tags: &'a [&'a str],
    /// The slug of the system that it is about.
    pub on: Option<&'a str>,
    /// The names of whoever owns what it is about.
    pub owners: &'a [&'a str],
    /// The resource's sensitivity.
    pub sensitivity: Option<Sensitivity>,
    /// The dotted word.
    pub action: &'a str,
    /// How it came out.
    pub outcome: Outcome,
    /// The origin, as [`Source::origin`](crate::caller::Source::origin).
    pub source: &'a str,
    /// From where; `None` also where what was recorded is no address.
    pub ip: Option<IpAddr>,
    /// The request that it belongs to.
    pub request: Option<RequestId>,
    /// The grants that it belongs to or was matched to.
    pub grants: &'a [GrantId],
    /// Whether somebody's access covered it, where that is a question.
    pub covered: Option<bool>,
    /// The names of the windows that `occurred_at` falls in.
    pub windows: &'a [&'a str],
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// What words and phrases are looked for in: everything that it says, joined by blanks.
    pub text: &'a str,
}

impl Query {
    /// Whether the event is what is looked for.
    pub fn matches(&self, event: &Matchable) -> bool {
        // Cut once, as many words may be looked for in it.
        let text = words(event.text);
        expr_matches(self.expr(), event, &text)
    }
}

fn expr_matches(expr: &Expr, event: &Matchable, text: &[String]) -> bool {
    match expr {
        Expr::All => true,
        Expr::And(parts) => parts.iter().all(|part| expr_matches(part, event, text)),
        Expr::Or(parts) => parts.iter().any(|part| expr_matches(part, event, text)),
        Expr::Not(inner) => !expr_matches(inner, event, text),
        Expr::Term(term) => term_matches(term, event, text),
    }
}

fn term_matches(term: &Term, event: &Matchable, text: &[String]) -> bool {
    let is_in = |wanted: &Text, name: Option<&str>| name.is_some_and(|name| wanted.matches(name));
    match term {
        Term::Word(words) | Term::Phrase(words) => stand_in(words, text),
        Term::Actor(wanted) => wanted.matches(event.actor),
        Term::Person(wanted) => {
            wanted.matches(event.actor)
                || is_in(wanted, event.subject)
                || event.matched_people.iter().any(|name| wanted.matches(name))
        }
        Term::Resource(wanted) => is_in(wanted, event.resource) || is_in(wanted, event.entitlement),
        Term::System(wanted) => is_in(wanted, event.system),
        Term::Environment(wanted) => is_in(wanted, event.environment),
        Term::Tag(wanted) => event.tags.iter().any(|tag| wanted.matches(tag)),
        Term::On(slug) => event.on.is_some_and(|on| folded(on) == folded(slug)),
        Term::Owner(wanted) => event.owners.iter().any(|name| wanted.matches(name)),
        Term::Sensitivity(comparison, level) => {
            event.sensitivity.is_some_and(|found| comparison.holds(found, *level))
        }
        Term::Action(pattern) => pattern.matches(event.action),
        Term::Outcome(outcome) => event.outcome == *outcome,
        Term::Source(name) => folded(event.source) == folded(name),
        Term::Ip(network) => event.ip.is_some_and(|address| network.contains(address)),
        Term::Request(id) => event.request == Some(*id),
        Term::Grant(id) => event.grants.contains(id),
        Term::Covered(wanted) => event.covered == Some(*wanted),
        Term::Window(name) => event.windows.iter().any(|window| folded(window) == folded(name)),
        Term::Before(moment) => event.occurred_at < moment.at,
        Term::After(moment) => event.occurred_at >= moment.at,
        Term::During(period) => {
            period.from.is_none_or(|from| event.occurred_at >= from)
                && period.until.is_none_or(|until| event.occurred_at < until)
        }
    }
}

impl Text {
    /// Whether it is, or stands in, this name; compared [`folded`].
    pub fn matches(&self, name: &str) -> bool {
        let (wanted, name) = (folded(&self.value), folded(name));
        if self.is_whole { name == wanted } else { name.contains(&wanted) }
    }
}

impl Comparison {
    /// The sensitivities that keep this bound, by their words.
    pub fn levels(self, bound: Sensitivity) -> Vec<&'static str> {
        [Sensitivity::Low, Sensitivity::Medium, Sensitivity::High, Sensitivity::Critical]
            .into_iter()
            .filter(|found| self.holds(*found, bound))
            .map(Sensitivity::as_str)
            .collect()
    }

    /// Whether a sensitivity keeps this bound.
    pub fn holds(self, found: Sensitivity, bound: Sensitivity) -> bool {
        match self {
            Self::Exactly => found == bound,
            Self::AtLeast => found >= bound,
            Self::AtMost => found <= bound,
        }
    }
}

impl ActionPattern {
    /// Whether the dotted word is, or begins with, this.
    pub fn matches(&self, action: &str) -> bool {
        match self {
            Self::Exact(word) => action == word,
            Self::Noun(noun) => action.strip_prefix(noun.as_str()).is_some_and(|rest| rest.starts_with('.')),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::generated::{context, event, expr};
    use super::super::parse;
    use super::*;

    fn found(query: &str, event: &Matchable) -> bool {
        parse(query, &context()).unwrap_or_else(|error| panic!("{query}: {error}")).matches(event)
    }

    #[test]
    fn each_field_looks_at_its_own_part_of_an_event() {
        let event = event();
        for (yes, no) in [
            ("SUBMITTED", "somethingelse"),
            ("\"for Ledger\"", "\"ledger for\""),
            ("actor:ruiz", "actor:bo"),
            ("actor:=\"ana ruiz\"", "actor:=ana"),
            ("person:berg", "person:nobody"),
            ("person:MATCHED", "actor:matched"),
            ("resource:ledger", "resource:postgres"),
            ("resource:=admin", "resource:=adm"),
            ("system:postgres", "system:ledger"),
            ("environment:prod", "environment:=prod"),
            ("tag:pci", "tag:=pci"),
            ("tag:=payments", "tag:hipaa"),
            ("on:PG", "on:p"),
            ("owner:dale", "owner:=dale"),
            ("sensitivity:high", "sensitivity:critical"),
            ("sensitivity:>=medium", "sensitivity:<=medium"),
            ("action:request.submitted", "action:request.approved"),
            ("action:request.*", "action:grant.*"),
            ("outcome:success", "outcome:denied"),
            ("source:WEB", "source:we"),
            ("ip:10.0.0.0/8", "ip:11.0.0.0/8"),
            ("request:00000000-0000-0000-0000-000000000001", "request:00000000-0000-0000-0000-000000000002"),
            ("grant:00000000-0000-0000-0000-000000000003", "grant:00000000-0000-0000-0000-000000000004"),
            ("covered:no", "covered:yes"),
            ("window:\"code freeze\"", "window:code"),
            ("after:2026-11-23", "before:2026-11-23"),
            ("during:2026-11", "during:2026-10"),
            ("ana OR nowhere", "ana nowhere"),
            ("ana -nowhere", "ana -ledger"),
        ] {
            assert!(found(yes, &event), "{yes}");
            assert!(!found(no, &event), "{no}");
            assert!(found(&format!("-({no})"), &event), "-({no})");
        }
    }

    #[test]
    fn what_an_event_does_not_say_matches_nothing_and_so_every_not() {
        let silent = Matchable {
            subject: None,
            matched_people: &[],
            system: None,
            resource: None,
            entitlement: None,
            environment: None,
            tags: &[],
            on: None,
            owners: &[],
            sensitivity: None,
            ip: None,
            request: None,
            grants: &[],
            covered: None,
            windows: &[],
            ..event()
        };
        for query in [
            "person:berg",
            "resource:a",
            "system:a",
            "environment:a",
            "tag:a",
            "on:a",
            "owner:a",
            "sensitivity:<=critical",
            "ip:0.0.0.0/0",
            "request:00000000-0000-0000-0000-000000000001",
            "grant:00000000-0000-0000-0000-000000000003",
            "covered:no",
            "covered:yes",
            "window:freeze",
        ] {
            assert!(!found(query, &silent), "{query}");
            assert!(found(&format!("-{query}"), &silent), "-{query}");
        }
    }

    #[test]
    fn a_stretch_of_time_takes_in_its_first_moment_and_not_the_one_after_it() {
        let at = |text: &str| Matchable { occurred_at: text.parse().expect(text), ..event() };
        for query in ["during:2026-11-01", "after:2026-11-01 before:2026-11-02"] {
            assert!(!found(query, &at("2026-10-31T22:59:59.999999Z")), "{query}");
            assert!(found(query, &at("2026-10-31T23:00:00Z")), "{query}");
            assert!(found(query, &at("2026-11-01T22:59:59.999999Z")), "{query}");
            assert!(!found(query, &at("2026-11-01T23:00:00Z")), "{query}");
        }
    }

    #[test]
    fn an_action_of_a_longer_noun_is_another() {
        let pattern = ActionPattern::Noun("grant".to_owned());
        assert!(pattern.matches("grant.ended"));
        assert!(!pattern.matches("grants.imported"));
        assert!(!pattern.matches("grant"));
    }

    proptest! {
        #[test]
        fn a_negated_query_matches_the_rest_and_the_canonical_text_the_same(expr in expr()) {
            let matches = Query::from(expr.clone()).matches(&event());
            prop_assert_eq!(Query::from(expr.clone().negated()).matches(&event()), !matches);
            prop_assert_eq!(found(&expr.to_string(), &event()), matches);
        }
    }
}
