//! JSON of others, read as it is written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A value, whatever its objects call their fields. `serde_json` itself takes an object for something else where the
/// first field has a certain name, and then reads another value than stands there, or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Plain(pub Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AsItStands).map(Self)
    }
}

struct AsItStands;

impl<'de> Visitor<'de> for AsItStands {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Plain(value)) = values.next_element()? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, Plain(value))) = fields.next_entry()? {
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_it_stands_whatever_its_fields_are_called() {
        for text in [
            r#"{"$serde_json::private::RawValue":"{\"a\":1}"}"#,
            r#"{"a":[{"$serde_json::private::RawValue":"x"}]}"#,
            r#"{"\u0024serde_json::private::RawValue":"x"}"#,
            r#"{"$serde_json::private::Number":"1"}"#,
        ] {
            let Plain(value) = serde_json::from_str(text).unwrap();
            assert_eq!(value.to_string(), text.replace("\\u0024", "$"));
        }
    }

    #[test]
    fn everything_else_is_read_as_ever() {
        let text = r#"{"a":null,"b":[true,-1,18446744073709551615,1.5,1e300,"é\n",{}],"b":2,"c":[]}"#;
        let Plain(value) = serde_json::from_str(text).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        let deep = "[".repeat(500) + &"]".repeat(500);
        assert!(serde_json::from_str::<Plain>(&deep).unwrap_err().to_string().contains("recursion limit"));
    }
}
