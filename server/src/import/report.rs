//! What an import did, or would do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// So many changed things are named, of each kind.
const NAMED_MAX: usize = 20;

/// What was, or would be, created and changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether nothing was written.
    pub is_dry_run: bool,
    tallies: BTreeMap<&'static str, Tally>,
    counted: BTreeMap<&'static str, usize>,
    notes: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tally {
    seen: BTreeSet<String>,
    created: BTreeSet<String>,
    changed: BTreeSet<String>,
}

impl Report {
    /// Notes that `name` stands in the files; `false` when it does so already.
    pub fn see(&mut self, noun: &'static str, name: &str) -> bool {
        self.tallies.entry(noun).or_default().seen.insert(name.to_owned())
    }

    /// Notes that `name` is new.
    pub fn create(&mut self, noun: &'static str, name: &str) {
        self.tallies.entry(noun).or_default().created.insert(name.to_owned());
    }

    /// Notes that something about `name` is different now.
    pub fn change(&mut self, noun: &'static str, name: &str) {
        let tally = self.tallies.entry(noun).or_default();
        if !tally.created.contains(name) {
            tally.changed.insert(name.to_owned());
        }
    }

    /// Notes how many of something were created whose names nobody wants listed.
    pub fn count(&mut self, noun: &'static str, created: usize) {
        self.counted.insert(noun, created);
    }

    /// Adds a line about what follows from the rest.
    pub fn note(&mut self, line: String) {
        self.notes.push(line);
    }

    /// How many of `noun` were created, changed and left as they were.
    pub fn counts(&self, noun: &str) -> (usize, usize, usize) {
        self.tallies.get(noun).map_or((0, 0, 0), Tally::counts)
    }

    /// Whether everything was there already.
    pub fn is_unchanged(&self) -> bool {
        self.tallies.values().all(|tally| tally.created.is_empty() && tally.changed.is_empty())
    }

    /// For the event that closes an import.
    pub fn summary(&self) -> serde_json::Value {
        let of = |tally: &Tally| {
            let (created, changed, unchanged) = tally.counts();
            serde_json::json!({ "created": created, "changed": changed, "unchanged": unchanged })
        };
        self.tallies.iter().map(|(noun, tally)| ((*noun).to_owned(), of(tally))).collect()
    }
}

impl Tally {
    fn counts(&self) -> (usize, usize, usize) {
        let (created, changed) = (self.created.len(), self.changed.len());
        (created, changed, self.seen.len().saturating_sub(created + changed))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_dry_run {
            writeln!(f, "Dry run: nothing was written. This is what would be done.")?;
        }
        for (noun, tally) in &self.tallies {
            let (created, changed, unchanged) = tally.counts();
            writeln!(f, "{noun}: {created} created, {changed} changed, {unchanged} unchanged")?;
            for (mark, names) in [("+", &tally.created), ("~", &tally.changed)] {
                for name in names.iter().take(NAMED_MAX) {
                    writeln!(f, "  {mark} {name}")?;
                }
                if names.len() > NAMED_MAX {
                    writeln!(f, "  {mark} and {} more", names.len() - NAMED_MAX)?;
                }
            }
        }
        for (noun, created) in &self.counted {
            writeln!(f, "{noun}: {created} created")?;
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        if self.is_unchanged() {
            writeln!(f, "Everything was there already.")?;
        }
        Ok(())
    }
}
