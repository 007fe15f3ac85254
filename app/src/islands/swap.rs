//! Asking a page again and putting one part of it in place of the old one: there is one way to make each
//! part, and it is the server's.

use std::cell::RefCell;

use leptos::prelude::document;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use web_sys::{Element, XmlHttpRequest, XmlHttpRequestResponseType};

thread_local! {
    /// The page's latest question: a late answer must not replace a later one. Not in the island's own state,
    /// which the server makes and drops too, on whatever thread it happens to be.
    static LATEST: RefCell<Option<XmlHttpRequest>> = const { RefCell::new(None) };
}

/// Puts the element `id` of the page at `path` in place of this page's, then calls `done`. Whatever fails
/// leaves the page as it is.
pub(super) fn swap(path: &str, id: &'static str, done: impl FnOnce() + 'static) -> Option<()> {
    if let Some(before) = LATEST.take() {
        // It is over or it is not wanted any more: nothing to do about a failure.
        let _ = before.abort();
    }
    let request = XmlHttpRequest::new().ok()?;
    request.open_with_async("GET", path, true).ok()?;
    request.set_response_type(XmlHttpRequestResponseType::Document);
    let answered = request.clone();
    let on_load = Closure::once_into_js(move || {
        if put(&answered, id).is_some() {
            done();
        }
    });
    request.set_onload(Some(on_load.unchecked_ref()));
    request.send().ok()?;
    LATEST.set(Some(request));
    Some(())
}

fn put(request: &XmlHttpRequest, id: &str) -> Option<()> {
    if request.status().ok()? != 200 {
        return None;
    }
    let new: Element = request.response_xml().ok()??.get_element_by_id(id)?;
    document().get_element_by_id(id)?.replace_with_with_node_1(&new).ok()
}
