//! What stands at a path that nothing stands at.

use leptos::prelude::*;

use crate::desk::page_without_route;
use crate::error::PortalError;
use crate::frame::Place;

/// The page for unknown paths: the same words as for what one may not see.
#[component]
pub fn Missing() -> impl IntoView {
    page_without_route(Place::Elsewhere, |_| async { Err(PortalError::NotFound) })
}
