//! Whether a rule says more that is false than is worth hearing.

/// So many of a rule's alerts have to be resolved before anything is said of it.
pub const JUDGED_MIN: usize = 5;

/// Whether at least half of what a rule raised, and somebody looked at, was false.
pub fn is_noisy(resolved: usize, found_false: usize) -> bool {
    resolved >= JUDGED_MIN && found_false * 2 >= resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_noisy_from_half_of_five_on() {
        assert!(!is_noisy(4, 4), "too few to say");
        assert!(!is_noisy(5, 2));
        assert!(is_noisy(5, 3));
        assert!(is_noisy(6, 3), "half");
        assert!(!is_noisy(7, 3));
        assert!(!is_noisy(0, 0));
    }
}
