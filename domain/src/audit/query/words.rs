//! Texts as sequences of words: what words and phrases are looked for in.

use super::folded;

/// The words of a text, [`folded`]: cut wherever ASCII has a sign, a blank or a control character. What lies beyond
/// ASCII belongs to its word. `ana.ruiz@example.org` is four words.
pub fn words(text: &str) -> Vec<String> {
    folded(text)
        .split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether these words stand in the text one after the other, the last one at least with its beginning. No words stand
/// nowhere.
pub(super) fn stand_in(wanted: &str, text: &[String]) -> bool {
    let wanted = words(wanted);
    let Some((last, whole)) = wanted.split_last() else { return false };
    text.windows(wanted.len()).any(|found| {
        found.split_last().is_some_and(|(end, begin)| begin == whole && end.starts_with(last.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_blanks_cut_words_and_letters_of_other_scripts_do_not() {
        assert_eq!(
            words("Ana.Ruiz@x.org øk–n 100%\ta\u{1}b"),
            ["ana", "ruiz", "x", "org", "øk–n", "100", "a", "b"]
        );
        assert_eq!(words("--- %"), Vec::<String>::new());
    }

    #[test]
    fn words_are_found_in_their_order_and_the_last_one_by_its_beginning() {
        let text = words("Nightly payout for the ledger, payments-prod");
        for yes in ["pay", "PAYOUT", "for the led", "payments-prod", "payments prod", "prod"] {
            assert!(stand_in(yes, &text), "{yes}");
        }
        for no in ["ayout", "the for", "led payments", "prod nightly", "%", ""] {
            assert!(!stand_in(no, &text), "{no}");
        }
    }
}
