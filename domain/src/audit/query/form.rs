//! A plain form that builds a query, for those who do not type one.

use serde::{Deserialize, Serialize};

use super::ast::{Expr, Term, Text};
use super::lexer::is_separator;
use super::print::{is_plain_word, quoted, value_text};
use super::time::{BETWEEN, end_text, start_text};
use super::{Context, Query, parse};

/// A form's fields as they are typed; blank is “all”. All that are filled must match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormQuery {
    /// Words and "phrases". Nothing else is special here: `-x` and `a:b` are looked for as they stand.
    pub words: String,
    /// A part of the name of who acted or whose access it is.
    pub person: String,
    /// A part of the name of a system, resource or entitlement.
    pub resource: String,
    /// A part of the name of an environment.
    pub environment: String,
    /// `high`, or `>=high`.
    pub sensitivity: String,
    /// A dotted action, or its noun (`grant`).
    pub action: String,
    /// A noun whose actions are left out, or a dotted action.
    pub without: String,
    /// `success`, `denied` or `failure`.
    pub outcome: String,
    /// An address or a network.
    pub ip: String,
    /// `yes` or `no`.
    pub covered: String,
    /// The name of a window.
    pub window: String,
    /// The time from whose beginning on: a local date, or date and time, or whatever else a query takes.
    pub from: String,
    /// The time until whose end: of a day, or of a minute.
    pub to: String,
}

/// What is wrong with a field of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFault {
    /// The name of the field, as in [`FormQuery`].
    pub field: &'static str,
    /// A sentence or two.
    pub message: String,
}

impl FormQuery {
    /// The query of what is filled in. What is wrong with a field is wrong with the query, too.
    pub fn to_query_text(&self) -> String {
        let pieces = self.pieces().into_iter().chain(self.time());
        pieces.map(|(_, piece)| piece).collect::<Vec<_>>().join(" ")
    }

    /// The query of what is filled in, read.
    ///
    /// # Errors
    /// Names the first field that is wrong.
    pub fn to_query(&self, context: &Context) -> Result<Query, FormFault> {
        let fault = |field| move |error: super::QueryError| FormFault { field, message: error.message };
        let each_end = [self.piece("from", "after:", &self.from), self.piece("to", "during:..", &self.to)]
            .into_iter()
            .flatten();
        for (field, piece) in self.pieces().into_iter().chain(each_end).chain(self.time()) {
            parse(&piece, context).map_err(fault(field))?;
        }
        parse(&self.to_query_text(), context).map_err(fault("words"))
    }

    /// The form of a query, where the form can say all of it: its query finds the same.
    pub fn from_query(query: &Query, context: &Context) -> Option<Self> {
        let mut form = Self::default();
        for part in query.parts() {
            form.take(part, context)?;
        }
        let again = form.to_query(context).ok()?;
        // Times need no comparing: their text was chosen for coming to the same.
        (apart_from_time(&again) == apart_from_time(query)).then_some(form)
    }

    /// What each field adds to the query, times aside.
    fn pieces(&self) -> Vec<(&'static str, String)> {
        let mut pieces: Vec<_> = word_pieces(&self.words).into_iter().map(|piece| ("words", piece)).collect();
        let resource = value_text(self.resource.trim());
        let on = || ("resource", format!("(resource:{resource} OR system:{resource})"));
        let fields = [
            self.piece("person", "person:", &self.person),
            (!self.resource.trim().is_empty()).then(on),
            self.piece("environment", "environment:", &self.environment),
            self.piece("sensitivity", "sensitivity:", &self.sensitivity),
            self.piece("action", "action:", &self.action),
            self.piece("without", "-action:", &self.without),
            self.piece("outcome", "outcome:", &self.outcome),
            self.piece("ip", "ip:", &self.ip),
            self.piece("covered", "covered:", &self.covered),
            self.piece("window", "window:", &self.window),
        ];
        pieces.extend(fields.into_iter().flatten());
        pieces
    }

    fn piece(&self, field: &'static str, start: &str, typed: &str) -> Option<(&'static str, String)> {
        let typed = typed.trim();
        // Two dots before an end belong to the same value as it.
        let (start, value) = match start.strip_suffix(BETWEEN) {
            Some(start) => (start, format!("{BETWEEN}{typed}")),
            None => (start, typed.to_owned()),
        };
        (!typed.is_empty()).then(|| (field, format!("{start}{}", value_text(&value))))
    }

    fn time(&self) -> Option<(&'static str, String)> {
        let (from, to) = (self.from.trim(), self.to.trim());
        if from.is_empty() || to.is_empty() {
            return self.piece("from", "after:", from).or_else(|| self.piece("to", "during:..", to));
        }
        Some(("to", format!("during:{}", value_text(&format!("{from}{BETWEEN}{to}")))))
    }

