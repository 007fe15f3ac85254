//! Cutting what comes in into records.
//!
//! Bounded: of line-based input one line is in memory at a time. A JSON document that spans lines is read whole, up
//! to [`DOCUMENT_MAX_BYTES`].

mod array;
mod postgresql_csv;

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, Read as _};

use domain::json::Plain;
use serde_json::{Value, json};
use thiserror::Error;

use super::Layout;
use postgresql_csv::Rows;

/// Longest line, in bytes. A longer one is refused and the next one read.
pub const LINE_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Largest JSON document that spans lines, in bytes.
pub const DOCUMENT_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Where a record stood. Both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On this line, or from this line on.
    Line(u64),
    /// The nth of its document.
    Record(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Record(record) => write!(f, "record {record}"),
        }
    }
}

/// Why something is no record.
#[derive(Debug, Error)]
pub enum SplitError {
    /// Not JSON.
    #[error("This is not JSON: {0}.")]
    NotJson(String),
    /// JSON, but a number or the like.
    #[error("This is not a JSON object.")]
    NotAnObject,
    /// A line beyond [`LINE_MAX_BYTES`].
    #[error("This line is longer than 4 MiB.")]
    LongLine,
    /// A document beyond [`DOCUMENT_MAX_BYTES`]. Nothing of it was read.
    #[error("This document is larger than 64 MiB; cut it up, or write one record a line.")]
    LargeDocument,
    /// Not the columns of PostgreSQL 12 to 16 or later.
    #[error("This row has {0} columns; PostgreSQL's csvlog has 23, 24 or 26.")]
    Columns(usize),
    /// Not CSV.
    #[error("This is not CSV: {0}.")]
    NotCsv(String),
    /// The input ended with an error; nothing comes after it.
    #[error("This could not be read: {0}.")]
    Read(#[from] io::Error),
}

/// The records of an input, each with its place.
///
/// JSON may be one object, an array, one object a line, or objects around an array: `{"Records": […]}` (CloudTrail),
/// `{"items": […]}` (Kubernetes, Google, 1Password), `{"entries": […]}` (Slack). Of a key that is there twice the
/// last one counts.
pub struct Records<R> {
    cut: Cut<R>,
    /// Cut off already, not handed out yet.
    waiting: VecDeque<(Place, Result<Value, SplitError>)>,
}

enum Cut<R> {
    Start(R, Layout),
    Json(Lines<R>),
    Text(Lines<R>),
    Csv(Box<Rows<R>>),
    End,
}

impl<R: BufRead> Records<R> {
    /// Cuts `input`, which is of this layout.
    pub fn new(input: R, layout: Layout) -> Self {
        Self { cut: Cut::Start(input, layout), waiting: VecDeque::new() }
    }

    fn start(&mut self, mut input: R, layout: Layout) -> io::Result<()> {
        let is_json = starts_as_json(&mut input)?;
        self.cut = match layout {
            Layout::Lines => Cut::Text(Lines::new(input)),
            Layout::PostgreSql if !is_json => Cut::Csv(Box::new(Rows::new(input))),
            Layout::Json | Layout::PostgreSql => {
                let mut lines = Lines::new(input);
                self.begin_json(&mut lines)?;
                Cut::Json(lines)
            }
        };
        Ok(())
    }

    /// Finds out from the first lines whether there is one object a line, or a document that spans them.
    fn begin_json(&mut self, lines: &mut Lines<R>) -> io::Result<()> {
        // A first line of megabytes can be a whole document: CloudTrail writes its files so.
        let Some((number, first)) = lines.next_full(DOCUMENT_MAX_BYTES)? else { return Ok(()) };
        let first = match first {
            Line::Whole(first)
                if first.len() <= LINE_MAX_BYTES || b"{[".contains(first.first().unwrap_or(&0)) =>
            {
                first
            }
            line => {
                let error = if matches!(line, Line::Whole(_)) {
                    SplitError::LongLine
                } else {
                    SplitError::LargeDocument
                };
                self.waiting.push_back((Place::Line(number), Err(error)));
                return Ok(());
            }
        };
        match serde_json::from_slice::<Plain>(&first) {
            Err(error) if error.is_eof() => {}
            _ => {
                self.json_line(number, &first);
                return Ok(());
            }
        }
        let second = lines.next_full(LINE_MAX_BYTES as u64)?;
        if let Some((next, Line::Whole(second))) = &second {
            let is_record =
                serde_json::from_slice::<Plain>(second).is_ok_and(|Plain(value)| value.is_object());
            if is_record && first.trim_ascii() != b"[" {
                // The first is broken off, not the start of a document.
                self.json_line(number, &first);
                self.json_line(*next, second);
                return Ok(());
            }
        }
        let second = match second {
            Some((_, Line::Whole(second))) => second,
            Some((next, Line::TooLong)) => {
                self.waiting.push_back((Place::Line(next), Err(SplitError::LongLine)));
                return Ok(());
            }
            None => Vec::new(),
        };
        // Blank lines were passed over; with them again the parser counts lines as the file does.
        let blank = lines.number.saturating_sub(number + 1);
        let head = [blank_lines(number.saturating_sub(1)), first, blank_lines(blank), second];
        self.document(head.concat(), lines)
    }

