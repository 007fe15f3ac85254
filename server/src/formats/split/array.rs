//! The elements of an array that is not JSON as a whole: one that is broken must not take the others with it.

/// The texts of the elements of the array that this begins with, told by brackets and quotation marks alone. Of one that
/// is broken off, the last is what is left. Nothing, where it begins with no array.
pub(super) fn elements(text: &[u8]) -> Option<Vec<&[u8]>> {
    let inner = text.trim_ascii().strip_prefix(b"[")?;
    let mut elements = Vec::new();
    let (mut start, mut end) = (0, inner.len());
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in inner.iter().enumerate() {
        if is_quoted {
            is_quoted = is_escaped || *byte != b'"';
            is_escaped = !is_escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => is_quoted = true,
            b'{' | b'[' => depth += 1,
            b']' if depth == 0 => {
                end = at;
                break;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                elements.push(inner.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = inner.get(start..end)?;
    if !last.trim_ascii().is_empty() {
        elements.push(last);
    }
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn an_array_is_cut_where_its_elements_end_whatever_is_in_them() {
        let cut = |text: &'static str| -> Option<Vec<&str>> {
            let elements = elements(text.as_bytes())?;
            Some(elements.into_iter().map(|one| std::str::from_utf8(one).expect("text").trim()).collect())
        };
        assert_eq!(cut("{}"), None);
        assert_eq!(cut(""), None);
        assert_eq!(cut(" [ ] "), Some(vec![]));
        assert_eq!(cut(r#"[{"a":[1,2]},{bad},3]"#), Some(vec![r#"{"a":[1,2]}"#, "{bad}", "3"]));
        assert_eq!(cut(r#"["a,]\"}","b\\",c]"#), Some(vec![r#""a,]\"}""#, r#""b\\""#, "c"]));
        assert_eq!(cut(r#"[{"a":1},{"b":"#), Some(vec![r#"{"a":1}"#, r#"{"b":"#]));
        assert_eq!(cut(r#"[{"a":1},{"b":"x,{},]"#), Some(vec![r#"{"a":1}"#, r#"{"b":"x,{},]"#]));
        assert_eq!(cut("[1}},2]"), Some(vec!["1}}", "2"]));
    }
}
