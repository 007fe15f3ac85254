//! What is known here that the words of reports could mean, and the links that follow from it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{KnownGrant, Link, Place, Report, actor_key, covering, fold, target_key};
use crate::id::{EntitlementId, PersonId, ResourceId, SystemId};
use crate::usage::{OutsideKind, OutsideTarget};

/// A source and a key.
pub type Asked = (String, String);

/// A system that a report could name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSystem {
    /// Which.
    pub id: SystemId,
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A resource that a report could name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownResource {
    /// Which.
    pub id: ResourceId,
    /// On which system.
    pub system: SystemId,
    /// In addresses.
    pub slug: String,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// An entitlement that a report could name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEntitlement {
    /// Which.
    pub id: EntitlementId,
    /// For people.
    pub name: String,
    /// At the target.
    pub target: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// All that a batch of reports needs to know.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What administrators said of actors; `None` is “nobody here”.
    pub actor_aliases: HashMap<Asked, Option<PersonId>>,
    /// What they said of targets; `None` is “nothing here”.
    pub target_aliases: HashMap<Asked, Option<(ResourceId, Option<EntitlementId>)>>,
    /// People by folded mail address.
    pub emails: HashMap<String, PersonId>,
    /// People by their subject as the provider writes it: several where several providers use it.
    pub subjects: HashMap<String, Vec<PersonId>>,
    /// People by system and folded account, with the account as it is written.
    pub accounts: HashMap<(SystemId, String), Vec<(String, PersonId)>>,
    /// Every system.
    pub systems: Vec<KnownSystem>,
    /// Resources by their id.
    pub resources: HashMap<ResourceId, KnownResource>,
    /// The same by folded slug and name.
    pub named: HashMap<String, Vec<ResourceId>>,
    /// What can be held on them.
    pub entitlements: HashMap<ResourceId, Vec<KnownEntitlement>>,
    /// What people held.
    pub grants: HashMap<PersonId, Vec<KnownGrant>>,
}

impl Known {
    /// What this report has to do with what is known.
    pub fn link(&self, report: &Report) -> Link {
        let (person, actor_key) = self.actor(report);
        let target = self.target(report);
        let mut link = Link { person, actor_key, ..target };
        let (Some(person), Some(place), true) = (person, place(report, &link), report.is_use()) else {
            return link;
        };
        let grants = self.grants.get(&person).map(Vec::as_slice).unwrap_or_default();
        link.grant = covering(grants, place, report.occurred_at);
        link.covered = Some(link.grant.is_some());
        link
    }

    /// Who acted, and the key to keep: where that is not known, or where an alias says so.
    pub fn actor(&self, report: &Report) -> (Option<PersonId>, Option<String>) {
        let Some(key) = actor_key(&report.actor) else { return (None, None) };
        let asked = (report.source.clone(), key);
        if let Some(alias) = self.actor_aliases.get(&asked) {
            return (*alias, Some(asked.1));
        }
        let actor = &report.actor;
        let in_person = actor.kind != OutsideKind::Machine;
        let by_email = actor.email.as_deref().filter(|_| in_person);
        let by_email = by_email.and_then(|email| self.emails.get(&fold(email)).copied());
        let by_subject = || {
            let subject = actor.subject.as_deref().filter(|_| in_person)?;
            single(self.subjects.get(subject.trim())?.iter().copied())
        };
        match by_email.or_else(by_subject).or_else(|| self.by_account(report)) {
            Some(person) => (Some(person), None),
            None => (None, Some(asked.1)),
        }
    }

    fn by_account(&self, report: &Report) -> Option<PersonId> {
        let account = report.actor.account.as_deref()?.trim();
        let found = self.accounts.get(&(self.system(report)?, fold(account)))?;
        let exact = found.iter().find(|(name, _)| name == account).map(|(_, person)| *person);
        exact.or_else(|| single(found.iter().map(|(_, person)| *person)))
    }

    /// The system, as it stood at that moment.
    pub fn system(&self, report: &Report) -> Option<SystemId> {
        let at = report.occurred_at;
        report.system.or_else(|| {
            let wanted = fold(report.target.system.as_deref()?);
            let by = |word: fn(&KnownSystem) -> &str| {
                let found = self.systems.iter().filter(|system| fold(word(system)) == wanted);
                as_of(found.map(|system| (system.id, system.created_at, system.deleted_at)), at)
            };
            by(|system| &system.slug).or_else(|| by(|system| &system.name))
        })
    }

