//! Who and what the words of sources mean here, as administrators say it.

use app::backend::{Answer, Asked, Matching, Said, Saved, TypedAlias, Waiting};
use app::error::PortalError;
use async_trait::async_trait;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::person::PersonRef;
use serde_json::json;
use store::alias::{self, AliasRecord, COUNTED_MAX, Side, Unmatched};
use store::{PgConnection, Store, catalogue, catalogue_edit, owner_edit, person};

use super::editing::{may, unowned};
use super::typed::Faults;
use super::{Fault, Portal, refuse, tell};

/// So much waits on the page at once.
const SHOWN_MAX: i64 = 100;
const SAID_MAX: i64 = 200;
const SUGGESTED_MAX: i64 = 500;

#[async_trait]
impl Matching for Portal {
    async fn waiting(&self, caller: &Caller) -> Answer<Waiting> {
        tell(waiting(&self.store, caller).await)
    }

    async fn answer(&self, caller: &Caller, typed: &TypedAlias) -> Answer<Saved> {
        tell(answer(&self.store, caller, typed).await)
    }
}

async fn waiting(store: &Store, caller: &Caller) -> Result<Waiting, Fault> {
    may::must_administer(caller)?;
    let mut conn = store.read().await?;
    let mut actors = alias::unmatched(&mut conn, Side::Actor, SHOWN_MAX + 1).await?;
    let mut targets = alias::unmatched(&mut conn, Side::Target, SHOWN_MAX + 1).await?;
    let shown = usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX);
    let is_more = actors.len() > shown || targets.len() > shown;
    actors.truncate(shown);
    targets.truncate(shown);
    let people = person::search(&mut conn, "", SUGGESTED_MAX).await?;
    Ok(Waiting {
        actors: actors.into_iter().map(asked).collect(),
        targets: targets.into_iter().map(asked).collect(),
        is_more,
        said: alias::list(&mut conn, None, SAID_MAX).await?.iter().map(said).collect(),
        people: people.into_iter().filter_map(|one| one.email).collect(),
        things: alias::targets(&mut conn, SUGGESTED_MAX).await?,
    })
}

fn asked(found: Unmatched) -> Asked {
    Asked {
        source: found.source,
        key: found.key,
        reports: usize::try_from(found.reports.min(COUNTED_MAX)).unwrap_or_default(),
        is_more: found.reports > COUNTED_MAX,
        first_at: found.first_at,
        last: found.last,
    }
}

fn said(record: &AliasRecord) -> Said {
    Said {
        side: record.side.as_str(),
        source: record.source.clone(),
        key: record.key.clone(),
        meaning: meaning(record.side, record.person.as_ref(), &record.about),
        by: record.made_by.clone(),
        at: record.made_at,
    }
}

/// What an answer says, in words.
fn meaning(side: Side, person: Option<&PersonRef>, about: &About) -> String {
    match (side, person, &about.resource) {
        (_, Some(person), _) => person.name.clone(),
        (_, None, Some(_)) => unowned::label(about),
        (Side::Actor, None, None) => "nobody here".to_owned(),
        (Side::Target, None, None) => "nothing here".to_owned(),
    }
}

/// What is to be said about a key from now on; `None` is nothing.
type Meant = Option<(Option<PersonRef>, About)>;

