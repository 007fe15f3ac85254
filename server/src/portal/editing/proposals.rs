//! Looser rules take a second person: proposed by one, confirmed or rejected by another.

use app::backend::{Proposal, TypedAnswer};
use app::error::PortalError;
use app::routes;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::editable::{Change, EntitlementFacts, Facts, ResourceFacts, SystemFacts};
use domain::id::PersonId;
use domain::person::PersonRef;
use domain::policy::loosening::{Loosening, takes_a_second};
use serde_json::{Map, Value, json};
use store::catalogue_edit::{self, EditedEntitlement, EditedResource};
use store::loosening::{self, Answered, By, NewLoosening, Of, ProposalRecord, Which};
use store::system_edit::EditedSystem;
use store::{PgConnection, Store, StoreError, Tx, grant, owner};
use uuid::Uuid;

use super::apply::{self, Way};
use super::commit;
use super::may::{self, Allowed, For};
use crate::portal::typed::Faults;
use crate::portal::{Fault, Refused, refuse};

/// An edit that may be looser than what stands there.
pub struct Edit<'a> {
    /// What is edited.
    pub of: Of,
    /// For events.
    pub about: About,
    /// The facts as they stand.
    pub before: Value,
    /// The facts as they are to stand.
    pub after: Value,
    /// What changes.
    pub changes: &'a [Change],
    /// What is looser.
    pub kinds: &'a [Loosening],
}

/// How an edit comes into force now; `None` where it takes a second person.
pub async fn way<'a>(tx: &mut Tx, by: &'a Caller, edit: &Edit<'_>) -> Result<Option<Way<'a>>, Fault> {
    if edit.kinds.is_empty() {
        return Ok(Some(Way::plain(by)));
    }
    let eligible = owner::eligible(tx.conn(), edit.of).await?;
    let eligible: Vec<PersonId> = eligible.iter().map(|person| person.id).collect();
    if takes_a_second(&eligible, by.id()) {
        return Ok(None);
    }
    write_down(tx, By::Alone(by.id()), edit).await?;
    let mut besides = Map::new();
    besides.insert("loosened".to_owned(), json!(edit.kinds));
    besides.insert("alone".to_owned(), json!(true));
    Ok(Some(Way { by, besides, is_alone: true }))
}

async fn write_down(tx: &mut Tx, by: By<'_>, edit: &Edit<'_>) -> Result<Uuid, Fault> {
    let (id, now) = (tx.new_id(), tx.now);
    let new = NewLoosening {
        id,
        of: edit.of,
        before: edit.before.clone(),
        after: edit.after.clone(),
        kinds: edit.kinds,
        by,
    };
    loosening::insert(tx.conn(), &new, now).await?;
    Ok(id)
}

/// Keeps an edit until a second person answers.
pub async fn propose(mut tx: Tx, by: &Caller, edit: &Edit<'_>) -> Result<(), Fault> {
    if let Some(other) = loosening::waiting(tx.conn(), Which::For(edit.of)).await?.first() {
        let message = format!(
            "{} proposed looser rules here already. Confirm, reject or withdraw those first.",
            other.proposed_by().name
        );
        return Err(PortalError::Conflict(message).into());
    }
    let id = write_down(&mut tx, By::Proposer(by.id()), edit).await?;
    let (mut before, mut after) = (Map::new(), Map::new());
    for change in edit.changes {
        before.insert(change.field.to_owned(), change.before.clone());
        after.insert(change.field.to_owned(), change.after.clone());
    }
    let detail = json!({ "proposal": id, "loosened": edit.kinds, "before": before, "after": after });
    tx.commit(NewEvent::by(by, Action::LooseningProposed).about(edit.about.clone()).detail(detail)).await?;
    Ok(())
}

/// What waits for this, as this caller sees it.
pub async fn waiting_for(
    conn: &mut PgConnection,
    caller: &Caller,
    of: Of,
) -> Result<Option<Proposal>, Fault> {
    let waiting = loosening::waiting(conn, Which::For(of)).await?;
    Ok(waiting.first().map(|record| view(record, caller)).transpose()?)
}

/// Everybody else who could confirm looser rules.
pub async fn seconds(conn: &mut PgConnection, caller: &Caller, of: Of) -> Result<Vec<PersonRef>, Fault> {
    let mut people = owner::eligible(conn, of).await?;
    people.retain(|person| person.id != caller.id());
    Ok(people)
}

