//! Files into rows: CSV with a header line, or JSON Lines. Every fault names its file, row and column.

use std::fmt;
use std::sync::Arc;

use domain::catalogue::{is_slug, slug_fault};
use domain::span::Span;
use domain::text;
use serde_json::{Map, Value};

/// So many faults are told; the rest is counted.
const FAULTS_MAX: usize = 100;

/// What is wrong with one cell, row or file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// Its line, counted from 1; none where the whole file is meant.
    pub row: Option<u64>,
    /// The column; none where the whole row is meant.
    pub column: Option<String>,
    /// What is wrong and what to do, in a sentence.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// All faults of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first hundred.
    pub told: Vec<Fault>,
    /// How many more there are.
    pub more: usize,
}

impl Faults {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Notes a fault.
    pub fn add(&mut self, fault: Fault) {
        if self.told.len() < FAULTS_MAX {
            self.told.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// Notes a fault of a whole file.
    pub fn of_file(&mut self, file: &str, row: Option<u64>, message: impl ToString) {
        self.add(Fault { file: file.to_owned(), row, column: None, message: message.to_string() });
    }

    /// Notes a fault of a cell.
    pub fn of_cell(&mut self, row: &Row, column: &str, message: impl ToString) {
        self.add(Fault {
            file: row.file.to_string(),
            row: Some(row.number),
            column: Some(column.to_owned()),
            message: message.to_string(),
        });
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.told {
            writeln!(f, "{fault}")?;
        }
        match self.more {
            0 => Ok(()),
            more => writeln!(f, "… and {more} more."),
        }
    }
}

/// One line of a file.
#[derive(Debug, Clone)]
pub struct Row {
    file: Arc<str>,
    number: u64,
    cells: Map<String, Value>,
}

impl Row {
    /// The columns that stand in the file.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.cells.keys().map(String::as_str)
    }

    /// What the row is about: its `kind`, else what the file's name says (`systems.csv`: `system`).
    pub fn kind(&self) -> String {
        let named = self.cells.get("kind").and_then(Value::as_str).map(str::trim);
        let stem = || self.file.rsplit(['/', '\\']).next()?.split('.').next();
        let word = named.filter(|kind| !kind.is_empty()).or_else(stem).unwrap_or_default();
        match word.to_lowercase().replace('-', "_").as_str() {
            "people" => "person".to_owned(),
            word => word.trim_end_matches('s').to_owned(),
        }
    }
}

/// Reads a file by the ending of its name. Faults are noted; what could be read is answered.
pub fn read(file: &str, content: &str, faults: &mut Faults) -> Vec<Row> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    match file.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).as_deref() {
        // The reader counts a line to its carriage return, and would be one behind.
        Some("csv") => read_csv(file, &content.replace("\r\n", "\n"), faults),
        Some("jsonl" | "ndjson") => read_json(file, content, faults),
        _ => {
            faults.of_file(file, None, "The name must end in .csv, or in .jsonl for JSON Lines.");
            Vec::new()
        }
    }
}

fn read_csv(file: &str, content: &str, faults: &mut Faults) -> Vec<Row> {
    // Spreadsheets of half of the world write semicolons; lists then stand in quotes.
    let header = content.lines().next().unwrap_or_default();
    let delimiter = if header.contains(';') && !header.contains(',') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(content.as_bytes());
    let columns: Vec<String> = match reader.headers() {
        Ok(columns) => columns.iter().map(|column| column.trim().to_lowercase()).collect(),
        Err(error) => {
            faults.of_file(file, Some(1), format!("The header line cannot be read: {error}."));
            return Vec::new();
        }
    };
    for (index, column) in columns.iter().enumerate() {
        if columns.iter().take(index).any(|earlier| earlier == column) {
            faults.of_file(file, Some(1), format!("The column “{column}” stands twice."));
        }
    }
    let name: Arc<str> = file.into();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map(csv::Position::line);
                faults.of_file(file, line, format!("This row cannot be read: {error}."));
                continue;
            }
        };
        let number = record.position().map_or(0, csv::Position::line);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() != columns.len() {
            let message = format!("This row has {} cells; the header has {}.", record.len(), columns.len());
            faults.of_file(file, Some(number), message);
            continue;
        }
        let cells =
            columns.iter().cloned().zip(record.iter().map(|cell| Value::String(cell.to_owned()))).collect();
        rows.push(Row { file: name.clone(), number, cells });
    }
    rows
}

