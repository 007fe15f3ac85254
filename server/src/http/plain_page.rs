//! Pages that need nothing but themselves: what went wrong, and what to do about it.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

/// Where [`STYLE`] is served.
pub const STYLE_PATH: &str = "/plain.css";
/// The look of plain pages, and of the demo's sign-in provider. Follows the system's light or dark.
pub const STYLE: &str = include_str!("plain.css");

/// A plain page.
#[derive(Debug, Clone)]
pub struct PlainPage<'a> {
    /// The answer's status.
    pub status: StatusCode,
    /// The heading.
    pub title: &'a str,
    /// What happened and what to do.
    pub text: &'a str,
    /// Where to go from here: path and what the link says.
    pub link: Option<(&'a str, &'a str)>,
    /// What to say when asking for help.
    pub request_id: Option<&'a str>,
}

impl<'a> PlainPage<'a> {
    /// A page without a way on.
    pub fn new(status: StatusCode, title: &'a str, text: &'a str) -> Self {
        Self { status, title, text, link: None, request_id: None }
    }

    /// Adds where to go from here.
    #[must_use]
    pub fn link(mut self, path: &'a str, text: &'a str) -> Self {
        self.link = Some((path, text));
        self
    }

    /// The page as an answer.
    pub fn answer(&self) -> Response {
        let mut response = Response::new(Body::from(self.html()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    fn html(&self) -> String {
        let title = escape(self.title);
        let link = self.link.map_or_else(String::new, |(path, text)| {
            format!("<p><a class=\"button\" href=\"{}\">{}</a></p>", escape(path), escape(text))
        });
        let id = self.request_id.map_or_else(String::new, |id| {
            format!("<p class=\"quiet\">Request <code>{}</code></p>", escape(id))
        });
        document(
            &format!("{} · Gatebook", self.title),
            &format!("<h1>{title}</h1><p>{}</p>{link}{id}", escape(self.text)),
        )
    }
}

/// A whole document around `body`, which is HTML already.
pub fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title>\
         <link rel=\"stylesheet\" href=\"{STYLE_PATH}\"></head><body><main>{body}</main></body></html>",
        escape(title)
    )
}

/// Text as HTML, in an element or between double quotes.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_page() {
        let html = PlainPage::new(StatusCode::NOT_FOUND, "<i>", "a & b").link("/?\"><script>", "'x'").html();
        assert!(html.contains("&lt;i&gt;") && html.contains("a &amp; b") && html.contains("&#39;x&#39;"));
        assert!(!html.contains("<script>"));
    }
}
