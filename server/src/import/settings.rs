//! Connector settings that may stand in the database: addresses and references, never secrets.

use serde_json::{Map, Value};
use url::Url;

const SECRET_WORDS: [&str; 7] =
    ["password", "passwd", "secret", "token", "credential", "api_key", "private_key"];

/// Why settings are refused; the text never repeats what was found.
pub fn check(connector: &str, settings: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in settings {
        check_value(name, value)?;
    }
    if connector == "postgresql" {
        check_postgresql(settings)?;
    }
    Ok(())
}

fn check_value(name: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Object(object) => object.iter().try_for_each(|(name, value)| check_value(name, value)),
        Value::Array(values) => values.iter().try_for_each(|value| check_value(name, value)),
        Value::String(text) => check_text(name, text),
        Value::Number(_) if is_secret_word(name) => Err(no_secret(name)),
        _ => Ok(()),
    }
}

fn check_text(name: &str, text: &str) -> Result<(), String> {
    let is_reference = ["env:", "file:"]
        .iter()
        .any(|form| text.strip_prefix(form).is_some_and(|rest| !rest.trim().is_empty()));
    if is_secret_word(name) && !is_reference {
        return Err(no_secret(name));
    }
    if is_reference {
        return Ok(());
    }
    if let Ok(url) = Url::parse(text) {
        let in_query = url.query_pairs().any(|(name, _)| is_secret_word(&name));
        if url.password().is_some() || in_query {
            return Err(format!(
                "“{name}” has a password in it. Take it out, and give it as password: env:NAME or file:/path."
            ));
        }
    }
    if text.contains("-----BEGIN") {
        return Err(no_secret(name));
    }
    Ok(())
}

fn is_secret_word(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

fn no_secret(name: &str) -> String {
    format!("“{name}” must be a reference, env:NAME or file:/path: secrets never stand in the database.")
}

fn check_postgresql(settings: &Map<String, Value>) -> Result<(), String> {
    if let Some(other) = settings.keys().find(|name| !matches!(name.as_str(), "url" | "password")) {
        return Err(format!("“{other}” is unknown; postgresql takes url and password."));
    }
    let url = settings.get("url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok());
    match url {
        Some(url) if matches!(url.scheme(), "postgres" | "postgresql") => Ok(()),
        _ => Err("“url” must be an address like postgres://ROLE@HOST:PORT/DATABASE.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(connector: &str, settings: Value) -> Result<(), String> {
        check(connector, settings.as_object().expect("an object"))
    }

    #[test]
    fn references_and_plain_addresses_pass() {
        let settings = json!({ "url": "postgres://gatebook@db:5432/app", "password": "env:APP_PASSWORD" });
        assert_eq!(checked("postgresql", settings), Ok(()));
        assert_eq!(checked("manual", json!({ "runbook": "https://wiki.example/x" })), Ok(()));
    }

    #[test]
    fn anything_that_looks_like_a_secret_is_refused_without_being_repeated() {
        for settings in [
            json!({ "password": "hunter2" }),
            json!({ "password": "env:" }),
            json!({ "url": "postgres://me:hunter2@db/app" }),
            json!({ "url": "postgres://me@db/app?password=hunter2" }),
            json!({ "deep": { "api-key": "hunter2" } }),
            json!({ "list": [{ "clientSecret": "hunter2" }] }),
            json!({ "key": "-----BEGIN PRIVATE KEY----- hunter2" }),
        ] {
            let refused = checked("manual", settings.clone()).expect_err(&settings.to_string());
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn postgresql_needs_its_own_kind_of_address() {
        assert!(checked("postgresql", json!({})).is_err());
        assert!(checked("postgresql", json!({ "url": "https://db/app" })).is_err());
        assert!(checked("postgresql", json!({ "url": "postgres://a@b/c", "port": 1 })).is_err());
    }
}
