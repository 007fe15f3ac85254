//! Beside the request form: when the access would end follows what is chosen.

use std::time::Duration;

use leptos::leptos_dom::helpers::debounce;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlElement, UrlSearchParams};

use super::swap::swap;

/// How long typing must rest before the preview follows.
const REST: Duration = Duration::from_millis(200);

/// What the preview depends on, by its name in the form and in the address.
const FIELDS: [(&str, &str); 4] = [
    ("typed[ends]", "ends"),
    ("typed[duration]", "duration"),
    ("typed[until]", "until"),
    ("typed[start]", "start"),
];

/// Around the fields that the preview depends on.
#[island]
pub fn LivePreview(children: Children) -> impl IntoView {
    let mut follow = debounce(REST, move |around: HtmlElement| {
        follow_fields(&around);
    });
    view! {
        <div
            class="form"
            on:input=move |event| {
                let around = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
                if let Some(around) = around {
                    follow(around);
                }
            }
        >
            {children()}
        </div>
    }
}

/// Asks for the same form with these fields in its address; what was written stays out of it.
fn follow_fields(around: &HtmlElement) -> Option<()> {
    let form = around.closest("form").ok()??.dyn_into().ok()?;
    let typed = FormData::new_with_form(&form).ok()?;
    let location = window().location();
    let query = UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
    query.delete("draft");
    for (field, name) in FIELDS {
        query.set(name, &typed.get(field).as_string().unwrap_or_default());
    }
    let path = format!("{}?{}", location.pathname().ok()?, String::from(query.to_string()));
    swap(&path, "ends-preview", || {})
}
