//! A choice out of a list.

use leptos::prelude::*;

use super::field::Field;

/// A field with a list of `(value, words)` to choose from.
pub fn select(field: Field, name: &'static str, chosen: &str, options: Vec<(String, String)>) -> AnyView {
    let options = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    let control = view! {
        <select
            class="input select"
            id=field.id.clone()
            name=name
            aria-describedby=field.described_by()
            aria-invalid=field.invalid()
        >
            {options}
        </select>
    };
    field.around(control.into_any())
}
