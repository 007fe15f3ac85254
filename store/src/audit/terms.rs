//! The terms of an event: what the inverted index knows it by. Words stand as they are; everything else stands behind a
//! colon, which no word has, and a letter.

use chrono::{DateTime, Utc};
use domain::audit::query::{folded, words};
use sqlx::FromRow;
use uuid::Uuid;

/// So much of a name is kept, in characters.
pub(super) const NAME_CHARS: usize = 400;
/// And of a word.
pub(super) const WORD_CHARS: usize = 100;

/// Between terms on their way to the database.
pub(super) const SEPARATOR: char = '\u{1}';

/// What terms are made of: an event and its link.
#[derive(Debug, FromRow)]
pub(super) struct Indexed {
    pub(super) class: String,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) event_id: Uuid,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) action: String,
    pub(super) outcome: String,
    pub(super) actor_id: Option<Uuid>,
    pub(super) actor_name: String,
    pub(super) subject_id: Option<Uuid>,
    pub(super) subject_name: Option<String>,
    /// Of the event, or of its link; as the next one.
    pub(super) system_id: Option<Uuid>,
    pub(super) system_name: Option<String>,
    pub(super) resource_id: Option<Uuid>,
    pub(super) resource_name: Option<String>,
    pub(super) entitlement_name: Option<String>,
    pub(super) request_id: Option<Uuid>,
    pub(super) grant_id: Option<Uuid>,
    pub(super) origin: String,
    /// As `digits_of` writes it.
    pub(super) digits: Option<String>,
    /// As `event_text` writes it.
    pub(super) text: String,
    pub(super) linked_person_id: Option<Uuid>,
    pub(super) linked_grant_id: Option<Uuid>,
    pub(super) covered: Option<bool>,
}

impl Indexed {
    /// All of them, each once, with [`SEPARATOR`] in between.
    pub(super) fn terms(&self) -> String {
        let mut terms: Vec<String> = words(&self.text).into_iter().map(cut).collect();
        let mut named =
            |letter: char, name: Option<&str>| terms.extend(name.map(|name| of_name(letter, name)));
        named('a', Some(&self.actor_name));
        named('s', self.subject_name.as_deref());
        named('y', self.system_name.as_deref());
        named('r', self.resource_name.as_deref());
        named('e', self.entitlement_name.as_deref());
        named('k', Some(&self.action));
        named('o', Some(&self.outcome));
        named('f', Some(&self.origin));
        named('i', self.digits.as_deref());
        named('c', self.covered.map(|covered| if covered { "true" } else { "false" }));
        for (letter, at) in [('d', self.occurred_at), ('t', self.recorded_at)] {
            for form in ["%Y", "%Y-%m", "%Y-%m-%d"] {
                named(letter, Some(&at.format(form).to_string()));
            }
        }
        for (letter, id) in [
            ('q', self.request_id),
            ('g', self.grant_id),
            ('g', self.linked_grant_id),
            ('A', self.actor_id),
            ('S', self.subject_id),
            ('P', self.linked_person_id),
            ('R', self.resource_id),
            ('Y', self.system_id),
        ] {
            terms.extend(id.map(|id| format!(":{letter}{id}")));
        }
        terms.sort_unstable();
        terms.dedup();
        terms.join(&SEPARATOR.to_string())
    }

    /// The names that stand in it, with the field of `book_name`.
    pub(super) fn names(&self) -> impl Iterator<Item = (&'static str, String)> {
        [
            ("actor", Some(&self.actor_name)),
            ("subject", self.subject_name.as_ref()),
            ("system", self.system_name.as_ref()),
            ("resource", self.resource_name.as_ref()),
            ("entitlement", self.entitlement_name.as_ref()),
            ("action", Some(&self.action)),
        ]
        .into_iter()
        .filter_map(|(field, name)| Some((field, folded(name?))))
    }
}

/// The term of a name.
pub(super) fn of_name(letter: char, name: &str) -> String {
    let mut term = format!(":{letter}");
    // Nobody can look for the separator.
    term.extend(folded(name).chars().take(NAME_CHARS).filter(|c| *c != SEPARATOR));
    term
}

fn cut(word: String) -> String {
    if word.len() <= WORD_CHARS { word } else { word.chars().take(WORD_CHARS).collect() }
}
