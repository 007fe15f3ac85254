//! Beside what changes by itself: that part of the page is asked for again, until it says that nothing is to come.

use std::time::Duration;

use leptos::html::Span;
use leptos::prelude::*;

use super::swap::swap;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// A page that nobody looks at does not keep its session alive for ever; the link beside it looks again.
const LOOKS_MAX: u32 = 300;
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
    here.on_load(move |_| look_later(path.clone(), LOOKS_MAX));
    view! { <span node_ref=here hidden></span> }
}

/// The next look begins when the last one has been answered; where one fails, no more are made.
fn look_later(path: String, left: u32) {
    set_timeout(
        move || {
            look(path, left);
        },
        EVERY,
    );
}

fn look(path: String, left: u32) -> Option<()> {
    let list = document().get_element_by_id(LIST)?;
    if !list.has_attribute(OPEN) {
        return None;
    }
    // Whoever is in it with the keyboard must not lose their place.
    let is_used = document().active_element().is_some_and(|focused| list.contains(Some(&focused)));
    let left = left.checked_sub(1)?;
    if is_used {
        look_later(path, left);
        return Some(());
    }
    let again = path.clone();
    swap(&path, LIST, move || look_later(again, left))
}
