//! Who decides: circles, names, and the order in words.

use domain::policy::{Deciders, OwnerLevel};
use leptos::prelude::*;

use super::icon::{Icon, icon};
use super::initials::initials;
use super::person::person;

/// More people than this are folded.
const SHOWN: usize = 3;

/// “one of 3 resource owners”, with everybody by name.
pub fn deciders(who: &Deciders) -> AnyView {
    match who {
        Deciders::Held { reason } => view! {
            <p class="held-by">{icon(Icon::Warning)} <span>"Nobody can decide this yet. " {reason.clone()}</span></p>
        }
        .into_any(),
        Deciders::OneOf { level, people } => {
            let circles = people.iter().take(SHOWN).map(|one| initials(&one.name)).collect_view();
            let names = people
                .iter()
                .take(SHOWN)
                .enumerate()
                .map(|(index, one)| {
                    let before = if index > 0 { ", " } else { "" };
                    view! { {before} {person(one)} }
                })
                .collect_view();
            let more = people.len().saturating_sub(SHOWN);
            let rest = (more > 0).then(|| {
                let others = people
                    .iter()
                    .skip(SHOWN)
                    .map(|one| view! { <li>{person(one)}</li> })
                    .collect_view();
                view! {
                    <details class="more-people">
                        <summary>{format!("and {more} more")}</summary>
                        <ul>{others}</ul>
                    </details>
                }
            });
            view! {
                <div class="deciders">
                    <span class="circles">{circles}</span>
                    <div class="deciders-words">
                        <span>{names}</span>
                        <span class="quiet">{format!(" · {}", order(*level, people.len()))}</span>
                        {rest}
                    </div>
                </div>
            }
            .into_any()
        }
    }
}

/// “any one of 3 resource owners”, “the only resource owner”.
pub fn order(level: OwnerLevel, count: usize) -> String {
    match (level, count) {
        (OwnerLevel::Entitlement, 1) => "owns this access".to_owned(),
        (OwnerLevel::Resource, 1) => "owns the resource".to_owned(),
        (OwnerLevel::System, 1) => "owns the system".to_owned(),
        (OwnerLevel::Administrators, 1) => "administrator".to_owned(),
        (OwnerLevel::Entitlement, count) => format!("any one of {count} owners of this access"),
        (OwnerLevel::Resource, count) => format!("any one of {count} resource owners"),
        (OwnerLevel::System, count) => format!("any one of {count} system owners"),
        (OwnerLevel::Administrators, count) => format!("any one of {count} administrators"),
    }
}

/// “Ana Ruiz or any of 2 others” as text, for a thread's next step.
pub fn deciders_text(who: &Deciders) -> String {
    match who {
        Deciders::Held { reason } => reason.clone(),
        Deciders::OneOf { people, .. } => match people.as_slice() {
            [] => "somebody".to_owned(),
            [only] => only.name.clone(),
            [one, other] => format!("{} or {}", one.name, other.name),
            [one, others @ ..] => format!("{} or one of {} others", one.name, others.len()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_said_in_words() {
        assert_eq!(order(OwnerLevel::Entitlement, 3), "any one of 3 owners of this access");
        assert_eq!(order(OwnerLevel::Resource, 1), "owns the resource");
    }
}
