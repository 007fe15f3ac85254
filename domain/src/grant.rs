//! The life of a grant:
//! `scheduled → activating → active → ending → ended`, or from any live state `→ revoking → revoked`.
//! `activation_failed` and `removal_failed` are visible and retried.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::request::{Limit, Window};

/// How long an activation is tried before the grant closes as `failed`.
pub const ACTIVATION_DEADLINE: TimeDelta = TimeDelta::hours(24);

/// Why access was taken away before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Given back by whoever held it.
    Holder,
    /// An owner of the resource.
    Owner,
    /// An administrator.
    Administrator,
    /// The holder has left.
    Leaver,
    /// The holder is suspended.
    Suspended,
    /// The resource is gone.
    ResourceDeleted,
    /// A limit was lowered under what was left.
    LimitLowered,
    /// History brought in from elsewhere does not say.
    NotRecorded,
}

impl Cause {
    const ALL: [Self; 8] = [
        Self::Holder,
        Self::Owner,
        Self::Administrator,
        Self::Leaver,
        Self::Suspended,
        Self::ResourceDeleted,
        Self::LimitLowered,
        Self::NotRecorded,
    ];

    /// The word that the database uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Leaver => "leaver",
            Self::Suspended => "suspended",
            Self::ResourceDeleted => "resource_deleted",
            Self::LimitLowered => "limit_lowered",
            Self::NotRecorded => "not_recorded",
        }
    }

    /// The cause with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

/// What takes access away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Its time ran out.
    TimeRanOut,
    /// Somebody or some rule took it away.
    Revoked(Cause),
}

/// How the removal of a closed grant is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalKnown {
    /// The target was read back and no longer gives the right, inherited ones included.
    Verified,
    /// The person still holds the same through another live grant, so the target was left as it is.
    StillHeld,
    /// Somebody who is not the holder says so (manual systems).
    Attested,
    /// It never reached the target.
    NeverActive,
    /// History brought in from elsewhere does not say.
    NotRecorded,
}

impl RemovalKnown {
    /// The word that the database uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::StillHeld => "still_held",
            Self::Attested => "attested",
            Self::NeverActive => "never_active",
            Self::NotRecorded => "not_recorded",
        }
    }

    /// The value with this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Verified, Self::StillHeld, Self::Attested, Self::NeverActive, Self::NotRecorded]
            .into_iter()
            .find(|known| known.as_str() == word)
    }
}

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// Waits for its start.
    Scheduled {
        /// Never active before.
        start_at: DateTime<Utc>,
    },
    /// Being made real at the target; `failed` after at least one failed try.
    Activating {
        /// Not active by then: it closes as failed.
        deadline: DateTime<Utc>,
        /// Whether the last try failed (`activation_failed`).
        failed: bool,
    },
    /// Real at the target.
    Active {
        /// `None` only for imported access that has no end.
        until: Option<DateTime<Utc>>,
    },
    /// Being taken away; `failed` after at least one failed try.
    Removing {
        /// Why.
        why: Removal,
        /// Whether the last try failed (`removal_failed`).
        failed: bool,
    },
    /// Gone from the target.
    Closed {
        /// Why.
        why: Removal,
        /// How the removal is known.
        known: RemovalKnown,
    },
    /// Never became active within its deadline; the target is clean.
    Failed,
}

/// A transition that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("A grant that is {from} cannot become {to}.")]
pub struct GrantTransitionError {
    from: &'static str,
    to: &'static str,
}

impl GrantState {
    /// The state of a grant made at `now` for `window`.
    pub fn new(window: &Window, now: DateTime<Utc>) -> Self {
        match window.start_at {
            Some(start_at) if start_at > now => Self::Scheduled { start_at },
            _ => Self::activating(window, now),
        }
    }

    fn activating(window: &Window, now: DateTime<Utc>) -> Self {
        // A fixed end is an end of the trying, too.
        let deadline = (now + ACTIVATION_DEADLINE).min(match window.term {
            crate::request::Term::Until(end) => end,
            crate::request::Term::Lasting(_) => DateTime::<Utc>::MAX_UTC,
        });
        Self::Activating { deadline, failed: false }
    }

