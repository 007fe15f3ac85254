//! “Was this you?”: what somebody is asked about an alert, and what follows from their answer.

use serde::{Deserialize, Serialize};

use super::Severity;

/// What they answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// They did it.
    Mine,
    /// They did not: somebody else acts under their name.
    NotMine,
}

impl Answer {
    /// The word that the database and the interface use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::NotMine => "not_mine",
        }
    }

    /// The answer with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Mine, Self::NotMine].into_iter().find(|answer| answer.as_str() == word)
    }

    /// How bad the alert is from then on: that somebody acts under another's name is as bad as it gets. That somebody
    /// says it was them makes nothing better; whoever takes care of it weighs that.
    pub fn severity(self, before: Severity) -> Severity {
        match self {
            Self::Mine => before,
            Self::NotMine => Severity::Critical,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_admits_to_is_critical_and_what_somebody_admits_to_stays_as_bad_as_it_was() {
        for severity in Severity::ALL {
            assert_eq!(Answer::Mine.severity(severity), severity);
            assert_eq!(Answer::NotMine.severity(severity), Severity::Critical);
        }
    }

    #[test]
    fn an_answer_is_read_back_by_its_word() {
        for answer in [Answer::Mine, Answer::NotMine] {
            assert_eq!(Answer::parse(answer.as_str()), Some(answer));
        }
        assert_eq!(Answer::parse("perhaps"), None);
    }
}
