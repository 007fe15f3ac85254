//! A query read.
//!
//! ```text
//! query   = [ or ]
//! or      = and *( "OR" and )
//! and     = not *( [ "AND" ] not )
//! not     = [ "-" / "NOT" ] ( term / "(" or ")" )
//! term    = word / phrase / field ":" [ "=" ] ( word / phrase )
//! ```

use std::iter::Peekable;
use std::ops::Range;
use std::vec::IntoIter;

use super::ast::{Expr, Term};
use super::error::QueryError;
use super::lexer::{Pair, Piece, Token, tokens};
use super::value;
use super::{Context, NESTING_MAX, Query, TERMS_MAX};

/// Reads a query. Nothing, or only blanks, is every event.
///
/// # Errors
/// The first thing that is wrong with it, where it stands, and what to write instead.
pub fn parse(text: &str, context: &Context) -> Result<Query, QueryError> {
    let text: Vec<char> = text.chars().collect();
    let mut parser =
        Parser { text: &text, context, tokens: tokens(&text)?.into_iter().peekable(), terms: 0, last: None };
    if parser.tokens.peek().is_none() {
        return Ok(Query::default());
    }
    let root = parser.any_of(0)?;
    match parser.tokens.next() {
        // Only a bracket ends an expression before the end of the text.
        Some(token) => {
            let message = "This bracket closes nothing.";
            Err(QueryError::new(token.at, message).offering(&text, ""))
        }
        None => Ok(Query::from(root)),
    }
}

struct Parser<'a> {
    text: &'a [char],
    context: &'a Context,
    tokens: Peekable<IntoIter<Token>>,
    terms: usize,
    /// The piece before, and where.
    last: Option<Token>,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.next();
        self.last.clone_from(&token);
        token
    }

    fn peek(&mut self) -> Option<&Piece> {
        self.tokens.peek().map(|token| &token.piece)
    }

    /// `depth` is the number of brackets around.
    fn any_of(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let mut parts = vec![self.all_of(depth)?];
        while self.peek() == Some(&Piece::Or) {
            self.next();
            parts.push(self.all_of(depth)?);
        }
        Ok(Expr::any_of(parts))
    }

    fn all_of(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let mut parts = vec![self.not(depth)?];
        loop {
            match self.peek() {
                None | Some(Piece::Close | Piece::Or) => return Ok(Expr::all_of(parts)),
                Some(Piece::And) => {
                    self.next();
                }
                Some(_) => {}
            }
            parts.push(self.not(depth)?);
        }
    }

    fn not(&mut self, depth: usize) -> Result<Expr, QueryError> {
        if self.peek() != Some(&Piece::Not) {
            return self.one(depth);
        }
        let first = self.next();
        if self.peek() == Some(&Piece::Not) {
            let start = first.map(|token| token.at.start).unwrap_or_default();
            let end = self.tokens.peek().map(|token| token.at.end).unwrap_or_default();
            let message = "Two “not” in a row say nothing. Leave both out.";
            return Err(QueryError::new(start..end, message).offering(self.text, ""));
        }
        Ok(self.one(depth)?.negated())
    }

    fn one(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let before = self.last.clone();
        let Some(Token { at, piece }) = self.next() else { return Err(self.nothing_follows(before)) };
        let term = match piece {
            Piece::Open => return self.bracketed(at, depth),
            Piece::Close => return Err(self.closed_too_early(at, before)),
            Piece::Or | Piece::And | Piece::Not => return Err(self.stray(at, before)),
            Piece::Word(word) => Term::Word(word),
            Piece::Phrase(words) => Term::Phrase(words),
            Piece::Pair(pair) => self.term(&pair)?,
        };
        self.terms += 1;
        if self.terms > TERMS_MAX {
            let message = format!("A query has at most {TERMS_MAX} conditions; this is one more.");
            return Err(QueryError::new(at, message));
        }
        Ok(Expr::Term(term))
    }

    fn bracketed(&mut self, open: Range<usize>, depth: usize) -> Result<Expr, QueryError> {
        if depth >= NESTING_MAX {
            let message = format!("At most {NESTING_MAX} brackets stand within each other.");
            return Err(QueryError::new(open, message));
        }
        if self.tokens.peek().is_none() {
            return Err(QueryError::new(open, "This bracket is never closed.").offering(self.text, ""));
        }
        let inner = self.any_of(depth + 1)?;
        match self.next() {
            Some(Token { piece: Piece::Close, .. }) => Ok(inner),
            _ => {
                let end = self.text.len();
                Err(QueryError::new(open, "This bracket is never closed.").replacing(
                    self.text,
                    end..end,
                    ")",
                ))
            }
        }
    }

    fn term(&self, pair: &Pair) -> Result<Term, QueryError> {
        value::term(pair, self.context).map_err(|fault| {
            let error = QueryError::new(pair.at.clone(), fault.message);
            match fault.meant {
                Some(meant) => error.offering(self.text, super::value_text(&meant)),
                None => error,
            }
        })
    }

    /// At the end of the text, after a word that wants something to follow.
    fn nothing_follows(&self, before: Option<Token>) -> QueryError {
        let at = before.map_or(0..0, |token| token.at);
        let message = "Something must follow here. In quotation marks the word is looked for.";
        QueryError::new(at, message).offering(self.text, "")
    }

    /// A closing bracket where something to look for was due.
    fn closed_too_early(&self, at: Range<usize>, before: Option<Token>) -> QueryError {
        match before {
            Some(Token { piece: Piece::Open, at: open }) => {
                let message = "Nothing stands between these brackets.";
                QueryError::new(open.start..at.end, message).offering(self.text, "")
            }
            Some(Token { piece: Piece::Or | Piece::And | Piece::Not, at: word }) => {
                self.nothing_follows(Some(Token { at: word, piece: Piece::Or }))
            }
            _ => QueryError::new(at, "This bracket closes nothing.").offering(self.text, ""),
        }
    }

    /// `OR` or `AND` where something to look for was due.
    fn stray(&self, at: Range<usize>, before: Option<Token>) -> QueryError {
        let word: String = self.text.iter().skip(at.start).take(at.len()).collect();
        let message = match before.map(|token| token.piece) {
            None | Some(Piece::Open) => {
                format!("Something must stand before {word}. In quotation marks the word is looked for.")
            }
            _ => format!("{word} cannot follow here: something to look for must stand between."),
        };
        QueryError::new(at, message).offering(self.text, "")
    }
}
