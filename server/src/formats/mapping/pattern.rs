//! Patterns for lines of text: literal text with holes.
//!
//! `{name}` takes characters that are no white space, `{name...}` takes as many of any kind as it can, `{name:15}`
//! takes exactly so many. A hole without a name is passed over. A pattern fits a whole text or not at all.

use serde_json::{Map, Value};

/// Holes for any text go back and forth; with more than two, a hostile line could make that long.
const GREEDY_MAX: usize = 2;
/// Longer lines fit no pattern, in bytes.
const LINE_MAX: usize = 2_048;

#[derive(Debug)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Hole(String, Size),
}

#[derive(Debug, Clone, Copy)]
enum Size {
    Word,
    Any,
    Exactly(usize),
}

impl Pattern {
    /// Reads a pattern, or says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let Some((hole, after)) = after.split_once('}') else {
                return Err(format!("In “{text}” a {{ is not closed."));
            };
            if matches!(pieces.last(), Some(Piece::Hole(..))) {
                return Err(format!("In “{text}” two holes stand side by side; where would the first end?"));
            }
            pieces.push(hole_of(hole).ok_or_else(|| format!("“{{{hole}}}” is not a hole."))?);
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        let greedy = pieces.iter().filter(|piece| matches!(piece, Piece::Hole(_, Size::Any))).count();
        if greedy > GREEDY_MAX {
            return Err(format!("“{text}” has more than {GREEDY_MAX} holes for any text."));
        }
        Ok(Self { pieces })
    }

    /// What the holes take, where the text fits.
    pub(super) fn captures(&self, text: &str) -> Option<Map<String, Value>> {
        let mut captured = Vec::new();
        (text.len() <= LINE_MAX && fits(&self.pieces, text, &mut captured)).then(|| {
            captured
                .into_iter()
                .filter(|(name, _)| !name.is_empty())
                .map(|(name, value)| (name.to_owned(), value.into()))
                .collect()
        })
    }
}

fn hole_of(hole: &str) -> Option<Piece> {
    let (name, size) = match (hole.strip_suffix("..."), hole.split_once(':')) {
        (Some(name), _) => (name, Size::Any),
        (None, Some((name, count))) => (name, Size::Exactly(count.parse().ok().filter(|count| *count > 0)?)),
        (None, None) => (hole, Size::Word),
    };
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| Piece::Hole(name.to_owned(), size))
}

fn fits<'a>(pieces: &'a [Piece], text: &'a str, captured: &mut Vec<(&'a str, &'a str)>) -> bool {
    let Some((piece, others)) = pieces.split_first() else { return text.is_empty() };
    let (name, size) = match piece {
        Piece::Text(literal) => {
            return text.strip_prefix(literal.as_str()).is_some_and(|rest| fits(others, rest, captured));
        }
        Piece::Hole(name, size) => (name.as_str(), *size),
    };
    let mut takes = |end: usize| {
        let Some((taken, rest)) = text.split_at_checked(end) else { return false };
        let length = captured.len();
        captured.push((name, taken));
        if fits(others, rest, captured) {
            return true;
        }
        captured.truncate(length);
        false
    };
    let ends = || text.char_indices().map(|(index, c)| index + c.len_utf8());
    match size {
        Size::Exactly(count) => ends().nth(count - 1).is_some_and(takes),
        Size::Word => {
            let word = text.find(char::is_whitespace).unwrap_or(text.len());
            ends().take_while(|end| *end <= word).any(takes)
        }
        // The longest first: what somebody types into a user name must not pass for the address after it.
        Size::Any => std::iter::once(0).chain(ends()).collect::<Vec<_>>().into_iter().rev().any(&mut takes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures(pattern: &str, text: &str) -> Option<String> {
        let pattern = Pattern::parse(pattern).expect("a pattern");
        pattern.captures(text).map(|captured| Value::Object(captured).to_string())
    }

    #[test]
    fn holes_take_words_lengths_or_anything() {
        let line = "Nov  3 10:00:00 web sshd[12]: Accepted publickey for ada";
        assert_eq!(
            captures("{time:15} {host} {program}[{}]: {message...}", line).expect("fits"),
            r#"{"host":"web","message":"Accepted publickey for ada","program":"sshd","time":"Nov  3 10:00:00"}"#
        );
        assert_eq!(captures("{a}: x", "b c: x"), None);
        assert_eq!(captures("{a}", ""), None);
        assert_eq!(captures("x{a...}", "x").expect("fits"), r#"{"a":""}"#);
        assert_eq!(captures("{a:3}", "äöü").expect("fits"), r#"{"a":"äöü"}"#);
        assert_eq!(captures("{a:4}", "äöü"), None);
    }

    #[test]
    fn a_name_with_an_address_in_it_does_not_pass_for_the_address() {
        let text = "for root from 6.6.6.6 port 1 from 10.0.0.1 port 22";
        assert_eq!(
            captures("for {user...} from {ip} port {port}", text).expect("fits"),
            r#"{"ip":"10.0.0.1","port":"22","user":"root from 6.6.6.6 port 1"}"#
        );
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        for text in ["{a", "{a}{b}", "{a b}", "{a:x}", "{a:0}", "{...} {...} {...}"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_hostile_line_is_given_up_on_soon() {
        let pattern = Pattern::parse("{a...} from {b...} port {c} x").expect("a pattern");
        assert!(pattern.captures(&" from  port ".repeat(170)).is_none());
        assert!(pattern.captures(&"x".repeat(LINE_MAX + 1)).is_none());
    }
}
