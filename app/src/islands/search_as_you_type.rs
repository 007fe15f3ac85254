//! The catalogue's search field: the results follow what is typed. The page itself is asked again and its
//! `#results` put in place of the old ones, so that there is one way to make them.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use web_sys::{
    Element, FormData, HtmlFormElement, UrlSearchParams, XmlHttpRequest, XmlHttpRequestResponseType,
};

/// How long typing must rest before the results follow, in milliseconds.
const REST_MS: u64 = 160;

/// The field `q` of the form around it.
#[island]
pub fn SearchAsYouType(
    /// What stands in the field at first.
    value: String,
) -> impl IntoView {
    let latest = StoredValue::new_local(None::<XmlHttpRequest>);
    let field = NodeRef::<leptos::html::Input>::new();
    let mut follow = leptos::leptos_dom::helpers::debounce(
        std::time::Duration::from_millis(REST_MS),
        move |form: HtmlFormElement| {
            if let Some(before) = latest.try_update_value(Option::take).flatten() {
                // What comes late must not replace what was asked for later.
                let _ = before.abort();
            }
            latest.set_value(ask(&form));
        },
    );
    view! {
        <input
            class="input"
            type="search"
            name="q"
            value=value
            aria-label="Search the catalogue"
            autocomplete="off"
            placeholder="What do you need? A system, a resource, what it is for …"
            node_ref=field
            on:input=move |_| {
                if let Some(form) = field.get_untracked().and_then(|field| field.form()) {
                    follow(form);
                }
            }
        />
    }
}

/// Asks for the page that the form would lead to.
fn ask(form: &HtmlFormElement) -> Option<XmlHttpRequest> {
    let typed = FormData::new_with_form(form).ok()?;
    let query = UrlSearchParams::new_with_str_sequence_sequence(&typed).ok()?;
    let path = format!("{}?{}", form.get_attribute("action")?, String::from(query.to_string()));
    let request = XmlHttpRequest::new().ok()?;
    request.open_with_async("GET", &path, true).ok()?;
    request.set_response_type(XmlHttpRequestResponseType::Document);
    let answered = request.clone();
    let on_load = Closure::once_into_js(move || {
        show(&answered, &path);
    });
    request.set_onload(Some(on_load.unchecked_ref()));
    request.send().ok()?;
    Some(request)
}

/// Puts the new results in place, and the address that leads to them. Whatever fails leaves the page as it
/// is: the form's own button still works.
fn show(request: &XmlHttpRequest, path: &str) -> Option<()> {
    if request.status().ok()? != 200 {
        return None;
    }
    let results: Element = request.response_xml().ok()??.get_element_by_id("results")?;
    document().get_element_by_id("results")?.replace_with_with_node_1(&results).ok()?;
    let history = window().history().ok()?;
    history.replace_state_with_url(&leptos::wasm_bindgen::JsValue::NULL, "", Some(path)).ok()
}
