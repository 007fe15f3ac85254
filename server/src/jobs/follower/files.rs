//! Files that a server writes on and on, and gives up for others.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

/// So much is read at once, where no record is longer.
const CHUNK_BYTES: u64 = 1024 * 1024;
/// No record is longer than this.
const RECORD_MAX_BYTES: u64 = 8 * 1024 * 1024;
/// A file is known by its first line, or by so much of it.
const BEGINNING_BYTES: u64 = 4 * 1024;

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One record a line.
    Json,
    /// Records in which quoted cells may hold line ends.
    Csv,
}

/// A file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    /// How it is written.
    pub kind: Kind,
    /// When it was written to last.
    pub written_at: SystemTime,
    /// How long it is, in bytes.
    pub length: u64,
}

/// The files of a log, those that were written to last at the end.
pub fn list(folder: &Path) -> io::Result<Vec<LogFile>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let kind = match path.extension().and_then(|end| end.to_str()) {
            Some("json") => Kind::Json,
            Some("csv") => Kind::Csv,
            _ => continue,
        };
        // It may have been taken away meanwhile.
        let Ok(meta) = std::fs::metadata(&path) else { continue };
        if meta.is_file() {
            files.push(LogFile { written_at: meta.modified()?, length: meta.len(), path, kind });
        }
    }
    files.sort_by(|one, other| (one.written_at, &one.path).cmp(&(other.written_at, &other.path)));
    Ok(files)
}

/// What a file is known by: how it begins. `None` while its first line is not there.
pub fn identity(file: &mut File) -> io::Result<Option<String>> {
    let mut beginning = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(BEGINNING_BYTES).read_to_end(&mut beginning)?;
    let end = beginning.iter().position(|byte| *byte == b'\n');
    let is_long = u64::try_from(beginning.len()).is_ok_and(|length| length == BEGINNING_BYTES);
    let known = match end {
        Some(end) => beginning.get(..end),
        None if is_long => Some(beginning.as_slice()),
        None => None,
    };
    Ok(known.map(|known| Sha256::digest(known).iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// What stands whole behind a position.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing, or a record that is still being written.
    Nothing,
    /// Whole records.
    Records(Vec<u8>),
    /// A record of so many bytes, which is too long.
    Unreadable(u64),
}

/// The whole records behind `position`.
pub fn next(file: &mut File, kind: Kind, position: u64) -> io::Result<Next> {
    let mut read = Vec::new();
    for limit in [CHUNK_BYTES, RECORD_MAX_BYTES] {
        read.clear();
        file.seek(SeekFrom::Start(position))?;
        file.by_ref().take(limit).read_to_end(&mut read)?;
        let whole = whole(&read, kind);
        if whole > 0 {
            read.truncate(whole);
            return Ok(Next::Records(read));
        }
        if u64::try_from(read.len()).is_ok_and(|length| length < limit) {
            return Ok(Next::Nothing);
        }
    }
    Ok(end(file, kind, position)?.map_or(Next::Nothing, Next::Unreadable))
}

/// How far it is from the beginning of a record to its end, however long it is; `None` while it is being written.
fn end(file: &mut File, kind: Kind, position: u64) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(position))?;
    let (mut passed, mut is_quoted) = (0, false);
    for byte in BufReader::with_capacity(64 * 1024, file).bytes() {
        passed += 1;
        match byte? {
            b'"' if kind == Kind::Csv => is_quoted = !is_quoted,
            b'\n' if !is_quoted => return Ok(Some(passed)),
            _ => {}
        }
    }
    Ok(None)
}