fn read_json(file: &str, content: &str, faults: &mut Faults) -> Vec<Row> {
    let name: Arc<str> = file.into();
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(content.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(cells)) => rows.push(Row { file: name.clone(), number, cells }),
            Ok(_) => faults.of_file(file, Some(number), "Each line must be a JSON object."),
            Err(error) => faults.of_file(file, Some(number), format!("This is not JSON: {error}.")),
        }
    }
    rows
}

/// Reads the cells of one row; notes what is wrong with them.
#[derive(Debug)]
pub struct Cells<'r> {
    /// The row.
    pub row: &'r Row,
    faults: &'r mut Faults,
    is_broken: bool,
}

impl<'r> Cells<'r> {
    /// Over a row that may have these columns and no others.
    pub fn new(row: &'r Row, columns: &[&str], faults: &'r mut Faults) -> Self {
        let mut cells = Self { row, faults, is_broken: false };
        for column in row.cells.keys().filter(|column| *column != "kind") {
            if !columns.contains(&column.as_str()) {
                let message = format!("There is no such column; these can be given: {}.", columns.join(", "));
                cells.fault(column, message);
            }
        }
        cells
    }

    /// Notes a fault of a column.
    pub fn fault(&mut self, column: &str, message: impl ToString) {
        self.is_broken = true;
        self.faults.of_cell(self.row, column, message);
    }

    /// Whether nothing in this row was wrong so far.
    pub fn is_right(&self) -> bool {
        !self.is_broken
    }

    /// The value when nothing in this row was wrong.
    pub fn finish<T>(self, value: T) -> Option<T> {
        (!self.is_broken).then_some(value)
    }

    /// Whether the column stands in the file at all: what does not stay as it is.
    pub fn has(&self, column: &str) -> bool {
        self.row.cells.contains_key(column)
    }

