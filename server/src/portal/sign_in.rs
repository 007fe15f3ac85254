//! Letting somebody in whom the provider vouches for.

use domain::audit::{Action, Actor, NewEvent, Outcome};
use domain::caller::{Roles, Source};
use domain::id::SessionId;
use domain::person::{PersonRef, PersonStatus};
use serde_json::json;
use store::identity::{self, Identity, KnownPerson};
use store::session::{self, Admission, IdHash, Seen};
use store::{Store, StoreError, Tx};

use crate::config::{RoleGroups, Settings, UnknownPeople};
use crate::oidc::Arrival;

/// The browser that somebody comes in with.
#[derive(Debug)]
pub struct Browser {
    /// Its new session, which is nobody's yet.
    pub hash: IdHash,
    /// From where.
    pub source: Source,
    /// The session it had before, signed in already.
    pub replaces: Option<SessionId>,
}

/// Why somebody the provider vouches for may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Suspended.
    Suspended,
    /// Does not work here any more.
    Left,
    /// Not known, and unknown people are not taken in.
    Unknown,
    /// The address is somebody else's, or is that of an imported person and not vouched for.
    EmailTaken,
}

impl Refusal {
    fn reason(self) -> &'static str {
        match self {
            Self::Suspended => "the person is suspended",
            Self::Left => "the person has left",
            Self::Unknown => "the person is not known, and unknown people are refused",
            Self::EmailTaken => "the address belongs to another person, or is not verified",
        }
    }
}

/// Finds, links or adds the person, and signs the browser in; or refuses, and the book says why.
///
/// # Errors
/// When the database refuses; then nothing has changed.
pub async fn admit(
    store: &Store,
    settings: &Settings,
    arrival: &Arrival,
    browser: &Browser,
) -> Result<Result<PersonRef, Refusal>, StoreError> {
    let mut tx = store.begin().await?;
    let found = recognise(&mut tx, settings.unknown_people, &arrival.identity, &browser.source).await?;
    let known = match found {
        Ok(known) => known,
        Err(refusal) => return turn_away(tx, None, &arrival.identity, browser, refusal).await,
    };
    match known.status {
        PersonStatus::Active => {}
        PersonStatus::Suspended => {
            return turn_away(tx, Some(known), &arrival.identity, browser, Refusal::Suspended).await;
        }
        PersonStatus::Left => {
            return turn_away(tx, Some(known), &arrival.identity, browser, Refusal::Left).await;
        }
    }
    let person = refresh(&mut tx, &known, &arrival.identity, &browser.source).await?;
    let roles = roles(&arrival.groups, &settings.groups);
    let now = tx.now;
    identity::keep_roles(&mut tx, person.id, roles, now).await?;
    let admission = Admission {
        hash: &browser.hash,
        person: person.id,
        provider_sid: arrival.sid.as_deref(),
        id_token: &arrival.id_token,
        roles,
        authenticated_at: arrival.authenticated_at,
        seen: Seen { ip: browser.source.ip.as_deref(), user_agent: browser.source.user_agent.as_deref() },
        lasting: settings.sessions.absolute,
        replaces: browser.replaces,
    };
    if session::admit(&mut tx, &admission).await?.is_none() {
        return Err(StoreError::Corrupt { table: "session", value: "gone while signing in".to_owned() });
    }
    let event = NewEvent::new(actor(&person), browser.source.clone(), Action::SignedIn)
        .subject(person.clone())
        .detail(json!({
            "administrator": roles.administrator,
            "auditor": roles.auditor,
            "authenticated_at": arrival.authenticated_at,
            "renewed": browser.replaces.is_some(),
        }));
    tx.commit(event).await?;
    Ok(Ok(person))
}

/// By subject; else an imported person by an address that the provider vouches for; else somebody new.
async fn recognise(
    tx: &mut Tx,
    unknown: UnknownPeople,
    identity: &Identity,
    source: &Source,
) -> Result<Result<KnownPerson, Refusal>, StoreError> {
    if let Some(known) = identity::find(tx, identity).await? {
        return Ok(Ok(known));
    }
    if let Some(known) = identity::link(tx, identity).await? {
        let detail =
            json!({ "issuer": identity.issuer, "subject": identity.subject, "email": identity.email });
        record(tx, &known.person(), source, Action::PersonLinked, detail).await?;
        return Ok(Ok(known));
    }
    if let Some(email) = &identity.email
        && identity::is_email_taken(tx, email).await?
    {
        return Ok(Err(Refusal::EmailTaken));
    }
    if unknown == UnknownPeople::Refuse {
        return Ok(Err(Refusal::Unknown));
    }
    match identity::create(tx, identity).await? {
        Some(known) => {
            let detail =
                json!({ "issuer": identity.issuer, "subject": identity.subject, "email": identity.email });
            record(tx, &known.person(), source, Action::PersonCreated, detail).await?;
            Ok(Ok(known))
        }
        // Somebody else came first with the same address or, in another tab, the same person did.
        None => match identity::find(tx, identity).await? {
            Some(known) => Ok(Ok(known)),
            None => Ok(Err(Refusal::EmailTaken)),
        },
    }
}

