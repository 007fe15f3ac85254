//! A query cut into its pieces.

use std::ops::Range;

use super::error::{QueryError, closest};
use super::field::Field;
use super::print::quoted;
use super::{QUERY_MAX_CHARS, VALUE_MAX_CHARS};
use crate::text::{is_blank, turns_around};

/// What people type for a field that is called something else.
const SYNONYMS: [(&str, &str); 20] = [
    ("address", "ip"),
    ("author", "actor"),
    ("by", "actor"),
    ("date", "during"),
    ("entitlement", "resource"),
    ("event", "action"),
    ("from", "after"),
    ("is", "outcome"),
    ("level", "sensitivity"),
    ("on", "during"),
    ("origin", "source"),
    ("result", "outcome"),
    ("since", "after"),
    ("status", "outcome"),
    ("subject", "person"),
    ("type", "action"),
    ("until", "before"),
    ("user", "person"),
    ("when", "during"),
    ("who", "actor"),
];

/// A piece and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) at: Range<usize>,
    pub(super) piece: Piece,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Open,
    Close,
    Or,
    And,
    /// `-` or `NOT`.
    Not,
    Word(String),
    Phrase(String),
    Pair(Pair),
}

/// `field:value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) field: Field,
    pub(super) value: String,
    /// Whether `=` stood before the value.
    pub(super) is_whole: bool,
    /// Where the value stands, with its quotation marks and `=`.
    pub(super) at: Range<usize>,
}

/// Whether a word ends before this character.
pub(super) fn is_delimiter(c: char) -> bool {
    is_separator(c) || matches!(c, '(' | ')') || is_quote(c)
}

/// White space, and what is pasted for it without being seen. Joiners (U+200C, U+200D) belong to words.
pub(super) fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Straight, and the curved ones that phones and word processors make of it.
pub(super) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

/// Whether the query may not hold this character at all.
pub(super) fn is_forbidden(c: char) -> bool {
    (c.is_control() && !c.is_whitespace()) || turns_around(c)
}

/// Whether something that begins with this, up to a colon, is meant as a field. `12:30`, `::1` and `a.b:c` are not.
pub(super) fn looks_like_field(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
}

/// Where the word that begins at `from` ends.
pub(super) fn word_end(text: &[char], from: usize) -> usize {
    let length = text.iter().skip(from).take_while(|c| !is_delimiter(**c)).count();
    from + length
}

/// What stands in quotation marks.
pub(super) struct Quoted {
    pub(super) value: String,
    /// Behind the closing mark, or the end of the text.
    pub(super) end: usize,
    pub(super) is_closed: bool,
}

/// Reads from an opening mark at `from`. What a straight one opens a straight one closes; a curved one is closed by
/// any. `\"` and `\\` stand for what follows the backslash, which before anything else stands for itself.
pub(super) fn read_quoted(text: &[char], from: usize) -> Quoted {
    let is_straight = text.get(from) == Some(&'"');
    let closes = |c: char| if is_straight { c == '"' } else { is_quote(c) };
    let mut value = String::new();
    let mut letters = text.iter().copied().enumerate().skip(from + 1).peekable();
    while let Some((index, c)) = letters.next() {
        match c {
            '\\' => {
                let escaped = letters.next_if(|(_, next)| *next == '\\' || is_quote(*next));
                value.push(escaped.map_or(c, |(_, next)| next));
            }
            c if closes(c) => return Quoted { value, end: index + 1, is_closed: true },
            c => value.push(c),
        }
    }
    Quoted { value, end: text.len(), is_closed: false }
}

