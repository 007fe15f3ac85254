//! The life of an access request: `pending → approved | denied | cancelled | expired`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::person::PersonRef;
use crate::span::Span;

/// How the end of access is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Counts from activation at the target, not from filing.
    Lasting(Span),
    /// Never moves.
    Until(DateTime<Utc>),
}

/// When access is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Not before this; `None` is “as soon as it is decided”.
    pub start_at: Option<DateTime<Utc>>,
    /// Its end.
    pub term: Term,
}

/// The longest that access may last, and which rule says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// The bound.
    pub max: Span,
    /// In words that fit “the limit of …”: “the policy of read on payments-prod (version 3)”.
    pub source: String,
}

/// Why a window was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WindowError {
    /// Longer than allowed; refused, never clamped.
    #[error("This is longer than {max}, the limit of {source_words}. Ask for {max} or less.")]
    TooLong {
        /// The bound.
        max: Span,
        /// Where it comes from.
        source_words: String,
    },
    /// Over before it would begin.
    #[error("This end has already passed. Choose a later one.")]
    EndPassed,
    /// Over before its own start.
    #[error("The end is before the start. Choose an end after it.")]
    EndBeforeStart,
    /// A start in the past.
    #[error("This start has already passed. Leave it empty to start as soon as it is approved.")]
    StartPassed,
    /// A start so far away that nobody can judge it now.
    #[error("The start is more than {0} away. Ask again nearer to it.")]
    StartTooFar(Span),
}

/// The furthest that a start may lie ahead.
pub const START_AHEAD_MAX: Span = Span::days(365);

impl Window {
    /// Checks this against `limit` as of `now`. The strictest limit is the caller's to choose: [`strictest`].
    ///
    /// # Errors
    /// Names the field's fault and, where a limit is passed, the limit and its source.
    pub fn check(&self, limit: Option<&Limit>, now: DateTime<Utc>) -> Result<(), WindowError> {
        if let Some(start) = self.start_at {
            if start < now {
                return Err(WindowError::StartPassed);
            }
            if start - now > START_AHEAD_MAX.delta() {
                return Err(WindowError::StartTooFar(START_AHEAD_MAX));
            }
        }
        if let Term::Until(end) = self.term {
            if end <= now {
                return Err(WindowError::EndPassed);
            }
            if self.start_at.is_some_and(|start| end <= start) {
                return Err(WindowError::EndBeforeStart);
            }
        }
        let length = match self.term {
            Term::Lasting(span) => span.delta(),
            Term::Until(end) => end - self.start_at.unwrap_or(now),
        };
        match limit {
            Some(limit) if length > limit.max.delta() => {
                Err(WindowError::TooLong { max: limit.max, source_words: limit.source.clone() })
            }
            _ => Ok(()),
        }
    }

    /// When access that becomes active at `activated_at` ends.
    pub fn end_when_activated(&self, activated_at: DateTime<Utc>) -> DateTime<Utc> {
        match self.term {
            Term::Lasting(span) => activated_at + span.delta(),
            Term::Until(end) => end,
        }
    }

    /// When this would end if access began at `now` or, where later, at its own start.
    pub fn end_if_started(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.end_when_activated(self.start_at.map_or(now, |start| start.max(now)))
    }

    /// Whether `self` gives no more than `asked`: it may end earlier, and everything else stays.
    pub fn is_within(&self, asked: &Self, now: DateTime<Utc>) -> bool {
        self.start_at == asked.start_at
            && match (self.term, asked.term) {
                (Term::Lasting(given), Term::Lasting(asked)) => given <= asked,
                (Term::Until(given), Term::Until(asked)) => given <= asked,
                (Term::Until(given), Term::Lasting(_)) => given <= asked.end_if_started(now),
                (Term::Lasting(_), Term::Until(_)) => false,
            }
    }
}

/// The strictest of several limits.
pub fn strictest(limits: impl IntoIterator<Item = Limit>) -> Option<Limit> {
    limits.into_iter().min_by_key(|limit| limit.max)
}

/// Who or what closed a request or grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decider {
    /// A person, by a decision of their own.
    Person(PersonRef),
    /// Gatebook, by a rule: the reason says which.
    System,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestState {
    /// Waits for a decision until `decide_by`.
    Pending {
        /// Nobody decided by then: it expires.
        decide_by: DateTime<Utc>,
    },
    /// Granted, perhaps for less than asked.
    Approved {
        /// What was given; `None` of history, which does not say.
        given: Option<Window>,
    },
    /// Refused.
    Denied,
    /// Taken back by whoever asked.
    Cancelled,
    /// Nobody decided in time.
    Expired,
}

