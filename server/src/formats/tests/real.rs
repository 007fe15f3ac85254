//! Over real logs that are not part of the product: in the folder that `GATEBOOK_DATA_DIR` names, else in
//! `shared/data` beside or above the checkout. Where they are missing, these tests say so and pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use domain::usage::scrub::REMOVED;
use serde_json::{Value, json};

use super::super::split::Records;
use super::super::{Format, Layout, Reading, github_webhook, read, recognise};
use super::{format, now};

fn real(folder: &str) -> Option<PathBuf> {
    let named = std::env::var_os("GATEBOOK_DATA_DIR").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|place| place.join("shared/data"));
    let found = named
        .into_iter()
        .chain(above)
        .map(|place| place.join("logs").join(folder))
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: logs/{folder} is not here");
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    files.sort();
    files
}

fn records(file: &Path) -> Vec<Value> {
    let input = fs::File::open(file).expect("opens");
    Records::new(std::io::BufReader::new(input), Layout::Json)
        .map(|(_, record)| record.expect("a record"))
        .collect()
}

/// What came of records, counted.
#[derive(Default)]
struct Tally {
    records: usize,
    events: usize,
    skipped: BTreeMap<String, usize>,
    other: BTreeMap<String, usize>,
    undated: usize,
    nobody: usize,
    lost: Vec<String>,
}

impl Tally {
    fn add(&mut self, format: &dyn Format, record: Value) {
        self.records += 1;
        let sessions = session_ids(&format.open(record.clone()));
        match read(format, record, now()) {
            Ok(Reading::Events(events)) => {
                for event in events {
                    self.events += 1;
                    self.undated += usize::from(event.undated);
                    self.nobody += usize::from(event.actor.name.is_empty());
                    if event.action.as_str().ends_with(".other") {
                        let word = event.operation.clone().unwrap_or_default();
                        *self.other.entry(format!("{} {word}", event.action.as_str())).or_default() += 1;
                    }
                    let kept = format!("{event:?}");
                    for session in &sessions {
                        assert!(!kept.contains(session.as_str()), "{session} is kept: {kept}");
                    }
                }
            }
            Ok(Reading::Skipped(reason)) => *self.skipped.entry(reason.into_owned()).or_default() += 1,
            Err(error) => self.lost.push(error.to_string()),
        }
    }

    /// records, events, skipped, of no known kind, without a time, of nobody named, lost
    fn counts(&self) -> [usize; 7] {
        let sum = |map: &BTreeMap<String, usize>| map.values().sum();
        [
            self.records,
            self.events,
            sum(&self.skipped),
            sum(&self.other),
            self.undated,
            self.nobody,
            self.lost.len(),
        ]
    }

    #[track_caller]
    fn assert(&self, counts: [usize; 7]) {
        assert_eq!(self.counts(), counts, "{:?} {:?} {:?}", self.skipped, self.other, self.lost);
    }
}

/// What must not be found again: the long values of fields that name sessions and keys.
fn session_ids(value: &Value) -> Vec<String> {
    const NAMES: [&str; 10] = [
        "sessionId",
        "session_id",
        "externalSessionId",
        "rootSessionId",
        "session_uuid",
        "accessKeyId",
        "sessionToken",
        "token",
        "hashed_token",
        "secretAccessKey",
    ];
    let mut found = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text)
                        if NAMES.contains(&name.as_str()) && text.len() >= 12 && text != REMOVED =>
                    {
                        found.push(text.clone());
                    }
                    _ => found.extend(session_ids(value)),
                }
            }
        }
        Value::Array(values) => found.extend(values.iter().flat_map(session_ids)),
        _ => {}
    }
    found
}

fn panther(name: &str, of: &str, counts: [usize; 7]) {
    let Some(folder) = real("panther") else { return };
    let mut tally = Tally::default();
    for mut line in records(&folder.join(format!("{name}.jsonl"))) {
        let log = line["log"].take();
        // Some rules are tried on logs of other kinds; what none knows is read as the file says.
        let known = recognise(&log).unwrap_or_else(|| format(of));
        tally.add(known, log);
    }
    tally.assert(counts);
}

