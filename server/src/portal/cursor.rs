//! The place where a page ends, as it stands in an address: a moment, and which of what happened then.

use std::fmt::Display;
use std::str::FromStr;

use app::error::PortalError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

/// A place as text.
pub(super) fn write(at: DateTime<Utc>, id: impl Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}", at.timestamp_micros()))
}

/// The place that a text says.
///
/// # Errors
/// When it is none of ours: there is nothing there.
pub(super) fn read<T: FromStr>(text: &str) -> Result<(DateTime<Utc>, T), PortalError> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (micros, id) = text.split_once(' ')?;
        Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
    };
    read().ok_or(PortalError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::EventId;

    #[test]
    fn a_cursor_comes_back_as_it_went_and_nonsense_is_not_found() {
        let at = DateTime::from_timestamp_micros(1_795_000_000_123_456).expect("a time");
        let id = EventId(uuid::Uuid::from_u128(7));
        assert_eq!(read(&write(at, id)), Ok((at, id)));
        for bad in ["", "x", "AAAA", "====", &"a".repeat(5_000)] {
            assert_eq!(read::<EventId>(bad), Err(PortalError::NotFound), "{bad:.10}");
        }
    }
}
