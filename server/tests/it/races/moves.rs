//! What may be done at once.

use super::lane::Lane;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Approve,
    Deny,
    Cancel,
    /// The request's deadline passes.
    Expire,
    Revoke,
    GiveBack,
    /// An owner says that the access is open.
    Open,
    /// An owner approves the renewal of the grant.
    Renew,
    /// The grant's time runs out.
    End,
}

use Move::{Approve, Cancel, Deny, End, Expire, GiveBack, Open, Renew, Revoke};

/// Every pair that can meet: over a pending request, and over the grant of an approved one.
pub const PAIRS: [[Move; 2]; 18] = [
    [Approve, Approve],
    [Approve, Deny],
    [Approve, Cancel],
    [Approve, Expire],
    [Deny, Deny],
    [Deny, Cancel],
    [Deny, Expire],
    [Cancel, Cancel],
    [Cancel, Expire],
    [Expire, Expire],
    [Renew, Revoke],
    [Open, Revoke],
    [Revoke, Revoke],
    [Revoke, GiveBack],
    [GiveBack, GiveBack],
    [Revoke, End],
    [GiveBack, End],
    [End, End],
];

impl Move {
    /// Whether it happens by itself.
    pub fn is_times(self) -> bool {
        matches!(self, Expire | End)
    }

    pub fn is_the_holders(self) -> bool {
        matches!(self, Cancel | GiveBack)
    }

    pub fn is_on_a_request(self) -> bool {
        matches!(self, Approve | Deny | Cancel | Expire)
    }

    /// The form that does it and what is typed into it; `None` for what time does.
    pub fn form(self, lane: &Lane) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        let request = || ("id", lane.request.to_string());
        let grant = || ("id", lane.grant.map(|id| id.to_string()).unwrap_or_default());
        let decided = |id, verdict: &str| {
            let summary = ("summary", "As agreed.".to_owned());
            Some(("decide", vec![id, ("verdict", verdict.to_owned()), summary]))
        };
        match self {
            Approve => decided(request(), "approve"),
            Deny => decided(request(), "deny"),
            Renew => decided(("id", lane.renewal.map(|id| id.to_string()).unwrap_or_default()), "approve"),
            Cancel => Some(("cancel-request", vec![request()])),
            Revoke => Some(("revoke", vec![grant(), ("reason", "The incident is over.".to_owned())])),
            GiveBack => Some(("give-back", vec![grant()])),
            Open => Some(("attest", vec![grant()])),
            Expire | End => None,
        }
    }
}