#[test]
fn cloudtrail_of_310_attacks_is_placed_whole() {
    let Some(folder) = real("cloudtrail-stratus") else { return };
    let mut tally = Tally::default();
    for record in files(&folder).iter().flat_map(|file| records(file)) {
        assert_eq!(recognise(&record).map(Format::name), Some("cloudtrail"));
        tally.add(format("cloudtrail"), record);
    }
    tally.assert([310, 310, 0, 0, 0, 0, 0]);
}

#[test]
fn kubernetes_audit_of_falco_is_placed_or_an_earlier_stage() {
    let Some(folder) = real("k8s-audit-falco") else { return };
    let mut tally = Tally::default();
    for record in files(&folder).iter().flat_map(|file| records(file)) {
        // One file is broken on purpose: `{"kind": 0}`.
        tally.add(format("kubernetes"), record);
    }
    tally.assert([52, 50, 2, 1, 1, 1, 0]);
}

#[test]
fn the_cases_of_panther_for_cloudtrail_are_placed() {
    panther("AWS.CloudTrail", "cloudtrail", [232, 232, 0, 4, 11, 8, 0]);
}

#[test]
fn the_cases_of_panther_for_kubernetes_are_placed() {
    panther("Amazon.EKS.Audit", "kubernetes", [144, 140, 4, 11, 125, 26, 0]);
}

#[test]
fn the_cases_of_panther_for_google_workspace_are_placed() {
    panther("GSuite.ActivityEvent", "google_workspace", [102, 102, 0, 44, 45, 11, 0]);
}

#[test]
fn the_cases_of_panther_for_github_are_placed() {
    panther("GitHub.Audit", "github", [64, 64, 0, 0, 19, 2, 0]);
}

#[test]
fn the_cases_of_panther_for_okta_are_placed() {
    panther("Okta.SystemLog", "okta", [39, 39, 0, 14, 7, 2, 0]);
}

#[test]
fn the_cases_of_panther_for_1password_are_placed() {
    panther("OnePassword.ItemUsage", "onepassword", [2, 2, 0, 0, 0, 0, 0]);
    panther("OnePassword.SignInAttempt", "onepassword", [2, 2, 0, 0, 0, 0, 0]);
}

#[test]
fn the_cases_of_panther_for_slack_are_placed() {
    panther("Slack.AuditLogs", "slack", [50, 50, 0, 3, 22, 0, 0]);
}

#[test]
fn the_deliveries_of_octokit_are_placed() {
    let Some(folder) = real("github-webhooks") else { return };
    let mut tally = Tally::default();
    for (number, file) in files(&folder).iter().enumerate() {
        // The header is not in the file; its name starts with what it says.
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        let event = name.split('.').next().expect("an event");
        let payload = serde_json::from_slice(&fs::read(file).expect("reads")).expect("JSON");
        tally.add(format("github_webhook"), github_webhook::record(event, &format!("d-{number}"), payload));
    }
    tally.assert([47, 47, 0, 0, 47, 0, 0]);
}

/// The expected output of pgaudit's own tests: psql's, with `NOTICE:  AUDIT: …` in it, over several lines where the
/// statement has them. As PostgreSQL would log it, each is a message.
#[test]
fn the_lines_of_pgaudits_own_tests_are_placed() {
    let Some(folder) = real("pgaudit") else { return };
    let text = fs::read_to_string(folder.join("pgaudit.out")).expect("reads");
    let mut messages: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let start = line.find(":  AUDIT: ").map(|at| &line[at + 3..]);
        match start {
            Some(message) => messages.push(message.to_owned()),
            None if is_open => {
                let last = messages.last_mut().expect("one is open");
                last.push('\n');
                last.push_str(line);
            }
            None => {}
        }
        is_open = messages.last().is_some_and(|message| message.matches('"').count() % 2 == 1)
            && (start.is_some() || is_open);
    }
    let mut tally = Tally::default();
    for (number, message) in messages.iter().enumerate() {
        let record = json!({
            "timestamp": "2026-11-23 10:02:53.515 UTC", "user": "regress_user1", "dbname": "contrib_regression",
            "session_id": "6b040f4d.31ca", "line_num": number, "error_severity": "LOG", "message": message,
        });
        tally.add(format("postgresql"), record);
    }
    tally.assert([415, 415, 0, 60, 0, 0, 0]);
}
