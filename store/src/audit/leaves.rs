//! What stands in a record from elsewhere: its texts and numbers, not what it calls them. As `leaves_of` in the database
//! finds them, which goes over a record several times as long.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The texts and numbers of a JSON text as the database writes it, numbers as they stand there.
///
/// # Errors
/// When it is no JSON.
pub(super) fn leaves(json: &str) -> serde_json::Result<Vec<String>> {
    let mut found = Vec::new();
    collect(json, &mut found)?;
    Ok(found)
}

fn collect(json: &str, found: &mut Vec<String>) -> serde_json::Result<()> {
    match json.as_bytes().first() {
        Some(b'{') => {
            for inner in serde_json::from_str::<BTreeMap<String, &RawValue>>(json)?.values() {
                collect(inner.get(), found)?;
            }
        }
        Some(b'[') => {
            for inner in serde_json::from_str::<Vec<&RawValue>>(json)? {
                collect(inner.get(), found)?;
            }
        }
        Some(b'"') => found.push(serde_json::from_str(json)?),
        Some(b'-' | b'0'..=b'9') => found.push(json.to_owned()),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_at_any_depth_are_found_and_numbers_stand_as_they_were_written() {
        let json =
            r#"{"a": "one", "b": {"c": ["two", 1.10, -3, 100000000000000000000000], "d": true}, "e": null}"#;
        assert_eq!(leaves(json).unwrap(), ["one", "two", "1.10", "-3", "100000000000000000000000"]);
    }

    #[test]
    fn escapes_are_read_and_names_are_not_found() {
        assert_eq!(leaves(r#"{"k\"ey": "a\"b\\ \u00e9"}"#).unwrap(), ["a\"b\\ é"]);
        assert!(leaves("{\"a\": ").is_err());
    }
}
