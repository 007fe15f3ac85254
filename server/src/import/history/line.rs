//! One change: who was given or lost what, when it was proposed, and when it took effect.

use chrono::{DateTime, Utc};
use domain::text::{self, LINE_MAX_CHARS};
use serde::Deserialize;

use super::super::{Fault, Faults, File};

/// Longest name of somebody or something, in characters: “ (proposer)” and kinds are added to it.
const NAME_MAX_CHARS: usize = 180;
/// Longest role, in characters.
const ROLE_MAX_CHARS: usize = 80;

/// As it stands in the file: a change of a team, repository or person (`kind` and `object`), or of who belongs to an
/// organisation or one of its teams (`org` and `team`).
#[derive(Debug, Deserialize)]
struct Raw {
    merged_at: String,
    first_commit_at: String,
    change: String,
    action: String,
    #[serde(default)]
    kind: String,
    object: Option<String>,
    org: Option<String>,
    team: Option<String>,
    role: String,
    subject: String,
    proposed_by: String,
}

/// As it is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place in the file, from 1.
    pub number: u64,
    /// When it took effect.
    pub at: DateTime<Utc>,
    /// When it was proposed.
    pub proposed_at: DateTime<Utc>,
    /// The change it came with.
    pub change: String,
    /// Given, or taken away.
    pub is_grant: bool,
    /// What is changed.
    pub what: What,
    /// Who proposed it; a series of ids of its own.
    pub proposed_by: String,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    /// Somebody is there at all.
    Person {
        /// Who.
        who: String,
    },
    /// Somebody holds a role on something.
    Held {
        /// Who.
        who: String,
        /// `team`, `repository`, `permission` or `organisation`.
        on: &'static str,
        /// Its name.
        name: String,
        /// Which role.
        role: String,
    },
    /// Something that is not a person is tied to something: nesting, or a right of a whole team.
    Tied {
        /// `team` or `repository`.
        on: &'static str,
        /// Its name.
        name: String,
        /// What stands in its tags.
        tag: String,
    },
}

/// Reads a file; what it says comes in the order of the clock.
pub fn read(file: &File, faults: &mut Faults) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(file.content.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Raw>(text) {
            Ok(raw) => match line(number, raw) {
                Ok(line) => lines.push(line),
                Err((column, message)) => faults.add(Fault {
                    file: file.name.clone(),
                    row: Some(number),
                    column: Some(column.to_owned()),
                    message,
                }),
            },
            Err(error) => {
                faults.of_file(&file.name, Some(number), format!("This line is not a change: {error}."))
            }
        }
    }
    // Stable: what took effect together keeps its order.
    lines.sort_by_key(|line| line.at);
    lines
}

fn line(number: u64, mut raw: Raw) -> Result<Line, (&'static str, String)> {
    tidy(&mut raw)?;
    let at = moment("merged_at", &raw.merged_at)?;
    let proposed_at = moment("first_commit_at", &raw.first_commit_at)?;
    let is_grant = match raw.action.as_str() {
        "grant" => true,
        "revoke" => false,
        other => return Err(("action", format!("“{other}” is neither grant nor revoke."))),
    };
    let what = what(&raw)?;
    Ok(Line { number, at, proposed_at, change: raw.change, is_grant, what, proposed_by: raw.proposed_by })
}

/// Names as people can read them: within their bounds, and nothing in them that cannot be seen.
fn tidy(raw: &mut Raw) -> Result<(), (&'static str, String)> {
    let columns = [
        ("change", Some(&mut raw.change), LINE_MAX_CHARS),
        ("object", raw.object.as_mut().filter(|name| !name.is_empty()), NAME_MAX_CHARS),
        // Together they name a team.
        ("org", raw.org.as_mut(), NAME_MAX_CHARS / 2 - 1),
        ("team", raw.team.as_mut(), NAME_MAX_CHARS / 2),
        ("role", Some(&mut raw.role), ROLE_MAX_CHARS),
        ("subject", Some(&mut raw.subject), NAME_MAX_CHARS),
        ("proposed_by", Some(&mut raw.proposed_by), NAME_MAX_CHARS),
    ];
    for (column, value, max) in columns {
        let Some(value) = value else { continue };
        match text::prose(value, max) {
            Ok(Some(text)) if !text.contains('\n') => *value = text,
            Ok(Some(_)) => return Err((column, "This must be one line.".to_owned())),
            Ok(None) => return Err((column, "This must not be empty.".to_owned())),
            Err(error) => return Err((column, error.to_string())),
        }
    }
    Ok(())
}

fn moment(column: &'static str, text: &str) -> Result<DateTime<Utc>, (&'static str, String)> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) => Ok(at.with_timezone(&Utc)),
        Err(_) => Err((column, format!("“{text}” is not a time with an offset (RFC 3339)."))),
    }
}

fn what(raw: &Raw) -> Result<What, (&'static str, String)> {
    if let Some(org) = &raw.org {
        return membership(raw, org);
    }
    if raw.kind.is_empty() {
        return Err((
            "kind",
            "This must say what is changed (team, repo or person), or an org must stand here.".to_owned(),
        ));
    }
    let who = raw.subject.clone();
    let (group, tied) = raw.subject.split_once('/').map_or(("", ""), |parts| parts);
    let name = || {
        let name = raw.object.clone().filter(|name| !name.is_empty());
        name.ok_or(("object", "This must not be empty.".to_owned()))
    };
    let role = raw.role.clone();
    Ok(match (raw.kind.as_str(), raw.role.as_str(), group) {
        ("person", "exists", "") => What::Person { who },
        ("person", "permission", "") => What::Held { who, on: "permission", name: name()?, role },
        ("team", "member" | "lead" | "alumni", "") => What::Held { who, on: "team", name: name()?, role },
        ("team", "subteam-of", "team") => {
            What::Tied { on: "team", name: name()?, tag: format!("part of {tied}") }
        }
        ("team", "permission", "perm") => {
            What::Tied { on: "team", name: name()?, tag: format!("permission {tied}") }
        }
        ("repo", "write" | "maintain" | "triage" | "admin" | "read", "") => {
            What::Held { who, on: "repository", name: name()?, role }
        }
        ("repo", role @ ("write" | "maintain" | "triage" | "admin" | "read"), "team") => {
            What::Tied { on: "repository", name: name()?, tag: format!("{role} for team {tied}") }
        }
        (kind, role, _) => {
            return Err(("role", format!("“{role}” of “{}” on a {kind} is not understood.", raw.subject)));
        }
    })
}

/// Who belongs to an organisation, or to one of its teams. Organisations have teams of the same name, so theirs stands
/// before it.
fn membership(raw: &Raw, org: &str) -> Result<What, (&'static str, String)> {
    if org.contains('/') {
        return Err(("org", "An organisation's name has no “/”.".to_owned()));
    }
    let (on, name) = match &raw.team {
        Some(team) => ("team", format!("{org}/{team}")),
        None => ("organisation", org.to_owned()),
    };
    match (on, raw.role.as_str()) {
        ("team", "member" | "maintainer") | ("organisation", "member" | "admin") => {
            Ok(What::Held { who: raw.subject.clone(), on, name, role: raw.role.clone() })
        }
        (on, role) => {
            let place = if on == "team" { "a team" } else { "an organisation" };
            Err(("role", format!("“{role}” of “{}” in {place} is not understood.", raw.subject)))
        }
    }
}

/// What fits into an address: everything else becomes a hyphen.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(70);
    slug.trim_end_matches('-').to_owned()
}
