//! The rules at work on one source.

use chrono::{DateTime, Utc};
use domain::alert::Finding;
use rsigma_eval::{
    CorrelationConfig, CorrelationEngine, CorrelationEventMode, CorrelationSnapshot, JsonEvent,
    TimestampFallback,
};
use store::judging::{Judged, Memory};

use super::document::document;
use super::{JudgeError, OUT_OF_ORDER, finding};
use crate::rules::Rule;

/// So many windows are kept open for one source; then the stalest are let go.
const WINDOWS_MAX: usize = 100_000;
/// So many events are counted in one window; then the oldest are let go.
const COUNTED_MAX: usize = 10_000;
/// So many of them are listed when a rule fires.
const LISTED_MAX: usize = 100;

/// The rules at work on one source, with what they remember of it.
pub(super) struct Lane {
    engine: CorrelationEngine,
    /// The latest moment of what is counted.
    to: Option<DateTime<Utc>>,
    /// Whether something was counted since it was last written down.
    is_new: bool,
}

/// An evaluator with these rules, which remembers nothing.
pub(super) fn engine(rules: &[Rule]) -> Result<CorrelationEngine, JudgeError> {
    let mut engine = CorrelationEngine::new(CorrelationConfig {
        timestamp_fallback: TimestampFallback::Skip,
        max_state_entries: WINDOWS_MAX,
        max_group_entries: Some(COUNTED_MAX),
        emit_detections: false,
        correlation_event_mode: CorrelationEventMode::Refs,
        max_correlation_events: LISTED_MAX,
        ..CorrelationConfig::default()
    });
    for rule in rules {
        engine
            .add_collection(&rule.collection)
            .map_err(|error| JudgeError::Rule { rule: rule.name.clone(), error })?;
    }
    Ok(engine)
}

impl Lane {
    /// With what was remembered, where this release can read it.
    pub(super) fn new(rules: &[Rule], memory: Option<Memory>) -> Result<Self, JudgeError> {
        let mut engine = engine(rules)?;
        let Some(memory) = memory else { return Ok(Self { engine, to: None, is_new: false }) };
        let snapshot = serde_json::from_value::<CorrelationSnapshot>(memory.memory);
        if !snapshot.is_ok_and(|snapshot| engine.import_state(snapshot)) {
            tracing::warn!("what the rules counted was written by another release; they begin anew");
        }
        Ok(Self { engine, to: Some(memory.judged_to), is_new: false })
    }

    /// Judges events of this source, in order of position.
    pub(super) fn judge(&mut self, rules: &[Rule], events: &[&Judged]) -> Result<Vec<Finding>, JudgeError> {
        let mut findings = Vec::new();
        let mut late = Vec::new();
        for event in events {
            let at = moment(event);
            let to = self.to.map_or(at, |to| to.max(at));
            if to - at > OUT_OF_ORDER {
                late.push(*event);
                continue;
            }
            if evaluate(&mut self.engine, rules, event, to, &mut findings) {
                self.to = Some(to);
                self.is_new = true;
            }
        }
        if !late.is_empty() {
            late.sort_by_key(|event| (moment(event), event.entry.position));
            let mut engine = engine(rules)?;
            for event in late {
                evaluate(&mut engine, rules, event, moment(event), &mut findings);
            }
        }
        Ok(findings)
    }

    /// What is remembered, where that changed since it was last asked.
    pub(super) fn memory(&mut self) -> Result<Option<Memory>, JudgeError> {
        let Some(judged_to) = self.to.filter(|_| self.is_new) else { return Ok(None) };
        self.engine.evict_expired(judged_to.timestamp());
        self.is_new = false;
        Ok(Some(Memory { memory: serde_json::to_value(self.engine.export_state())?, judged_to }))
    }
}

/// When it happened; a source whose clock is ahead does not hold up the others.
fn moment(event: &Judged) -> DateTime<Utc> {
    event.entry.occurred_at.min(event.entry.recorded_at)
}

/// Judges one event as of this moment; answers whether a rule counts it.
fn evaluate(
    engine: &mut CorrelationEngine,
    rules: &[Rule],
    event: &Judged,
    at: DateTime<Utc>,
    findings: &mut Vec<Finding>,
) -> bool {
    let document = document(event);
    let read = JsonEvent::borrow(&document);
    let detections = engine.evaluate(&read);
    if detections.is_empty() {
        return false;
    }
    let matched: Vec<String> = detections.iter().filter_map(|one| one.header.rule_id.clone()).collect();
    for result in engine.process_with_detections(&read, detections, at.timestamp()) {
        let Some(rule) = rules.iter().find(|rule| result.header.rule_id.as_ref() == Some(&rule.id)) else {
            continue;
        };
        if rule.last_in_order.as_ref().is_none_or(|last| matched.contains(last)) {
            findings.push(finding::of(rule, &result, event, &document));
        }
    }
    true
}
