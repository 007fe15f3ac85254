//! Longer text. The one place where a `<textarea>` may be written: its children are not escaped by the
//! renderer, so this escapes them itself.

use leptos::prelude::*;

use super::field::Field;

/// A field for longer text.
pub fn textarea(field: Field, name: &'static str, value: &str, rows: u8) -> AnyView {
    let control = view! {
        <textarea
            class="input textarea"
            id=field.id.clone()
            name=name
            rows=rows.to_string()
            autofocus=field.has_focus
            aria-describedby=field.described_by()
            aria-invalid=field.invalid()
            inner_html=content(value)
        ></textarea>
    };
    field.around(control.into_any())
}

/// The text as the element's content. The parser drops one leading line break, so one is given to it.
fn content(value: &str) -> String {
    format!("\n{}", value.replace('&', "&amp;").replace('<', "&lt;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_content_is_inert() {
        let hostile = "</textarea><script>alert(1)</script>&lt;b&gt;";
        let html = textarea(Field::new("rationale", "Why"), "typed[rationale]", hostile, 4).to_html();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("</textarea>").count(), 1, "{html}");
        assert!(html.contains("&lt;/textarea>&lt;script>alert(1)&lt;/script>&amp;lt;b&amp;gt;"), "{html}");
    }

    #[test]
    fn a_leading_line_break_is_kept() {
        assert_eq!(content("\na"), "\n\na");
        assert_eq!(content(""), "\n");
    }

    #[test]
    fn no_other_textarea_is_written() {
        fn offenders(folder: &std::path::Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    offenders(&path, found);
                } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("textarea.rs") {
                    let text = std::fs::read_to_string(&path).expect("a source file");
                    if text.contains(concat!("<text", "area")) && !text.contains("</textarea><b>") {
                        found.push(path.display().to_string());
                    }
                }
            }
        }
        let mut found = Vec::new();
        offenders(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.is_empty(), "write these with components::textarea: {found:?}");
    }
}
