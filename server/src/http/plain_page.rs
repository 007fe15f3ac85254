//! Pages that need nothing but themselves: what went wrong, and what to do about it.

use app::bare::Bare;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::assets;

/// A page as it is told to [`super::dress`], which knows the theme and the request's id.
#[derive(Debug, Clone)]
pub struct PlainPage {
    status: StatusCode,
    bare: Bare,
}

impl PlainPage {
    /// A page without a way on.
    pub fn new(status: StatusCode, title: &str, text: &str) -> Self {
        let is_error = status.is_client_error() || status.is_server_error();
        let bare = Bare {
            status: is_error.then_some(status.as_u16()),
            title: title.to_owned(),
            text: text.to_owned(),
            ..Bare::default()
        };
        Self { status, bare }
    }

    /// Adds where to go from here; the first is the usual way.
    #[must_use]
    pub fn link(mut self, path: &str, text: &str) -> Self {
        self.bare.ways.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Adds what to say when asking for help.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        self.bare.request_id = Some(id.to_owned());
        self
    }

    /// The page as an answer, still to be written by [`Self::write`].
    pub fn answer(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(self);
        response
    }

    /// Writes the page of an answer that has one, for whoever sent these headers.
    pub fn write(mut response: Response, asked: &HeaderMap) -> Response {
        if let Some(page) = response.extensions_mut().remove::<Self>() {
            response.headers_mut().remove(header::CONTENT_LENGTH);
            let html = page.bare.document(&assets::versioned("/app.css"), app::theme_of(asked));
            *response.body_mut() = Body::from(html);
        }
        response
    }
}
