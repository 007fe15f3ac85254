//! Queries read, and refused.

use proptest::prelude::*;

use super::generated::context;
use super::*;

fn read(text: &str) -> Expr {
    parse(text, &context()).unwrap_or_else(|error| panic!("{text}: {error:?}")).expr().clone()
}

fn refused(text: &str) -> QueryError {
    match parse(text, &context()) {
        Ok(query) => panic!("{text}: {query:?}"),
        Err(error) => error,
    }
}

fn word(text: &str) -> Expr {
    Term::Word(text.to_owned()).into()
}

/// What the error points at.
fn pointed_at(text: &str, error: &QueryError) -> String {
    text.chars().skip(error.at.start).take(error.at.len()).collect()
}

#[test]
fn neighbours_bind_tighter_than_or_and_not_tightest() {
    let (a, b, c) = (word("a"), word("b"), word("c"));
    let and = |one: &Expr, other: &Expr| Expr::And(vec![one.clone(), other.clone()]);
    let or = |one: &Expr, other: &Expr| Expr::Or(vec![one.clone(), other.clone()]);
    for (text, tree) in [
        ("", Expr::All),
        (" \t", Expr::All),
        ("a", a.clone()),
        ("a b OR c", or(&and(&a, &b), &c)),
        ("a AND b OR c", or(&and(&a, &b), &c)),
        ("a (b OR c)", and(&a, &or(&b, &c))),
        ("a(b OR c)", and(&a, &or(&b, &c))),
        ("-a b", and(&a.clone().negated(), &b)),
        ("NOT a b", and(&a.clone().negated(), &b)),
        ("-(a b)", and(&a, &b).negated()),
        ("-(a OR b) c", and(&or(&a, &b).negated(), &c)),
        ("-(-(a))", a.clone()),
        ("a or", and(&a, &word("or"))),
        ("\"OR\"", Term::Phrase("OR".to_owned()).into()),
    ] {
        assert_eq!(read(text), tree, "{text}");
    }
    assert_eq!(read("a OR b OR c"), Expr::Or(vec![a, b, c]));
}

#[test]
fn every_field_has_its_term() {
    let text = |value: &str| Text::part(value);
    let id = "0196f0c2-7d1e-7c3a-9b54-3f1f6f0e8a11";
    for (query, term) in [
        ("actor:ana", Term::Actor(text("ana"))),
        ("actor:=\"Ana Ruiz\"", Term::Actor(Text::whole("Ana Ruiz"))),
        ("person:\"=x\"", Term::Person(text("=x"))),
        ("resource:ledger", Term::Resource(text("ledger"))),
        ("system:github", Term::System(text("github"))),
        ("environment:prod", Term::Environment(text("prod"))),
        ("tag:pci", Term::Tag(text("pci"))),
        ("sensitivity:High", Term::Sensitivity(Comparison::Exactly, crate::catalogue::Sensitivity::High)),
        ("sensitivity:<=low", Term::Sensitivity(Comparison::AtMost, crate::catalogue::Sensitivity::Low)),
        ("action:request.approved", Term::Action(ActionPattern::Exact("request.approved".to_owned()))),
        ("action:resource.archived", Term::Action(ActionPattern::Exact("resource.archived".to_owned()))),
        ("action:request.*", Term::Action(ActionPattern::Noun("request".to_owned()))),
        ("action:Request", Term::Action(ActionPattern::Noun("request".to_owned()))),
        ("outcome:denied", Term::Outcome(crate::audit::Outcome::Denied)),
        ("source:=x", Term::Source("=x".to_owned())),
        ("ip:10.0.0.0/8", Term::Ip(Network::parse("10.0.0.0/8").expect("a network"))),
        ("covered:no", Term::Covered(false)),
        ("window:\"code freeze\"", Term::Window("code freeze".to_owned())),
        (&format!("request:{id}"), Term::Request(id.parse().expect("an id"))),
        (&format!("grant:{id}"), Term::Grant(id.parse().expect("an id"))),
    ] {
        assert_eq!(read(query), Expr::Term(term), "{query}");
    }
}

