//! Alerts: how they are raised, who sees them, and what becomes of them.

mod change;
mod evidence;
mod list;
pub mod overdue;
pub mod question;
pub mod raise;
mod record;
mod rule;
mod sight;
pub mod suppression;
pub mod trend;

pub use change::{NewStep, StepRecord, acknowledge, assign, insert_step, resolve, steps, worsen};
pub use evidence::{Evidence, evidence, evidence_of};
pub use list::{COUNTED_MAX, Cursor, Filter, Tallied, Which, find, list, lock, similar, tally};
pub use record::AlertRecord;
pub use rule::{RuleCount, rule_counts};
pub use sight::{Reader, Waiting, waiting};
