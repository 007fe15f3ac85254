//! Where a sign-in leads back to: only ever to a page of this portal.

use url::Url;

/// Longer addresses are not kept.
const MAX_BYTES: usize = 2000;
/// A sign-in never leads back into a sign-in.
const NEVER: [&str; 3] = [app::routes::SIGN_IN, app::routes::SIGN_OUT, "/auth/"];

/// The path to go back to: what was asked for if it is a path of this portal, else home.
pub fn local_path(asked: Option<&str>) -> &str {
    asked.filter(|path| is_local(path)).unwrap_or(app::routes::HOME)
}

/// Browsers read `\` as `/`, drop tabs and line ends, and take `//host` for another site: refuse them all,
/// then let a parser have the last word.
fn is_local(path: &str) -> bool {
    let is_plain = path.len() <= MAX_BYTES
        && path.starts_with('/')
        && !path.starts_with("//")
        && !path.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace());
    if !is_plain || NEVER.iter().any(|never| path.starts_with(never)) {
        return false;
    }
    let Ok(base) = Url::parse("https://gatebook.invalid/") else { return false };
    base.join(path)
        .is_ok_and(|url| url.origin() == base.origin() && !NEVER.iter().any(|n| url.path().starts_with(n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_portal_are_gone_back_to() {
        for path in [
            "/",
            "/catalogue",
            "/requests/new?entitlement=1&entitlement=2",
            "/audit?q=a%20b#top",
            "/people/%2F",
        ] {
            assert_eq!(local_path(Some(path)), path);
        }
    }

    #[test]
    fn nothing_leads_to_another_site() {
        for path in [
            "",
            "catalogue",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/ /evil.example",
            "/\u{0}",
            "/\u{85}/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "@evil.example",
            "/a\\..\\\\evil.example",
            "/sign-in?return_to=/",
            "/sign-out",
            "/auth/callback?code=1",
            "/x/../auth/callback",
            "/./sign-in",
        ] {
            assert_eq!(local_path(Some(path)), "/", "{path:?}");
        }
        assert_eq!(local_path(None), "/");
        assert_eq!(local_path(Some(&format!("/{}", "a".repeat(3000)))), "/");
    }
}
