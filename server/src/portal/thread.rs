//! Events as steps of a thread: sentences with names.

use app::backend::ThreadStep;
use domain::audit::{Action, Actor, Event, Outcome};

/// The steps of one request's life. What begins something and what ends it are one step, and so are tries that
/// failed one after the other: the audit has each of them.
pub fn steps(events: &[Event]) -> Vec<ThreadStep> {
    let mut steps: Vec<ThreadStep> = Vec::new();
    for event in events {
        let Some(last) = steps.last_mut() else {
            steps.push(step(event));
            continue;
        };
        let began_at = last.began_at.or(Some(last.at));
        if completes(&last.action, event) {
            *last = ThreadStep { began_at, ..step(event) };
        } else if carries_out(&last.action, event) {
            // Whoever wanted it is named, with what they said; Gatebook only did it.
            let (sentence, said) = (std::mem::take(&mut last.sentence), last.said.take());
            *last = ThreadStep { began_at, sentence, said, ..step(event) };
        } else if last.action == event.action && last.outcome == event.outcome.as_str() && is_failure(event) {
            *last = ThreadStep { times: last.times + 1, ..step(event) };
        } else {
            steps.push(step(event));
        }
    }
    steps
}

/// Whether this event brings to its end what the step before began.
fn completes(begun: &str, event: &Event) -> bool {
    use Action::{GrantActivated, GrantActivating, GrantEnded, GrantEnding};
    let is_plain = event.outcome == Outcome::Success && event.reason.is_none();
    is_plain
        && matches!(
            (Action::parse(begun), Action::parse(&event.action)),
            (Some(GrantActivating), Some(GrantActivated)) | (Some(GrantEnding), Some(GrantEnded))
        )
}

/// Whether Gatebook by itself has done here what somebody wanted in the step before.
fn carries_out(wanted: &str, event: &Event) -> bool {
    let is_plain = event.outcome == Outcome::Success && event.reason.is_none();
    is_plain
        && event.actor == Actor::System
        && Action::parse(wanted) == Some(Action::GrantRevoking)
        && Action::parse(&event.action) == Some(Action::GrantRevoked)
}

fn is_failure(event: &Event) -> bool {
    event.outcome == Outcome::Failure
}

fn step(event: &Event) -> ThreadStep {
    ThreadStep {
        at: event.occurred_at,
        began_at: None,
        times: 1,
        action: event.action.clone(),
        outcome: event.outcome.as_str().to_owned(),
        sentence: sentence(event),
        said: event.reason.clone(),
        origin: event.source.origin.clone(),
    }
}

/// “Ana Ruiz approved”: what it is all about stands above the thread.
fn sentence(event: &Event) -> String {
    let who = match &event.actor {
        Actor::Unknown => "Somebody unknown",
        actor => actor.name(),
    };
    let Some(action) = Action::parse(&event.action) else { return format!("{who} {}", event.action) };
    let what = match action {
        Action::RequestSubmitted => "asked",
        Action::RequestCancelled => "took the request back",
        Action::RequestExpired => "closed the request: nobody decided in time",
        Action::RequestApproved | Action::RequestDenied => action.phrase(),
        Action::GrantRevoking | Action::GrantRevoked if is_given_back(event) => "gave the access back",
        Action::GrantRevoking => "took the access away",
        // By hand, after somebody had it taken away; or at once, where it had not begun.
        Action::GrantRevoked if event.detail.get("cause").is_none() => "closed the access",
        Action::GrantRevoked => "took the access away",
        Action::GrantRetried => "asked for another try",
        Action::GrantAttested => "attested it by hand",
        _ => return format!("{who} {} the access", action.phrase()),
    };
    format!("{who} {what}")
}

fn is_given_back(event: &Event) -> bool {
    event.detail.get("cause").and_then(serde_json::Value::as_str) == Some("holder")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta, Utc};
    use domain::audit::About;
    use domain::caller::Source;
    use domain::id::EventId;

    fn event(minute: i64, action: Action, outcome: Outcome) -> Event {
        let start: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().expect("a date");
        let at = start + TimeDelta::minutes(minute);
        Event {
            id: EventId(uuid::Uuid::from_u128(u128::try_from(minute).expect("a minute"))),
            occurred_at: at,
            recorded_at: at,
            actor: Actor::System,
            action: action.as_str().to_owned(),
            outcome,
            subject: None,
            resource: About::default(),
            request_id: None,
            grant_id: None,
            source: Source::of("job"),
            reason: None,
            detail: serde_json::json!({}),
        }
    }

    #[test]
    fn what_began_and_ended_is_one_step_and_so_are_tries_that_failed() {
        use Action::{GrantActivated, GrantActivating, GrantActivationFailed, GrantEnded, GrantEnding};
        use Outcome::{Failure, Success};
        let events = [
            event(0, GrantActivating, Success),
            event(1, GrantActivationFailed, Failure),
            event(2, GrantActivationFailed, Failure),
            event(3, GrantActivated, Success),
            event(4, GrantEnding, Success),
            event(5, GrantEnded, Success),
        ];
        let steps = steps(&events);
        let told: Vec<_> = steps.iter().map(|step| (step.sentence.as_str(), step.times)).collect();
        assert_eq!(
            told,
            [
                ("Gatebook began to open the access", 1),
                ("Gatebook could not open the access", 2),
                ("Gatebook opened the access", 1),
                ("Gatebook closed the access", 1),
            ]
        );
        assert_eq!(steps.last().and_then(|step| step.began_at), Some(events[4].occurred_at));
    }

    fn ana() -> Actor {
        Actor::Person { id: domain::id::PersonId(uuid::Uuid::from_u128(1)), name: "Ana Ruiz".to_owned() }
    }

    #[test]
    fn whoever_took_it_away_is_named_although_gatebook_did_it() {
        let mut wanted = event(0, Action::GrantRevoking, Outcome::Success);
        (wanted.actor, wanted.reason) = (ana(), Some("The incident is over.".to_owned()));
        wanted.detail = serde_json::json!({ "cause": "owner" });
        let done = event(1, Action::GrantRevoked, Outcome::Success);
        let steps = steps(&[wanted.clone(), done.clone()]);
        let [step] = steps.as_slice() else { panic!("{steps:?}") };
        assert_eq!(step.sentence, "Ana Ruiz took the access away");
        assert_eq!(step.said.as_deref(), Some("The incident is over."));
        assert_eq!((step.began_at, step.at), (Some(wanted.occurred_at), done.occurred_at));
    }

    #[test]
    fn what_is_given_back_was_not_taken_away_and_who_closed_it_by_hand_is_named() {
        let mut wanted = event(0, Action::GrantRevoking, Outcome::Success);
        wanted.detail = serde_json::json!({ "cause": "holder" });
        let mut done = event(1, Action::GrantRevoked, Outcome::Success);
        done.actor = ana();
        let sentences: Vec<String> = steps(&[wanted, done]).into_iter().map(|step| step.sentence).collect();
        assert_eq!(sentences, ["Gatebook gave the access back", "Ana Ruiz closed the access"]);
    }
}