/// The query, what the error points at, a part of what it says, and the query that it offers.
const REFUSED: &[(&str, &str, &str, Option<&str>)] = &[
    ("über actr:ana", "actr:", "Did you mean “actor:”", Some("über actor:ana")),
    ("user:ana x", "user:", "Did you mean “person:”", Some("person:ana x")),
    ("https://a.b/c x", "https:", "no field", Some("\"https://a.b/c\" x")),
    ("outcome:refused", "refused", "success, denied or failure", Some("outcome:denied")),
    ("outcome:sucess", "sucess", "not known after “outcome:”", Some("outcome:success")),
    ("outcome:maybe", "maybe", "not known after “outcome:”", None),
    ("sensitivity:>=hihg", ">=hihg", "low, medium, high or critical", Some("sensitivity:>=high")),
    ("sensitivity:>high", ">high", "“>high” is not known", Some("sensitivity:>=critical")),
    ("covered:true", "true", "yes or no", Some("covered:yes")),
    ("action:request.aproved x", "request.aproved", "Did you mean", Some("action:request.approved x")),
    ("action:approved", "approved", "Did you mean", Some("action:request.approved")),
    ("action:requests.*", "requests.*", "Did you mean", Some("action:request.*")),
    ("action:nonsense", "nonsense", "request.* for all", None),
    ("action:request.app*", "request.app*", "Did you mean", Some("action:request.approved")),
    ("ip:10.0.0.5/8", "10.0.0.5/8", "the network is 10.0.0.0/8", Some("ip:10.0.0.0/8")),
    ("ip:10.1.*", "10.1.*", "neither an address nor a network", Some("ip:10.1.0.0/16")),
    ("ip:10.0.0.0/33", "10.0.0.0/33", "at most 32", None),
    ("request:7", "7", "not the id of a request", None),
    ("grant:\"x y\"", "\"x y\"", "not the id of a grant", None),
    ("after:27.11.2026", "27.11.2026", "is not a date", Some("after:2026-11-27")),
    ("before:1989", "1989", "1990 to 9998", None),
    ("during:2026-02-30", "2026-02-30", "There is no 2026-02-30", None),
    ("during:2026-03-29T02:30", "2026-03-29T02:30", "clocks skip it", Some("during:2026-03-29T03:30")),
    ("a \"b c", "\"", "never closed", Some("a \"b c\"")),
    ("actor:\"Ana x", "\"", "never closed", Some("actor:\"Ana x\"")),
    ("a \"", "\"", "never closed", Some("a")),
    ("\"c:\\\" x", "\"", "never closed", Some("\"c:\\\" x\"")),
    ("a \"\" b", "\"\"", "Nothing stands in the quotation marks", Some("a  b")),
    ("actor:\" \" b", "\" \"", "Nothing stands in the quotation marks", Some("actor: b")),
    ("(a OR (b)", "(", "never closed", Some("(a OR (b))")),
    ("a (", "(", "never closed", Some("a")),
    ("a) b", ")", "closes nothing", Some("a b")),
    (")", ")", "closes nothing", Some("")),
    ("a () b", "()", "between these brackets", Some("a  b")),
    ("(a OR) b", "OR", "must follow", Some("(a ) b")),
    ("a OR", "OR", "must follow", Some("a")),
    ("NOT", "NOT", "must follow", Some("")),
    ("OR a", "OR", "must stand before OR", Some("a")),
    ("(AND a)", "AND", "must stand before AND", Some("( a)")),
    ("a OR OR b", "OR", "cannot follow", Some("a OR  b")),
    ("a AND OR b", "OR", "cannot follow", Some("a AND  b")),
    ("a - b", "-", "stands directly before", Some("a -b")),
    ("a -", "-", "stands directly before", Some("a")),
    ("(a -)", "-", "stands directly before", Some("(a )")),
    ("a --force b", "--force", "Two minus signs", Some("a \"--force\" b")),
    ("NOT -a", "NOT -", "Two “not”", Some("a")),
    ("actor: ana", "actor:", "without a blank: ana", Some("actor:ana")),
    ("actor:= \"Ana Ruiz\"", "actor:=", "without a blank", Some("actor:=\"Ana Ruiz\"")),
    ("a actor: outcome:denied", "actor:", "Nothing stands after", Some("a outcome:denied")),
    ("actor:(a OR b)", "actor:", "takes one value", None),
    ("a\u{7}b", "\u{7}", "control character", Some("ab")),
    ("a\u{202e}b", "\u{202e}", "control character", Some("ab")),
];

#[test]
fn what_is_wrong_is_pointed_at_and_the_fix_offered() {
    for (text, at, says, fix) in REFUSED {
        let error = refused(text);
        assert_eq!(pointed_at(text, &error), *at, "{text}: {error:?}");
        assert!(error.message.contains(says), "{text}: {}", error.message);
        assert_eq!(error.fix.map(|fix| fix.query).as_deref(), *fix, "{text}");
    }
}

