//! The catalogue's search field: the results follow what is typed.

use leptos::prelude::*;

/// The field `q` of the form around it.
#[island]
pub fn SearchAsYouType(value: String) -> impl IntoView {
    view! {
        <input class="input" type="search" name="q" value=value aria-label="Search the catalogue" autocomplete="off" placeholder="What do you need? A system, a resource, what it is for …"/>
    }
}
