//! The rules that raise alerts over events: Sigma (specification 2.1.0, github.com/SigmaHQ/sigma-specification), one
//! file each in `built_in`, and a line here.
//!
//! What people read of a rule, and what of it makes one alert, stands in its file under `gatebook:`, which Sigma leaves
//! to whoever reads it.

use domain::alert::Severity;
use rsigma_parser::{CorrelationType, Level, SigmaCollection, parse_sigma_yaml};
use serde::Deserialize;
use thiserror::Error;

/// The longest name of a rule, in characters.
pub const NAME_MAX_CHARS: usize = 80;

/// The files of the rules that come with Gatebook.
const BUILT_IN: &[&str] = &[
    include_str!("built_in/use-by-somebody-gone.yml"),
    include_str!("built_in/use-after-end.yml"),
    include_str!("built_in/removal-failed.yml"),
    include_str!("built_in/use-not-covered.yml"),
    include_str!("built_in/denied-burst.yml"),
    include_str!("built_in/owner-lost.yml"),
    include_str!("built_in/first-use-of-critical.yml"),
    include_str!("built_in/request-storm.yml"),
    include_str!("built_in/asked-again-after-denial.yml"),
    include_str!("built_in/approving-each-other.yml"),
];

/// A rule, ready to be evaluated and shown.
#[derive(Debug, Clone)]
pub struct Rule {
    /// In its address: Sigma's `name`.
    pub name: String,
    /// Sigma's `id`.
    pub id: String,
    /// For people.
    pub title: String,
    /// What it looks for: Sigma's `description`.
    pub meaning: String,
    /// Sigma's `level`.
    pub severity: Severity,
    /// When it is wrong: Sigma's `falsepositives`.
    pub wrong_when: Vec<String>,
    /// What Sigma does not say.
    pub own: Own,
    /// The id of the rule whose event comes last, where it looks for an order: of two in the same second, the evaluator
    /// takes either for the first.
    pub last_in_order: Option<String>,
    /// The file.
    pub source: &'static str,
    /// The file, read.
    pub collection: SigmaCollection,
}

impl Rule {
    /// The ids of the rules of this file whose events others of it count.
    pub fn counted(&self) -> impl Iterator<Item = &str> {
        let names = self.collection.correlations.iter().flat_map(|correlation| &correlation.rules);
        names.filter_map(|name| id_of(&self.collection, name))
    }
}

/// What a rule's file says under `gatebook:`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    /// The fields whose values make one alert.
    pub key: Vec<String>,
    /// What was found, with fields in braces.
    pub sentence: String,
    /// Whether it is at least as severe as the resource is sensitive.
    #[serde(default)]
    pub severity_of_resource: bool,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub action: String,
    /// The controls that it supports.
    pub controls: Vec<String>,
}

/// Why a file is no rule.
#[derive(Debug, Error)]
pub enum RuleError {
    /// It is no Sigma.
    #[error("{0}")]
    Sigma(String),
    /// Something is missing that Gatebook needs.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// What stands under `gatebook:` cannot be read.
    #[error("`gatebook`: {0}")]
    Own(String),
}

/// The rules that come with Gatebook, the worst first.
///
/// # Errors
/// When one of them is broken.
pub fn built_in() -> Result<Vec<Rule>, RuleError> {
    BUILT_IN.iter().map(|source| read(source)).collect()
}

/// Reads a rule: the last document of the file that says what it is, after those that it counts.
///
/// # Errors
/// When it is no Sigma, or does not say what Gatebook needs.
pub fn read(source: &'static str) -> Result<Rule, RuleError> {
    let collection = parse_sigma_yaml(source).map_err(|error| RuleError::Sigma(error.to_string()))?;
    if let Some(error) = collection.errors.first() {
        return Err(RuleError::Sigma(error.clone()));
    }
    let said = Said::of(&collection).ok_or(RuleError::Missing("gatebook"))?;
    let own = Own::deserialize(said.own).map_err(|error| RuleError::Own(error.to_string()))?;
    let needed = |text: Option<&String>, what| text.cloned().ok_or(RuleError::Missing(what));
    Ok(Rule {
        name: needed(said.name, "name")?,
        id: needed(said.id, "id")?,
        title: said.title.clone(),
        meaning: needed(said.description, "description")?,
        severity: severity(said.level.ok_or(RuleError::Missing("level"))?),
        wrong_when: said.falsepositives.to_vec(),
        own,
        last_in_order: last_in_order(&collection),
        source,
        collection,
    })
}

