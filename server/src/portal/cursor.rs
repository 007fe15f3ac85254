//! The place where a page ends, as it stands in an address: a moment, and which of what happened then.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

/// The text of this moment, to the microsecond, and this id.
pub fn write(at: DateTime<Utc>, id: impl Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}", at.timestamp_micros()))
}

/// The place that such a text says; nothing where it is none of ours.
pub fn read<T: FromStr>(text: &str) -> Option<(DateTime<Utc>, T)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (micros, id) = text.split_once(' ')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_cursor_comes_back_as_it_went_and_nonsense_is_none() {
        let at = DateTime::from_timestamp_micros(1_795_000_000_123_456).expect("a time");
        let id = Uuid::from_u128(7);
        assert_eq!(read(&write(at, id)), Some((at, id)));
        for bad in ["", "x", "AAAA", "====", &"a".repeat(5_000)] {
            assert_eq!(read::<Uuid>(bad), None, "{bad:.10}");
        }
    }
}