    fn document(&mut self, mut bytes: Vec<u8>, lines: &mut Lines<R>) -> io::Result<()> {
        lines.input.by_ref().take(DOCUMENT_MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > DOCUMENT_MAX_BYTES {
            self.waiting.push_back((Place::Record(1), Err(SplitError::LargeDocument)));
            io::copy(&mut lines.input, &mut io::sink())?;
            return Ok(());
        }
        let mut count = 0;
        for value in serde_json::Deserializer::from_slice(&bytes).into_iter::<Plain>() {
            match value {
                Err(_) if count == 0 && self.elements(&bytes, 1, Place::Record) => {}
                Ok(Plain(value)) => {
                    for value in unwrapped(value) {
                        count += 1;
                        self.waiting.push_back((Place::Record(count), object(value)));
                    }
                }
                Err(error) => {
                    let line = u64::try_from(error.line()).unwrap_or_default();
                    let error = SplitError::NotJson(error.to_string());
                    self.waiting.push_back((Place::Line(line), Err(error)));
                }
            }
        }
        Ok(())
    }

    fn json_line(&mut self, number: u64, line: &[u8]) {
        let place = Place::Line(number);
        match serde_json::from_slice(line) {
            Ok(Plain(value)) => {
                self.waiting.extend(unwrapped(value).into_iter().map(|value| (place, object(value))));
            }
            Err(_) if self.elements(line, number, |_| place) => {}
            Err(error) => {
                // The line that the parser counts is this line's own first.
                let error = error.to_string().replace(" at line 1 column", " at column");
                self.waiting.push_back((place, Err(SplitError::NotJson(error))));
            }
        }
    }

    /// Takes an array that is not JSON as a whole element by element; `false` where it is no array. What is broken is
    /// named by its line, of which the first has this number.
    fn elements(&mut self, text: &[u8], mut line: u64, place: impl Fn(u64) -> Place) -> bool {
        let Some(elements) = array::elements(text) else { return false };
        let lines_in = |text: &[u8]| text.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        line += lines_in(text.get(..text.len() - text.trim_ascii_start().len()).unwrap_or_default());
        for (element, nth) in elements.into_iter().zip(1..) {
            let record = match serde_json::from_slice(element) {
                Ok(Plain(value)) => (place(nth), object(value)),
                Err(error) => {
                    let at = line + u64::try_from(error.line()).unwrap_or(1).saturating_sub(1);
                    let error = error.to_string();
                    // Where in the element says nothing about where in the file.
                    let error = error.split(" at line ").next().unwrap_or_default().to_owned();
                    (Place::Line(at), Err(SplitError::NotJson(error)))
                }
            };
            self.waiting.push_back(record);
            line += lines_in(element);
        }
        true
    }

    fn advance(&mut self) -> io::Result<bool> {
        match std::mem::replace(&mut self.cut, Cut::End) {
            Cut::Start(input, layout) => self.start(input, layout)?,
            Cut::Json(mut lines) => match lines.next_full(LINE_MAX_BYTES as u64)? {
                Some((number, Line::Whole(line))) => {
                    self.json_line(number, &line);
                    self.cut = Cut::Json(lines);
                }
                Some((number, Line::TooLong)) => {
                    self.waiting.push_back((Place::Line(number), Err(SplitError::LongLine)));
                    self.cut = Cut::Json(lines);
                }
                None => return Ok(false),
            },
            Cut::Text(mut lines) => match lines.next_full(LINE_MAX_BYTES as u64)? {
                Some((number, line)) => {
                    let record = match line {
                        Line::Whole(line) => {
                            Ok(json!({ "line": String::from_utf8_lossy(line.trim_ascii_end()) }))
                        }
                        Line::TooLong => Err(SplitError::LongLine),
                    };
                    self.waiting.push_back((Place::Line(number), record));
                    self.cut = Cut::Text(lines);
                }
                None => return Ok(false),
            },
            Cut::Csv(mut rows) => match rows.next() {
                Some(row) => {
                    self.waiting.push_back(row);
                    self.cut = Cut::Csv(rows);
                }
                None => return Ok(false),
            },
            Cut::End => return Ok(false),
        }
        Ok(true)
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = (Place, Result<Value, SplitError>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.waiting.pop_front() {
                return Some(record);
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some((Place::Record(1), Err(error.into()))),
            }
        }
    }
}

fn blank_lines(count: u64) -> Vec<u8> {
    vec![b'\n'; usize::try_from(count).unwrap_or_default()]
}

fn object(value: Value) -> Result<Value, SplitError> {
    if value.is_object() { Ok(value) } else { Err(SplitError::NotAnObject) }
}

/// The records of what a service wraps around them.
fn unwrapped(mut value: Value) -> Vec<Value> {
    match &mut value {
        Value::Array(values) => return std::mem::take(values),
        Value::Object(fields) => {
            let is_list = |name: &str| match name {
                "Records" => true,
                "items" => {
                    fields.len() == 1
                        || fields.contains_key("cursor")
                        || fields
                            .get("kind")
                            .and_then(Value::as_str)
                            .is_some_and(|kind| kind.ends_with("List") || kind.ends_with("activities"))
                }
                _ => fields.len() == 1 || fields.contains_key("response_metadata"),
            };
            let name = ["Records", "items", "entries"]
                .into_iter()
                .find(|name| fields.get(*name).is_some_and(Value::is_array) && is_list(name));
            if let Some(Value::Array(values)) = name.and_then(|name| fields.get_mut(name)) {
                return std::mem::take(values);
            }
        }
        _ => {}
    }
    vec![value]
}

/// Whether the first character that is no white space opens an object or an array. A byte order mark is dropped.
fn starts_as_json<R: BufRead>(input: &mut R) -> io::Result<bool> {
    if input.fill_buf()?.starts_with(&[0xef, 0xbb, 0xbf]) {
        input.consume(3);
    }
    Ok(input
        .fill_buf()?
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_some_and(|byte| b"{[".contains(byte)))
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
}

struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// The next line that is not blank, with its number.
    fn next_full(&mut self, max: u64) -> io::Result<Option<(u64, Line)>> {
        loop {
            match self.next(max)? {
                Some(Line::Whole(line)) if line.trim_ascii().is_empty() => {}
                line => return Ok(line.map(|line| (self.number, line))),
            }
        }
    }

