//! What a mapping's fields and conditions mean for a record.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::pick;
use super::pattern::Pattern;

/// Our fields, except for the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Id,
    Action,
    Outcome,
    ActorKind,
    ActorName,
    ActorEmail,
    ActorAccount,
    ActorSubject,
    System,
    Resource,
    Entitlement,
    Ip,
    UserAgent,
    Operation,
    Reason,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TimeForm {
    /// RFC 3339, or without an offset in the mapping's zone, or a number whose size tells its unit.
    #[default]
    Any,
    /// Since 1970.
    Seconds,
    /// Since 1970.
    Millis,
    /// `Nov 23 10:02:53`, without a year.
    Syslog,
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum Expression {
    Constant(String),
    Pointer(String),
    /// Texts and pointers in turn; nothing where one of the pointers finds nothing.
    Template(Vec<Expression>),
    /// The first that is there.
    First(Vec<Expression>),
    /// Words for their words.
    Map {
        of: Box<Expression>,
        map: BTreeMap<String, String>,
        default: Option<String>,
    },
}

impl Expression {
    /// What it comes to in this record.
    pub(super) fn text(&self, record: &Value) -> Option<String> {
        match self {
            Self::Constant(text) => Some(text.clone()),
            Self::Pointer(pointer) => pick::text(record, pointer),
            Self::Template(parts) => parts.iter().map(|part| part.text(record)).collect(),
            Self::First(options) => options.iter().find_map(|option| option.text(record)),
            Self::Map { of, map, default } => {
                let word = of.text(record);
                word.and_then(|word| map.get(&word).cloned()).or_else(|| default.clone())
            }
        }
    }

    /// The texts that it can come to, where they are known beforehand.
    pub(super) fn constants(&self) -> Vec<&str> {
        match self {
            Self::Constant(text) => vec![text],
            Self::Pointer(_) | Self::Template(_) => Vec::new(),
            Self::First(options) => options.iter().flat_map(Self::constants).collect(),
            Self::Map { map, default, .. } => {
                map.values().map(String::as_str).chain(default.as_deref()).collect()
            }
        }
    }
}

/// Something that a record is asked.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) at: String,
    pub(super) test: Test,
}

#[derive(Debug)]
pub(super) enum Test {
    OneOf(Vec<String>),
    StartsWith(Vec<String>),
    EndsWith(Vec<String>),
    Contains(Vec<String>),
    Exists(bool),
    /// What its holes take stands at `/match`.
    Matches(Vec<Pattern>),
}

impl Condition {
    pub(super) fn holds(&self, record: &Value) -> bool {
        let text = || pick::text(record, &self.at);
        let any = |words: &[String], holds: &dyn Fn(&str, &str) -> bool| {
            text().is_some_and(|text| words.iter().any(|word| holds(&text, word)))
        };
        match &self.test {
            Test::OneOf(words) => any(words, &|text, word| text == word),
            Test::StartsWith(words) => any(words, &|text, word| text.starts_with(word)),
            Test::EndsWith(words) => any(words, &|text, word| text.ends_with(word)),
            Test::Contains(words) => any(words, &|text, word| text.contains(word)),
            Test::Exists(wanted) => pick::has(record, &self.at) == *wanted,
            Test::Matches(_) => self.captures(record).is_some(),
        }
    }

    fn captures(&self, record: &Value) -> Option<Value> {
        let Test::Matches(patterns) = &self.test else { return None };
        let text = pick::text(record, &self.at)?;
        patterns.iter().find_map(|pattern| pattern.captures(&text)).map(Value::Object)
    }
}

/// What holds for records of which all conditions hold.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) when: Vec<Condition>,
    /// They are nothing about access: why.
    pub(super) skip: Option<String>,
    pub(super) fields: BTreeMap<Field, Expression>,
}

impl Rule {
    pub(super) fn get(&self, field: Field) -> Option<&Expression> {
        self.fields.get(&field)
    }

    /// Whether it applies; then what its patterns took stands at `/match`.
    pub(super) fn applies(&self, view: &mut Value) -> bool {
        if !self.when.iter().all(|condition| condition.holds(view)) {
            return false;
        }
        let captured = self.when.iter().find_map(|condition| condition.captures(view));
        if let (Some(captured), Value::Object(fields)) = (captured, view) {
            fields.insert("match".to_owned(), captured);
        }
        true
    }
}