    /// Fills in the field that says this; `None` where none does, or it is filled already.
    fn take(&mut self, part: &Expr, context: &Context) -> Option<()> {
        match part {
            Expr::Term(term) => self.take_term(term, context),
            Expr::Or(parts) => match parts.as_slice() {
                [Expr::Term(Term::Resource(resource)), Expr::Term(Term::System(system))]
                    if resource == system =>
                {
                    fill(&mut self.resource, part_of(resource)?)
                }
                _ => None,
            },
            Expr::Not(inner) => match inner.as_ref() {
                Expr::Term(Term::Action(pattern)) => {
                    fill(&mut self.without, noun_or_word(&pattern.to_string()))
                }
                _ => None,
            },
            Expr::All | Expr::And(_) => None,
        }
    }

    fn take_term(&mut self, term: &Term, context: &Context) -> Option<()> {
        match term {
            Term::Word(word) => self.add_words(word),
            Term::Phrase(words) => self.add_words(&format!("\"{words}\"")),
            Term::Person(text) => fill(&mut self.person, part_of(text)?),
            Term::Environment(text) => fill(&mut self.environment, part_of(text)?),
            Term::Sensitivity(comparison, level) => {
                fill(&mut self.sensitivity, &format!("{}{}", comparison.sign(), level.as_str()))
            }
            Term::Action(pattern) => fill(&mut self.action, noun_or_word(&pattern.to_string())),
            Term::Outcome(outcome) => fill(&mut self.outcome, outcome.as_str()),
            Term::Ip(network) => fill(&mut self.ip, &network.to_string()),
            Term::Covered(covered) => fill(&mut self.covered, if *covered { "yes" } else { "no" }),
            Term::Window(name) => fill(&mut self.window, name),
            Term::After(moment) => fill(&mut self.from, &start_text(moment.at, &moment.written, context)),
            Term::Before(moment) => fill(&mut self.to, &end_text(moment.at, &moment.written, context)),
            Term::During(period) => {
                let written = &period.written;
                let (from, to) = written.split_once(BETWEEN).unwrap_or((written, written));
                if let Some(at) = period.from {
                    fill(&mut self.from, &start_text(at, from, context))?;
                }
                period.until.map_or(Some(()), |until| fill(&mut self.to, &end_text(until, to, context)))
            }
            Term::Actor(_)
            | Term::Resource(_)
            | Term::System(_)
            | Term::Tag(_)
            | Term::On(_)
            | Term::Owner(_)
            | Term::Source(_)
            | Term::Request(_)
            | Term::Grant(_) => None,
        }
    }

    fn add_words(&mut self, words: &str) -> Option<()> {
        if !self.words.is_empty() {
            self.words.push(' ');
        }
        self.words.push_str(words);
        Some(())
    }
}

fn fill(field: &mut String, value: &str) -> Option<()> {
    field.is_empty().then(|| value.clone_into(field))
}

fn part_of(text: &Text) -> Option<&str> {
    (!text.is_whole).then_some(text.value.as_str())
}

/// `grant.*` is chosen as `grant`.
fn noun_or_word(pattern: &str) -> &str {
    pattern.strip_suffix(".*").unwrap_or(pattern)
}

/// Each word and phrase as a query takes it, and takes it for nothing else.
fn word_pieces(words: &str) -> Vec<String> {
    let is_balanced = words.matches('"').count().is_multiple_of(2);
    let stretches: Vec<&str> = if is_balanced { words.split('"').collect() } else { vec![words] };
    let mut pieces = Vec::new();
    for (index, stretch) in stretches.into_iter().enumerate() {
        if !index.is_multiple_of(2) {
            pieces.push(quoted(stretch));
            continue;
        }
        let words = stretch.split(is_separator).filter(|word| !word.is_empty());
        pieces.extend(words.map(|word| if is_plain_word(word) { word.to_owned() } else { quoted(word) }));
    }
    pieces
}

