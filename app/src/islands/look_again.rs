//! Beside what changes by itself: that part of the page is asked for again, until it says that nothing is to come.

use std::time::Duration;

use leptos::html::Span;
use leptos::prelude::*;

use super::swap::swap;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// What is put in place anew.
const LIST: &str = "own-exports";
/// It has this as long as something is to come.
const OPEN: &str = "data-open";

/// Keeps the list of exports up to date.
#[island]
pub fn LookAgain(
    /// The page that has it.
    path: String,
) -> impl IntoView {
    let here = NodeRef::<Span>::new();
    here.on_load(move |_| look_later(path.clone()));
    view! { <span node_ref=here hidden></span> }
}

fn look_later(path: String) {
    set_timeout(
        move || {
            look(&path);
        },
        EVERY,
    );
}

fn look(path: &str) -> Option<()> {
    let list = document().get_element_by_id(LIST)?;
    if !list.has_attribute(OPEN) {
        return None;
    }
    // Whoever is in it with the keyboard must not lose their place.
    let is_used = document().active_element().is_some_and(|focused| list.contains(Some(&focused)));
    if !is_used {
        swap(path, LIST, || {});
    }
    look_later(path.to_owned());
    Some(())
}
