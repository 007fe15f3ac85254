//! What access can be had to.

use serde::{Deserialize, Serialize};

use crate::id::EntitlementId;

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

/// Where the form for a new resource stands, so that no resource can.
const RESERVED_SLUG: &str = "new";
const SLUG_MAX_CHARS: usize = 80;

/// A slug is what stands in an address: lower case letters, digits and hyphens, at most 80, and not just “new”.
pub fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text != RESERVED_SLUG
        && text.len() <= SLUG_MAX_CHARS
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Of several bundles, each with its entitlements, the one to begin with for somebody whose job role explains
/// `explained`: the one that holds the most of it. Less than half of a bundle explained does not make it fit.
pub fn best_bundle(bundles: &[&[EntitlementId]], explained: &[EntitlementId]) -> Option<usize> {
    let fit = |bundle: &[EntitlementId]| bundle.iter().filter(|id| explained.contains(id)).count();
    let fitting =
        bundles.iter().enumerate().filter(|(_, bundle)| fit(bundle) > 0 && fit(bundle) * 2 >= bundle.len());
    // Of two that hold as much, the one with less beside it.
    let best = fitting.max_by_key(|(_, bundle)| (fit(bundle), std::cmp::Reverse(bundle.len())));
    best.map(|(index, _)| index)
}

/// What is wrong with what is no slug.
pub fn slug_fault(text: &str) -> String {
    format!("“{text}” does not fit into an address: use lower case letters, digits and hyphens, at most 80.")
}

/// A slug made of a name: “Ledger (EU)” is `ledger-eu`. Empty where nothing of the name fits into one.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            'ä' | 'à' | 'á' | 'â' | 'å' | 'ã' => slug.push('a'),
            'é' | 'è' | 'ê' | 'ë' => slug.push('e'),
            'í' | 'ì' | 'î' | 'ï' => slug.push('i'),
            'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' => slug.push('o'),
            'ü' | 'ú' | 'ù' | 'û' => slug.push('u'),
            'ç' => slug.push('c'),
            'ñ' => slug.push('n'),
            'ß' => slug.push_str("ss"),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(SLUG_MAX_CHARS);
    slug.trim_end_matches('-').to_owned()
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
        for bad in ["", "-a", "a-", "A", "ä", "a b", "a/b", "new", &"a".repeat(81)] {
            assert!(!is_slug(bad), "{bad}");
        }
    }

    #[test]
    fn the_bundle_to_begin_with_is_the_one_that_the_job_role_explains_most() {
        let id = |n: u128| EntitlementId(uuid::Uuid::from_u128(n));
        let (a, b, c, d) = (id(1), id(2), id(3), id(4));
        let (one, most, spread): (&[_], &[_], &[_]) = (&[a], &[a, b, d], &[a, c, d]);
        assert_eq!(best_bundle(&[one, most, spread], &[a, b]), Some(1));
        assert_eq!(best_bundle(&[spread], &[a, b]), None, "most of it is not theirs");
        assert_eq!(best_bundle(&[most, &[a, b]], &[a, b]), Some(1), "nothing beside it");
        assert_eq!(best_bundle(&[one], &[]), None);
    }

    #[test]
    fn a_slug_is_made_of_any_name_that_has_letters_or_digits() {
        assert_eq!(slug_of("  Ledger (EU), für Größe 2 "), "ledger-eu-fur-grosse-2");
        assert_eq!(slug_of("支付"), "");
        let long = slug_of(&"ab ".repeat(60));
        assert!(is_slug(&long), "{long}");
    }
}
