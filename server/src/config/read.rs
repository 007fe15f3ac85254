//! Reading single settings.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::str::FromStr;

use secrecy::SecretString;
use thiserror::Error;
use url::{Host, Url};

/// Why the settings do not do. Never quotes a value: it may be a secret.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A setting that has to be there.
    #[error("{name} is missing: it says {what}. Set it in the environment or in gatebook.toml.")]
    Missing {
        /// The setting.
        name: &'static str,
        /// What it says.
        what: &'static str,
    },
    /// A setting that makes no sense.
    #[error("{name} is not right: it must be {expected}.")]
    Wrong {
        /// The setting.
        name: &'static str,
        /// What would be right.
        expected: String,
    },
    /// The file cannot be used.
    #[error("The settings file {path} cannot be read: {cause}.")]
    File {
        /// Which file.
        path: String,
        /// Why.
        cause: String,
    },
}

impl ConfigError {
    /// A missing setting; `what` continues “it says …”.
    pub fn missing(name: &'static str, what: &'static str) -> Self {
        Self::Missing { name, what }
    }

    /// A wrong setting; `expected` continues “it must be …”.
    pub fn wrong(name: &'static str, expected: impl Into<String>) -> Self {
        Self::Wrong { name, expected: expected.into() }
    }
}

/// Where settings come from. An empty value counts as none.
#[derive(Debug, Default)]
pub struct Source {
    environment: HashMap<String, String>,
    file: HashMap<String, String>,
}

impl Source {
    /// The environment, and the file that `GATEBOOK_CONFIG` names or else `gatebook.toml` if there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn of_process() -> Result<Self, ConfigError> {
        let source = Self::of(
            std::env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))),
        );
        let named = source.get("GATEBOOK_CONFIG");
        let path = named.clone().unwrap_or_else(|| "gatebook.toml".to_owned());
        match std::fs::read_to_string(&path) {
            Ok(text) => source.with_file(&text).map_err(|cause| ConfigError::File { path, cause }),
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(source),
            Err(error) => Err(ConfigError::File { path, cause: error.to_string() }),
        }
    }

    /// These names and values.
    pub fn of(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { environment: environment.into_iter().collect(), file: HashMap::new() }
    }

    /// The same with a file's settings behind it.
    ///
    /// # Errors
    /// What is wrong with the text, for people.
    pub fn with_file(mut self, text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
        for (name, value) in table {
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(yes) => yes.to_string(),
                toml::Value::Array(items) if items.iter().all(toml::Value::is_str) => {
                    items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
                }
                _ => return Err(format!("{name} must be a text, a number, or a list of texts")),
            };
            self.file.insert(name, text);
        }
        Ok(self)
    }

    /// One setting; `None` where it is missing or empty.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = self.environment.get(name).or_else(|| self.file.get(name))?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// A setting that has to be there.
pub(super) fn required(
    source: &Source,
    name: &'static str,
    what: &'static str,
) -> Result<String, ConfigError> {
    source.get(name).ok_or(ConfigError::Missing { name, what })
}

/// A setting with a default that is parsed.
pub(super) fn parsed<T: FromStr>(
    source: &Source,
    name: &'static str,
    default: &str,
    expected: &str,
) -> Result<T, ConfigError> {
    let text = source.get(name).unwrap_or_else(|| default.to_owned());
    text.parse().map_err(|_| ConfigError::wrong(name, expected))
}

/// A whole number within a range.
pub(super) fn number(
    source: &Source,
    name: &'static str,
    default: i64,
    range: RangeInclusive<i64>,
) -> Result<i64, ConfigError> {
    let expected = format!("a whole number from {} to {}", range.start(), range.end());
    let number = parsed(source, name, &default.to_string(), &expected)?;
    if range.contains(&number) { Ok(number) } else { Err(ConfigError::wrong(name, expected)) }
}

/// Values separated by commas.
pub(super) fn list(source: &Source, name: &str) -> Vec<String> {
    let text = source.get(name).unwrap_or_default();
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A Postgres address.
pub(super) fn postgres(
    source: &Source,
    name: &'static str,
    what: &'static str,
) -> Result<SecretString, ConfigError> {
    let text = required(source, name, what)?;
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => Ok(text.into()),
        _ => Err(ConfigError::wrong(
            name,
            "a Postgres address, as in postgres://gatebook_app:…@localhost/gatebook",
        )),
    }
}

/// An `https` address, or an `http` one on loopback; with `is_origin`, without a path.
pub(super) fn web_address(
    source: &Source,
    name: &'static str,
    what: &'static str,
    is_origin: bool,
) -> Result<Url, ConfigError> {
    let text = required(source, name, what)?;
    let expected = if is_origin {
        "an https address without a path, as in https://gatebook.example.com (http only on this machine itself)"
    } else {
        "an https address (http only on this machine itself)"
    };
    let url = Url::parse(&text).map_err(|_| ConfigError::wrong(name, expected))?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => is_loopback(&url),
        _ => false,
    };
    if is_safe && is_plain && (!is_origin || url.path() == "/") {
        Ok(url)
    } else {
        Err(ConfigError::wrong(name, expected))
    }
}

/// Whether an address stays on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
