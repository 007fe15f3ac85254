//! Exports that are prepared in the background.

use chrono::TimeDelta;

/// So long a file is kept.
pub const KEPT: TimeDelta = TimeDelta::days(7);
/// So many one person may have under way.
pub const OPEN_MAX: usize = 3;
/// So many one person may have in all, with those that are done, failed or cancelled and not deleted yet.
pub const OWN_MAX: usize = 20;

/// How an export in the background is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportState {
    /// Nobody has begun it yet.
    Waiting,
    /// It is being written.
    Running,
    /// The file is there.
    Done,
    /// There will be no file.
    Failed,
    /// Whoever asked does not want it any more.
    Cancelled,
    /// The file was let go.
    Expired,
}

impl ExportState {
    const ALL: [Self; 6] =
        [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Expired];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The state with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether something is still to come of it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_back_and_nothing_else() {
        for state in ExportState::ALL {
            assert_eq!(ExportState::parse(state.as_str()), Some(state));
        }
        assert_eq!(ExportState::parse("ready"), None);
    }
}
