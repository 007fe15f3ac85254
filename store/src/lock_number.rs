//! The numbers of the advisory locks, each once: two that are the same make strangers wait for each other.
//!
//! `event_ensure_partitions` in the migrations holds 7016996765293437281.

/// What a lock is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub(crate) enum LockNumber {
    /// One import at a time.
    Imports = 7_016_996_765_293_437_282,
    /// One process reads who held what.
    Holdings = 7_016_996_765_293_437_287,
    /// One process links.
    Links = 7_016_996_765_293_437_284,
    /// One process follows a system's log; hashed with the system.
    Following = 7_016_996_765_293_437_289,
    /// One process judges.
    Judging = 7_016_996_765_293_437_291,
    /// One process prepares an export; hashed with it.
    Exports = 7_016_996_765_293_437_290,
    /// One answer to a key at a time; hashed with the key.
    Aliases = 7_016_996_765_293_437_285,
    /// One worker changes what a person has on a system; hashed with both. Releases that run beside this one know it by
    /// this number.
    Pairs = 1,
    /// One process numbers events.
    Sequence = 7_016_996_765_293_437_286,
}

impl LockNumber {
    /// As Postgres takes it.
    pub(crate) fn get(self) -> i64 {
        self as i64
    }
}
