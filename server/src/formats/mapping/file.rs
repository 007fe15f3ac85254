//! How a mapping is written, and what is refused.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use domain::audit::Outcome;
use domain::usage::UsageAction;
use serde::Deserialize;

use super::super::pick;
use super::expression::{Condition, Expression, Field, Rule, Test, TimeForm};
use super::pattern::Pattern;
use super::{Mapping, MappingError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    #[serde(default)]
    input: Input,
    #[serde(default)]
    lines: Vec<String>,
    zone: Option<String>,
    recognise: Vec<Vec<RawCondition>>,
    each: Option<String>,
    time: RawTime,
    fields: RawRule,
    #[serde(default)]
    rule: Vec<RawRule>,
}

#[derive(Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Input {
    #[default]
    Json,
    Lines,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a pointer, or a list of pointers and of { at, format }")]
enum RawTime {
    At(String),
    With(RawTimeAt),
    First(Vec<RawTime>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTimeAt {
    at: String,
    #[serde(default)]
    format: TimeForm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    when: Option<Vec<RawCondition>>,
    skip: Option<String>,
    id: Option<RawExpression>,
    action: Option<RawExpression>,
    outcome: Option<RawExpression>,
    #[serde(default)]
    actor: RawActor,
    system: Option<RawExpression>,
    resource: Option<RawExpression>,
    entitlement: Option<RawExpression>,
    ip: Option<RawExpression>,
    user_agent: Option<RawExpression>,
    operation: Option<RawExpression>,
    reason: Option<RawExpression>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawActor {
    kind: Option<RawExpression>,
    name: Option<RawExpression>,
    email: Option<RawExpression>,
    account: Option<RawExpression>,
    subject: Option<RawExpression>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a text, a list of which the first that is there counts, or { at, map, default }"
)]
enum RawExpression {
    Text(String),
    Map(RawMap),
    First(Vec<RawExpression>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMap {
    at: Box<RawExpression>,
    map: BTreeMap<String, String>,
    default: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCondition {
    at: String,
    is: Option<Words>,
    starts_with: Option<Words>,
    ends_with: Option<Words>,
    contains: Option<Words>,
    exists: Option<bool>,
    matches: Option<Words>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
enum Words {
    One(String),
    Several(Vec<String>),
}

impl From<Words> for Vec<String> {
    fn from(words: Words) -> Self {
        match words {
            Words::One(word) => vec![word],
            Words::Several(words) => words,
        }
    }
}

fn wrong(key: impl Into<String>, reason: impl Into<String>) -> MappingError {
    MappingError::Key { key: key.into(), reason: reason.into() }
}

pub(super) fn parse(text: &str) -> Result<Mapping, MappingError> {
    let file: File = toml::from_str(text).map_err(|error| MappingError::Toml(error.to_string()))?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if file.name.is_empty() || file.name.len() > 40 || !file.name.chars().all(is_name) {
        return Err(wrong("name", "Small letters, digits and _ only, 40 at most."));
    }
    let lines = match (file.input, file.lines) {
        (Input::Json, lines) if !lines.is_empty() => {
            return Err(wrong("lines", "Only with input = \"lines\"."));
        }
        (Input::Json, _) => None,
        (Input::Lines, lines) if lines.is_empty() => {
            return Err(wrong("lines", "With input = \"lines\", say what cuts them."));
        }
        (Input::Lines, lines) => Some(patterns("lines", lines)?),
    };
    let zone = match file.zone {
        None => Tz::UTC,
        Some(name) => name.parse().map_err(|_| wrong("zone", format!("“{name}” is no time zone.")))?,
    };
    let mut time = Vec::new();
    times(file.time, &mut time)?;
    if file.fields.when.is_some() || file.fields.skip.is_some() {
        return Err(wrong("fields", "These hold for all records; “when” and “skip” belong to a rule."));
    }
    let recognise = file
        .recognise
        .into_iter()
        .map(|all| all.into_iter().map(|one| condition("recognise", one)).collect())
        .collect::<Result<Vec<Vec<_>>, _>>()?;
    if recognise.iter().any(Vec::is_empty) {
        return Err(wrong("recognise", "An empty list would know every record for its own."));
    }
    let rules = file.rule.into_iter().enumerate().map(|(index, raw)| {
        let key = format!("rule {}", index + 1);
        if raw.when.as_ref().is_none_or(Vec::is_empty) {
            return Err(wrong(
                format!("{key}: when"),
                "Without a condition no rule after it would be asked.",
            ));
        }
        rule(&key, raw)
    });
    Ok(Mapping {
        name: file.name,
        title: file.title,
        lines,
        zone,
        recognise,
        each: file.each.map(|each| pointer("each", each)).transpose()?,
        time,
        rules: rules.collect::<Result<_, _>>()?,
        fields: rule("fields", file.fields)?,
    })
}

fn times(raw: RawTime, found: &mut Vec<(String, TimeForm)>) -> Result<(), MappingError> {
    match raw {
        RawTime::At(at) => found.push((pointer("time", at)?, TimeForm::Any)),
        RawTime::With(RawTimeAt { at, format }) => found.push((pointer("time", at)?, format)),
        RawTime::First(options) => options.into_iter().try_for_each(|option| times(option, found))?,
    }
    Ok(())
}

fn rule(key: &str, raw: RawRule) -> Result<Rule, MappingError> {
    let when = raw.when.unwrap_or_default();
    let when =
        when.into_iter().map(|one| condition(&format!("{key}: when"), one)).collect::<Result<_, _>>()?;
    let mut rule = Rule { when, skip: raw.skip, fields: BTreeMap::new() };
    for (name, field, raw) in [
        ("id", Field::Id, raw.id),
        ("action", Field::Action, raw.action),
        ("outcome", Field::Outcome, raw.outcome),
        ("actor.kind", Field::ActorKind, raw.actor.kind),
        ("actor.name", Field::ActorName, raw.actor.name),
        ("actor.email", Field::ActorEmail, raw.actor.email),
        ("actor.account", Field::ActorAccount, raw.actor.account),
        ("actor.subject", Field::ActorSubject, raw.actor.subject),
        ("system", Field::System, raw.system),
        ("resource", Field::Resource, raw.resource),
        ("entitlement", Field::Entitlement, raw.entitlement),
        ("ip", Field::Ip, raw.ip),
        ("user_agent", Field::UserAgent, raw.user_agent),
        ("operation", Field::Operation, raw.operation),
        ("reason", Field::Reason, raw.reason),
    ] {
        let Some(raw) = raw else { continue };
        let key = format!("{key}: {name}");
        if field == Field::Id && !key.starts_with("fields") {
            return Err(wrong(key, "A record has one id, whatever rule applies; it belongs to [fields]."));
        }
        let expression = expression(&key, raw)?;
        check(&key, field, &expression)?;
        rule.fields.insert(field, expression);
    }
    Ok(rule)
}

/// Of the fields with known words, that only such come out.
fn check(key: &str, field: Field, expression: &Expression) -> Result<(), MappingError> {
    let is_closed = match field {
        Field::Action | Field::Outcome | Field::ActorKind => is_closed(expression),
        _ => return Ok(()),
    };
    if !is_closed {
        return Err(wrong(
            key,
            "What the source writes is no word of ours; give a constant, or { at, map, default }.",
        ));
    }
    for word in expression.constants() {
        let is_known = match field {
            Field::Action => UsageAction::parse(word).is_ok(),
            Field::Outcome => Outcome::parse(word).is_some(),
            _ => matches!(word, "person" | "machine" | "unknown"),
        };
        if !is_known {
            return Err(wrong(key, format!("“{word}” is no word for it.")));
        }
    }
    Ok(())
}

fn is_closed(expression: &Expression) -> bool {
    match expression {
        Expression::Constant(_) | Expression::Map { .. } => true,
        Expression::Pointer(_) | Expression::Template(_) => false,
        Expression::First(options) => options.iter().all(is_closed),
    }
}

fn expression(key: &str, raw: RawExpression) -> Result<Expression, MappingError> {
    match raw {
        RawExpression::Text(text) if text.starts_with('/') => Ok(Expression::Pointer(pointer(key, text)?)),
        RawExpression::Text(text) if text.contains("{/") => template(key, &text),
        RawExpression::Text(text) => Ok(Expression::Constant(text)),
        RawExpression::First(options) => Ok(Expression::First(
            options.into_iter().map(|raw| expression(key, raw)).collect::<Result<_, _>>()?,
        )),
        RawExpression::Map(RawMap { at, map, default }) => {
            Ok(Expression::Map { of: Box::new(expression(key, *at)?), map, default })
        }
    }
}

fn template(key: &str, text: &str) -> Result<Expression, MappingError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((inner, after)) = after.split_once('}') else {
            return Err(wrong(key, format!("In “{text}” a {{ is not closed.")));
        };
        parts.push(Expression::Constant(before.to_owned()));
        parts.push(Expression::Pointer(pointer(key, inner.to_owned())?));
        rest = after;
    }
    parts.push(Expression::Constant(rest.to_owned()));
    Ok(Expression::Template(parts))
}

fn pointer(key: &str, text: String) -> Result<String, MappingError> {
    let is_segment = |segment: &str| !segment.starts_with('[') || pick::selector(segment).is_some();
    if text.starts_with('/') && text.split('/').all(is_segment) {
        Ok(text)
    } else {
        Err(wrong(key, format!("“{text}” is not a JSON pointer: /like/this/0, or /like/[type=This]/name.")))
    }
}

fn patterns(key: &str, texts: Vec<String>) -> Result<Vec<Pattern>, MappingError> {
    texts.iter().map(|text| Pattern::parse(text).map_err(|reason| wrong(key, reason))).collect()
}

fn condition(key: &str, raw: RawCondition) -> Result<Condition, MappingError> {
    let at = pointer(key, raw.at)?;
    let tests = [
        raw.is.map(|words| Test::OneOf(words.into())),
        raw.starts_with.map(|words| Test::StartsWith(words.into())),
        raw.ends_with.map(|words| Test::EndsWith(words.into())),
        raw.contains.map(|words| Test::Contains(words.into())),
        raw.exists.map(Test::Exists),
        raw.matches.map(|words| patterns(key, words.into())).transpose()?.map(Test::Matches),
    ];
    let mut tests: Vec<Test> = tests.into_iter().flatten().collect();
    match (tests.pop(), tests.is_empty()) {
        (Some(test), true) => Ok(Condition { at, test }),
        _ => Err(wrong(
            key,
            format!("{at}: say one of is, starts_with, ends_with, contains, exists, matches."),
        )),
    }
}
