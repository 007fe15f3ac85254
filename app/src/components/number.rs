//! Numbers as people read them.

/// “10,000”.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut words = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// “10,000+” where there are more than were counted.
pub fn counted(number: usize, is_more: bool) -> String {
    format!("{}{}", thousands(number), if is_more { "+" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_in_thousands() {
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(10_000), "10,000");
        assert_eq!(counted(1_234_567, true), "1,234,567+");
    }
}
