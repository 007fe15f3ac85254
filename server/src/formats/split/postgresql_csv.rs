//! PostgreSQL's `csvlog`, with the names that its `jsonlog` gives to the same things, so that one reader serves both.
//! (<https://www.postgresql.org/docs/current/runtime-config-logging.html>)

use std::io::Read;

use csv::ByteRecord;
use serde_json::{Map, Value};

use super::{Place, SplitError};

/// The columns in their order: 23 up to version 12, `backend_type` since 13, the last two since 14.
const COLUMNS: [&str; 26] = [
    "timestamp",
    "user",
    "dbname",
    "pid",
    "connection_from",
    "session_id",
    "line_num",
    "ps",
    "session_start",
    "vxid",
    "txid",
    "error_severity",
    "state_code",
    "message",
    "detail",
    "hint",
    "internal_query",
    "internal_position",
    "context",
    "statement",
    "cursor_position",
    "location",
    "application_name",
    "backend_type",
    "leader_pid",
    "query_id",
];
/// Those that `jsonlog` writes as numbers.
const NUMBERS: [&str; 6] = ["pid", "line_num", "txid", "cursor_position", "leader_pid", "query_id"];

pub(super) struct Rows<R> {
    rows: csv::Reader<R>,
    row: ByteRecord,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(input: R) -> Self {
        let rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
        Self { rows, row: ByteRecord::new() }
    }

    pub(super) fn next(&mut self) -> Option<(Place, Result<Value, SplitError>)> {
        match self.rows.read_byte_record(&mut self.row) {
            Ok(false) => None,
            Ok(true) => {
                // A row's position is where the one before it ended: of a first row that is line 1.
                let line = self.row.position().map_or(0, csv::Position::line);
                Some((Place::Line(line), record(&self.row)))
            }
            Err(error) => {
                let place = Place::Line(self.rows.position().line());
                Some((place, Err(SplitError::NotCsv(error.to_string()))))
            }
        }
    }
}

fn record(row: &ByteRecord) -> Result<Value, SplitError> {
    if !matches!(row.len(), 23 | 24 | 26) {
        return Err(SplitError::Columns(row.len()));
    }
    let mut fields = Map::new();
    for (name, cell) in COLUMNS.iter().zip(row) {
        let text = String::from_utf8_lossy(cell);
        match *name {
            // `jsonlog` leaves out what is empty.
            _ if text.is_empty() => {}
            "connection_from" => match text.rsplit_once(':') {
                Some((host, port)) => {
                    fields.insert("remote_host".to_owned(), host.into());
                    fields.insert("remote_port".to_owned(), number_or_text(port));
                }
                None => {
                    fields.insert("remote_host".to_owned(), text.into());
                }
            },
            name if NUMBERS.contains(&name) => {
                fields.insert(name.to_owned(), number_or_text(&text));
            }
            name => {
                fields.insert(name.to_owned(), text.into());
            }
        }
    }
    Ok(Value::Object(fields))
}

fn number_or_text(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| text.into(), Value::from)
}

#[cfg(test)]
mod tests {
    use super::super::Records;
    use super::*;
    use crate::formats::Layout;

    fn row(columns: usize) -> String {
        let mut cells = vec![
            "2026-11-23 10:02:53.618 UTC",
            "ada",
            "orders",
            "12746",
            "::1:59522",
            "6b040f4d.31ca",
            "3",
            "SELECT",
            "2026-11-23 10:02:53 UTC",
            "3/1",
            "0",
            "LOG",
            "00000",
            "\"statement: select 1,\n  \"\"x\"\"\"",
        ];
        cells.resize(columns, "");
        cells.join(",")
    }

    #[test]
    fn the_columns_of_every_version_get_the_names_of_jsonlog() {
        for columns in [23, 24, 26] {
            let text = format!("{}\n{}\n", row(columns), row(columns));
            let records: Vec<_> = Records::new(text.as_bytes(), Layout::PostgreSql).collect();
            assert_eq!(records.len(), 2);
            assert_eq!(records[1].0, Place::Line(3), "the first row spans two lines");
            let record = records[0].1.as_ref().expect("a record");
            assert_eq!(record["remote_host"], "::1");
            assert_eq!(record["remote_port"], 59522);
            assert_eq!(record["line_num"], 3);
            assert_eq!(record["message"], "statement: select 1,\n  \"x\"");
            assert_eq!(record.get("detail"), None);
        }
    }

    #[test]
    fn a_row_of_other_columns_is_refused_and_the_next_one_read() {
        let text = format!("a,b\n{}\n", row(26));
        let records: Vec<_> = Records::new(text.as_bytes(), Layout::PostgreSql).collect();
        let error = records[0].1.as_ref().expect_err("refused").to_string();
        assert_eq!(error, "This row has 2 columns; PostgreSQL's csvlog has 23, 24 or 26.");
        assert!(records[1].1.is_ok());
    }
}
