//! Judging events by rules: Sigma, evaluated in the order of the book, each source by its own clock.
//!
//! A rule that counts over time counts by when things occurred. Events of one source that come in a little out of order
//! count as of the latest before them; what comes in later than that is counted by another clock of that source: it would
//! otherwise seem to have happened at once with what is new. What was brought in as history, and what the judge itself
//! wrote, is not judged.

mod document;
mod finding;
mod lane;

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use domain::alert::Finding;
use rsigma_eval::EvalError;
use store::judging::{Judged, Learned, Memory};
use thiserror::Error;

use crate::rules::Rule;
use lane::Lane;

/// Events this far behind the latest that a clock has counted count as of that; those further behind are another clock's.
pub const OUT_OF_ORDER: TimeDelta = TimeDelta::minutes(5);
/// Where the past that was brought in comes from.
const BROUGHT_IN: &str = "imported";

/// Why rules cannot be evaluated.
#[derive(Debug, Error)]
pub enum JudgeError {
    /// A rule that the evaluator refuses.
    #[error("the rule {rule} cannot be evaluated: {error}")]
    Rule {
        /// Its name.
        rule: String,
        /// What the evaluator says.
        error: EvalError,
    },
    /// What is remembered cannot be written down.
    #[error("what the rules remember cannot be written down: {0}")]
    Memory(#[from] serde_json::Error),
}

/// The rules at work.
struct Rules {
    all: Vec<Rule>,
    /// The ids of those whose events others count.
    counted: HashSet<String>,
}

/// The rules at work, with what they remember.
pub struct Judge {
    rules: Rules,
    /// One for each source.
    lanes: HashMap<String, Lane>,
    /// What is remembered of sources that have not reported since.
    asleep: HashMap<String, Memory>,
}

impl Judge {
    /// With these rules, and what they remembered.
    ///
    /// # Errors
    /// When the evaluator refuses one of the rules.
    pub fn new(rules: Vec<Rule>, memory: HashMap<String, Memory>) -> Result<Self, JudgeError> {
        lane::engine(&rules)?;
        let counted = rules.iter().flat_map(Rule::counted).map(str::to_owned).collect();
        let rules = Rules { all: rules, counted };
        Ok(Self { rules, lanes: HashMap::new(), asleep: memory })
    }

    /// Judges these events, which come right behind those judged before: what was found, and what is remembered
    /// otherwise now.
    ///
    /// # Errors
    /// When what is remembered cannot be written down.
    pub fn judge(&mut self, events: &[Judged]) -> Result<(Vec<Finding>, Learned), JudgeError> {
        let mut by_lane: HashMap<&str, Vec<&Judged>> = HashMap::new();
        for event in events.iter().filter(|event| is_judged(event)) {
            by_lane.entry(lane_of(event)).or_default().push(event);
        }
        let mut findings = Vec::new();
        let mut learned = Learned::default();
        for (name, events) in by_lane {
            if !self.lanes.contains_key(name) {
                let lane = Lane::new(&self.rules.all, name, &mut self.asleep)?;
                self.lanes.insert(name.to_owned(), lane);
            }
            let Some(lane) = self.lanes.get_mut(name) else { continue };
            findings.extend(lane.judge(&self.rules, &events)?);
            learned.memory.extend(lane.memory(name)?);
        }
        // In the order of the book, whatever the order of the sources.
        findings.sort_by_key(|finding| finding.positions.iter().max().copied());
        Ok((finding::together(findings), learned))
    }
}

fn is_judged(event: &Judged) -> bool {
    event.entry.origin != BROUGHT_IN && !event.entry.action.starts_with("alert.")
}

/// What Gatebook does itself happens by one clock, wherever it came from.
fn lane_of(event: &Judged) -> &str {
    if event.entry.class == "usage" { &event.entry.origin } else { "" }
}