/// What waits for an answer of this caller's, their own proposals included.
pub async fn list(store: &Store, caller: &Caller) -> Result<Vec<Proposal>, Fault> {
    let which = Which::ToAnswerBy(caller.id(), caller.roles.administrator);
    let waiting = loosening::waiting(&mut *store.read().await?, which).await?;
    Ok(waiting.iter().map(|record| view(record, caller)).collect::<Result<_, _>>()?)
}

fn view(record: &ProposalRecord, caller: &Caller) -> Result<Proposal, StoreError> {
    let slug = record.slug.as_deref().unwrap_or_default();
    let (changes, path) = match record.of()? {
        Of::System(id) => (changes_of::<SystemFacts>(record), routes::system(&id.to_string())),
        Of::Resource(_) => (changes_of::<ResourceFacts>(record), routes::resource_edit(slug)),
        Of::Entitlement(_, id) => {
            (changes_of::<EntitlementFacts>(record), routes::entitlement_edit(slug, &id.to_string()))
        }
    };
    Ok(Proposal {
        id: record.id.to_string(),
        path,
        label: match &record.entitlement {
            Some(entitlement) => format!("{entitlement} on {}", record.name),
            None => record.name.clone(),
        },
        proposed_by: record.proposed_by(),
        proposed_at: record.proposed_at,
        changes: changes.iter().map(Change::words).collect(),
        may_confirm: record.proposed_by().id != caller.id(),
    })
}

fn changes_of<T: Facts>(record: &ProposalRecord) -> Vec<Change> {
    let read = |facts: &Value| serde_json::from_value::<T>(facts.clone()).ok();
    read(&record.before)
        .zip(read(&record.after))
        .map(|(before, after)| before.changes(&after))
        .unwrap_or_default()
}

/// Confirms or rejects what waits; whoever proposed it can only withdraw it.
pub async fn answer(store: &Store, caller: &Caller, typed: &TypedAnswer) -> Result<(), Fault> {
    let id: Uuid = typed.id.trim().parse().map_err(|_| PortalError::NotFound)?;
    let is_confirmed = match typed.verdict.as_str() {
        "confirm" => true,
        "reject" => false,
        _ => return Err(PortalError::field("verdict", "Choose Confirm or Reject.").into()),
    };
    let tried = if is_confirmed { Action::LooseningConfirmed } else { Action::LooseningRejected };
    let mut tx = store.begin().await?;
    let proposal = find(tx.conn(), id).await?;
    let subject = match may_answer(&mut tx, caller, &proposal, tried).await? {
        Ok(found) => found,
        Err(refused) => {
            drop(tx);
            return Err(refuse(store, caller, refused).await);
        }
    };
    // Read again: whoever held the lock before may have answered it.
    let proposal = find(tx.conn(), id).await?;
    let mut faults = Faults::default();
    let reason = faults.prose("reason", &typed.reason);
    faults.check()?;
    let told = json!({
        "proposal": id,
        "proposed_by": proposal.proposed_by(),
        "loosened": proposal.kinds,
    });
    let event = NewEvent::by(caller, tried).about(subject.about()).reason(reason).detail(told);
    if !is_confirmed {
        close(&mut tx, caller, &proposal, Answered::Rejected).await?;
        tx.commit(event).await?;
        return Ok(());
    }
    if !caller.is_fresh(tx.now) {
        return Err(PortalError::SignInAgain.into());
    }
    confirm(tx, caller, &proposal, &subject, event).await
}

async fn find(conn: &mut PgConnection, id: Uuid) -> Result<ProposalRecord, Fault> {
    Ok(loosening::waiting(conn, Which::One(id)).await?.pop().ok_or(PortalError::NotFound)?)
}

/// What a proposal is about, as it stands.
enum Subject {
    System(EditedSystem),
    Resource(EditedResource),
    Entitlement(EditedResource, EditedEntitlement),
}

impl Subject {
    fn about(&self) -> About {
        match self {
            Self::System(system) => system.about(),
            Self::Resource(resource) => resource.about(),
            Self::Entitlement(resource, entitlement) => entitlement.about(resource),
        }
    }
}

async fn may_answer(
    tx: &mut Tx,
    caller: &Caller,
    proposal: &ProposalRecord,
    tried: Action,
) -> Result<Allowed<Subject>, Fault> {
    let what_for = For::Write(tried);
    let slug = proposal.slug.as_deref().unwrap_or_default();
    let allowed = match proposal.of()? {
        Of::System(id) => may::look_after_system(tx.conn(), caller, id, what_for).await?.map(Subject::System),
        Of::Resource(_) => may::resource(tx.conn(), caller, slug, what_for).await?.map(Subject::Resource),
        Of::Entitlement(_, id) => {
            let allowed = may::entitlement(tx.conn(), caller, slug, &id.to_string(), what_for).await?;
            allowed.map(|(resource, entitlement)| Subject::Entitlement(resource, entitlement))
        }
    };
    let is_own = proposal.proposed_by().id == caller.id();
    Ok(match allowed {
        Ok(subject) if is_own && tried == Action::LooseningConfirmed => {
            let message =
                "Nobody confirms looser rules of their own. Another owner or an administrator does.";
            Err(Refused { tried, about: subject.about(), request: None, message })
        }
        allowed => allowed,
    })
}

