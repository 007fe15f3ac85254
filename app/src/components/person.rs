//! A person's name, leading to their page.

use domain::person::PersonRef;
use leptos::prelude::*;

use super::initials::initials;
use crate::routes;

/// The name as a link.
pub fn person(person: &PersonRef) -> AnyView {
    view! { <a class="name" href=path(person)>{person.name.clone()}</a> }.into_any()
}

/// The circle and the name.
pub fn person_with_circle(who: &PersonRef) -> AnyView {
    view! { <span class="who">{initials(&who.name)} {person(who)}</span> }.into_any()
}

/// Several names: “Ana Ruiz, Ben Okafor and Cleo Marsh”.
pub fn people(all: &[PersonRef]) -> AnyView {
    let last = all.len().saturating_sub(1);
    all.iter()
        .enumerate()
        .map(|(index, one)| {
            let between = match index {
                0 => "",
                index if index == last => " and ",
                _ => ", ",
            };
            view! { {between} {person(one)} }
        })
        .collect_view()
        .into_any()
}

/// Their page.
pub fn path(person: &PersonRef) -> String {
    format!("{}/{}", routes::PEOPLE, person.id)
}
