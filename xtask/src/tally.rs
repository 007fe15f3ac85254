//! How many checks passed and failed, read from what test runners print.

use std::ops::AddAssign;

/// Counted checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u32,
    pub failed: u32,
}

impl Tally {
    /// One check that passed.
    pub const PASSED: Self = Self { passed: 1, failed: 0 };
    /// One check that failed.
    pub const FAILED: Self = Self { passed: 0, failed: 1 };

    /// Reads a line such as `test result: FAILED. 3 passed; 1 failed; 0 ignored; …`.
    pub fn from_cargo(line: &str) -> Option<Self> {
        let mut counts = line.strip_prefix("test result: ")?.split_once(". ")?.1.split("; ");
        Some(Self { passed: number(counts.next()?, " passed")?, failed: number(counts.next()?, " failed")? })
    }

    /// Reads the closing lines `# pass 3` and `# fail 0` of a TAP report by Node.
    pub fn from_tap(report: &str) -> Option<Self> {
        let count = |name: &str| report.lines().rev().find_map(|line| line.strip_prefix(name)?.parse().ok());
        let cancelled = count("# cancelled ").unwrap_or(0);
        Some(Self { passed: count("# pass ")?, failed: count("# fail ")? + cancelled })
    }

    /// Counts a run that failed as failed, also where it did not get as far as counting.
    pub fn of_run(self, succeeded: bool) -> Self {
        if succeeded || self.failed > 0 { self } else { Self { failed: 1, ..self } }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn number(text: &str, unit: &str) -> Option<u32> {
    text.strip_suffix(unit)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn cargo_lines_are_counted() {
        let line = "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(Tally::from_cargo(line), Some(Tally { passed: 3, failed: 1 }));
        assert_eq!(Tally::from_cargo("test result::is_odd ... ok"), None);
        assert_eq!(Tally::from_cargo("test a ... ok"), None);
    }

    #[test]
    fn the_closing_lines_of_a_tap_report_are_counted() {
        let report = "ok 1 - a\n# Subtest: # pass 9\n1..1\n# tests 5\n# pass 3\n# fail 1\n# cancelled 1\n";
        assert_eq!(Tally::from_tap(report), Some(Tally { passed: 3, failed: 2 }));
        assert_eq!(Tally::from_tap("not a report"), None);
    }

    #[test]
    fn a_run_that_fails_without_a_count_is_one_failure() {
        assert_eq!(Tally::default().of_run(false), Tally::FAILED);
        assert_eq!(Tally { passed: 2, failed: 2 }.of_run(false), Tally { passed: 2, failed: 2 });
        assert_eq!(Tally::PASSED.of_run(true), Tally::PASSED);
    }
}