async fn answer(store: &Store, caller: &Caller, typed: &TypedAlias) -> Result<Saved, Fault> {
    let action = if typed.choice == "forget" { Action::AliasTakenBack } else { Action::AliasSet };
    if let Some(refused) = may::not_administrator(caller, action, About::default()) {
        return Err(refuse(store, caller, refused).await);
    }
    let side = Side::parse(&typed.side).ok_or(PortalError::NotFound)?;
    let (source, key) = (typed.source.trim(), typed.key.trim());
    let mut tx = store.begin().await?;
    alias::lock(tx.conn(), source, key).await?;
    let before = alias::list(tx.conn(), Some((side, source, key)), 1).await?.pop();
    if before.is_none() && !alias::is_asked(tx.conn(), side, source, key).await? {
        return Err(PortalError::NotFound.into());
    }
    let after = meant(tx.conn(), side, typed).await?;
    let words = |meant: &Meant| meant.as_ref().map(|(person, about)| meaning(side, person.as_ref(), about));
    let was: Meant = before.map(|before| (before.person, before.about));
    if was == after {
        return Ok(Saved::Unchanged);
    }
    let now = tx.now;
    match (&after, side) {
        (None, _) => alias::take_back(tx.conn(), side, source, key).await?,
        (Some((person, _)), Side::Actor) => {
            let person = person.as_ref().map(|person| person.id);
            alias::set_actor(tx.conn(), source, key, person, caller.id(), now).await?;
        }
        (Some((_, about)), Side::Target) => {
            alias::set_target(tx.conn(), source, key, about, caller.id(), now).await?;
        }
    }
    let detail = json!({
        "source": source,
        "key": key,
        "before": { "meaning": words(&was) },
        "after": { "meaning": words(&after) },
    });
    let (person, about) = after.or(was).unwrap_or_default();
    let mut event = NewEvent::by(caller, action).about(about).detail(detail);
    event.subject = person;
    tx.commit(event).await?;
    Ok(Saved::Done)
}

async fn meant(conn: &mut PgConnection, side: Side, typed: &TypedAlias) -> Result<Meant, Fault> {
    let mut faults = Faults::default();
    let found = match (typed.choice.as_str(), side) {
        ("forget", _) => None,
        ("nobody", _) => Some((None, About::default())),
        ("is", Side::Actor) => {
            somebody(conn, &mut faults, &typed.meaning).await?.map(|person| (Some(person), About::default()))
        }
        ("is", Side::Target) => {
            something(conn, &mut faults, &typed.meaning).await?.map(|about| (None, about))
        }
        _ => {
            faults.add("choice", "Say who or what it is, or that it is nobody and nothing here.");
            None
        }
    };
    faults.check()?;
    Ok(found)
}

/// Whoever has this email, or alone has this name; also who has left: what they did stays theirs.
async fn somebody(
    conn: &mut PgConnection,
    faults: &mut Faults,
    typed: &str,
) -> Result<Option<PersonRef>, Fault> {
    let Some(written) = faults.line("meaning", typed) else {
        faults.add("meaning", "Say who it is: their email, or their name.");
        return Ok(None);
    };
    let mut found = owner_edit::named(conn, std::slice::from_ref(&written)).await?;
    found.dedup_by_key(|one| one.person.id);
    match found.as_slice() {
        [one] => return Ok(Some(one.person.clone())),
        [] => faults.add("meaning", format!("Nobody here goes by {written}.")),
        _ => faults.add("meaning", format!("Several people are called {written}: give the email.")),
    }
    Ok(None)
}

/// The resource of this slug, or the entitlement behind the slash.
async fn something(
    conn: &mut PgConnection,
    faults: &mut Faults,
    typed: &str,
) -> Result<Option<About>, Fault> {
    let Some(written) = faults.line("meaning", typed) else {
        faults.add("meaning", "Say what it is: a resource, like payments-prod, or payments-prod/read.");
        return Ok(None);
    };
    let (slug, name) =
        written.split_once('/').map_or((written.as_str(), None), |(slug, name)| (slug, Some(name)));
    let Some(resource) = catalogue_edit::resource(conn, slug.trim()).await? else {
        faults.add("meaning", format!("There is no resource {} in the catalogue.", slug.trim()));
        return Ok(None);
    };
    let Some(name) = name.map(str::trim) else { return Ok(Some(resource.about())) };
    let all = catalogue::entitlements_on(conn, resource.id).await?;
    let found = all.iter().find(|one| one.name.to_lowercase() == name.to_lowercase());
    if found.is_none() {
        faults.add("meaning", format!("{} has no entitlement {name}.", resource.facts.name));
    }
    Ok(found.map(store::catalogue::EntitlementRecord::about))
}