#[test]
fn following_the_fixes_ends_with_a_query_that_can_be_read() {
    for (text, ..) in REFUSED.iter().filter(|(_, _, _, fix)| fix.is_some()) {
        let mut query = (*text).to_owned();
        for _ in 0..3 {
            let fix = parse(&query, &context()).err().and_then(|error| error.fix);
            query = fix.map_or(query, |fix| fix.query);
        }
        assert!(parse(&query, &context()).is_ok(), "{text} became {query}");
    }
}

#[test]
fn the_bounds_hold_at_and_one_past_them() {
    let words = |count: usize| vec!["a"; count].join(" ");
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    let long = |length: usize| "ä".repeat(length);
    let query = |length: usize| format!("{}{}", "b ".repeat(10), " ".repeat(length - 20));
    for (fits, fits_not, at) in [
        (query(QUERY_MAX_CHARS), query(QUERY_MAX_CHARS + 1), QUERY_MAX_CHARS..QUERY_MAX_CHARS + 1),
        (words(TERMS_MAX), words(TERMS_MAX + 1), TERMS_MAX * 2..TERMS_MAX * 2 + 1),
        (nested(NESTING_MAX), nested(NESTING_MAX + 1), NESTING_MAX..NESTING_MAX + 1),
        (long(VALUE_MAX_CHARS), long(VALUE_MAX_CHARS + 1), 0..VALUE_MAX_CHARS + 1),
        (
            format!("\"{}\"", long(VALUE_MAX_CHARS)),
            format!("\"{}\"", long(VALUE_MAX_CHARS + 1)),
            0..VALUE_MAX_CHARS + 3,
        ),
        (
            format!("actor:{}", long(VALUE_MAX_CHARS)),
            format!("actor:{}", long(VALUE_MAX_CHARS + 1)),
            6..VALUE_MAX_CHARS + 7,
        ),
    ] {
        assert!(parse(&fits, &context()).is_ok(), "{fits}");
        assert_eq!(refused(&fits_not).at, at, "{fits_not}");
    }
}

#[test]
fn hostile_input_is_refused_and_nothing_more() {
    for piece in ["(", "-(", "NOT (", "\"", "-", "(a OR ", "actor:", "\\", "\u{202e}", "a:"] {
        for count in [1, 40, 90, 1_000, 100_000] {
            let text = piece.repeat(count);
            if let Err(error) = parse(&text, &context()) {
                assert!(error.at.end <= text.chars().count(), "{piece}");
            }
        }
    }
}

#[test]
fn parts_are_added_and_taken_away_by_themselves() {
    let query = Query::from(read("a (b OR c) -d"));
    assert_eq!(query.parts().len(), 3);
    let part = Expr::from(Term::Covered(false));
    let more = query.with(part.clone());
    assert_eq!(more.to_text(), "a (b OR c) -d covered:no");
    assert_eq!(more.with(part.clone()), more);
    assert_eq!(more.without(&part), query);
    assert_eq!(Query::from(read("b OR c")).with(word("a")).to_text(), "(b OR c) a");
    assert!(Query::from(word("a")).without(&word("a")).is_all());
    assert!(query.with(part).uses(Field::Covered) && !query.uses(Field::Ip));
}

/// What queries are made of, in any order.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = prop_oneof![
        "[a-z]{1,4}",
        "\\PC",
        proptest::sample::select(vec![
            " ",
            "(",
            ")",
            "\"",
            "“",
            "-",
            "OR",
            "AND",
            "NOT",
            ":",
            "=",
            "\\",
            "..",
            "actor:",
            "action:",
            "ip:",
            "during:",
            "before:",
            "outcome:",
            "request.",
            "10.0.0.0/8",
            "2026-11-01",
            "7d",
            "yesterday",
            "\u{0}",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(scrap, 0..14).prop_map(|scraps| scraps.concat())
}

proptest! {
    #[test]
    fn whatever_is_typed_is_read_or_refused_within_it(text in prop_oneof![any::<String>(), scraps()]) {
        match parse(&text, &context()) {
            Ok(query) => {
                prop_assert_eq!(&read(&query.to_text()), query.expr());
                prop_assert_eq!(&read(&query.as_written()), query.expr());
            }
            Err(error) => {
                prop_assert!(error.at.start <= error.at.end && error.at.end <= text.chars().count());
                prop_assert!(error.fix.is_none_or(|fix| fix.query != text));
            }
        }
    }
}
