//! Leading a system elsewhere: what that would do to access which is there already.
//!
//! Access is closed where it was opened. A grant keeps the settings that it was opened with; what cannot be kept
//! that way stands against the change.

use thiserror::Error;

/// How the way to a system changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Not at all.
    Stays,
    /// Other credentials for the same place.
    Credentials,
    /// The same connector, to another place.
    Place,
    /// Another connector, or people instead of one.
    Connector,
}

/// Live access on a system, as far as a switch matters to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Live {
    /// What has begun: being opened, open, or being closed. Access that only waits for its start is not among it.
    pub begun: i64,
    /// What may be open without anybody knowing: a try to open it got no clear answer yet.
    pub unclear: i64,
}

/// Why a system is not led elsewhere now.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Stranded {
    /// Another connector could neither open nor close what this one began.
    #[error(
        "{} opened or being opened and closed here as it is now, and could not be closed another way. Let it end or take it away first, with the tasks that belong to it.",
        pieces(*.0)
    )]
    Begun(i64),
    /// It may be open at the old place, and nobody would close it there.
    #[error(
        "{} being opened at the old place without a clear answer yet. Wait until it is open, or take it away first.",
        pieces(*.0)
    )]
    Unclear(i64),
}

fn pieces(count: i64) -> String {
    if count == 1 { "One piece of access is".to_owned() } else { format!("{count} pieces of access are") }
}

/// Whether a system may be led elsewhere.
///
/// # Errors
/// When access would be stranded.
pub fn may_switch(switch: Switch, live: Live) -> Result<(), Stranded> {
    match switch {
        Switch::Connector if live.begun > 0 => Err(Stranded::Begun(live.begun)),
        Switch::Place if live.unclear > 0 => Err(Stranded::Unclear(live.unclear)),
        Switch::Stays | Switch::Credentials | Switch::Place | Switch::Connector => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing_there(Switch::Connector, Live::default(), Ok(()))]
    #[case::open_by_hand(Switch::Connector, Live { begun: 2, unclear: 0 }, Err(Stranded::Begun(2)))]
    #[case::open_elsewhere_keeps_its_place(Switch::Place, Live { begun: 2, unclear: 0 }, Ok(()))]
    #[case::perhaps_open(Switch::Place, Live { begun: 2, unclear: 1 }, Err(Stranded::Unclear(1)))]
    #[case::a_new_password(Switch::Credentials, Live { begun: 2, unclear: 1 }, Ok(()))]
    #[case::the_same(Switch::Stays, Live { begun: 2, unclear: 1 }, Ok(()))]
    fn a_switch_is_refused_just_where_access_would_be_stranded(
        #[case] switch: Switch,
        #[case] live: Live,
        #[case] expected: Result<(), Stranded>,
    ) {
        assert_eq!(may_switch(switch, live), expected);
    }

    #[test]
    fn the_refusal_counts_and_says_what_to_do() {
        let one = Stranded::Begun(1).to_string();
        assert!(
            one.starts_with("One piece of access is opened") && one.contains("take it away first"),
            "{one}"
        );
        let two = Stranded::Unclear(2).to_string();
        assert!(two.starts_with("2 pieces of access are being opened"), "{two}");
    }
}
