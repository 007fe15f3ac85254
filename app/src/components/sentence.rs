//! Every event begins as one plain sentence with names as links.

use domain::audit::query::value_text;
use domain::audit::{About, Action, Actor, Event, Outcome};
use domain::person::PersonRef;
use domain::usage::UsageAction;
use leptos::prelude::*;

use super::person::person;
use crate::address;
use crate::routes;

/// “Ben Okafor asked for *read* on **payments-prod**”.
pub fn sentence(event: &Event) -> AnyView {
    let is_attempt = event.outcome == Outcome::Denied && !says_refusal(&event.action);
    let attempt = is_attempt.then_some("Refused attempt: ");
    let subject = event.subject.as_ref().filter(|subject| Some(subject.id) != event.actor.id());
    view! {
        <span class="sentence">
            {attempt}
            {actor(&event.actor)}
            " "
            {phrase(&event.action)}
            {about(&event.resource)}
            {group(event).map(|name| view! { " " <strong class="what-resource">{name}</strong> })}
            {subject.map(|subject| view! { {preposition(&event.action, &event.resource)} {person(subject)} })}
        </span>
    }
    .into_any()
}

/// The same as text, for a title.
pub fn sentence_text(event: &Event) -> String {
    let mut text = format!("{} {}", event.actor.name(), phrase(&event.action));
    if let Some(entitlement) = &event.resource.entitlement {
        text.push_str(&format!(" {entitlement}"));
    }
    match (&event.resource.entitlement, &event.resource.resource) {
        (Some(_), Some(resource)) => text.push_str(&format!(" on {resource}")),
        (None, Some(resource)) => text.push_str(&format!(" {resource}")),
        (None, None) => {
            text.extend(event.resource.system.iter().map(|system| format!(" {system}")));
        }
        _ => {}
    }
    if let Some(name) = group(event) {
        text.push_str(&format!(" {name}"));
    }
    if let Some(subject) = event.subject.as_ref().filter(|s| Some(s.id) != event.actor.id()) {
        text.push_str(&format!("{}{}", preposition(&event.action, &event.resource), subject.name));
    }
    text
}

/// The name of the bundle, job role or saved query that it is about, as of then.
fn group(event: &Event) -> Option<String> {
    let is_group = ["catalogue.bundle_", "catalogue.job_role_", "query."]
        .iter()
        .any(|start| event.action.starts_with(start));
    let said = ["/name", "/after/name", "/slug"];
    let name = || said.iter().find_map(|path| event.detail.pointer(path)?.as_str());
    is_group.then(name).flatten().map(str::to_owned)
}

fn says_refusal(action: &str) -> bool {
    matches!(
        Action::parse(action),
        Some(Action::AccessDenied | Action::SignInRefused | Action::RequestDenied)
    )
}

/// An action that came from elsewhere is shown as it is called there.
fn phrase(action: &str) -> String {
    Action::parse(action).map_or_else(|| UsageAction::phrase_of(action), |action| action.phrase().to_owned())
}

/// Who acted, with a link where there is a page of theirs.
pub(crate) fn actor(actor: &Actor) -> AnyView {
    match actor {
        Actor::Person { id, name } => person(&PersonRef { id: *id, name: name.clone() }),
        Actor::System => view! { <span class="name-plain">"Gatebook"</span> }.into_any(),
        Actor::Command { name } => {
            view! { <span class="name-plain">{name.clone()} " (command line)"</span> }.into_any()
        }
        Actor::Outside { .. } => {
            view! { <span class="name-plain">{actor.name().to_owned()}</span> }.into_any()
        }
        Actor::Unknown => view! { <span class="name-plain">"Somebody unknown"</span> }.into_any(),
    }
}

/// “*read* on **payments-prod**”, leading to what happened there.
pub(crate) fn about(about: &About) -> AnyView {
    let entitlement =
        about.entitlement.clone().map(|name| view! { " " <em class="what-entitlement">{name}</em> });
    let on = if about.entitlement.is_some() { " on " } else { " " };
    let found_by = if about.resource.is_some() { "resource" } else { "system" };
    let resource = about.resource.clone().or_else(|| about.system.clone()).map(|name| {
        let path = address::with(routes::AUDIT, "q", &format!("{found_by}:={}", value_text(&name)));
        view! { {on} <a class="what-resource" href=path>{name}</a> }
    });
    view! { {entitlement} {resource} }.into_any()
}

fn preposition(action: &str, about: &About) -> &'static str {
    let nothing = about.entitlement.is_none() && about.resource.is_none() && about.system.is_none();
    match Action::parse(action) {
        Some(Action::GrantRevoked | Action::GrantRevoking) => " from ",
        Some(Action::OwnerLost) => " after ",
        _ if nothing => ": ",
        _ => " for ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Utc};
    use domain::caller::Source;
    use domain::id::{EventId, PersonId};

    fn event(action: &str, outcome: Outcome) -> Event {
        let at: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().expect("a date");
        let id =
            |n: u8| PersonId(format!("00000000-0000-0000-0000-0000000000{n:02}").parse().expect("an id"));
        Event {
            id: EventId("00000000-0000-0000-0000-000000000001".parse().expect("an id")),
            occurred_at: at,
            recorded_at: at,
            actor: Actor::Person { id: id(1), name: "Ana Ruiz".into() },
            action: action.into(),
            outcome,
            subject: Some(PersonRef { id: id(2), name: "Ben Okafor".into() }),
            resource: About {
                entitlement: Some("read".into()),
                resource: Some("payments-prod".into()),
                ..About::default()
            },
            request_id: None,
            grant_id: None,
            source: Source::of("web"),
            reason: None,
            detail: serde_json::json!({}),
        }
    }

    #[test]
    fn an_event_reads_as_a_sentence() {
        let text = |action| sentence_text(&event(action, Outcome::Success));
        assert_eq!(text("request.approved"), "Ana Ruiz approved read on payments-prod for Ben Okafor");
        assert_eq!(text("grant.revoked"), "Ana Ruiz took away read on payments-prod from Ben Okafor");
    }

    #[test]
    fn what_an_event_is_about_is_named_whatever_it_is() {
        let mut of_system = event("catalogue.owner_lost", Outcome::Success);
        of_system.resource = About { system: Some("Ledger".into()), ..About::default() };
        of_system.actor = Actor::System;
        assert_eq!(
            sentence_text(&of_system),
            "Gatebook noted that no owner is left of Ledger after Ben Okafor"
        );
        let mut of_group = event("catalogue.bundle_changed", Outcome::Success);
        (of_group.resource, of_group.subject) = (About::default(), None);
        of_group.detail = serde_json::json!({ "name": "On call", "before": {}, "after": {} });
        assert_eq!(sentence_text(&of_group), "Ana Ruiz changed a bundle On call");
        of_group.detail = serde_json::json!({ "name": { "before": "a", "after": "b" }, "slug": "on-call" });
        assert_eq!(sentence_text(&of_group), "Ana Ruiz changed a bundle on-call");
    }

    #[test]
    fn a_refused_attempt_never_reads_as_if_it_had_happened() {
        let html = sentence(&event("request.approved", Outcome::Denied)).to_html();
        assert!(html.contains("Refused attempt: "), "{html}");
    }

    #[test]
    fn hostile_names_are_inert() {
        let mut hostile = event("request.approved", Outcome::Success);
        hostile.resource.resource = Some("<script>\"&".into());
        let html = sentence(&hostile).to_html();
        assert!(!html.contains("<script>"), "{html}");
    }
}
