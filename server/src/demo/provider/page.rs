//! “Who are you?”

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use http::HeaderMap;

use super::authorize::Ask;
use super::{DemoProvider, Shared};
use crate::demo::company::{ADMIN_GROUP, AUDITOR_GROUP, DemoPerson};

/// Where [`STYLE`] is served.
pub(super) const STYLE_PATH: &str = "/provider.css";
/// The look of the provider's own pages. Follows the system's light or dark.
pub(super) const STYLE: &str = include_str!("provider.css");

/// A page that only says something.
pub(super) fn saying(title: &str, text: &str) -> Html<String> {
    Html(document(title, &format!("<h1>{}</h1><p>{}</p>", escape(title), escape(text))))
}

/// A whole document around `body`, which is HTML already.
fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title>\
         <link rel=\"stylesheet\" href=\"{STYLE_PATH}\"></head><body><main>{body}</main></body></html>",
        escape(title)
    )
}

/// Text as HTML, in an element or between double quotes.
fn escape(text: &str) -> String {
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

/// Everybody who can be chosen.
pub(super) fn who_are_you(provider: &DemoProvider, ask: &Ask) -> Response {
    let looked_for = ask.q.as_deref().unwrap_or_default().trim();
    let hidden: String = ask.fields().into_iter().map(|(name, value)| hidden(name, value)).collect();
    let found: Vec<&DemoPerson> =
        provider.people.iter().filter(|person| matches(person, looked_for)).collect();
    let rows: String = found.iter().map(|person| row(person)).collect();
    let list = if found.is_empty() {
        "<p>Nobody here is called that.</p>".to_owned()
    } else {
        format!("<form method=\"post\" action=\"/authorize\">{hidden}<ul class=\"people\">{rows}</ul></form>")
    };
    let body = format!(
        "<h1>Who are you?</h1><p class=\"quiet\">This is the demo’s sign-in provider. It asks for no password; \
         choose whose eyes to see Gatebook with.</p>\
         <form class=\"search\" role=\"search\" method=\"get\" action=\"/authorize\">{hidden}\
         <input type=\"search\" name=\"q\" aria-label=\"Name, title or department\" \
         placeholder=\"Name, title or department\" value=\"{}\"><button>Find</button></form>{list}",
        escape(looked_for)
    );
    Html(document("Who are you? · Demo sign-in", &body)).into_response()
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value))
}

fn row(person: &DemoPerson) -> String {
    let roles = person.groups.iter().filter_map(|group| match *group {
        ADMIN_GROUP => Some(" · administrator"),
        AUDITOR_GROUP => Some(" · auditor"),
        _ => None,
    });
    format!(
        "<li><button name=\"sub\" value=\"{}\"><strong>{}</strong><span class=\"quiet\">{}, {}{}</span>{}</button></li>",
        escape(person.sub),
        escape(person.name),
        escape(person.title),
        escape(person.department),
        roles.collect::<String>(),
        person.suggested.map(|hint| format!("<span>{}</span>", escape(hint))).unwrap_or_default()
    )
}

/// Whether every word is found in what the row says.
fn matches(person: &DemoPerson, looked_for: &str) -> bool {
    let said = format!("{} {} {}", person.name, person.title, person.department).to_lowercase();
    looked_for.to_lowercase().split_whitespace().all(|word| said.contains(word))
}

/// Who is signed in here, and the way out.
pub(super) async fn home(State(provider): State<Shared>, headers: HeaderMap) -> Html<String> {
    let body = match provider.signed_in(&headers) {
        Some(who) => format!(
            "<h1>Demo sign-in</h1><p>You are signed in as {}.</p>\
             <form method=\"post\" action=\"/sign-out\"><button>Sign out everywhere</button></form>",
            escape(who.person.name)
        ),
        None => "<h1>Demo sign-in</h1><p>Nobody is signed in here.</p>".to_owned(),
    };
    Html(document("Demo sign-in", &body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_page() {
        let Html(html) = saying("<i>", "a & b \"'");
        assert!(html.contains("&lt;i&gt;") && html.contains("a &amp; b &quot;&#39;"), "{html}");
        assert!(!html.contains("<i>"), "{html}");
    }

    #[test]
    fn people_are_found_by_any_words_of_their_row() {
        let person = &crate::demo::company::people()[0];
        assert!(matches(person, ""));
        assert!(matches(person, &person.name.to_uppercase()));
        assert!(matches(person, &format!("{} {}", person.department, person.name)));
        assert!(!matches(person, "nobody-of-that-name"));
    }
}
