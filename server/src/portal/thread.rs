//! Events as steps of a thread: sentences with names.

use app::backend::ThreadStep;
use domain::audit::{Action, Event};

/// One step.
pub fn step(event: &Event) -> ThreadStep {
    ThreadStep {
        at: event.occurred_at,
        action: event.action.clone(),
        outcome: event.outcome.as_str().to_owned(),
        sentence: sentence(event),
        said: event.reason.clone(),
        origin: event.source.origin.clone(),
    }
}

/// “Ana Ruiz approved read on payments-prod”, without the full stop.
pub fn sentence(event: &Event) -> String {
    let phrase: &str = Action::parse(&event.action).map_or(&event.action, |action| action.phrase());
    let mut sentence = format!("{} {phrase}", event.actor.name());
    match (&event.resource.entitlement, &event.resource.resource) {
        (Some(entitlement), Some(resource)) => {
            sentence.push_str(&format!(" {entitlement} on {resource}"));
        }
        (None, Some(resource)) => sentence.push_str(&format!(" {resource}")),
        _ => {}
    }
    if let Some(subject) = event.subject.as_ref().filter(|subject| Some(subject.id) != event.actor.id()) {
        sentence.push_str(&format!(" for {}", subject.name));
    }
    sentence
}