/// The parts in an order that does not depend on writing; times are compared by what they come to.
fn apart_from_time(query: &Query) -> Vec<String> {
    let is_time =
        |part: &Expr| matches!(part, Expr::Term(Term::Before(_) | Term::After(_) | Term::During(_)));
    let mut parts: Vec<String> =
        query.parts().iter().filter(|part| !is_time(part)).map(ToString::to_string).collect();
    parts.sort();
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::generated::{context, expr};
    use super::*;

    fn form(query: &str) -> Option<FormQuery> {
        let query = parse(query, &context()).unwrap_or_else(|error| panic!("{query}: {error}"));
        FormQuery::from_query(&query, &context())
    }

    fn empty() -> FormQuery {
        FormQuery::default()
    }

    #[test]
    fn a_full_form_is_a_query_and_the_query_fills_the_form_again() {
        let full = FormQuery {
            words: "late \"for audit\"".into(),
            person: "Ana Ruiz".into(),
            resource: "ledger".into(),
            environment: "prod".into(),
            sensitivity: ">=high".into(),
            action: "grant".into(),
            without: "session".into(),
            outcome: "denied".into(),
            ip: "10.0.0.0/8".into(),
            covered: "no".into(),
            window: "code freeze".into(),
            from: "2026-11-01".into(),
            to: "2026-11-07T18:00".into(),
        };
        assert_eq!(
            full.to_query_text(),
            "late \"for audit\" person:\"Ana Ruiz\" (resource:ledger OR system:ledger) environment:prod \
             sensitivity:>=high action:grant -action:session outcome:denied ip:10.0.0.0/8 covered:no \
             window:\"code freeze\" during:2026-11-01..2026-11-07T18:00"
        );
        assert_eq!(form(&full.to_query_text()), Some(full));
        assert_eq!(empty().to_query_text(), "");
        assert_eq!(form(""), Some(empty()));
    }

    #[test]
    fn in_a_form_words_are_only_words() {
        let words = FormQuery { words: "-x a:b OR (y) 5\" fine".into(), ..empty() };
        assert_eq!(words.to_query_text(), r#""-x" "a:b" "OR" "(y)" "5\"" fine"#);
        assert!(words.to_query(&context()).is_ok());
    }

    #[test]
    fn an_end_takes_in_all_of_its_day_or_minute_as_it_always_did() {
        let range = |from: &str, to: &str| {
            let form = FormQuery { from: from.into(), to: to.into(), ..empty() };
            let (from, until) = form.to_query(&context()).expect("times").time_range();
            let text =
                |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
            (text(from), text(until))
        };
        assert_eq!(range("2026-11-01", ""), ("2026-10-31T23:00:00+00:00".into(), String::new()));
        assert_eq!(range("", "2026-11-01"), (String::new(), "2026-11-01T23:00:00+00:00".into()));
        assert_eq!(
            range("2026-11-01T09:00", "2026-11-01 18:00"),
            ("2026-11-01T08:00:00+00:00".into(), "2026-11-01T17:01:00+00:00".into())
        );
    }

    #[test]
    fn relative_times_stay_relative_and_others_become_dates() {
        for (query, from, to) in [
            ("after:7d", "7d", ""),
            ("before:7d", "", "7d"),
            ("during:7d", "7d", "now"),
            ("during:yesterday", "yesterday", "yesterday"),
            ("after:yesterday", "yesterday", ""),
            ("before:yesterday", "", "2026-11-21"),
            ("during:2026-11", "2026-11-01", "2026-11-30"),
            ("during:..2026", "", "2026-12-31"),
            ("after:2026-11-01 before:2026-11-02", "2026-11-01", "2026-11-01"),
            ("after:2026-11-01T08:00:00Z", "2026-11-01T09:00", ""),
            ("during:2026-11-01..2026-11-07T10:00:30", "2026-11-01", "2026-11-07T10:00:30"),
        ] {
            assert_eq!(
                form(query),
                Some(FormQuery { from: from.into(), to: to.into(), ..empty() }),
                "{query}"
            );
        }
    }

    #[test]
    fn what_a_form_cannot_say_has_none() {
        for query in [
            "a OR b",
            "-a",
            "actor:ana",
            "person:=ana",
            "resource:ledger",
            "resource:a OR system:b",
            "person:a person:b",
            "after:2026 after:2027",
            "\"a \\\" b\"",
            "before:2026 after:2027",
            "person:\" a\"",
        ] {
            assert_eq!(form(query), None, "{query}");
        }
    }

    #[test]
    fn what_is_wrong_names_its_field() {
        let fault = |form: FormQuery| form.to_query(&context()).expect_err("a fault");
        for (field, form) in [
            ("words", FormQuery { words: "a\u{0}b".into(), ..empty() }),
            ("words", FormQuery { words: "a ".repeat(51), ..empty() }),
            ("person", FormQuery { person: "x".repeat(201), ..empty() }),
            ("outcome", FormQuery { outcome: "maybe".into(), ..empty() }),
            ("ip", FormQuery { ip: "here".into(), ..empty() }),
            ("from", FormQuery { from: "soon".into(), to: "2026".into(), ..empty() }),
            ("to", FormQuery { from: "2026".into(), to: "soon".into(), ..empty() }),
            ("to", FormQuery { from: "2026".into(), to: "2025".into(), ..empty() }),
        ] {
            assert_eq!(fault(form.clone()).field, field, "{form:?}");
        }
        let backwards = FormQuery { from: "2026".into(), to: "2025".into(), ..empty() };
        assert_eq!(fault(backwards).message, "This ends before it begins.");
    }

    proptest! {
        #[test]
        fn whatever_is_typed_into_a_field_stays_within_it(typed in "[ -~äß“]{1,12}") {
            let typed_there = FormQuery { words: typed.clone(), person: typed.clone(), window: typed.clone(), ..empty() };
            if let Ok(query) = typed_there.to_query(&context()) {
                for term in query.expr().terms() {
                    match term {
                        Term::Person(text) => prop_assert_eq!(&text.value, typed.trim()),
                        Term::Window(name) => prop_assert_eq!(name, typed.trim()),
                        Term::Word(words) | Term::Phrase(words) => prop_assert!(typed.contains(words.as_str())),
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
            }
        }

        #[test]
        fn a_form_made_of_a_query_finds_the_same(expr in expr()) {
            let query = Query::from(expr);
            if let Some(form) = FormQuery::from_query(&query, &context()) {
                let again = form.to_query(&context()).expect("readable");
                prop_assert_eq!(again.time_range(), query.time_range());
                prop_assert_eq!(FormQuery::from_query(&again, &context()), Some(form));
            }
        }
    }
}
