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
/// And this says how it stands, for whoever does not see it change.
const SAID: &str = "data-said";

/// Keeps the list of exports up to date.
#[island]
pub fn LookAgain(
    /// The page that has it.
    path: String,
) -> impl IntoView {
    let here = NodeRef::<Span>::new();
    let spoken = RwSignal::new(String::new());
    here.on_load(move |_| look_later(Look { path: path.clone(), left: LOOKS_MAX, spoken }));
    view! { <span class="sr-only" aria-live="polite" node_ref=here>{move || spoken.get()}</span> }
}

/// What is needed to look.
#[derive(Clone)]
struct Look {
    path: String,
    /// So many more.
    left: u32,
    /// What is read out.
    spoken: RwSignal<String>,
}

/// The next look begins when the last one has been answered; where one fails, no more are made.
fn look_later(next: Look) {
    set_timeout(
        move || {
            look(next);
        },
        EVERY,
    );
}

fn look(now: Look) -> Option<()> {
    let list = document().get_element_by_id(LIST)?;
    if !list.has_attribute(OPEN) {
        return None;
    }
    // Whoever is in it with the keyboard must not lose their place.
    let is_used = document().active_element().is_some_and(|focused| list.contains(Some(&focused)));
    let next = Look { left: now.left.checked_sub(1)?, ..now };
    if is_used {
        look_later(next);
        return Some(());
    }
    let before = list.get_attribute(SAID);
    let path = next.path.clone();
    swap(&path, LIST, move || {
        let said = document().get_element_by_id(LIST).and_then(|list| list.get_attribute(SAID));
        // How far each is, is not read out every time.
        if let Some(said) = said.filter(|said| before.as_ref() != Some(said)) {
            next.spoken.set(said);
        }
        look_later(next);
    })
}
