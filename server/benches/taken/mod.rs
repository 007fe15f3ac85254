//! How long things took.

use std::time::Duration;

use serde_json::{Value, json};

use crate::measure::rounded;

/// How long single pieces of work took, together with how long all of them took side by side.
pub struct Taken {
    all: Duration,
    each: Vec<Duration>,
}

impl Taken {
    /// Of all, with as many workers as there were, and of each.
    pub fn new(all: Duration, mut each: Vec<Duration>) -> Self {
        each.sort_unstable();
        Self { all, each }
    }

    /// Pieces of work done in a second.
    pub fn per_second(&self) -> f64 {
        self.each.len() as f64 / self.all.as_secs_f64()
    }

    /// So many in a hundred took no longer than this; in milliseconds.
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let rank = (self.each.len() * percent).div_ceil(100).max(1);
        self.each.get(rank - 1).map_or(0.0, |taken| taken.as_secs_f64() * 1_000.0)
    }

    /// For the report.
    pub fn as_json(&self) -> Value {
        json!({
            "per_second": rounded(self.per_second()),
            "p50_ms": rounded(self.percentile_ms(50)),
            "p99_ms": rounded(self.percentile_ms(99)),
        })
    }
}
