//! What a rule found, as an alert says it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::alert::{Finding, LATE, Severity};
use rsigma_eval::{EvaluationResult, ResultBody};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::judging::Judged;

use crate::rules::Rule;

/// A key that is longer is told apart by its hash.
const KEY_MAX_CHARS: usize = 300;
/// A value in a sentence is cut there.
const VALUE_MAX_CHARS: usize = 120;
/// A sentence is cut there.
const SENTENCE_MAX_CHARS: usize = 900;

/// What this result of the evaluator says of its rule.
pub(super) fn of(rule: &Rule, result: &EvaluationResult, event: &Judged, document: &Value) -> Finding {
    let entry = &event.entry;
    let (positions, times, first_at) = match &result.body {
        ResultBody::Detection(_) => (vec![entry.position], 1, None),
        ResultBody::Correlation(body) => {
            let refs = body.event_refs.as_deref().unwrap_or_default();
            let mut positions: Vec<i64> =
                refs.iter().filter_map(|place| place.id.as_ref()?.parse().ok()).collect();
            positions.push(entry.position);
            positions.sort_unstable();
            positions.dedup();
            let first = refs.iter().map(|place| place.timestamp).min();
            let first: Option<DateTime<Utc>> = first.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            (positions, whole(body.aggregated_value), first)
        }
    };
    let late = entry.recorded_at - entry.occurred_at;
    Finding {
        rule: rule.name.clone(),
        title: rule.title.clone(),
        severity: severity(rule, document),
        key: key(&rule.own.key, document),
        sentence: sentence(&rule.own.sentence, document, times),
        person: person(rule, event),
        other: rule.own.key.iter().find(|field| *field == "pair").and(entry.subject_id).map(Into::into),
        system: entry.system_id.map(Into::into),
        resource: entry.resource_id.map(Into::into),
        grant: entry.grant_id.map(Into::into),
        positions,
        first_at: first_at.map_or(entry.occurred_at, |first| first.min(entry.occurred_at)),
        last_at: entry.occurred_at,
        late: (late >= LATE).then_some(late),
    }
}

/// What belongs to one alert, as one: in the words of the last.
pub(super) fn together(findings: Vec<Finding>) -> Vec<Finding> {
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut all: Vec<Finding> = Vec::new();
    for finding in findings {
        let place = (finding.rule.clone(), finding.key.clone());
        let Some(before) = places.get(&place).and_then(|at| all.get_mut(*at)) else {
            places.insert(place, all.len());
            all.push(finding);
            continue;
        };
        before.positions.extend(finding.positions);
        before.positions.sort_unstable();
        before.positions.dedup();
        before.sentence = finding.sentence;
        before.severity = before.severity.max(finding.severity);
        before.first_at = before.first_at.min(finding.first_at);
        before.last_at = before.last_at.max(finding.last_at);
        before.late = before.late.max(finding.late);
    }
    all
}

/// Whose doing it is: of the actor's, where a person; of a failed closing or a renewed request, the one it is about.
fn person(rule: &Rule, event: &Judged) -> Option<domain::id::PersonId> {
    let entry = &event.entry;
    let is_of_subject =
        rule.own.key.iter().any(|field| field == "subject.id") || entry.actor_kind == "system";
    let id = if is_of_subject { entry.subject_id } else { entry.actor_id };
    id.map(Into::into)
}

fn severity(rule: &Rule, document: &Value) -> Severity {
    let of_resource = document.get("sensitivity").and_then(Value::as_str).and_then(Severity::parse);
    match of_resource {
        Some(of_resource) if rule.own.severity_of_resource => rule.severity.max(of_resource),
        _ => rule.severity,
    }
}

fn key(fields: &[String], document: &Value) -> String {
    let parts: Vec<String> = fields.iter().map(|field| value(document, field).unwrap_or_default()).collect();
    let key = Value::from(parts).to_string();
    if key.chars().count() <= KEY_MAX_CHARS {
        return key;
    }
    Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The sentence with what stands in braces filled in.
fn sentence(pattern: &str, document: &Value, times: i64) -> String {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((field, behind)) = behind.split_once('}') else { break };
        let known = if field == "times" { Some(times.to_string()) } else { value(document, field) };
        let known = known.unwrap_or_else(|| "something not named".to_owned());
        filled.push_str(&cut(known, VALUE_MAX_CHARS));
        rest = behind;
    }
    filled.push_str(rest);
    cut(filled, SENTENCE_MAX_CHARS)
}

fn cut(text: String, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => text.get(..end).map(|kept| format!("{kept}…")).unwrap_or_default(),
        None => text,
    }
}

/// The value of a field, as text.
fn value(document: &Value, field: &str) -> Option<String> {
    let value = field.split('.').try_fold(document, |value, name| value.get(name))?;
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Counts are whole, and never below one.
fn whole(count: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a count of events in memory is far below 2^53")]
    let count = count.round() as i64;
    count.max(1)
}
