//! Free text that people type: bounds, and what counts as empty.

use thiserror::Error;

/// Longest rationale or decision summary, in characters.
pub const PROSE_MAX_CHARS: usize = 4_000;
/// Longest one-line text (ticket, name, reason of a revocation), in characters.
pub const LINE_MAX_CHARS: usize = 200;

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// Longer than its bound.
    #[error("This is {length} characters long; at most {max} fit.")]
    TooLong {
        /// Its length in characters.
        length: usize,
        /// The bound in characters.
        max: usize,
    },
    /// Control characters, which no keyboard types by accident, and such as turn the direction of reading.
    #[error("This contains a control character at position {position}.")]
    Control {
        /// Counted in characters, from 1.
        position: usize,
    },
}

/// Trims `text`; `None` when nothing but white space is left.
///
/// # Errors
/// When it is longer than `max` characters, or has control characters other than line breaks and tabs.
pub fn prose(text: &str, max: usize) -> Result<Option<String>, TextError> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_matches(is_blank);
    let length = text.chars().count();
    if length > max {
        return Err(TextError::TooLong { length, max });
    }
    let control = text.chars().position(|c| (c.is_control() && c != '\n' && c != '\t') || turns_around(c));
    match control {
        Some(index) => Err(TextError::Control { position: index + 1 }),
        None => Ok(Some(text.to_owned()).filter(|text| !text.is_empty())),
    }
}

/// Whether this refers to a secret that is kept elsewhere, `env:NAME` or `file:/path`, and is none itself.
pub fn is_reference(text: &str) -> bool {
    ["env:", "file:"]
        .iter()
        .any(|form| text.trim().strip_prefix(form).is_some_and(|rest| !rest.trim().is_empty()))
}

/// Characters that make what follows read in another direction than it was written (Unicode UAX #9, explicit
/// formatting): right-to-left languages do without them, and whoever decides must read what is stored.
pub(crate) fn turns_around(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// White space, and the invisible characters that people paste without knowing.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_of_every_kind_is_blank() {
        for blank in ["", "   ", "\n\t\r\n", "\u{a0}", "\u{200b}\u{feff} "] {
            assert_eq!(prose(blank, 10), Ok(None), "{blank:?}");
        }
    }

    #[test]
    fn the_bound_counts_characters_not_bytes() {
        assert_eq!(prose("äöü", 3), Ok(Some("äöü".into())));
        assert_eq!(prose("äöüß", 3), Err(TextError::TooLong { length: 4, max: 3 }));
    }

    #[test]
    fn nothing_typed_turns_the_direction_of_what_follows() {
        assert_eq!(prose("a\u{202e}gnp.exe", 20), Err(TextError::Control { position: 2 }));
        assert_eq!(prose("שלום עולם", 20), Ok(Some("שלום עולם".into())));
    }

    #[test]
    fn control_characters_are_named_by_position() {
        assert_eq!(prose("ab\u{0}c", 10), Err(TextError::Control { position: 3 }));
    }
}
