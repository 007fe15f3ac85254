//! The terms of an event: what the inverted index knows it by. Words stand as they are; everything else stands behind a
//! colon, which no word has, and a letter.

use std::borrow::Cow;

use domain::audit::query::{folded, words};
use domain::matching::Link;
use uuid::Uuid;

use super::leaves::leaves;
use super::tsvector::TsVector;
use crate::link::EventRow;
use crate::{Result, StoreError};

/// So much of a name is kept, in characters.
pub(super) const NAME_CHARS: usize = 400;
/// And of a word.
pub(super) const WORD_CHARS: usize = 100;

/// What terms are made of: an event and its link.
pub(crate) struct Indexed<'a> {
    pub(crate) event: &'a EventRow,
    pub(crate) link: Option<&'a Link>,
}

impl Indexed<'_> {
    /// All of them.
    ///
    /// # Errors
    /// When the detail of the event is no JSON.
    pub(super) fn terms(&self) -> Result<TsVector> {
        let (event, link) = (self.event, self.link);
        let mut terms: Vec<String> = self.texts()?.iter().flat_map(|text| words(text)).map(cut).collect();
        let mut named =
            |letter: char, name: Option<&str>| terms.extend(name.map(|name| of_name(letter, name)));
        named('a', Some(&event.actor_name));
        named('s', event.subject_name.as_deref());
        named('y', event.system_name.as_deref());
        named('r', event.resource_name.as_deref());
        named('e', event.entitlement_name.as_deref());
        named('k', Some(&event.action));
        named('o', Some(&event.outcome));
        named('f', Some(&event.origin));
        named('i', event.digits.as_deref());
        let covered = link.and_then(|link| link.covered);
        named('c', covered.map(|covered| if covered { "true" } else { "false" }));
        for (letter, at) in [('d', event.occurred_at), ('t', event.recorded_at)] {
            for form in ["%Y", "%Y-%m", "%Y-%m-%d"] {
                named(letter, Some(&at.format(form).to_string()));
            }
        }
        for (letter, id) in [
            ('q', event.request_id),
            ('g', event.grant_id),
            ('g', link.and_then(|link| link.grant).map(Uuid::from)),
            ('A', event.actor_id),
            ('S', event.subject_id),
            ('P', link.and_then(|link| link.person).map(Uuid::from)),
            ('R', event.resource_id.or(link.and_then(|link| link.resource).map(Uuid::from))),
            ('Y', event.system_id.or(link.and_then(|link| link.system).map(Uuid::from))),
        ] {
            terms.extend(id.map(|id| format!(":{letter}{id}")));
        }
        Ok(TsVector::new(terms))
    }

    /// Everything it says: what `event_text` puts together.
    fn texts(&self) -> Result<Vec<Cow<'_, str>>> {
        let event = self.event;
        let leaves =
            leaves(&event.detail).map_err(|error| StoreError::corrupt("event", error.to_string()))?;
        let columns = [
            Some(&event.actor_name),
            Some(&event.action),
            Some(&event.outcome),
            event.subject_name.as_ref(),
            event.system_name.as_ref(),
            event.resource_name.as_ref(),
            event.entitlement_name.as_ref(),
            event.ip.as_ref(),
            event.reason.as_ref(),
        ];
        let columns = columns.into_iter().flatten().map(|text| Cow::Borrowed(text.as_str()));
        Ok(columns.chain(leaves.into_iter().map(Cow::Owned)).collect())
    }

    /// The names that stand in it, with the field of `book_name`.
    pub(super) fn names(&self) -> impl Iterator<Item = (&'static str, String)> {
        let event = self.event;
        [
            ("actor", Some(&event.actor_name)),
            ("subject", event.subject_name.as_ref()),
            ("system", event.system_name.as_ref()),
            ("resource", event.resource_name.as_ref()),
            ("entitlement", event.entitlement_name.as_ref()),
            ("action", Some(&event.action)),
        ]
        .into_iter()
        .filter_map(|(field, name)| Some((field, folded(name?))))
    }
}

/// The term of a name.
pub(super) fn of_name(letter: char, name: &str) -> String {
    let mut term = format!(":{letter}");
    term.extend(folded(name).chars().take(NAME_CHARS));
    term
}

fn cut(word: String) -> String {
    if word.len() <= WORD_CHARS { word } else { word.chars().take(WORD_CHARS).collect() }
}
