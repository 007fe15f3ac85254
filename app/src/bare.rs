//! Pages outside the frame, for people who are not signed in and for what goes wrong before a page is made.
//! They look like the others and need neither a session nor the database.

use leptos::prelude::*;

use crate::components::mark::mark;

/// What such a page says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bare {
    /// The answer's status, where it is an error.
    pub status: Option<u16>,
    /// The heading.
    pub title: String,
    /// What happened and what to do.
    pub text: String,
    /// Where to go from here: path and what the link says. The first is the usual way.
    pub ways: Vec<(String, String)>,
    /// What to say when asking for help.
    pub request_id: Option<String>,
}

impl Bare {
    /// The words, in the frame or outside.
    pub(crate) fn fault(self) -> AnyView {
        let ways = self
            .ways
            .into_iter()
            .enumerate()
            .map(|(index, (path, words))| {
                let class = if index == 0 { "button" } else { "button-quiet" };
                view! { <a class=class href=path>{words}</a> }
            })
            .collect_view();
        view! {
            <div class="fault">
                {self.status.map(|status| view! { <p class="fault-status">{status}</p> })}
                <h1 class="title">{self.title}</h1>
                <p class="lead">{self.text}</p>
                <p class="fault-ways">{ways}</p>
                {self.request_id.map(|id| view! { <p class="fault-id">"Request " <code>{id}</code></p> })}
            </div>
        }
        .into_any()
    }

    /// The whole of a page's body.
    pub(crate) fn body(self) -> AnyView {
        view! {
            <div class="bare">
                <header class="bare-top">{mark()}</header>
                <main id="main" class="bare-main">{self.fault()}</main>
            </div>
        }
        .into_any()
    }

    /// The page as a whole document, with the style sheet at `css` and the chosen theme.
    pub fn document(self, css: &str, theme: Option<&'static str>) -> String {
        let title = format!("{} · Gatebook", self.title);
        let page = view! {
            <!DOCTYPE html>
            <html lang="en" data-theme=theme>
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="color-scheme" content="light dark"/>
                    <title>{title}</title>
                    <link rel="preload" href="/inter.woff2" r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                    <link rel="stylesheet" href=css.to_owned()/>
                    <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                </head>
                <body>{self.body()}</body>
            </html>
        };
        page.to_html()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_bare_page() {
        let bare = Bare {
            status: Some(404),
            title: "<i>".into(),
            text: "a & b".into(),
            ways: vec![("/?\"><script>".into(), "'x'".into())],
            request_id: None,
        };
        let html = bare.document("/app.css", Some("dark"));
        assert!(html.contains("&lt;i&gt;") && html.contains("a &amp; b"), "{html}");
        assert!(!html.contains("<script>") && html.contains("data-theme=\"dark\""), "{html}");
        assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    }
}
