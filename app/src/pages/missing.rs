//! What stands at a path that nothing stands at.

use leptos::prelude::*;

use crate::desk::missing;

/// The page for unknown paths: the same words as for what one may not see.
#[component]
pub fn Missing() -> impl IntoView {
    missing()
}