    /// The value, or notes its error.
    pub fn take<T, E: ToString>(&mut self, column: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.fault(column, error)).ok()
    }

    /// Text of at most `max` characters; `None` where the cell is empty or missing.
    pub fn text(&mut self, column: &str, max: usize) -> Option<String> {
        let typed = match self.row.cells.get(column) {
            None | Some(Value::Null) => return None,
            Some(Value::String(typed)) => typed.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(yes)) => yes.to_string(),
            Some(_) => {
                self.fault(column, "This must be text.");
                return None;
            }
        };
        self.take(column, text::prose(&typed, max)).flatten()
    }

    /// Text of one line, at most `max` characters.
    pub fn line(&mut self, column: &str, max: usize) -> Option<String> {
        let line = self.text(column, max)?;
        if line.contains('\n') {
            self.fault(column, "This must fit on one line.");
        }
        Some(line)
    }

    /// As [`Cells::line`]; an empty one is a fault.
    pub fn required(&mut self, column: &str, max: usize) -> Option<String> {
        let line = self.line(column, max);
        if line.is_none() {
            self.fault(column, "This must not be empty.");
        }
        line
    }

    /// A required slug.
    pub fn slug(&mut self, column: &str) -> Option<String> {
        let slug = self.required(column, 200)?;
        if !is_slug(&slug) {
            self.fault(column, slug_fault(&slug));
            return None;
        }
        Some(slug)
    }

    /// A length of time such as “4 hours”; `None` where the cell is empty.
    pub fn span(&mut self, column: &str) -> Option<Span> {
        let typed = self.line(column, 40)?;
        self.take(column, Span::parse(&typed))
    }

    /// yes or no.
    pub fn flag(&mut self, column: &str) -> Option<bool> {
        let typed = self.line(column, 10)?.to_lowercase();
        match typed.as_str() {
            "yes" | "true" | "1" => Some(true),
            "no" | "false" | "0" => Some(false),
            _ => {
                self.fault(column, format!("“{typed}” is neither yes nor no."));
                None
            }
        }
    }

    /// A list: `;` between the parts, or a JSON array.
    pub fn list(&mut self, column: &str) -> Vec<String> {
        let parts: Vec<String> = match self.row.cells.get(column) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(typed)) => typed.split(';').map(str::to_owned).collect(),
            Some(Value::Array(parts)) => parts
                .iter()
                .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
                .collect(),
            Some(_) => {
                self.fault(column, "This must be a list: parts with ; between them.");
                return Vec::new();
            }
        };
        let trimmed = parts.iter().map(|part| part.trim().to_owned());
        trimmed.filter(|part| !part.is_empty()).collect()
    }

    /// `key=value` pairs with `;` between them, or a JSON object.
    pub fn pairs(&mut self, column: &str) -> Vec<(String, String)> {
        if let Some(Value::Object(pairs)) = self.row.cells.get(column) {
            return pairs
                .iter()
                .map(|(key, value)| {
                    (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                })
                .collect();
        }
        let mut pairs = Vec::new();
        for part in self.list(column) {
            match part.split_once('=') {
                Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
                    pairs.push((key.trim().to_owned(), value.trim().to_owned()));
                }
                _ => self.fault(column, format!("“{part}” is not of the form system=name.")),
            }
        }
        pairs
    }

    /// A JSON object, as it is or as text; `None` where the cell is empty.
    pub fn object(&mut self, column: &str) -> Option<Map<String, Value>> {
        let value = match self.row.cells.get(column) {
            None | Some(Value::Null) => return None,
            Some(Value::String(typed)) if typed.trim().is_empty() => return None,
            Some(Value::String(typed)) => match serde_json::from_str(typed) {
                Ok(value) => value,
                Err(error) => {
                    self.fault(column, format!("This is not JSON: {error}."));
                    return None;
                }
            },
            Some(value) => value.clone(),
        };
        match value {
            Value::Object(object) => Some(object),
            _ => {
                self.fault(column, "This must be a JSON object: {\"name\": \"value\"}.");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_carry_their_line_even_after_line_breaks_in_quotes() {
        let mut faults = Faults::default();
        let rows = read("a.csv", "slug,name\nx,\"two\nlines\"\ny,one\n\n", &mut faults);
        assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 4]);
        assert!(faults.is_empty());
    }

    #[test]
    fn faults_name_file_row_and_column() {
        let mut faults = Faults::default();
        let rows = read("a.csv", "slug,nmae\nX y,n\nshort\n", &mut faults);
        let mut cells = Cells::new(&rows[0], &["slug", "name"], &mut faults);
        assert_eq!(cells.slug("slug"), None);
        assert_eq!(cells.finish(()), None);
        let told: Vec<String> = faults.told.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("a.csv, row 3: This row has 1 cells"), "{told:?}");
        assert!(told[1].starts_with("a.csv, row 2, nmae: There is no such column"), "{told:?}");
        assert!(told[2].starts_with("a.csv, row 2, slug: “X y” does not fit"), "{told:?}");
    }

    #[test]
    fn the_kind_stands_in_the_row_or_in_the_name_of_the_file() {
        let mut faults = Faults::default();
        let kind = |file: &str, text: &str, faults: &mut Faults| read(file, text, faults)[0].kind();
        assert_eq!(kind("in/job-roles.csv", "slug\nx\n", &mut faults), "job_role");
        assert_eq!(kind("people.csv", "email\nx\n", &mut faults), "person");
        assert_eq!(kind("all.jsonl", "{\"kind\":\"bundle\"}", &mut faults), "bundle");
    }

    #[test]
    fn only_the_first_hundred_faults_are_told() {
        let mut faults = Faults::default();
        for _ in 0..130 {
            faults.of_file("a.csv", None, "no");
        }
        assert_eq!((faults.told.len(), faults.more), (100, 30));
    }
}