/// A transition that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TransitionError {
    /// Somebody was first.
    #[error("It is already {0}.")]
    Already(&'static str),
    /// Its time has run out, even if nobody has marked it yet.
    #[error("Its time to be decided has run out.")]
    TooLate,
    /// Its time has not come.
    #[error("It is not due yet.")]
    TooEarly,
    /// An approval that gives more than was asked for.
    #[error("An approval can shorten what was asked for, not lengthen it.")]
    Lengthened,
}

impl RequestState {
    /// The word that the database and the interface use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Approved { .. } => "approved",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    fn pending_until(&self) -> Result<DateTime<Utc>, TransitionError> {
        match self {
            Self::Pending { decide_by } => Ok(*decide_by),
            decided => Err(TransitionError::Already(decided.as_str())),
        }
    }

    /// A person approves, giving `given` of what was `asked`.
    ///
    /// # Errors
    /// When it is decided already, its deadline or fixed end has passed, or it gives more than was asked.
    pub fn approve(self, asked: &Window, given: Window, now: DateTime<Utc>) -> Result<Self, TransitionError> {
        if now >= self.pending_until()? || given.end_if_started(now) <= now {
            return Err(TransitionError::TooLate);
        }
        if !given.is_within(asked, now) {
            return Err(TransitionError::Lengthened);
        }
        Ok(Self::Approved { given: Some(given) })
    }

    /// A person, or a rule, refuses.
    ///
    /// # Errors
    /// When it is decided already or its deadline has passed.
    pub fn deny(self, now: DateTime<Utc>) -> Result<Self, TransitionError> {
        if now >= self.pending_until()? {
            return Err(TransitionError::TooLate);
        }
        Ok(Self::Denied)
    }

    /// Whoever asked takes it back. Allowed after the deadline too: it changes nothing that matters.
    ///
    /// # Errors
    /// When it is decided already.
    pub fn cancel(self) -> Result<Self, TransitionError> {
        self.pending_until()?;
        Ok(Self::Cancelled)
    }

    /// Its time has run out.
    ///
    /// # Errors
    /// When it is decided already, or not due yet.
    pub fn expire(self, now: DateTime<Utc>) -> Result<Self, TransitionError> {
        if now < self.pending_until()? {
            return Err(TransitionError::TooEarly);
        }
        Ok(Self::Expired)
    }
}

/// When a request filed at `now` must be decided: after the policy's span, but never past its fixed end.
pub fn decide_by(window: &Window, pending_for: Span, now: DateTime<Utc>) -> DateTime<Utc> {
    let by_policy = now + pending_for.delta();
    match window.term {
        Term::Until(end) => by_policy.min(end),
        Term::Lasting(_) => by_policy,
    }
}

/// Why a pending request should be decided soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressing {
    /// It would expire at this time.
    DecideBy(DateTime<Utc>),
    /// The access that it renews ends at this time: decided later, there is a gap.
    GapFrom(DateTime<Utc>),
    /// The access that it renews has ended at this time: there is a gap already.
    GapSince(DateTime<Utc>),
}

/// So long before its moment something presses.
const PRESSING_WITHIN: TimeDelta = TimeDelta::days(1);

