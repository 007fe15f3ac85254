//! Addresses inside the portal: built with their query, and judged before anybody is sent there.

/// Longest return path that is followed.
const RETURN_PATH_MAX_BYTES: usize = 2_000;

/// `path` with `name=value` added to its query; a fragment stays at the end.
pub fn with(path: &str, name: &str, value: &str) -> String {
    let (path, fragment) = match path.split_once('#') {
        Some((path, fragment)) => (path, Some(fragment)),
        None => (path, None),
    };
    let mark = if path.contains('?') { '&' } else { '?' };
    let mut address = format!("{path}{mark}{}={}", encode(name), encode(value));
    if let Some(fragment) = fragment {
        address.push('#');
        address.push_str(fragment);
    }
    address
}

/// `path` with those of `pairs` that have a value.
pub fn with_all(path: &str, pairs: &[(&str, &str)]) -> String {
    pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .fold(path.to_owned(), |address, (name, value)| with(&address, name, value))
}

/// `path` without the parameter `name`.
pub fn without(path: &str, name: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let kept: Vec<&str> =
        query.split('&').filter(|pair| pair.split('=').next() != Some(name) && !pair.is_empty()).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// The text as it may stand in a query: everything but unreserved characters percent-encoded.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// `path` if following it cannot leave this site, else `otherwise`.
pub fn safe_local<'a>(path: &'a str, otherwise: &'a str) -> &'a str {
    let local = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= RETURN_PATH_MAX_BYTES
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if local { path } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_joins_whatever_query_is_there_and_keeps_the_fragment() {
        assert_eq!(with("/a", "q", "x y&z"), "/a?q=x%20y%26z");
        assert_eq!(with("/a?b=1", "q", "ä"), "/a?b=1&q=%C3%A4");
        assert_eq!(with("/a?b=1#c", "q", "1"), "/a?b=1&q=1#c");
        assert_eq!(with_all("/a", &[("b", ""), ("c", "d")]), "/a?c=d");
    }

    #[test]
    fn a_parameter_can_be_taken_out() {
        assert_eq!(without("/a?b=1&done=x&c=2", "done"), "/a?b=1&c=2");
        assert_eq!(without("/a?done=x", "done"), "/a");
        assert_eq!(without("/a", "done"), "/a");
        assert_eq!(without("/a?undone=x", "done"), "/a?undone=x");
    }

    #[test]
    fn only_paths_of_this_site_are_followed() {
        for good in ["/", "/requests/1?draft=2", "/a#b", "/a?x=//b"] {
            assert_eq!(safe_local(good, "/home"), good);
        }
        for bad in [
            "",
            "a",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\nb",
            "/a b",
            "\t//e",
            "/ä",
        ] {
            assert_eq!(safe_local(bad, "/home"), "/home", "{bad:?}");
        }
        assert_eq!(safe_local(&format!("/{}", "a".repeat(2_000)), "/home"), "/home");
    }
}
