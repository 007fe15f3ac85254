//! What access can be had to.

use serde::{Deserialize, Serialize};

/// How much harm wrong access to a resource can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Open to most.
    Low,
    /// The usual.
    Medium,
    /// Decisions need a summary.
    High,
    /// Decisions need a summary and a fresh sign-in.
    Critical,
}

impl Sensitivity {
    /// All, least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word that the database and the interface use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The sensitivity with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether an approval, too, must say why.
    pub fn needs_summary(self) -> bool {
        self >= Self::High
    }

    /// Whether deciding needs a sign-in of the last minutes.
    pub fn needs_fresh_sign_in(self) -> bool {
        self == Self::Critical
    }
}

/// A slug is what stands in an address: lower case letters, digits and hyphens, at most 80.
pub fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 80
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approvals_from_high_upwards_need_a_summary() {
        let needing: Vec<_> = Sensitivity::ALL.into_iter().filter(|s| s.needs_summary()).collect();
        assert_eq!(needing, [Sensitivity::High, Sensitivity::Critical]);
    }

    #[test]
    fn slugs_are_plain() {
        assert!(is_slug("payments-prod"));
        for bad in ["", "-a", "a-", "A", "ä", "a b", "a/b", &"a".repeat(81)] {
            assert!(!is_slug(bad), "{bad}");
        }
    }
}