/// The pieces of a query, in order.
pub(super) fn tokens(text: &[char]) -> Result<Vec<Token>, QueryError> {
    check_characters(text)?;
    let mut lexer = Lexer { text, position: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

fn check_characters(text: &[char]) -> Result<(), QueryError> {
    if text.len() > QUERY_MAX_CHARS {
        let message = format!("The query is {} characters long; at most {QUERY_MAX_CHARS} fit.", text.len());
        return Err(QueryError::new(QUERY_MAX_CHARS..text.len(), message));
    }
    match text.iter().position(|c| is_forbidden(*c)) {
        Some(index) => {
            let message = "Here stands a control character, which cannot be looked for.";
            Err(QueryError::new(index..index + 1, message).offering(text, ""))
        }
        None => Ok(()),
    }
}

struct Lexer<'a> {
    text: &'a [char],
    position: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.position + ahead).copied()
    }

    fn slice(&self, at: Range<usize>) -> String {
        self.text.iter().skip(at.start).take(at.len()).collect()
    }

    fn next_token(&mut self) -> Result<Option<Token>, QueryError> {
        while self.peek(0).is_some_and(is_separator) {
            self.position += 1;
        }
        let start = self.position;
        let Some(first) = self.peek(0) else { return Ok(None) };
        let piece = match first {
            '(' | ')' => {
                self.position += 1;
                if first == '(' { Piece::Open } else { Piece::Close }
            }
            '-' => self.minus()?,
            quote if is_quote(quote) => Piece::Phrase(self.quoted_value("phrase")?),
            _ => self.word_or_pair()?,
        };
        Ok(Some(Token { at: start..self.position, piece }))
    }

    fn minus(&mut self) -> Result<Piece, QueryError> {
        let at = self.position..self.position + 1;
        match self.peek(1) {
            Some('-') => {
                let at = self.position..word_end(self.text, self.position);
                let message = "Two minus signs are no “not”. In quotation marks they are looked for.";
                Err(QueryError::new(at.clone(), message).offering(self.text, quoted(&self.slice(at))))
            }
            Some(next) if next != ')' && !is_separator(next) => {
                self.position += 1;
                Ok(Piece::Not)
            }
            _ => {
                let message = "A minus sign means “not” and stands directly before what it leaves out.";
                let blanks = self.text.iter().skip(at.end).take_while(|c| is_separator(**c)).count();
                let with_blanks = at.start..at.end + blanks;
                let offer = match self.text.get(with_blanks.end) {
                    None | Some(')' | '-') => "",
                    Some(_) => "-",
                };
                Err(QueryError::new(at, message).replacing(self.text, with_blanks, offer))
            }
        }
    }

    /// Reads what stands in quotation marks here.
    fn quoted_value(&mut self, what: &str) -> Result<String, QueryError> {
        let start = self.position;
        let Quoted { value, end, is_closed } = read_quoted(self.text, start);
        let at = start..end;
        if !is_closed {
            let error = QueryError::new(start..start + 1, "This quotation mark is never closed.");
            let offer = if is_empty(&value) { String::new() } else { quoted(&value) };
            return Err(error.replacing(self.text, at, offer));
        }
        if is_empty(&value) {
            let message = format!("Nothing stands in the quotation marks of this {what}.");
            return Err(QueryError::new(at.clone(), message).offering(self.text, ""));
        }
        check_length(&value, at)?;
        self.position = end;
        Ok(value)
    }

    fn word_or_pair(&mut self) -> Result<Piece, QueryError> {
        let at = self.position..word_end(self.text, self.position);
        let word = self.slice(at.clone());
        if let Some((name, _)) = word.split_once(':').filter(|(name, _)| looks_like_field(name)) {
            return self.pair(at, name);
        }
        self.position = at.end;
        Ok(match word.as_str() {
            "OR" => Piece::Or,
            "AND" => Piece::And,
            "NOT" => Piece::Not,
            _ => {
                check_length(&word, at)?;
                Piece::Word(word)
            }
        })
    }

    fn pair(&mut self, word: Range<usize>, name: &str) -> Result<Piece, QueryError> {
        // All of the name is ASCII.
        let after_colon = word.start + name.len() + 1;
        let Some(field) = Field::parse(name) else {
            return Err(self.unknown_field(word, after_colon, name));
        };
        self.position = after_colon;
        let is_whole = field.is_name() && self.peek(0) == Some('=');
        if is_whole {
            self.position += 1;
        }
        let start = self.position;
        let value = match self.peek(0) {
            Some(quote) if is_quote(quote) => self.quoted_value("value")?,
            _ => {
                self.position = word.end;
                self.slice(start..word.end)
            }
        };
        if value.is_empty() {
            return Err(self.empty_value(field, word.start..start));
        }
        let at = after_colon..self.position;
        check_length(&value, at.clone())?;
        Ok(Piece::Pair(Pair { field, value, is_whole, at }))
    }

    fn unknown_field(&self, word: Range<usize>, after_colon: usize, name: &str) -> QueryError {
        let lower = name.to_ascii_lowercase();
        let synonym = SYNONYMS.iter().find(|(said, _)| *said == lower).map(|(_, field)| *field);
        let meant = synonym.or_else(|| closest(name, Field::ALL.map(Field::as_str)));
        // A name this long was not meant as a field, and would drown the message.
        let shown: String = name.chars().take(30).collect();
        match meant {
            Some(field) => {
                let message = format!("There is no field “{shown}:”. Did you mean “{field}:”?");
                QueryError::new(word.start..after_colon, message).offering(self.text, format!("{field}:"))
            }
            None => {
                let message = format!(
                    "There is no field “{shown}:”. In quotation marks it is looked for as it stands."
                );
                let offer = quoted(&self.slice(word.clone()));
                QueryError::new(word.start..after_colon, message).replacing(self.text, word, offer)
            }
        }
    }

    fn empty_value(&self, field: Field, at: Range<usize>) -> QueryError {
        let name = field.as_str();
        if self.text.get(at.end) == Some(&'(') {
            let message = format!("“{name}:” takes one value. Write ({name}:… OR {name}:…) for several.");
            return QueryError::new(at, message);
        }
        let message =
            format!("Nothing stands after “{name}:”. Write it without a blank: {}.", field.example());
        let error = QueryError::new(at.clone(), message);
        let blanks = self.text.iter().skip(at.end).take_while(|c| is_separator(**c)).count();
        let next = at.end + blanks;
        let word = self.slice(next..word_end(self.text, next));
        let is_value =
            !word.contains(':') && !word.starts_with('-') && !matches!(word.as_str(), "OR" | "AND" | "NOT");
        let is_quoted = self.text.get(next).copied().is_some_and(is_quote);
        if is_quoted || (is_value && !word.is_empty()) {
            let offer = self.slice(at.clone());
            error.replacing(self.text, at.start..next, offer)
        } else {
            error.replacing(self.text, at.start..next, "")
        }
    }
}

