//! Connector settings that may stand in the database: addresses and references, never secrets. And where they lead.

use domain::connection::Switch;
use serde_json::{Map, Value};
use url::Url;

/// The word of a system that people open and close.
pub const MANUAL: &str = "manual";
const POSTGRESQL_PORT: u16 = 5432;
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

/// Whether there is such a connector; `manual` is none, and known.
pub fn is_known(connector: &str) -> bool {
    connector == MANUAL || super::all().iter().any(|known| known.name() == connector)
}

/// “manual, postgresql”.
pub fn known_names() -> String {
    let all = super::all();
    std::iter::once(MANUAL).chain(all.iter().map(|known| known.name())).collect::<Vec<_>>().join(", ")
}

/// How the way to a system changes between two connectors with their settings.
pub fn switch(before: (&str, &Value), after: (&str, &Value)) -> Switch {
    if before == after {
        return Switch::Stays;
    }
    if before.0 != after.0 {
        return Switch::Connector;
    }
    if before.0 == MANUAL || is_same_place(before.1, after.1) { Switch::Credentials } else { Switch::Place }
}

/// Whether settings lead to the same place, whoever goes there. What cannot be told apart is the same only where it
/// is written the same.
pub fn is_same_place(one: &Value, other: &Value) -> bool {
    match (place(one), place(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// What a connector gets to, whoever it goes as.
#[derive(PartialEq, Eq)]
struct Place {
    host: String,
    port: u16,
    database: String,
    /// What the address's query says besides, as far as it is not about who connects and how.
    besides: Vec<(String, String)>,
}

/// The database that settings of this kind lead to; `None` where they lead nowhere.
pub fn database(settings: &Value) -> Option<String> {
    place(settings).map(|place| place.database)
}

fn place(settings: &Value) -> Option<Place> {
    let url = Url::parse(settings.get("url")?.as_str()?).ok()?;
    let mut port = url.port().unwrap_or(POSTGRESQL_PORT);
    let mut host = url.host_str().unwrap_or_default().to_lowercase();
    let mut database = url.path().trim_start_matches('/').to_owned();
    // Where no database is named, it is the one that is called like the role.
    if database.is_empty() {
        url.username().clone_into(&mut database);
    }
    let mut besides = Vec::new();
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "host" | "hostaddr" => value.to_lowercase().clone_into(&mut host),
            "port" => port = value.parse().ok()?,
            "dbname" => value.as_ref().clone_into(&mut database),
            "user" | "password" | "application_name" => {}
            name if name.starts_with("ssl") || name.contains("cert") => {}
            _ => besides.push((name.into_owned(), value.into_owned())),
        }
    }
    Some(Place { host, port, database, besides })
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
    let is_reference = domain::text::is_reference(text);
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

/// What a form says of a password that is no reference.
pub const NO_SECRET: &str =
    "This must be a reference, env:NAME or file:/path: secrets never stand in the database.";

fn no_secret(name: &str) -> String {
    format!("“{name}” must be a reference, env:NAME or file:/path: secrets never stand in the database.")
}

fn check_postgresql(settings: &Map<String, Value>) -> Result<(), String> {
    if let Some(other) = settings.keys().find(|name| !matches!(name.as_str(), "url" | "password" | "log")) {
        return Err(format!("“{other}” is unknown; postgresql takes url, password and log."));
    }
    if settings.get("log").is_some_and(|log| !log.as_str().is_some_and(|log| log.starts_with('/'))) {
        return Err("“log” must be the full path of a folder.".to_owned());
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
        assert!(checked("postgresql", json!({ "url": "postgres://a@b/c", "log": "pg_log" })).is_err());
        assert!(checked("postgresql", json!({ "url": "postgres://a@b/c", "log": "/var/log/pg" })).is_ok());
    }

    #[test]
    fn other_credentials_lead_to_the_same_place_and_another_host_port_or_database_does_not() {
        let at = |url: &str, password: &str| json!({ "url": url, "password": password });
        let before = at("postgres://gatebook@db/app", "env:A");
        let of = |after: &Value| switch(("postgresql", &before), ("postgresql", after));
        assert_eq!(of(&before.clone()), Switch::Stays);
        assert_eq!(of(&at("postgres://gatebook@db/app", "file:/a")), Switch::Credentials);
        assert_eq!(of(&at("postgresql://other@DB:5432/app?sslmode=require", "env:A")), Switch::Credentials);
        for elsewhere in [
            "postgres://gatebook@db2/app",
            "postgres://gatebook@db:5433/app",
            "postgres://gatebook@db/app2",
            "postgres://gatebook@db/app?host=db2",
            "postgres://gatebook@db/app?port=5433",
            "postgres://gatebook@db/app?options=-csearch_path%3Dx",
        ] {
            assert_eq!(of(&at(elsewhere, "env:A")), Switch::Place, "{elsewhere}");
        }
        assert_eq!(switch(("postgresql", &before), (MANUAL, &json!({}))), Switch::Connector);
        assert_eq!(switch((MANUAL, &json!({})), (MANUAL, &json!({ "runbook": "x" }))), Switch::Credentials);
    }
}
