//! `gatebook import`: its arguments, and who runs it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What `gatebook import` takes.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// What is in the files.
    #[arg(value_enum)]
    pub kind: Kind,
    /// CSV files with a header line, or JSON Lines (.jsonl). docs/import.md has the columns.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Check everything and say what would be done, without doing it.
    #[arg(long)]
    pub dry_run: bool,
    /// With events: the source that they are of, as its page under Administration is called.
    #[arg(long, value_name = "SOURCE", required_if_eq("kind", "events"))]
    pub source: Option<String>,
    /// With events: their format; without it, each record is looked at for what it is.
    #[arg(long, value_name = "NAME", conflicts_with = "mapping")]
    pub format: Option<String>,
    /// With events: a mapping of your own, a TOML file.
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
}

/// What is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// People with their managers, job roles and accounts.
    People,
    /// Systems, resources, entitlements, bundles, job roles.
    Catalogue,
    /// Access that people have already.
    Grants,
    /// People, catalogue and grants at once, told apart by the files' names or a `kind` column.
    All,
    /// Dated changes of teams and repositories (JSON Lines).
    History,
    /// Logs of other systems; docs/formats.md has the formats.
    Events,
}

impl Kind {
    /// What rows may be about.
    pub(super) fn accepts(self) -> &'static [&'static str] {
        match self {
            Self::People => &["person"],
            Self::Catalogue => &["system", "resource", "entitlement", "bundle", "job_role"],
            Self::Grants => &["grant"],
            Self::All => &["person", "system", "resource", "entitlement", "bundle", "job_role", "grant"],
            Self::History | Self::Events => &[],
        }
    }
}

/// Who runs this command: the owner of the process, which no variable can change.
#[cfg(unix)]
pub fn operating_system_user() -> String {
    use std::os::unix::fs::MetadataExt;
    let uid = std::fs::metadata("/proc/self").ok().map(|process| process.uid().to_string());
    let named = |uid: &String| {
        let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
        let line = passwd.lines().find(|line| line.split(':').nth(2) == Some(uid))?;
        line.split(':').next().map(str::to_owned)
    };
    uid.as_ref()
        .and_then(named)
        .or_else(|| std::env::var("USER").ok())
        .or_else(|| uid.map(|uid| format!("uid {uid}")))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// Who runs this command, as far as the system says.
#[cfg(not(unix))]
pub fn operating_system_user() -> String {
    std::env::var("USERNAME").unwrap_or_else(|_| "unknown".to_owned())
}
