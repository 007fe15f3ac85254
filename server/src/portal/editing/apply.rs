//! Putting an edit in force: the rows, what follows from them, and the events that tell it.

use app::error::PortalError;
use domain::audit::{About, Action, NewEvent};
use domain::caller::Caller;
use domain::editable::{Change, Concern, EntitlementFacts, Facts, ResourceFacts, SystemFacts, detail};
use domain::id::{EntitlementId, PolicyVersionId};
use serde_json::{Map, Value, json};
use store::catalogue_edit::{self, EditedEntitlement, EditedResource};
use store::owner_edit::{self, Owned};
use store::policy::{self, NewPolicyVersion};
use store::system_edit::{self, EditedSystem};
use store::{PgConnection, Tx};

use super::consequences;
use crate::connectors::settings::MANUAL;
use crate::portal::{Fault, connection};

/// By whom an edit comes into force, and what its events say besides.
pub struct Way<'a> {
    /// Who saved or confirmed it.
    pub by: &'a Caller,
    /// Stands in the detail of each event.
    pub besides: Map<String, Value>,
    /// Looser, and nobody else could have confirmed it.
    pub is_alone: bool,
}

impl<'a> Way<'a> {
    /// An edit that needs nobody else.
    pub fn plain(by: &'a Caller) -> Self {
        Self { by, besides: Map::new(), is_alone: false }
    }

    fn event(&self, action: Action, about: About, mut told: Value) -> NewEvent {
        if let Value::Object(told) = &mut told {
            told.extend(self.besides.clone());
        }
        NewEvent::by(self.by, action).about(about).detail(told)
    }

    /// An event for each of these concerns that something changed of.
    fn events(&self, changes: &[Change], about: &About, actions: &[(Action, &[Concern])]) -> Vec<NewEvent> {
        actions
            .iter()
            .filter_map(|(action, concerns)| {
                Some(self.event(*action, about.clone(), detail(changes, concerns)?))
            })
            .collect()
    }
}

/// Changes a resource. Answers the events to commit with.
pub async fn resource(
    tx: &mut Tx,
    way: &Way<'_>,
    resource: &EditedResource,
    after: &ResourceFacts,
) -> Result<Vec<NewEvent>, Fault> {
    let before = consequences::limits(tx.conn(), resource.id).await?;
    catalogue_edit::update_resource(tx.conn(), resource.id, after).await?;
    let owned = Owned::Resource(resource.id);
    owner_edit::set(tx.conn(), owned, &resource.facts.owners, &after.owners).await?;
    let changes = resource.facts.changes(after);
    let actions: [(Action, &[Concern]); 2] = [
        (Action::ResourceChanged, &[Concern::Description, Concern::Policy]),
        (Action::OwnersChanged, &[Concern::Owners]),
    ];
    let events = way.events(&changes, &resource.about(), &actions);
    consequences::shorten_to_limits(tx, resource.id, &before).await?;
    Ok(events)
}

/// Changes an entitlement; changed rules are a new version of its policy. Answers the events to commit with.
pub async fn entitlement(
    tx: &mut Tx,
    way: &Way<'_>,
    (resource, entitlement): (&EditedResource, &EditedEntitlement),
    after: &EntitlementFacts,
) -> Result<Vec<NewEvent>, Fault> {
    let before = consequences::limits(tx.conn(), resource.id).await?;
    let id = entitlement.id;
    catalogue_edit::update_entitlement(tx.conn(), id, after).await?;
    owner_edit::set(tx.conn(), Owned::Entitlement(id), &entitlement.facts.owners, &after.owners).await?;
    let (about, changes) = (entitlement.about(resource), entitlement.facts.changes(after));
    let actions: [(Action, &[Concern]); 2] =
        [(Action::EntitlementChanged, &[Concern::Description]), (Action::OwnersChanged, &[Concern::Owners])];
    let mut events = way.events(&changes, &about, &actions);
    if let Some(mut told) = detail(&changes, &[Concern::Policy]) {
        let version = put_in_force(tx, id, after, way.is_alone).await?;
        if let Value::Object(told) = &mut told {
            told.insert("version".to_owned(), json!({ "before": entitlement.version, "after": version }));
        }
        events.push(way.event(Action::PolicyChanged, about, told));
    }
    consequences::shorten_to_limits(tx, resource.id, &before).await?;
    Ok(events)
}