/// Takes over what the provider says now, with an event where name or address changed.
async fn refresh(
    tx: &mut Tx,
    known: &KnownPerson,
    identity: &Identity,
    source: &Source,
) -> Result<PersonRef, StoreError> {
    let fresh = identity::refresh(tx, known.id, identity).await?;
    if fresh.name != known.name || fresh.email != known.email {
        let detail = json!({
            "before": { "name": known.name, "email": known.email },
            "after": { "name": fresh.name, "email": fresh.email },
            "by": "the sign-in provider",
        });
        record(tx, &fresh.person(), source, Action::PersonUpdated, detail).await?;
    }
    Ok(fresh.person())
}

async fn record(
    tx: &mut Tx,
    person: &PersonRef,
    source: &Source,
    action: Action,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let event = NewEvent::new(actor(person), source.clone(), action).subject(person.clone()).detail(detail);
    tx.record(event).await?;
    Ok(())
}

async fn turn_away(
    tx: Tx,
    known: Option<KnownPerson>,
    identity: &Identity,
    browser: &Browser,
    refusal: Refusal,
) -> Result<Result<PersonRef, Refusal>, StoreError> {
    let by = known.as_ref().map_or(Actor::Unknown, |known| actor(&known.person()));
    let mut event = NewEvent::new(by, browser.source.clone(), Action::SignInRefused)
        .outcome(Outcome::Denied)
        .reason(Some(refusal.reason().to_owned()))
        .detail(json!({
            "issuer": identity.issuer,
            "subject": identity.subject,
            "name": identity.name,
            "email": identity.email,
        }));
    if let Some(known) = &known {
        event = event.subject(known.person());
    }
    tx.commit(event).await?;
    Ok(Err(refusal))
}

/// Notes a sign-in that does not hold, of nobody knows whom.
///
/// # Errors
/// When the database refuses it.
pub async fn refuse(store: &Store, source: Source, reason: &str) -> Result<(), StoreError> {
    let event = NewEvent::new(Actor::Unknown, source, Action::SignInRefused)
        .outcome(Outcome::Failure)
        .reason(Some(reason.chars().take(500).collect()));
    store.begin().await?.commit(event).await?;
    Ok(())
}

/// Whether the provider vouches for somebody else than the person who is signed in here. Whoever proves anew who
/// they are must stay who they are; the book notes the try.
///
/// # Errors
/// When the database refuses it.
pub async fn is_somebody_else(
    store: &Store,
    signed_in: &PersonRef,
    arrival: &Arrival,
    source: Source,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let found = identity::find(&mut tx, &arrival.identity).await?;
    if found.is_some_and(|found| found.id == signed_in.id) {
        return Ok(false);
    }
    let event = NewEvent::new(actor(signed_in), source, Action::SignInRefused)
        .subject(signed_in.clone())
        .outcome(Outcome::Denied)
        .reason(Some("the provider vouched for somebody else than is signed in".to_owned()))
        .detail(json!({ "issuer": arrival.identity.issuer, "subject": arrival.identity.subject }));
    tx.commit(event).await?;
    Ok(true)
}

/// What groups make of somebody.
fn roles(groups: &[String], settings: &RoleGroups) -> Roles {
    let is_in = |wanted: &[String]| groups.iter().any(|group| wanted.contains(group));
    Roles { administrator: is_in(&settings.administrators), auditor: is_in(&settings.auditors) }
}

fn actor(person: &PersonRef) -> Actor {
    Actor::Person { id: person.id, name: person.name.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_groups_of_the_settings_give_roles() {
        let settings =
            RoleGroups { administrators: vec!["admins".to_owned()], auditors: vec!["audit".to_owned()] };
        let of =
            |groups: &[&str]| roles(&groups.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>(), &settings);
        assert_eq!(of(&["admins", "x"]), Roles { administrator: true, auditor: false });
        assert_eq!(of(&["audit", "admins"]), Roles { administrator: true, auditor: true });
        assert_eq!(of(&["Admins", "admin", ""]), Roles::default());
        assert_eq!(of(&[]), Roles::default());
    }
}