async fn close(tx: &mut Tx, by: &Caller, proposal: &ProposalRecord, how: Answered) -> Result<(), Fault> {
    let now = tx.now;
    if loosening::mark_answered(tx.conn(), proposal.id, how, by.id(), now).await? {
        return Ok(());
    }
    Err(PortalError::Conflict("Somebody answered this before you; nothing was changed.".to_owned()).into())
}

async fn confirm(
    mut tx: Tx,
    caller: &Caller,
    proposal: &ProposalRecord,
    subject: &Subject,
    event: NewEvent,
) -> Result<(), Fault> {
    let mut besides = Map::new();
    besides.insert("loosened".to_owned(), json!(proposal.kinds));
    besides.insert("proposed_by".to_owned(), json!(proposal.proposed_by()));
    let way = Way { by: caller, besides, is_alone: false };
    let mut events = match subject {
        Subject::System(system) => {
            let (before, after) = facts::<SystemFacts>(proposal)?;
            if !before.changes(&system.facts).is_empty() {
                return overtaken(tx, caller, proposal, event).await;
            }
            // The form that a fault would lead to is not on this page.
            match apply::system(&mut tx, &way, system, &after).await {
                Err(Fault::Told(fault @ PortalError::Invalid(_))) => {
                    return Err(PortalError::Conflict(fault.to_string()).into());
                }
                applied => applied?,
            }
        }
        Subject::Resource(resource) => {
            let (before, after) = facts::<ResourceFacts>(proposal)?;
            if !before.changes(&resource.facts).is_empty() {
                return overtaken(tx, caller, proposal, event).await;
            }
            apply::resource(&mut tx, &way, resource, &after).await?
        }
        Subject::Entitlement(resource, entitlement) => {
            let (before, after) = facts::<EntitlementFacts>(proposal)?;
            let is_same = before.changes(&entitlement.facts).is_empty();
            if !is_same || !still_fits(&mut tx, resource, entitlement, &after).await? {
                return overtaken(tx, caller, proposal, event).await;
            }
            apply::entitlement(&mut tx, &way, (resource, entitlement), &after).await?
        }
    };
    close(&mut tx, caller, proposal, Answered::InForce).await?;
    events.push(event);
    commit(tx, events).await
}

fn facts<T: Facts>(proposal: &ProposalRecord) -> Result<(T, T), Fault> {
    let read = |facts: &Value| {
        serde_json::from_value::<T>(facts.clone())
            .map_err(|error| StoreError::Corrupt { table: "loosening", value: error.to_string() })
    };
    Ok((read(&proposal.before)?, read(&proposal.after)?))
}

/// Whether what was fine when it was proposed still is: nothing else has its name or target by now, and nobody
/// holds what would change its name at the target.
async fn still_fits(
    tx: &mut Tx,
    resource: &EditedResource,
    entitlement: &EditedEntitlement,
    after: &EntitlementFacts,
) -> Result<bool, Fault> {
    let own = Some(entitlement.id);
    let clash = catalogue_edit::clash(tx.conn(), resource, own, &after.name, after.target.as_deref()).await?;
    if clash.is_name_taken {
        return Ok(false);
    }
    if entitlement.facts.target == after.target {
        return Ok(true);
    }
    let held = grant::list(tx.conn(), grant::Which::LiveOn(&[entitlement.id]), 1).await?;
    Ok(held.is_empty() && (resource.is_manual() || clash.target_taken_by.is_none()))
}

/// What was proposed no longer fits what stands there: it is closed, and proposed anew where it is still wanted.
async fn overtaken(
    mut tx: Tx,
    caller: &Caller,
    proposal: &ProposalRecord,
    mut event: NewEvent,
) -> Result<(), Fault> {
    close(&mut tx, caller, proposal, Answered::Overtaken).await?;
    event.action = Action::LooseningRejected;
    event.reason = Some("What it was about has changed meanwhile.".to_owned());
    tx.commit(event).await?;
    let message = "What this was about has changed meanwhile, so it was closed. Propose it again if it is still wanted.";
    Err(PortalError::Conflict(message.to_owned()).into())
}
