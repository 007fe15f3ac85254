//! The rules at work on one source.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::alert::Finding;
use rsigma_eval::{
    CorrelationConfig, CorrelationEngine, CorrelationEventMode, CorrelationSnapshot, JsonEvent,
    TimestampFallback,
};
use store::judging::{Judged, Memory};

use super::document::document;
use super::{JudgeError, OUT_OF_ORDER, Rules, finding};
use crate::rules::Rule;

/// So many windows are kept open by one clock, all of which are written down each time; then the stalest are let go.
const WINDOWS_MAX: usize = 10_000;
/// So many events are counted in one window; then the oldest are let go.
const COUNTED_MAX: usize = 1_000;
/// So many of them are listed when a rule fires.
const LISTED_MAX: usize = 100;

/// So many clocks a source may have: what it sends now, and what comes through it later from elsewhere.
const CLOCKS_MAX: usize = 3;

/// The rules at work on one source, with what they remember of it.
pub(super) struct Lane {
    clocks: Vec<Clock>,
}

/// The rules at work on what comes in about in order.
struct Clock {
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

impl Clock {
    fn new(rules: &[Rule]) -> Result<Self, JudgeError> {
        Ok(Self { engine: engine(rules)?, to: None, is_new: false })
    }

    /// With what was remembered, where this release can read it.
    fn remembering(rules: &[Rule], memory: Memory) -> Result<Self, JudgeError> {
        let mut clock = Self { to: Some(memory.judged_to), ..Self::new(rules)? };
        let snapshot = serde_json::from_value::<CorrelationSnapshot>(memory.memory);
        if !snapshot.is_ok_and(|snapshot| clock.engine.import_state(snapshot)) {
            tracing::warn!("what the rules counted was written by another release; they begin anew");
        }
        Ok(clock)
    }

    /// Whether what happened then comes about in order.
    fn fits(&self, at: DateTime<Utc>) -> bool {
        self.to.is_none_or(|to| to - at <= OUT_OF_ORDER)
    }

    fn judge(&mut self, rules: &Rules, event: &Judged, findings: &mut Vec<Finding>) {
        let at = moment(event);
        let as_of = self.to.map_or(at, |to| to.max(at));
        if evaluate(&mut self.engine, rules, event, as_of, findings) {
            self.to = Some(as_of);
            self.is_new = true;
        }
    }
}

impl Lane {
    /// With what was remembered under the names that [`Lane::memory`] gave.
    pub(super) fn new(
        rules: &[Rule],
        name: &str,
        memory: &mut HashMap<String, Memory>,
    ) -> Result<Self, JudgeError> {
        let mut clocks = Vec::new();
        for number in 0..CLOCKS_MAX {
            let Some(memory) = memory.remove(&name_of(name, number)) else { break };
            clocks.push(Clock::remembering(rules, memory)?);
        }
        if clocks.is_empty() {
            clocks.push(Clock::new(rules)?);
        }
        Ok(Self { clocks })
    }

    /// Judges events of this source, in order of position.
    pub(super) fn judge(&mut self, rules: &Rules, events: &[&Judged]) -> Result<Vec<Finding>, JudgeError> {
        let mut findings = Vec::new();
        let mut late = Vec::new();
        for event in events {
            match self.fitting(moment(event)) {
                Some(clock) => clock.judge(rules, event, &mut findings),
                None => late.push(*event),
            }
        }
        late.sort_by_key(|event| (moment(event), event.entry.position));
        for event in late {
            let at = moment(event);
            if self.fitting(at).is_none() {
                self.wind_up_another(&rules.all)?;
            }
            if let Some(clock) = self.fitting(at) {
                clock.judge(rules, event, &mut findings);
            }
        }
        Ok(findings)
    }

    /// Of the clocks that it comes in order for, the one that is furthest.
    fn fitting(&mut self, at: DateTime<Utc>) -> Option<&mut Clock> {
        self.clocks.iter_mut().filter(|clock| clock.fits(at)).max_by_key(|clock| clock.to)
    }

    /// A clock that has counted nothing: one more, or in place of the one that is furthest behind.
    fn wind_up_another(&mut self, rules: &[Rule]) -> Result<(), JudgeError> {
        let another = Clock::new(rules)?;
        if self.clocks.len() < CLOCKS_MAX {
            self.clocks.push(another);
        } else if let Some(last) = self.clocks.iter_mut().min_by_key(|clock| clock.to) {
            *last = another;
        }
        Ok(())
    }

    /// What is remembered, under names that begin with the source's, where that changed since it was last asked.
    pub(super) fn memory(&mut self, name: &str) -> Result<Vec<(String, Memory)>, JudgeError> {
        let mut changed = Vec::new();
        for (number, clock) in self.clocks.iter_mut().enumerate() {
            let Some(judged_to) = clock.to.filter(|_| clock.is_new) else { continue };
            clock.engine.evict_expired(judged_to.timestamp());
            clock.is_new = false;
            let memory = serde_json::to_value(clock.engine.export_state())?;
            changed.push((name_of(name, number), Memory { memory, judged_to }));
        }
        Ok(changed)
    }
}

/// No source has a blank in its name.
fn name_of(lane: &str, clock: usize) -> String {
    if clock == 0 { lane.to_owned() } else { format!("{lane} {clock}") }
}

/// When it happened; a source whose clock is ahead does not hold up the others.
fn moment(event: &Judged) -> DateTime<Utc> {
    event.entry.occurred_at.min(event.entry.recorded_at)
}

/// Judges one event as of this moment; answers whether a rule counts it.
fn evaluate(
    engine: &mut CorrelationEngine,
    rules: &Rules,
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
        let Some(rule) = rules.all.iter().find(|rule| result.header.rule_id.as_ref() == Some(&rule.id))
        else {
            continue;
        };
        if rule.last_in_order.as_ref().is_none_or(|last| matched.contains(last)) {
            findings.push(finding::of(rule, &result, event, &document));
        }
    }
    matched.iter().any(|id| rules.counted.contains(id))
}