    fn target(&self, report: &Report) -> Link {
        let system = self.system(report);
        let key = target_key(&report.target);
        let asked = key.map(|key| (report.source.clone(), key));
        if let Some((asked, alias)) =
            asked.as_ref().and_then(|asked| self.target_aliases.get_key_value(asked))
        {
            let resource = alias.map(|(resource, _)| resource);
            let said = alias.and_then(|(_, entitlement)| entitlement);
            let on = resource.and_then(|id| self.resources.get(&id)).map(|resource| resource.system);
            return Link {
                system: on.or(system),
                resource,
                entitlement: said.or_else(|| self.entitlement(resource?, report)),
                target_key: Some(asked.1.clone()),
                ..Link::default()
            };
        }
        let resource = self.resource(report, system);
        let is_known = resource.is_some() || (system.is_some() && report.target.resource.is_none());
        let on = resource.and_then(|id| self.resources.get(&id)).map(|resource| resource.system);
        Link {
            system: on.or(system),
            resource,
            entitlement: resource.and_then(|resource| self.entitlement(resource, report)),
            target_key: asked.filter(|_| !is_known).map(|(_, key)| key),
            ..Link::default()
        }
    }

    fn resource(&self, report: &Report, system: Option<SystemId>) -> Option<ResourceId> {
        let wanted = fold(report.target.resource.as_deref()?);
        if system.is_none() && report.target.system.is_some() {
            return None;
        }
        let by = |word: fn(&KnownResource) -> &str| {
            let found = self.called(&wanted, system).filter(|resource| fold(word(resource)) == wanted);
            let found = found.map(|resource| (resource.id, resource.created_at, resource.deleted_at));
            as_of(found, report.occurred_at)
        };
        by(|resource| &resource.slug).or_else(|| by(|resource| &resource.name))
    }

    fn called(&self, wanted: &str, system: Option<SystemId>) -> impl Iterator<Item = &KnownResource> {
        let ids = self.named.get(wanted).map(Vec::as_slice).unwrap_or_default();
        ids.iter()
            .filter_map(|id| self.resources.get(id))
            .filter(move |resource| system.is_none_or(|system| resource.system == system))
    }

    /// Whether these words could mean something here, at whatever moment.
    pub fn may_mean(&self, target: &OutsideTarget) -> bool {
        let is_system = |name: &str| {
            self.systems.iter().any(|one| [&one.slug, &one.name].iter().any(|w| fold(w) == fold(name)))
        };
        let resource = target.resource.as_deref().map(fold);
        match (target.system.as_deref(), resource) {
            (system, Some(resource)) => {
                system.is_none_or(is_system) && self.called(&resource, None).next().is_some()
            }
            (Some(system), None) => is_system(system),
            (None, None) => false,
        }
    }

    fn entitlement(&self, resource: ResourceId, report: &Report) -> Option<EntitlementId> {
        let wanted = report.target.entitlement.as_deref().map(fold)?;
        let found = self.entitlements.get(&resource)?.iter();
        let found = found.filter(|one| {
            fold(&one.name) == wanted || one.target.as_deref().is_some_and(|target| fold(target) == wanted)
        });
        as_of(found.map(|one| (one.id, one.created_at, one.deleted_at)), report.occurred_at)
    }
}

fn place(report: &Report, link: &Link) -> Option<Place> {
    match (link.entitlement, link.resource, link.system) {
        (Some(id), ..) => Some(Place::Entitlement(id)),
        (None, Some(id), _) => Some(Place::Resource(id)),
        // What an alias calls nothing here is not the system either.
        (None, None, Some(id)) if report.target.resource.is_none() && link.target_key.is_none() => {
            Some(Place::System(id))
        }
        _ => None,
    }
}

/// The one of these, or none where there are several.
fn single<T: PartialEq>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// The one that was there at that moment. Logs are often older than what is written here about their systems, so what
/// was made later counts where nothing else could be meant.
fn as_of<T: PartialEq + Copy>(
    found: impl Iterator<Item = (T, DateTime<Utc>, Option<DateTime<Utc>>)>,
    at: DateTime<Utc>,
) -> Option<T> {
    let there: Vec<_> = found.filter(|(_, _, deleted)| deleted.is_none_or(|deleted| at < deleted)).collect();
    if there.len() > 1 {
        return single(there.iter().filter(|(_, created, _)| *created <= at).map(|(id, ..)| *id));
    }
    there.first().map(|(id, ..)| *id)
}

#[cfg(test)]
mod tests;
