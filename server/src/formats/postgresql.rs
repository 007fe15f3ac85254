//! PostgreSQL's `jsonlog` and, by the same names, its `csvlog` (12 and later), with and without pgaudit.
//!
//! Connections, disconnections, refusals, statements, and pgaudit's lines are read. What the server writes about its
//! own work is skipped, with the reason. Messages are known by their English words (`lc_messages`); refusals by their
//! SQLSTATE.

use chrono::{DateTime, Utc};
use domain::audit::Outcome;
use domain::usage::{OutsideActor, OutsideKind, OutsideTarget, UsageAction, UsageError};
use serde_json::Value;

use super::pgaudit::{self, Audit};
use super::{Draft, Format, Found, Layout, draft, pick, time};

const SERVER: &str = "a message of the server about its own work";
const STEP: &str = "a step of a connection that a later line reports whole";
const BRACKET: &str = "a statement that only brackets or prepares others";

/// The format itself.
pub(super) struct PostgreSql;

impl Format for PostgreSql {
    fn name(&self) -> &str {
        "postgresql"
    }

    fn title(&self) -> &str {
        "PostgreSQL"
    }

    fn layout(&self) -> Layout {
        Layout::PostgreSql
    }

    fn recognises(&self, record: &Value) -> bool {
        pick::has(record, "/error_severity")
            && (pick::has(record, "/session_id") || pick::has(record, "/pid"))
    }

    /// A session's lines are numbered. Both are hashed: the session itself is not to be kept.
    fn id(&self, record: &Value) -> Option<String> {
        let session = pick::text(record, "/session_id")?;
        let line = pick::text(record, "/line_num")?;
        Some(draft::hashed(format!("{session}/{line}").as_bytes()))
    }

    fn read(&self, record: &Value, _: DateTime<Utc>) -> Result<Found, UsageError> {
        let message = pick::text(record, "/message").unwrap_or_default();
        let database = pick::text(record, "/dbname");
        let mut draft = Draft {
            time: occurred_at(record)?,
            actor: actor(record),
            target: OutsideTarget { system: None, resource: database.clone(), entitlement: None },
            ip: pick::text(record, "/remote_host"),
            user_agent: pick::text(record, "/application_name"),
            ..Draft::default()
        };
        let is_placed = match Line::of(&message) {
            Line::Audit(text) => {
                audited(&mut draft, text, database.as_deref());
                Ok(())
            }
            Line::Skipped(reason) => Err(reason),
            Line::Session(action, operation) => {
                draft.action = action.to_owned();
                draft.operation = Some(operation.to_owned());
                Ok(())
            }
            Line::Statement(sql) => stated(&mut draft, sql),
            Line::Other => refused(&mut draft, record, &message),
        };
        Ok(match is_placed {
            Ok(()) => Found::Events(vec![draft]),
            Err(reason) => Found::Skipped(reason.into()),
        })
    }
}

