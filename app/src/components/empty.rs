//! Nothing here yet, and what to do about it.

use leptos::prelude::*;

/// An empty list: what would stand here, and the way to it.
pub fn empty(heading: &'static str, sentence: &'static str, way: Option<(String, &'static str)>) -> AnyView {
    empty_with(heading, sentence, way.map(|(path, words)| (path, words.to_owned())))
}

/// The same where the way says a number.
pub fn empty_with(heading: &'static str, sentence: &'static str, way: Option<(String, String)>) -> AnyView {
    view! {
        <div class="empty">
            <p class="empty-heading">{heading}</p>
            <p class="empty-words">{sentence}</p>
            {way.map(|(path, words)| view! { <p class="mt-4"><a class="button-quiet" href=path>{words}</a></p> })}
        </div>
    }
    .into_any()
}
