//! Queries and an event for tests.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use proptest::prelude::*;
use uuid::Uuid;

use super::actions;
use super::ast::{ActionPattern, Comparison, Expr, Moment, Period, Term, Text};
use super::lexer::is_forbidden;
use super::matching::Matchable;
use super::network::Network;
use super::print::is_plain_word;
use super::{Context, VALUE_MAX_CHARS};
use crate::audit::Outcome;
use crate::catalogue::Sensitivity;
use crate::id::{GrantId, RequestId};
use crate::text::is_blank;

const GRANTS: &[GrantId] = &[GrantId(Uuid::from_u128(3))];

/// Monday morning in Berlin.
pub(super) fn context() -> Context {
    Context { now: moment(0), zone: Berlin }
}

fn moment(after_micros: i64) -> DateTime<Utc> {
    let monday: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().expect("a date");
    monday + TimeDelta::microseconds(after_micros)
}

/// Something of everything.
pub(super) fn event() -> Matchable<'static> {
    Matchable {
        actor: "Ana Ruiz",
        subject: Some("Bo Berg"),
        matched_people: &["Mia Matched"],
        system: Some("Postgres"),
        resource: Some("Ledger"),
        entitlement: Some("Admin"),
        environment: Some("production"),
        tags: &["pci-dss", "Payments"],
        on: Some("pg"),
        owners: &["Omar Dale"],
        sensitivity: Some(Sensitivity::High),
        action: "request.submitted",
        outcome: Outcome::Success,
        source: "web",
        ip: "10.1.2.3".parse().ok(),
        request: Some(RequestId(Uuid::from_u128(1))),
        grants: GRANTS,
        covered: Some(false),
        windows: &["Code Freeze"],
        occurred_at: moment(-1),
        text: "Ana Ruiz request.submitted asked for Ledger",
    }
}

/// Whatever can stand in quotation marks.
fn value() -> impl Strategy<Value = String> {
    let any = prop_oneof![
        "[a-z]{1,3}",
        "\\PC{1,12}",
        "[ \"\\\\()“”„:=*.-]{1,8}",
        "(OR|AND|NOT|actor:x|-x|=x|a b|e)",
        proptest::collection::vec(proptest::char::range('ä', 'ü'), VALUE_MAX_CHARS)
            .prop_map(String::from_iter),
    ];
    any.prop_filter("blank or forbidden", |value: &String| {
        !value.chars().all(is_blank) && !value.chars().any(is_forbidden)
    })
}

fn text() -> impl Strategy<Value = Text> {
    (value(), any::<bool>()).prop_map(|(value, is_whole)| Text { value, is_whole })
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    const YEAR: i64 = 365 * 86_400 * 1_000_000;
    prop_oneof![-40 * 86_400_000_000..40 * 86_400_000_000i64, -36 * YEAR..1_000 * YEAR].prop_map(moment)
}

fn period() -> impl Strategy<Value = Period> {
    let ends = (proptest::option::of(time()), proptest::option::of(time()));
    ends.prop_filter_map("no time at all", |(from, until)| {
        let is_some_time = from.zip(until).map_or(from.or(until).is_some(), |(from, until)| from < until);
        is_some_time.then(|| Period::between(from, until))
    })
}

fn action() -> impl Strategy<Value = ActionPattern> {
    let words: Vec<&'static str> = actions::words().collect();
    let nouns: Vec<&'static str> = actions::nouns().into_iter().map(|(noun, _)| noun).collect();
    prop_oneof![
        proptest::sample::select(words).prop_map(|word| ActionPattern::Exact(word.to_owned())),
        proptest::sample::select(nouns).prop_map(|noun| ActionPattern::Noun(noun.to_owned())),
        "(resource|session)\\.[a-z][a-z0-9_]{0,20}".prop_map(ActionPattern::Exact),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    let comparison =
        proptest::sample::select(vec![Comparison::Exactly, Comparison::AtLeast, Comparison::AtMost]);
    let id = any::<u128>().prop_map(Uuid::from_u128);
    let network = (any::<std::net::IpAddr>(), 0u8..=128)
        .prop_filter_map("too long", |(address, prefix)| Network::around(address, prefix));
    prop_oneof![
        value().prop_filter("no plain word", |word| is_plain_word(word)).prop_map(Term::Word),
        value().prop_map(Term::Phrase),
        text().prop_map(Term::Actor),
        text().prop_map(Term::Person),
        text().prop_map(Term::Resource),
        text().prop_map(Term::System),
        text().prop_map(Term::Environment),
        text().prop_map(Term::Tag),
        value().prop_map(Term::On),
        text().prop_map(Term::Owner),
        (comparison, proptest::sample::select(Sensitivity::ALL.to_vec()))
            .prop_map(|(comparison, level)| Term::Sensitivity(comparison, level)),
        action().prop_map(Term::Action),
        proptest::sample::select(vec![Outcome::Success, Outcome::Denied, Outcome::Failure])
            .prop_map(Term::Outcome),
        value().prop_map(Term::Source),
        network.prop_map(Term::Ip),
        id.clone().prop_map(|id| Term::Request(id.into())),
        id.prop_map(|id| Term::Grant(id.into())),
        any::<bool>().prop_map(Term::Covered),
        value().prop_map(Term::Window),
        time().prop_map(|at| Term::Before(Moment::at(at))),
        time().prop_map(|at| Term::After(Moment::at(at))),
        period().prop_map(Term::During),
    ]
}

/// Canonical trees whose text keeps the bounds.
pub(super) fn expr() -> impl Strategy<Value = Expr> {
    let tree = term().prop_map(Expr::Term).prop_recursive(4, 12, 4, |inner| {
        let several = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Expr::all_of),
            several.prop_map(Expr::any_of),
            inner.prop_map(Expr::negated)
        ]
    });
    tree.prop_filter("too long", |tree| tree.to_string().chars().count() <= super::QUERY_MAX_CHARS)
}