/// What presses about a pending request; `renewed_until` is the end of the access that it renews. A gap in
/// access comes before the deadline: it hurts first.
pub fn pressing(
    decide_by: DateTime<Utc>,
    renewed_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Pressing> {
    match renewed_until {
        Some(end) if end <= now => Some(Pressing::GapSince(end)),
        Some(end) if end - now < PRESSING_WITHIN && end <= decide_by => Some(Pressing::GapFrom(end)),
        _ => (decide_by - now < PRESSING_WITHIN).then_some(Pressing::DecideBy(decide_by)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().expect("a date")
    }

    fn lasting(hours: u16) -> Window {
        Window { start_at: None, term: Term::Lasting(Span::hours(hours)) }
    }

    fn until(hours: i64) -> Window {
        Window { start_at: None, term: Term::Until(now() + TimeDelta::hours(hours)) }
    }

    fn limit(hours: u16) -> Limit {
        Limit { max: Span::hours(hours), source: "the policy of read on payments-prod".into() }
    }

    #[test]
    fn longer_than_the_limit_is_refused_by_name_and_never_clamped() {
        assert_eq!(lasting(8).check(Some(&limit(8)), now()), Ok(()));
        let error = lasting(9).check(Some(&limit(8)), now()).expect_err("too long");
        assert_eq!(
            error.to_string(),
            "This is longer than 8 hours, the limit of the policy of read on payments-prod. Ask for 8 hours or less."
        );
        assert!(until(9).check(Some(&limit(8)), now()).is_err());
        assert!(until(8).check(Some(&limit(8)), now()).is_ok());
    }

    #[test]
    fn a_fixed_end_is_measured_from_the_scheduled_start() {
        let window = Window { start_at: Some(now() + TimeDelta::hours(100)), term: until(104).term };
        assert_eq!(window.check(Some(&limit(4)), now()), Ok(()));
        assert!(window.check(Some(&limit(3)), now()).is_err());
    }

    #[test]
    fn ends_and_starts_that_make_no_sense_are_refused() {
        assert_eq!(until(0).check(None, now()), Err(WindowError::EndPassed));
        let early = Window { start_at: Some(now() - TimeDelta::seconds(1)), ..lasting(1) };
        assert_eq!(early.check(None, now()), Err(WindowError::StartPassed));
        let reversed = Window { start_at: Some(now() + TimeDelta::hours(9)), ..until(8) };
        assert_eq!(reversed.check(None, now()), Err(WindowError::EndBeforeStart));
        let far = Window { start_at: Some(now() + TimeDelta::days(366)), ..lasting(1) };
        assert!(matches!(far.check(None, now()), Err(WindowError::StartTooFar(_))));
    }

    #[test]
    fn a_duration_counts_from_activation_and_a_fixed_end_never_moves() {
        let later = now() + TimeDelta::hours(3);
        assert_eq!(lasting(4).end_when_activated(later), later + TimeDelta::hours(4));
        assert_eq!(until(4).end_when_activated(later), now() + TimeDelta::hours(4));
    }

    #[test]
    fn the_strictest_limit_wins() {
        assert_eq!(strictest([limit(8), limit(2), limit(4)]), Some(limit(2)));
        assert_eq!(strictest([]), None);
    }

    #[test]
    fn approvers_may_shorten_but_never_lengthen_or_move_the_start() {
        let pending = || RequestState::Pending { decide_by: now() + TimeDelta::days(7) };
        assert!(pending().approve(&lasting(8), lasting(4), now()).is_ok());
        assert!(pending().approve(&lasting(8), until(6), now()).is_ok());
        assert_eq!(pending().approve(&lasting(8), lasting(9), now()), Err(TransitionError::Lengthened));
        let moved = Window { start_at: Some(now()), ..lasting(8) };
        assert_eq!(pending().approve(&lasting(8), moved, now()), Err(TransitionError::Lengthened));
        assert_eq!(
            pending().approve(&until(8), lasting(1), now()),
            Err(TransitionError::Lengthened),
            "a fixed end must not start to drift"
        );
    }

    #[test]
    fn pending_ends_at_its_deadline_or_at_its_fixed_end_whichever_comes_first() {
        assert_eq!(decide_by(&lasting(1), Span::days(7), now()), now() + TimeDelta::days(7));
        assert_eq!(decide_by(&until(8), Span::days(7), now()), now() + TimeDelta::hours(8));
    }

    #[test]
    fn after_the_deadline_nobody_decides_and_only_then_it_expires() {
        let pending = || RequestState::Pending { decide_by: now() };
        assert_eq!(pending().deny(now()), Err(TransitionError::TooLate));
        assert_eq!(pending().approve(&lasting(1), lasting(1), now()), Err(TransitionError::TooLate));
        assert_eq!(pending().expire(now()), Ok(RequestState::Expired));
        assert_eq!(pending().expire(now() - TimeDelta::seconds(1)), Err(TransitionError::TooEarly));
        assert_eq!(pending().cancel(), Ok(RequestState::Cancelled));
    }

    #[test]
    fn a_renewal_presses_before_its_access_ends_and_any_request_before_its_deadline() {
        let hours = |n| now() + TimeDelta::hours(n);
        assert_eq!(pressing(hours(25), None, now()), None);
        assert_eq!(pressing(hours(23), None, now()), Some(Pressing::DecideBy(hours(23))));
        assert_eq!(pressing(hours(99), Some(hours(25)), now()), None);
        assert_eq!(pressing(hours(99), Some(hours(5)), now()), Some(Pressing::GapFrom(hours(5))));
        assert_eq!(pressing(hours(99), Some(hours(0)), now()), Some(Pressing::GapSince(hours(0))));
        assert_eq!(pressing(hours(2), Some(hours(5)), now()), Some(Pressing::DecideBy(hours(2))));
    }

    proptest! {
        #[test]
        fn what_is_decided_stays_decided(step in 0..4usize, again in 0..4usize) {
            let apply = |state: RequestState, step| match step {
                0 => state.approve(&lasting(1), lasting(1), now()),
                1 => state.deny(now()),
                2 => state.cancel(),
                _ => state.expire(now() + TimeDelta::days(8)),
            };
            let pending = RequestState::Pending { decide_by: now() + TimeDelta::days(7) };
            let decided = apply(pending, step).expect("a pending request can be decided");
            let word = decided.as_str();
            prop_assert_eq!(apply(decided, again), Err(TransitionError::Already(word)));
        }
    }
}
