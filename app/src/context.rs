//! What the server provides as Leptos contexts for every page and every server function:
//!
//! - [`crate::backend::Backend`]: the ports;
//! - [`Visitor`]: who asks, if anybody is signed in;
//! - [`Risks`]: what is wrong with how this server runs;
//! - [`Assets`]: where the built files are.
//!
//! The rest comes with `leptos_axum`: the request's `Parts`, its `ResponseOptions`, and the `Nonce` of inline
//! scripts (read it with `leptos::nonce::use_nonce` for the Content-Security-Policy header, or provide one).
//! All of them are missing while routes are listed: read them with `use_context` only.

use domain::caller::Caller;

pub use crate::backend::{Backend, Settings};

/// Who asks; `None` where nobody is signed in.
#[derive(Debug, Clone, Default)]
pub struct Visitor(pub Option<Caller>);

/// What is wrong with how this server runs, for administrators to know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Risks {
    /// Its database role could change or delete what stands in the book.
    pub could_rewrite_book: bool,
}

/// Addresses of the built files, with whatever makes a new build a new address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    /// The style sheet.
    pub css: String,
    /// The script that wasm-bindgen wrote, an ES module.
    pub js: String,
    /// The WebAssembly of the islands.
    pub wasm: String,
}

impl Default for Assets {
    /// Addresses without a version.
    fn default() -> Self {
        Self {
            css: "/app.css".to_owned(),
            js: "/pkg/gatebook.js".to_owned(),
            wasm: "/pkg/gatebook.wasm".to_owned(),
        }
    }
}