/// Changes a system and, where it leads elsewhere, what access there is closed with. Answers the events to commit
/// with.
pub async fn system(
    tx: &mut Tx,
    way: &Way<'_>,
    system: &EditedSystem,
    after: &SystemFacts,
) -> Result<Vec<NewEvent>, Fault> {
    let facts = &system.facts;
    check_way(tx.conn(), system, after).await?;
    let (from, to) =
        ((facts.connector.as_str(), &facts.settings), (after.connector.as_str(), &after.settings));
    if let Err(stranded) = connection::lead(tx.conn(), system.id, from, to).await? {
        return Err(PortalError::Conflict(stranded.to_string()).into());
    }
    let mut before = Vec::new();
    for id in system_edit::resource_ids(tx.conn(), system.id).await? {
        before.push((id, consequences::limits(tx.conn(), id).await?));
    }
    system_edit::update(tx.conn(), system.id, after).await?;
    let owned = Owned::System(system.id);
    owner_edit::set(tx.conn(), owned, &system.facts.owners, &after.owners).await?;
    let changes = system.facts.changes(after);
    let actions: [(Action, &[Concern]); 2] = [
        (Action::SystemChanged, &[Concern::Description, Concern::Policy]),
        (Action::OwnersChanged, &[Concern::Owners]),
    ];
    let events = way.events(&changes, &system.about(), &actions);
    for (id, limits) in before {
        consequences::shorten_to_limits(tx, id, &limits).await?;
    }
    Ok(events)
}

/// A fault of the connector's field where leading the system there would leave access behind, or lead to nothing.
pub async fn check_way(
    conn: &mut PgConnection,
    system: &EditedSystem,
    after: &SystemFacts,
) -> Result<(), Fault> {
    let facts = &system.facts;
    let (from, to) =
        ((facts.connector.as_str(), &facts.settings), (after.connector.as_str(), &after.settings));
    if let Err(stranded) = connection::check(conn, system.id, from, to).await? {
        let field = if from.0 == to.0 { "url" } else { "connector" };
        return Err(PortalError::field(field, stranded).into());
    }
    if from.0 == to.0 || to.0 == MANUAL {
        return Ok(());
    }
    let nameless = system_edit::without_own_target(conn, system.id).await?;
    if let Some(first) = nameless.first() {
        let more = match nameless.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let message = format!(
            "{} could not open {first}{more}: give each entitlement a name of its own at the target first.",
            to.0
        );
        return Err(PortalError::field("connector", message).into());
    }
    Ok(())
}

/// Adds an entitlement with the first version of its policy. Answers the events to commit with.
pub async fn new_entitlement(
    tx: &mut Tx,
    by: &Caller,
    resource: &EditedResource,
    facts: &EntitlementFacts,
) -> Result<Vec<NewEvent>, Fault> {
    let (id, now) = (EntitlementId(tx.new_id()), tx.now);
    catalogue_edit::insert_entitlement(tx.conn(), id, resource.id, facts, now).await?;
    owner_edit::set(tx.conn(), Owned::Entitlement(id), &[], &facts.owners).await?;
    put_in_force(tx, id, facts, false).await?;
    let about = About { entitlement_id: Some(id), entitlement: Some(facts.name.clone()), ..resource.about() };
    let told = json!({ "after": {
        "purpose": facts.purpose,
        "target": facts.target,
        "access_max_seconds": facts.access_max,
        "pending_seconds": facts.pending_for,
        "rationale_required": facts.rationale_required,
        "owners": facts.owners,
    } });
    Ok(vec![Way::plain(by).event(Action::EntitlementAdded, about, told)])
}

async fn put_in_force(
    tx: &mut Tx,
    entitlement: EntitlementId,
    facts: &EntitlementFacts,
    is_alone: bool,
) -> Result<i32, Fault> {
    let new = NewPolicyVersion {
        id: PolicyVersionId(tx.new_id()),
        entitlement,
        pending_for: facts.pending_for,
        access_max: facts.access_max,
        rationale_required: facts.rationale_required,
        created_at: tx.now,
    };
    Ok(policy::insert_flagged(tx.conn(), &new, is_alone).await?)
}