/// How many bytes of whole records these begin with.
fn whole(bytes: &[u8], kind: Kind) -> usize {
    let (mut end, mut is_quoted) = (0, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            // A quote inside of quotes is doubled, so that counting them is enough.
            b'"' if kind == Kind::Csv => is_quoted = !is_quoted,
            b'\n' if !is_quoted => end = at + 1,
            _ => {}
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn file(text: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(text).expect("writes");
        file
    }

    #[test]
    fn a_record_that_is_still_being_written_waits() {
        let mut json = file(b"{\"a\":1}\n{\"b\":");
        assert_eq!(next(&mut json, Kind::Json, 0).expect("reads"), Next::Records(b"{\"a\":1}\n".to_vec()));
        assert_eq!(next(&mut json, Kind::Json, 8).expect("reads"), Next::Nothing);
        json.seek(SeekFrom::End(0)).expect("seeks");
        json.write_all(b"2}\n").expect("writes");
        assert_eq!(next(&mut json, Kind::Json, 8).expect("reads"), Next::Records(b"{\"b\":2}\n".to_vec()));
        assert_eq!(next(&mut json, Kind::Json, 16).expect("reads"), Next::Nothing);
        assert_eq!(next(&mut json, Kind::Json, 1_000).expect("reads"), Next::Nothing, "cut off meanwhile");
    }

    #[test]
    fn a_cell_of_several_lines_is_one_record() {
        let text = b"1,\"select 1,\n \"\"x\"\"\n\"\n2,\"and\n";
        let mut csv = file(text);
        let first = b"1,\"select 1,\n \"\"x\"\"\n\"\n".to_vec();
        assert_eq!(next(&mut csv, Kind::Csv, 0).expect("reads"), Next::Records(first.clone()));
        assert_eq!(next(&mut csv, Kind::Csv, first.len() as u64).expect("reads"), Next::Nothing);
    }

    #[test]
    fn long_records_are_read_whole_and_what_never_ends_is_not_read_for_ever() {
        let long = [vec![b'x'; 3 * 1024 * 1024], b"\n".to_vec()].concat();
        assert_eq!(next(&mut file(&long), Kind::Json, 0).expect("reads"), Next::Records(long));
        let endless = vec![b'x'; 9 * 1024 * 1024];
        assert_eq!(next(&mut file(&endless), Kind::Json, 0).expect("reads"), Next::Nothing, "it goes on");
    }

    #[test]
    fn what_is_too_long_is_passed_over_and_nothing_within_it_is_taken_for_a_record() {
        let record = b"2026-11-23 10:00:00.000 UTC,\"ana\"\n".to_vec();
        let long = [
            b"2026-11-23 09:00:00.000 UTC,\"select\n2026-11-23 10:00:00.000 UTC,eve\n".to_vec(),
            vec![b'x'; 9 * 1024 * 1024],
            b"\"\n".to_vec(),
        ]
        .concat();
        let mut log = file(&[long.clone(), record.clone(), record.clone()].concat());
        assert_eq!(next(&mut log, Kind::Csv, 0).expect("reads"), Next::Unreadable(long.len() as u64));
        let rest = [record.clone(), record].concat();
        assert_eq!(next(&mut log, Kind::Csv, long.len() as u64).expect("reads"), Next::Records(rest));
        let cut = &long[..long.len() - 2];
        assert_eq!(next(&mut file(cut), Kind::Csv, 0).expect("reads"), Next::Nothing, "still being written");
        let lines = [vec![b'x'; 9 * 1024 * 1024], b"\n{}\n".to_vec()].concat();
        let mut log = file(&lines);
        let to = 9 * 1024 * 1024 + 1;
        assert_eq!(next(&mut log, Kind::Json, 0).expect("reads"), Next::Unreadable(to));
        assert_eq!(next(&mut log, Kind::Json, to).expect("reads"), Next::Records(b"{}\n".to_vec()));
    }

    #[test]
    fn a_file_is_known_by_its_first_line_whatever_comes_after() {
        let of = |text: &[u8]| identity(&mut file(text)).expect("reads");
        assert_eq!(of(b""), None);
        assert_eq!(of(b"{\"a\""), None, "not there yet");
        assert!(of(b"{\"a\":1}\n").is_some());
        assert_eq!(of(b"{\"a\":1}\n"), of(b"{\"a\":1}\n{\"b\":2}\n"));
        assert_ne!(of(b"{\"a\":1}\n"), of(b"{\"a\":2}\n"));
        assert!(of(&vec![b'x'; 5_000]).is_some());
    }
}