fn last_in_order(collection: &SigmaCollection) -> Option<String> {
    let ordered = collection
        .correlations
        .iter()
        .find(|rule| rule.correlation_type == CorrelationType::TemporalOrdered)?;
    id_of(collection, ordered.rules.last()?).map(str::to_owned)
}

/// The id of the rule that goes by this name or id.
fn id_of<'a>(collection: &'a SigmaCollection, name: &String) -> Option<&'a str> {
    let rule = collection
        .rules
        .iter()
        .find(|rule| rule.name.as_ref() == Some(name) || rule.id.as_ref() == Some(name))?;
    rule.id.as_deref()
}

/// Sigma knows one level more: what only informs is low.
fn severity(level: Level) -> Severity {
    match level {
        Level::Informational | Level::Low => Severity::Low,
        Level::Medium => Severity::Medium,
        Level::High => Severity::High,
        Level::Critical => Severity::Critical,
    }
}

/// The document of a file that says under `gatebook:` what it is.
struct Said<'a> {
    name: Option<&'a String>,
    id: Option<&'a String>,
    title: &'a String,
    description: Option<&'a String>,
    level: Option<Level>,
    falsepositives: &'a [String],
    own: yaml_serde::Value,
}

impl<'a> Said<'a> {
    fn of(collection: &'a SigmaCollection) -> Option<Self> {
        let single = collection.rules.iter().find_map(|rule| {
            let own = rule.custom_attributes.get("gatebook")?.clone();
            let (name, id, title) = (rule.name.as_ref(), rule.id.as_ref(), &rule.title);
            let (description, level) = (rule.description.as_ref(), rule.level);
            Some(Self { name, id, title, description, level, falsepositives: &rule.falsepositives, own })
        });
        single.or_else(|| {
            collection.correlations.iter().find_map(|rule| {
                let own = rule.custom_attributes.get("gatebook")?.clone();
                let (name, id, title) = (rule.name.as_ref(), rule.id.as_ref(), &rule.title);
                let (description, level) = (rule.description.as_ref(), rule.level);
                Some(Self { name, id, title, description, level, falsepositives: &rule.falsepositives, own })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_built_in_rule_says_what_it_is_in_words_and_has_a_name_of_its_own() {
        let rules = built_in().unwrap();
        let mut names = HashSet::new();
        let mut ids = HashSet::new();
        for rule in &rules {
            assert!(names.insert(&rule.name) && ids.insert(&rule.id), "{} stands twice", rule.name);
            assert!(rule.name.len() <= NAME_MAX_CHARS);
            assert!(rule.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.name);
            for text in [&rule.meaning, &rule.own.why, &rule.own.action] {
                assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{}: {text}", rule.name);
            }
            assert!(!rule.own.key.is_empty() && !rule.own.controls.is_empty(), "{}", rule.name);
        }
    }

    #[test]
    fn whatever_a_built_in_rule_looks_at_is_described() {
        let described = include_str!("../../../docs/alerts.md");
        for rule in built_in().unwrap() {
            let fields = rsigma_eval::RuleFieldSet::collect(&rule.collection, &[], true);
            let in_sentence = rule.own.sentence.split('{').skip(1).filter_map(|part| part.split('}').next());
            for field in fields.names().chain(in_sentence).chain(rule.own.key.iter().map(String::as_str)) {
                let is_described = described.contains(&format!("`{field}`")) || field == "times";
                assert!(is_described, "{}: {field}", rule.name);
            }
        }
    }

    #[test]
    fn a_file_that_is_no_rule_says_what_is_missing() {
        let fault = |source| read(source).unwrap_err().to_string();
        assert!(fault("title: [").contains("YAML"), "{}", fault("title: ["));
        let bare = "title: T\nlogsource: {product: gatebook}\ndetection: {a: {b: c}, condition: a}\n";
        assert_eq!(fault(bare), "`gatebook` is missing");
    }
}