    /// The word that the database and the interface use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Scheduled { .. } => "scheduled",
            Self::Activating { failed: false, .. } => "activating",
            Self::Activating { failed: true, .. } => "activation_failed",
            Self::Active { .. } => "active",
            Self::Removing { failed: true, .. } => "removal_failed",
            Self::Removing { why: Removal::TimeRanOut, .. } => "ending",
            Self::Removing { why: Removal::Revoked(_), .. } => "revoking",
            Self::Closed { why: Removal::TimeRanOut, .. } => "ended",
            Self::Closed { why: Removal::Revoked(_), .. } => "revoked",
            Self::Failed => "failed",
        }
    }

    /// Whether access is, may be, or will be there: everything but closed.
    pub fn is_live(&self) -> bool {
        !matches!(self, Self::Closed { .. } | Self::Failed)
    }

    fn cannot(&self, to: &'static str) -> GrantTransitionError {
        GrantTransitionError { from: self.as_str(), to }
    }

    /// Its start has come.
    ///
    /// # Errors
    /// When it is not scheduled, or `now` is before its start.
    pub fn start(self, window: &Window, now: DateTime<Utc>) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Scheduled { start_at } if now >= start_at => Ok(Self::activating(window, now)),
            other => Err(other.cannot("activating")),
        }
    }

    /// The target has it since `now`: the clock of a duration starts here. A limit that has become stricter
    /// since the decision shortens it.
    ///
    /// # Errors
    /// When it is not being activated.
    pub fn activated(
        self,
        window: &Window,
        limit: Option<&Limit>,
        now: DateTime<Utc>,
    ) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Activating { .. } => {
                let end = window.end_when_activated(now);
                let end = limit.map_or(end, |limit| end.min(now + limit.max.delta()));
                Ok(Self::Active { until: Some(end) })
            }
            other => Err(other.cannot("active")),
        }
    }

    /// A try to activate failed; it is tried again until its deadline.
    ///
    /// # Errors
    /// When it is not being activated.
    pub fn activation_failed(self) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Activating { deadline, .. } => Ok(Self::Activating { deadline, failed: true }),
            other => Err(other.cannot("activation_failed")),
        }
    }

    /// Its activation deadline has passed; the caller has cleaned the target.
    ///
    /// # Errors
    /// When it is not being activated, or the deadline lies ahead.
    pub fn give_up(self, now: DateTime<Utc>) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Activating { deadline, .. } if now >= deadline => Ok(Self::Failed),
            other => Err(other.cannot("failed")),
        }
    }

    /// Its time has run out.
    ///
    /// # Errors
    /// When it is not active, has no end, or the end lies ahead.
    pub fn end(self, now: DateTime<Utc>) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Active { until: Some(until) } if now >= until => {
                Ok(Self::Removing { why: Removal::TimeRanOut, failed: false })
            }
            other => Err(other.cannot("ending")),
        }
    }

    /// Taken away before its time. What is already ending ends as it was.
    ///
    /// # Errors
    /// When it is closed or already being removed.
    pub fn revoke(self, cause: Cause) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Scheduled { .. } => {
                Ok(Self::Closed { why: Removal::Revoked(cause), known: RemovalKnown::NeverActive })
            }
            Self::Activating { .. } | Self::Active { .. } => {
                Ok(Self::Removing { why: Removal::Revoked(cause), failed: false })
            }
            other => Err(other.cannot("revoking")),
        }
    }

    /// A try to remove failed; it is tried again, without an end.
    ///
    /// # Errors
    /// When it is not being removed.
    pub fn removal_failed(self) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Removing { why, .. } => Ok(Self::Removing { why, failed: true }),
            other => Err(other.cannot("removal_failed")),
        }
    }

    /// The target no longer has it.
    ///
    /// # Errors
    /// When it is not being removed.
    pub fn removed(self, known: RemovalKnown) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Removing { why, .. } => Ok(Self::Closed { why, known }),
            other => Err(other.cannot("closed")),
        }
    }
}

