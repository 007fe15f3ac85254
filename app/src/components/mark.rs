//! Gatebook's mark: three arches, one behind the other.

use leptos::prelude::*;

use crate::routes;

/// The mark with the name, leading home.
pub fn mark() -> AnyView {
    view! {
        <a class="mark" href=routes::HOME aria-label="Gatebook, home">
            <svg class="mark-sign" viewBox="0 0 24 24" aria-hidden="true">
                <path d="M4 20V6.5A2.5 2.5 0 0 1 6.5 4H20v16"/>
                <path d="M9 20v-8.5a2.5 2.5 0 0 1 2.5-2.5H20"/>
                <path d="M14 20v-4.2a1.8 1.8 0 0 1 1.8-1.8H20"/>
            </svg>
            <span class="mark-name">"Gatebook"</span>
        </a>
    }
    .into_any()
}
