//! From what a format found to a report within its bounds.

use chrono::{DateTime, Utc};
use domain::audit::Outcome;
use domain::text::{self, LINE_MAX_CHARS, PROSE_MAX_CHARS};
use domain::usage::{
    OutsideActor, OutsideEvent, OutsideKind, OutsideTarget, USER_AGENT_MAX_CHARS, UsageAction, UsageError,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Hexadecimal digits of a hash that stand for a record: 128 bits.
const HASH_DIGITS: usize = 32;

/// What a format found, in the source's own lengths.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// `None`: the source does not say.
    pub time: Option<DateTime<Utc>>,
    /// A word of [`UsageAction`].
    pub action: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Who.
    pub actor: OutsideActor,
    /// On what.
    pub target: OutsideTarget,
    /// From where; what is no address is left out, the original has it.
    pub ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// The source's own word.
    pub operation: Option<String>,
    /// Words or an error.
    pub reason: Option<String>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            time: None,
            action: UsageAction::OTHER.to_owned(),
            outcome: Outcome::Success,
            actor: OutsideActor::default(),
            target: OutsideTarget::default(),
            ip: None,
            user_agent: None,
            operation: None,
            reason: None,
        }
    }
}

/// The reports of one record. The first has the record's id, further ones have it with `#1`, `#2` …
pub(super) fn finish(
    drafts: Vec<Draft>,
    id: Option<String>,
    record: Value,
    now: DateTime<Utc>,
    is_strict: bool,
) -> Result<Vec<OutsideEvent>, UsageError> {
    let id = match id {
        Some(id) if is_strict || is_plain(&id) => id,
        Some(id) => hashed(id.as_bytes()),
        None => hashed(record.to_string().as_bytes()),
    };
    let last = drafts.len().saturating_sub(1);
    let mut record = Some(record);
    let mut events = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let id = if index == 0 { id.clone() } else { format!("{id}#{index}") };
        let original = if index == last { record.take() } else { record.clone() };
        events.push(event(draft, id, original.unwrap_or_default(), now, is_strict)?);
    }
    Ok(events)
}

/// What stands for bytes as their id: the start of their SHA-256, in hexadecimal digits.
pub(super) fn hashed(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut text = String::from("sha256:");
    text.extend(
        digest
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .take(HASH_DIGITS)
            .filter_map(|digit| char::from_digit(u32::from(digit), 16)),
    );
    text
}

/// Whether it can be kept as it is, with room for the number of a further report.
fn is_plain(id: &str) -> bool {
    text::prose(id, LINE_MAX_CHARS - 8).is_ok_and(|kept| kept.as_deref() == Some(id))
}

fn event(
    mut draft: Draft,
    external_id: String,
    original: Value,
    now: DateTime<Utc>,
    is_strict: bool,
) -> Result<OutsideEvent, UsageError> {
    if !is_strict {
        shorten(&mut draft);
    }
    let action = UsageAction::parse(&draft.action)?;
    OutsideEvent {
        external_id,
        occurred_at: draft.time.unwrap_or(now),
        undated: draft.time.is_none(),
        action,
        outcome: draft.outcome,
        actor: draft.actor,
        target: draft.target,
        ip: draft.ip.and_then(|ip| ip.trim().parse().ok()),
        user_agent: draft.user_agent,
        operation: draft.operation,
        reason: draft.reason,
        original,
    }
    .checked(now)
}

fn shorten(draft: &mut Draft) {
    let actor = &mut draft.actor;
    actor.name = fitting(&actor.name, LINE_MAX_CHARS).unwrap_or_default();
    for (text, max) in [
        (&mut actor.email, LINE_MAX_CHARS),
        (&mut actor.account, LINE_MAX_CHARS),
        (&mut actor.subject, LINE_MAX_CHARS),
        (&mut draft.target.system, LINE_MAX_CHARS),
        (&mut draft.target.resource, LINE_MAX_CHARS),
        (&mut draft.target.entitlement, LINE_MAX_CHARS),
        (&mut draft.operation, LINE_MAX_CHARS),
        (&mut draft.user_agent, USER_AGENT_MAX_CHARS),
        (&mut draft.reason, PROSE_MAX_CHARS),
    ] {
        *text = text.as_deref().and_then(|text| fitting(text, max));
    }
}

/// The text with what cannot be kept made visible, and with a … where it was cut off.
fn fitting(text: &str, max: usize) -> Option<String> {
    let is_kept = |c: char| text::prose(c.encode_utf8(&mut [0; 4]), 1).is_ok();
    // One character at a time is judged by the rule that will judge the whole.
    let mut fitting: String =
        text.trim().chars().take(max + 1).map(|c| if is_kept(c) { c } else { '\u{fffd}' }).collect();
    if fitting.chars().count() > max {
        fitting = fitting.chars().take(max - 1).chain(['…']).collect();
    }
    text::prose(&fitting, max).ok().flatten()
}

/// The kind of somebody whom the source names by a mail address or not at all.
pub(super) fn kind_by_email(email: Option<&str>) -> OutsideKind {
    if email.is_some() { OutsideKind::Person } else { OutsideKind::Unknown }
}

/// The text where it is a mail address.
pub(super) fn email(text: Option<&str>) -> Option<String> {
    text.filter(|text| {
        text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && domain.contains('.')
                && !text.contains(char::is_whitespace)
                && !text.contains('/')
        })
    })
    .map(str::to_owned)
}
