//! Single keys in the queue of approvals, only while the queue has the focus: j and k walk, Enter opens,
//! a and d go to the decision of the row, where a second press makes it, ? shows the keys.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Around the list of the queue, whose rows are links with `data-queue-row`.
#[island]
pub fn QueueKeys(children: Children) -> impl IntoView {
    view! {
        <div class="queue-keys" on:keydown=|event| { press(&event); }>
            {children()}
        </div>
    }
}

/// `None` where the key means nothing here.
fn press(event: &KeyboardEvent) -> Option<()> {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return None;
    }
    let row = event.target()?.dyn_into::<Element>().ok()?.closest("[data-queue-row]").ok()??;
    match event.key().as_str() {
        "j" => walk(&row, 1)?,
        "k" => walk(&row, -1)?,
        "Enter" => open(&row, "row")?,
        "a" | "d" if row.has_attribute("aria-current") => decide(&event.key())?,
        "a" | "d" => open(&row, &event.key())?,
        "?" => {
            document().query_selector("[popovertarget=keys]").ok()??.dyn_into::<HtmlElement>().ok()?.click()
        }
        _ => return None,
    }
    event.prevent_default();
    Some(())
}

/// To the row `by` further on.
fn walk(row: &Element, by: i32) -> Option<()> {
    let rows = document().query_selector_all("[data-queue-row]").ok()?;
    let here = (0..rows.length()).find(|at| rows.item(*at).is_some_and(|one| one.is_same_node(Some(row))))?;
    let there = u32::try_from(i32::try_from(here).ok()? + by).ok()?;
    rows.item(there)?.dyn_into::<HtmlElement>().ok()?.focus().ok()
}

/// Opens the row's request; `then` says where the focus goes on the page that comes.
fn open(row: &Element, then: &str) -> Option<()> {
    let path = row.get_attribute("data-queue-row")?;
    window().location().set_href(&format!("{path}&then={then}")).ok()
}

/// To what the verdict needs first: its summary, or the button that makes it.
fn decide(key: &str) -> Option<()> {
    let form = document().get_element_by_id("decision")?;
    let needs_words = key == "d" || form.has_attribute("data-summary-required");
    let goal = if needs_words { "#f-summary" } else { "[data-key=a]" };
    form.query_selector(goal).ok()??.dyn_into::<HtmlElement>().ok()?.focus().ok()
}
