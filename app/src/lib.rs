//! The face of Gatebook: pages, islands, and the ports that they read through.
//!
//! *Invariant:* a page is plain HTML that works without a script; an island only improves it.

pub mod error;
pub mod islands;
pub mod routes;

#[cfg(feature = "ssr")]
pub mod address;
#[cfg(feature = "ssr")]
pub mod backend;
#[cfg(feature = "ssr")]
pub mod bare;
#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
pub mod desk;
#[cfg(feature = "ssr")]
pub mod forms;
#[cfg(feature = "ssr")]
mod frame;
#[cfg(feature = "ssr")]
pub mod notice;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
mod shell;

#[cfg(feature = "ssr")]
pub use forms::register_server_functions;
#[cfg(feature = "ssr")]
pub use shell::{App, shell, theme_of};

/// Wakes the islands of a page; called by the script that the page carries.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