    fn next(&mut self, max: u64) -> io::Result<Option<Line>> {
        let mut line = Vec::new();
        let read = self.input.by_ref().take(max + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.last() == Some(&b'\n') || line.len() as u64 <= max {
            return Ok(Some(Line::Whole(line)));
        }
        while line.last() != Some(&b'\n') {
            line.clear();
            if self.input.by_ref().take(LINE_MAX_BYTES as u64).read_until(b'\n', &mut line)? == 0 {
                break;
            }
        }
        Ok(Some(Line::TooLong))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, layout: Layout) -> Vec<(String, String)> {
        Records::new(text.as_bytes(), layout)
            .map(|(place, record)| {
                (place.to_string(), record.map_or_else(|error| error.to_string(), |value| value.to_string()))
            })
            .collect()
    }

    fn json(text: &str) -> Vec<String> {
        cut(text, Layout::Json).into_iter().map(|(_, record)| record).collect()
    }

    #[test]
    fn json_comes_in_every_shape() {
        let two = [r#"{"a":1}"#, r#"{"b":2}"#];
        for text in [
            "{\"a\":1}\n{\"b\":2}\n",
            "\u{feff}{\"a\":1}\r\n\r\n{\"b\":2}",
            "[{\"a\":1},{\"b\":2}]",
            "[\n{\"a\":1},\n{\"b\":2}\n]\n",
            "[\n  {\n \"a\": 1},\n  {\"b\":2}]",
            "{\"Records\":[{\"a\":1},{\"b\":2}]}",
            "{\n\"Records\": [\n{\"a\":1},{\"b\":2}\n]\n}\n",
            "{\"kind\":\"EventList\",\"items\":[{\"a\":1},{\"b\":2}]}",
            "{\"cursor\":\"x\",\"has_more\":false,\"items\":[{\"a\":1},{\"b\":2}]}",
            "{\"entries\":[{\"a\":1},{\"b\":2}],\"response_metadata\":{}}",
            "{\"a\":1}\n[{\"b\":2}]\n",
            "{\n\"a\":1\n}\n{\n\"b\":2\n}",
        ] {
            assert_eq!(json(text), two, "{text}");
        }
        assert_eq!(json("[\n{\"a\":1}\n]"), [r#"{"a":1}"#]);
        assert_eq!(json("{\n\"a\":1}"), [r#"{"a":1}"#]);
        assert_eq!(json(r#"{"items":[1],"name":"x"}"#), [r#"{"items":[1],"name":"x"}"#]);
        assert_eq!(json(" \n "), [""; 0]);
    }

    #[test]
    fn what_is_no_record_is_named_by_its_place_and_the_others_go_on() {
        let text = "{\"a\":1}\n{oops\n\n7\n{\"b\":2}\n{\"c\":";
        let found = cut(text, Layout::Json);
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["line 1", "line 2", "line 4", "line 5", "line 6"]);
        assert_eq!(found[1].1, "This is not JSON: key must be a string at column 2.");
        assert_eq!(found[2].1, "This is not a JSON object.");
        assert_eq!(found[3].1, r#"{"b":2}"#);
        assert!(found[4].1.starts_with("This is not JSON: EOF"));
        assert_eq!(json("{\"broken\n{\"a\":1}\n{\"b\":2}")[1..], [r#"{"a":1}"#, r#"{"b":2}"#]);
        let array = cut("\n[\n{\"a\":1},\n{\"b\"},\n{\"c\":3}]", Layout::Json);
        let places: Vec<&str> = array.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["record 1", "line 4", "record 3"]);
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_last_counts_and_depth_has_its_bound() {
        assert_eq!(json(r#"{"a":1,"a":2}"#), [r#"{"a":2}"#]);
        let deep = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(json(&deep(100))[0].starts_with('{'));
        assert!(json(&deep(200))[0].contains("recursion limit"));
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let text = format!("{{\"a\":1}}\n{}\n{{\"b\":2}}", "x".repeat(LINE_MAX_BYTES + 1));
        assert_eq!(json(&text), [r#"{"a":1}"#, "This line is longer than 4 MiB.", r#"{"b":2}"#]);
        let first = format!("{}\n{{\"b\":2}}", "x".repeat(LINE_MAX_BYTES + 1));
        assert_eq!(json(&first), ["This line is longer than 4 MiB.", r#"{"b":2}"#]);
        let records = vec![format!("{{\"a\":\"{}\"}}", "x".repeat(1_000)); 5_000].join(",");
        assert_eq!(
            json(&format!("{{\"Records\":[{records}]}}")).len(),
            5_000,
            "a file of CloudTrail is one line"
        );
    }

    #[test]
    fn lines_stay_as_they_are() {
        assert_eq!(
            cut("a\r\n\n b \n", Layout::Lines),
            [
                ("line 1".to_owned(), r#"{"line":"a"}"#.to_owned()),
                ("line 3".to_owned(), r#"{"line":" b"}"#.to_owned()),
            ]
        );
        let bytes: &[u8] = b"\xff\xfe\n";
        let (_, record) = Records::new(bytes, Layout::Lines).next().expect("a line");
        assert_eq!(record.expect("read")["line"], "\u{fffd}\u{fffd}");
    }

    #[test]
    fn an_input_that_breaks_off_says_so_once() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let mut records = Records::new(io::BufReader::new(Broken), Layout::Json);
        let (_, record) = records.next().expect("an error");
        assert_eq!(record.expect_err("refused").to_string(), "This could not be read: gone.");
        assert!(records.next().is_none());
    }
}
