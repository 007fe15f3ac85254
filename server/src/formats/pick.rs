//! Finding fields in records.

use serde_json::Value;

/// What stands at a JSON pointer (RFC 6901). Two things more than the standard: where no key matches exactly, its
/// case does not count, because pipelines (Athena, Panther) write keys in small letters; and `[name=value]` is the
/// first object of an array that has this value.
pub(super) fn at<'a>(record: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut here = record;
    for key in pointer.split('/').skip(1) {
        here = match here {
            Value::Object(fields) => {
                let unescaped;
                let key = if key.contains('~') {
                    unescaped = key.replace("~1", "/").replace("~0", "~");
                    unescaped.as_str()
                } else {
                    key
                };
                fields.get(key).or_else(|| {
                    fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
                })?
            }
            Value::Array(values) => match selector(key) {
                Some((name, wanted)) => {
                    values.iter().find(|value| value.get(name).and_then(Value::as_str) == Some(wanted))?
                }
                None => values.get(key.parse::<usize>().ok()?)?,
            },
            _ => return None,
        };
    }
    Some(here)
}

/// `[name=value]` in its parts.
pub(super) fn selector(key: &str) -> Option<(&str, &str)> {
    key.strip_prefix('[')?.strip_suffix(']')?.split_once('=')
}

/// The text there; numbers and booleans as they are written. Nothing where it is blank.
pub(super) fn text(record: &Value, pointer: &str) -> Option<String> {
    at(record, pointer).and_then(as_text)
}

/// The text of a plain value.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    }
}

/// The first of several that is there.
pub(super) fn first(record: &Value, pointers: &[&str]) -> Option<String> {
    pointers.iter().find_map(|pointer| text(record, pointer))
}

/// Whether this stands there.
pub(super) fn is(record: &Value, pointer: &str, wanted: &str) -> bool {
    at(record, pointer).and_then(Value::as_str) == Some(wanted)
}

/// Whether something other than null stands there.
pub(super) fn has(record: &Value, pointer: &str) -> bool {
    at(record, pointer).is_some_and(|value| !value.is_null())
}

/// A whole number, also where it was written as a text.
pub(super) fn number(record: &Value, pointer: &str) -> Option<i64> {
    match at(record, pointer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pointer_finds_by_key_by_place_by_value_and_in_small_letters() {
        let record =
            json!({ "a/b": 1, "m~n": 2, "List": [{ "name": "x", "v": 3 }, { "name": "y", "v": 4 }] });
        assert_eq!(number(&record, "/a~1b"), Some(1));
        assert_eq!(number(&record, "/m~0n"), Some(2));
        assert_eq!(number(&record, "/List/1/v"), Some(4));
        assert_eq!(number(&record, "/list/[name=y]/v"), Some(4));
        assert_eq!(at(&record, ""), Some(&record));
        for nothing in ["/List/9/v", "/List/x", "/a~1b/c", "/no", "/List/[name=z]/v", "/List/[v=3]/v"] {
            assert_eq!(at(&record, nothing), None, "{nothing}");
        }
    }
}
