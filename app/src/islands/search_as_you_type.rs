//! The catalogue's search field: the results follow what is typed.

use std::time::Duration;

use leptos::leptos_dom::helpers::debounce;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsValue;
use web_sys::{FormData, HtmlFormElement, UrlSearchParams};

use super::swap::swap;

/// How long typing must rest before the results follow.
const REST: Duration = Duration::from_millis(160);

/// The field `q` of the form around it.
#[island]
pub fn SearchAsYouType(
    /// What stands in the field at first.
    value: String,
) -> impl IntoView {
    let field = NodeRef::<leptos::html::Input>::new();
    let mut follow = debounce(REST, move |form: HtmlFormElement| {
        follow_form(&form);
    });
    view! {
        <input
            class="input"
            type="search"
            name="q"
            value=value
            aria-label="Search the catalogue"
            autocomplete="off"
            placeholder="A system, a resource, a purpose …"
            node_ref=field
            on:input=move |_| {
                if let Some(form) = field.get_untracked().and_then(|field| field.form()) {
                    follow(form);
                }
            }
        />
    }
}

/// Shows what the form would lead to, and the address that leads there.
fn follow_form(form: &HtmlFormElement) -> Option<()> {
    let typed = FormData::new_with_form(form).ok()?;
    let query = UrlSearchParams::new_with_str_sequence_sequence(&typed).ok()?;
    let path = format!("{}?{}", form.get_attribute("action")?, String::from(query.to_string()));
    let address = path.clone();
    swap(&path, "results", move || {
        if let Ok(history) = window().history() {
            // Where it fails, the address stays the one before: reloading still works.
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
        }
    })
}
