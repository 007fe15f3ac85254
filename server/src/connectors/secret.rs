//! References to secrets: `env:NAME` or `file:/path`. The secrets themselves never stand in the database.

use secrecy::SecretString;

use super::ConnectorError;

/// Reads what a reference points to.
///
/// # Errors
/// When it is no reference, or points to nothing.
pub fn resolve(reference: &str) -> Result<SecretString, ConnectorError> {
    let missing = |what: String| ConnectorError::Settings(what);
    match reference.split_once(':') {
        Some(("env", name)) => std::env::var(name)
            .map(Into::into)
            .map_err(|_| missing(format!("the variable {name} is not set."))),
        Some(("file", path)) => std::fs::read_to_string(path)
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned().into())
            .map_err(|error| missing(format!("{path} cannot be read: {error}."))),
        _ => Err(missing("a secret must be given as env:NAME or file:/path.".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_secret_is_read_from_its_file_without_the_line_end() {
        let path = std::env::temp_dir().join(format!("gatebook-secret-{}", std::process::id()));
        std::fs::write(&path, "s3cret\n").expect("writes");
        let secret = resolve(&format!("file:{}", path.display())).expect("resolves");
        assert_eq!(secret.expose_secret(), "s3cret");
        std::fs::remove_file(path).expect("removes");
    }

    #[test]
    fn a_secret_in_the_settings_itself_is_refused_without_being_repeated() {
        let error = resolve("hunter2").expect_err("not a reference");
        assert!(!error.to_string().contains("hunter2"));
    }
}