/// What a message is, by how it starts.
enum Line<'a> {
    Audit(&'a str),
    Session(&'static str, &'static str),
    Statement(&'a str),
    Skipped(&'static str),
    Other,
}

impl<'a> Line<'a> {
    fn of(message: &'a str) -> Self {
        // `log_duration` and `log_min_duration_statement` put this before it.
        let rest = match message.strip_prefix("duration: ") {
            Some(rest) => match rest.split_once(" ms") {
                Some((_, rest)) if rest.trim().is_empty() => return Self::Skipped(BRACKET),
                Some((_, rest)) => rest.trim_start(),
                None => message,
            },
            None => message,
        };
        if let Some(text) = rest.strip_prefix("AUDIT: ") {
            return Self::Audit(text);
        }
        if let Some(sql) = rest.strip_prefix("statement: ") {
            return Self::Statement(sql);
        }
        let starts = |start: &str| rest.starts_with(start);
        if starts("execute ") {
            return rest.split_once(": ").map_or(Self::Other, |(_, sql)| Self::Statement(sql));
        }
        if starts("parse ") || starts("bind ") {
            return Self::Skipped(BRACKET);
        }
        if starts("connection received:") {
            return Self::Skipped(STEP);
        }
        if starts("connection authenticated:") {
            return Self::Session(UsageAction::SESSION_OTHER, "connection authenticated");
        }
        if starts("connection authorized:") {
            return Self::Session(UsageAction::SESSION_OPENED, "connection authorized");
        }
        if starts("replication connection authorized:") {
            return Self::Session(UsageAction::SESSION_OPENED, "replication connection authorized");
        }
        if starts("disconnection:") {
            return Self::Session(UsageAction::SESSION_CLOSED, "disconnection");
        }
        Self::Other
    }
}

fn occurred_at(record: &Value) -> Result<Option<DateTime<Utc>>, UsageError> {
    match pick::at(record, "/timestamp") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => {
            let time = value.as_str().and_then(|text| time::postgresql(text).or_else(|| time::rfc3339(text)));
            time.map(Some).ok_or_else(|| time::refused("timestamp", value))
        }
    }
}

/// A role; whether people or programs use it, PostgreSQL does not know.
fn actor(record: &Value) -> OutsideActor {
    let account = pick::text(record, "/user").or_else(|| {
        // Before it is authorized, a connection has no user yet; refusals name it.
        let message = pick::text(record, "/message")?;
        let (_, rest) = message.split_once("identity=\"").or_else(|| message.split_once("for user \""))?;
        rest.split_once('"').map(|(name, _)| name.to_owned())
    });
    OutsideActor {
        kind: OutsideKind::Unknown,
        name: account.clone().unwrap_or_default(),
        email: draft::email(account.as_deref()),
        account,
        subject: None,
    }
}

fn audited(draft: &mut Draft, text: &str, database: Option<&str>) {
    let Some(audit) = Audit::of(text) else {
        draft.operation = Some("AUDIT".to_owned());
        return;
    };
    draft.action = audit.action().to_owned();
    draft.target.entitlement = Some(audit.command.clone());
    if let Some(object) = &audit.object {
        draft.target.resource = Some(match database {
            Some(database) => format!("{database}.{object}"),
            None => object.clone(),
        });
    }
    draft.operation = Some(audit.command);
}

fn stated(draft: &mut Draft, sql: &str) -> Result<(), &'static str> {
    let Some(act) = pgaudit::act(sql) else { return Err(BRACKET) };
    draft.action = act.action.to_owned();
    draft.target.entitlement = Some(act.command.clone());
    draft.operation = Some(act.command);
    Ok(())
}

/// An error: of somebody who was turned away, or of a statement that was. Everything else is the server's own.
fn refused(draft: &mut Draft, record: &Value, message: &str) -> Result<(), &'static str> {
    let state = pick::text(record, "/state_code").unwrap_or_default();
    let severity = pick::text(record, "/error_severity").unwrap_or_default();
    // https://www.postgresql.org/docs/current/errcodes-appendix.html
    let (class, is_fatal) = (state.get(..2).unwrap_or_default(), severity == "FATAL");
    if !matches!(severity.as_str(), "ERROR" | "FATAL" | "PANIC") && class != "28" && state != "42501" {
        return Err(SERVER);
    }
    draft.reason = Some(message.to_owned());
    draft.outcome = if class == "28" || state == "42501" { Outcome::Denied } else { Outcome::Failure };
    let statement = pick::text(record, "/statement");
    match statement {
        Some(sql) => match pgaudit::act(&sql) {
            Some(act) => {
                draft.action = act.action.to_owned();
                draft.target.entitlement = Some(act.command.clone());
                draft.operation = Some(act.command);
            }
            None => draft.action = UsageAction::SESSION_OTHER.to_owned(),
        },
        None if class == "28" || (is_fatal && matches!(class, "3D" | "42" | "53")) => {
            draft.action = UsageAction::SESSION_OPENED.to_owned();
            draft.operation = Some("connection refused".to_owned());
        }
        // An administrator's end of a connection, a lost client.
        None if is_fatal && matches!(class, "57" | "08" | "25") => {
            draft.action = UsageAction::SESSION_CLOSED.to_owned();
            draft.operation = Some("connection ended".to_owned());
        }
        None if draft.actor.account.is_some() => {}
        None => return Err(SERVER),
    }
    Ok(())
}
