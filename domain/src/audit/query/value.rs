//! What stands behind a field, read.

use std::str::FromStr;

use super::Context;
use super::actions;
use super::ast::{ActionPattern, Comparison, Term, Text};
use super::error::closest;
use super::field::Field;
use super::lexer::Pair;
use super::network::{Network, NetworkError};
use super::time;
use crate::audit::Outcome;
use crate::catalogue::Sensitivity;
use crate::usage::UsageAction;

const OUTCOMES: [&str; 3] = ["success", "denied", "failure"];
const YES: &str = "yes";
const NO: &str = "no";
/// What people type for a closed value that is called something else.
const SYNONYMS: [(Field, &str, &str); 16] = [
    (Field::Outcome, "ok", "success"),
    (Field::Outcome, "done", "success"),
    (Field::Outcome, "successful", "success"),
    (Field::Outcome, "refused", "denied"),
    (Field::Outcome, "rejected", "denied"),
    (Field::Outcome, "forbidden", "denied"),
    (Field::Outcome, "failed", "failure"),
    (Field::Outcome, "error", "failure"),
    (Field::Covered, "true", YES),
    (Field::Covered, "1", YES),
    (Field::Covered, "false", NO),
    (Field::Covered, "0", NO),
    (Field::Sensitivity, "normal", "medium"),
    (Field::Sensitivity, "severe", "critical"),
    (Field::Sensitivity, ">high", ">=critical"),
    (Field::Sensitivity, ">medium", ">=high"),
];

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: String,
    /// The value to write instead, as it would stand there.
    pub(super) meant: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), meant: None }
    }

    pub(super) fn meaning(mut self, value: impl Into<String>) -> Self {
        self.meant = Some(value.into());
        self
    }
}

/// The term that a field and its value make.
pub(super) fn term(pair: &Pair, context: &Context) -> Result<Term, Fault> {
    let typed = pair.value.as_str();
    let text = || Text { value: pair.value.clone(), is_whole: pair.is_whole };
    Ok(match pair.field {
        Field::Actor => Term::Actor(text()),
        Field::Person => Term::Person(text()),
        Field::Resource => Term::Resource(text()),
        Field::System => Term::System(text()),
        Field::Environment => Term::Environment(text()),
        Field::Tag => Term::Tag(text()),
        Field::On => Term::On(pair.value.clone()),
        Field::Owner => Term::Owner(text()),
        Field::Sensitivity => sensitivity(typed)?,
        Field::Action => Term::Action(action(typed)?),
        Field::Outcome => {
            let outcome = Outcome::parse(&typed.to_lowercase());
            Term::Outcome(outcome.ok_or_else(|| not_one_of(Field::Outcome, typed, &OUTCOMES))?)
        }
        Field::Source => Term::Source(pair.value.clone()),
        Field::Ip => Term::Ip(Network::parse(typed).map_err(network_fault)?),
        Field::Request => Term::Request(id(pair.field, typed)?),
        Field::Grant => Term::Grant(id(pair.field, typed)?),
        Field::Covered => match typed.to_lowercase().as_str() {
            YES => Term::Covered(true),
            NO => Term::Covered(false),
            _ => return Err(not_one_of(Field::Covered, typed, &[YES, NO])),
        },
        Field::Window => Term::Window(pair.value.clone()),
        Field::Before => Term::Before(time::moment(typed, context)?),
        Field::After => Term::After(time::moment(typed, context)?),
        Field::During => Term::During(time::period(typed, context)?),
    })
}

fn sensitivity(typed: &str) -> Result<Term, Fault> {
    let (comparison, level) = [Comparison::AtLeast, Comparison::AtMost]
        .into_iter()
        .find_map(|comparison| Some((comparison, typed.strip_prefix(comparison.sign())?)))
        .unwrap_or((Comparison::Exactly, typed));
    match Sensitivity::parse(&level.to_lowercase()) {
        Some(level) => Ok(Term::Sensitivity(comparison, level)),
        None => {
            let words = Sensitivity::ALL.map(Sensitivity::as_str);
            let fault = not_one_of(Field::Sensitivity, level, &words);
            let sign = comparison.sign();
            Err(Fault { meant: fault.meant.map(|word| format!("{sign}{word}")), ..fault })
        }
    }
}

fn action(typed: &str) -> Result<ActionPattern, Fault> {
    let lower = typed.to_lowercase();
    let nouns = actions::nouns();
    let noun = lower.strip_suffix(".*").unwrap_or(&lower);
    if nouns.iter().any(|(known, _)| *known == noun) {
        return Ok(ActionPattern::Noun(noun.to_owned()));
    }
    if actions::words().any(|word| word == lower) || UsageAction::parse(&lower).is_ok() {
        return Ok(ActionPattern::Exact(lower));
    }
    let by_verb =
        || actions::words().find(|word| word.split_once('.').is_some_and(|(_, verb)| verb == lower));
    let words: Vec<&str> = actions::words().collect();
    let open: Vec<String> = nouns.iter().map(|(noun, _)| format!("{noun}.*")).collect();
    let near =
        || closest(lower.trim_end_matches('*'), open.iter().map(String::as_str).chain(words.iter().copied()));
    let said = format!(
        "There is no action “{typed}”. Write one like request.approved, or request.* for all of them."
    );
    Err(match by_verb().or_else(near) {
        Some(word) => {
            Fault::new(format!("There is no action “{typed}”. Did you mean “{word}”?")).meaning(word)
        }
        None => Fault::new(said),
    })
}

fn id<T: FromStr>(field: Field, typed: &str) -> Result<T, Fault> {
    typed.parse().map_err(|_| {
        let name = field.as_str();
        let example = "0196f0c2-7d1e-7c3a-9b54-3f1f6f0e8a11";
        Fault::new(format!("“{typed}” is not the id of a {name}. It looks like {example}."))
    })
}

fn network_fault(fault: NetworkError) -> Fault {
    let said = Fault::new(fault.to_string());
    match fault {
        NetworkError::HostBits { meant, .. } | NetworkError::Unreadable { meant: Some(meant), .. } => {
            said.meaning(meant.to_string())
        }
        NetworkError::Unreadable { .. } | NetworkError::Prefix { .. } => said,
    }
}

/// The closest of a closed list is offered.
fn not_one_of(field: Field, typed: &str, words: &[&str]) -> Fault {
    let lower = typed.to_lowercase();
    let synonym = SYNONYMS.iter().find(|(of, said, _)| *of == field && *said == lower);
    let meant = synonym.map(|(_, _, word)| *word).or_else(|| closest(typed, words.iter().copied()));
    let list = match words.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    };
    let said = Fault::new(format!("“{typed}” is not known after “{}:”. Write {list}.", field.as_str()));
    match meant {
        Some(word) => said.meaning(word),
        None => said,
    }
}