/// How long to wait before try number `attempts + 1`: 5 s, doubling, at most 15 minutes.
pub fn retry_after(attempts: i32) -> TimeDelta {
    let exponent = u32::try_from(attempts.clamp(0, 10)).unwrap_or(0);
    TimeDelta::seconds((5_i64 << exponent).min(900))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Term;
    use crate::span::Span;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().expect("a date")
    }

    const FOUR_HOURS: Window = Window { start_at: None, term: Term::Lasting(Span::hours(4)) };

    #[test]
    fn four_hours_are_four_hours_however_long_activation_took() {
        let later = now() + TimeDelta::hours(3);
        let state = GrantState::new(&FOUR_HOURS, now())
            .activation_failed()
            .and_then(|s| s.activated(&FOUR_HOURS, None, later))
            .expect("activates");
        assert_eq!(state, GrantState::Active { until: Some(later + TimeDelta::hours(4)) });
    }

    #[test]
    fn a_limit_lowered_since_the_decision_shortens_what_is_activated() {
        let limit = Limit { max: Span::hours(1), source: "the policy".into() };
        let state = GrantState::new(&FOUR_HOURS, now()).activated(&FOUR_HOURS, Some(&limit), now());
        assert_eq!(state, Ok(GrantState::Active { until: Some(now() + TimeDelta::hours(1)) }));
    }

    #[test]
    fn a_scheduled_start_is_never_active_early() {
        let start_at = now() + TimeDelta::hours(1);
        let window = Window { start_at: Some(start_at), ..FOUR_HOURS };
        let state = GrantState::new(&window, now());
        assert_eq!(state, GrantState::Scheduled { start_at });
        assert!(state.start(&window, start_at - TimeDelta::seconds(1)).is_err());
        assert!(state.activated(&window, None, start_at).is_err());
        assert!(state.start(&window, start_at).is_ok());
    }

    #[test]
    fn trying_stops_after_a_day_and_never_goes_past_a_fixed_end() {
        let state = GrantState::new(&FOUR_HOURS, now());
        assert!(state.give_up(now() + TimeDelta::hours(23)).is_err());
        assert_eq!(state.give_up(now() + TimeDelta::hours(24)), Ok(GrantState::Failed));
        let end = now() + TimeDelta::hours(2);
        let fixed = Window { start_at: None, term: Term::Until(end) };
        assert_eq!(GrantState::new(&fixed, now()).give_up(end), Ok(GrantState::Failed));
    }

    #[test]
    fn nothing_ends_before_its_time_and_access_without_an_end_never_does() {
        let until = now() + TimeDelta::hours(4);
        let active = GrantState::Active { until: Some(until) };
        assert!(active.end(until - TimeDelta::seconds(1)).is_err());
        assert!(active.end(until).is_ok());
        assert!(GrantState::Active { until: None }.end(DateTime::<Utc>::MAX_UTC).is_err());
    }

    #[test]
    fn a_failed_removal_remembers_why_and_stays_live() {
        let state = GrantState::Active { until: None }
            .revoke(Cause::Leaver)
            .and_then(GrantState::removal_failed)
            .expect("revoking");
        assert!(state.is_live());
        assert_eq!(state.as_str(), "removal_failed");
        assert_eq!(state.removed(RemovalKnown::Verified).map(|s| s.as_str()), Ok("revoked"));
    }

    #[test]
    fn what_never_reached_the_target_needs_no_removal() {
        let start_at = now() + TimeDelta::hours(1);
        assert_eq!(
            GrantState::Scheduled { start_at }.revoke(Cause::Holder),
            Ok(GrantState::Closed { why: Removal::Revoked(Cause::Holder), known: RemovalKnown::NeverActive })
        );
    }

    #[test]
    fn closed_is_closed() {
        let closed = GrantState::Closed { why: Removal::TimeRanOut, known: RemovalKnown::Verified };
        for state in [closed, GrantState::Failed] {
            assert!(!state.is_live());
            assert!(state.start(&FOUR_HOURS, now()).is_err());
            assert!(state.activated(&FOUR_HOURS, None, now()).is_err());
            assert!(state.end(DateTime::<Utc>::MAX_UTC).is_err());
            assert!(state.revoke(Cause::Owner).is_err());
            assert!(state.removed(RemovalKnown::Verified).is_err());
        }
    }

    #[test]
    fn retries_slow_down_and_never_stop() {
        let waits: Vec<i64> = [0, 1, 2, 7, 8, 1_000].iter().map(|n| retry_after(*n).num_seconds()).collect();
        assert_eq!(waits, [5, 10, 20, 640, 900, 900]);
    }
}