fn is_empty(value: &str) -> bool {
    value.chars().all(is_blank)
}

fn check_length(value: &str, at: Range<usize>) -> Result<(), QueryError> {
    let length = value.chars().count();
    if length > VALUE_MAX_CHARS {
        let message = format!("This is {length} characters long; at most {VALUE_MAX_CHARS} fit.");
        return Err(QueryError::new(at, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<Piece> {
        let text: Vec<char> = text.chars().collect();
        let tokens = tokens(&text).unwrap_or_else(|error| panic!("{error}"));
        tokens.into_iter().map(|token| token.piece).collect()
    }

    fn word(text: &str) -> Piece {
        Piece::Word(text.to_owned())
    }

    fn phrase(text: &str) -> Piece {
        Piece::Phrase(text.to_owned())
    }

    #[test]
    fn words_end_at_blanks_brackets_and_quotation_marks() {
        assert_eq!(pieces("a b-c\u{a0}d"), [word("a"), word("b-c"), word("d")]);
        assert_eq!(pieces("x(y)"), [word("x"), Piece::Open, word("y"), Piece::Close]);
        assert_eq!(pieces("x\"y z\""), [word("x"), phrase("y z")]);
        assert_eq!(pieces("\u{feff} \t"), []);
    }

    #[test]
    fn only_upper_case_words_join() {
        assert_eq!(pieces("OR or AND NOT not"), [Piece::Or, word("or"), Piece::And, Piece::Not, word("not")]);
        assert_eq!(pieces("\"OR\""), [phrase("OR")]);
    }

    #[test]
    fn a_backslash_escapes_quotation_marks_and_itself_and_nothing_else() {
        assert_eq!(pieces(r#""a \"b\" \\ c:\temp""#), [phrase(r#"a "b" \ c:\temp"#)]);
    }

    #[test]
    fn curved_quotation_marks_quote_too() {
        assert_eq!(pieces("“a b” „c d“ “e\""), [phrase("a b"), phrase("c d"), phrase("e")]);
        assert_eq!(pieces("\"say “yes” now\""), [phrase("say “yes” now")]);
    }

    #[test]
    fn colons_make_a_field_only_after_letters() {
        assert_eq!(pieces("12:30 ::1 a.b:c"), [word("12:30"), word("::1"), word("a.b:c")]);
        let pair = |is_whole, value: &str, at| {
            Piece::Pair(Pair { field: Field::Actor, value: value.to_owned(), is_whole, at })
        };
        assert_eq!(pieces("actor:ana"), [pair(false, "ana", 6..9)]);
        assert_eq!(pieces("ACTOR:=\"Ana Ruiz\""), [pair(true, "Ana Ruiz", 6..17)]);
        assert_eq!(pieces("actor:a:b"), [pair(false, "a:b", 6..9)]);
    }
}
