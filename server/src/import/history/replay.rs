//! The replay itself: pure memory, so that what goes wrong is known before anything is written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::audit::{About, Action, Actor, NewEvent};
use domain::caller::Source;
use domain::id::{EntitlementId, GrantId, PersonId, RequestId, ResourceId, SubmissionId};
use domain::person::{PersonRef, PersonStatus};
use store::past::{PastGrant, PastPerson, PastRequest};
use store::stock::{Entitlement, Resource, System};

use super::super::Work;
use super::line::{self, Line, What};
use super::{RULES, SENSITIVITY, new_system};

/// What a file comes to.
pub struct Replay {
    /// The system that stands for the whole.
    pub system: System,
    /// Where it came from.
    pub file: String,
    /// Requests in the order they were granted.
    pub requests: Vec<PastRequest>,
    /// Grants in the order they began.
    pub grants: Vec<PastGrant>,
    /// Everything that happened, in order.
    pub events: Vec<NewEvent>,
    people: Vec<PastPerson>,
    person_at: HashMap<String, usize>,
    resources: Vec<Resource>,
    resource_at: HashMap<(&'static str, String), usize>,
    slugs: HashSet<String>,
    entitlements: Vec<Entitlement>,
    entitlement_at: HashMap<(usize, String), usize>,
    /// Live ones, as places in `grants`.
    live: BTreeMap<(PersonId, EntitlementId), usize>,
}

impl Replay {
    /// Replays all lines; what contradicts itself is noted.
    pub fn run(work: &mut Work, source: &str, file: &str, lines: &[Line]) -> Self {
        let mut replay = Self {
            system: new_system(work, source),
            file: file.to_owned(),
            requests: Vec::new(),
            grants: Vec::new(),
            events: Vec::new(),
            people: Vec::new(),
            person_at: HashMap::new(),
            resources: Vec::new(),
            resource_at: HashMap::new(),
            slugs: HashSet::new(),
            entitlements: Vec::new(),
            entitlement_at: HashMap::new(),
            live: BTreeMap::new(),
        };
        replay.event_of_system(work);
        for line in lines {
            if let Err(message) = replay.step(work, line) {
                work.faults.of_file(file, Some(line.number), message);
            }
        }
        replay
    }

    /// Everybody.
    pub fn people(&self) -> &[PastPerson] {
        &self.people
    }

    /// Teams, repositories, permissions.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Their roles.
    pub fn entitlements(&self) -> &[Entitlement] {
        &self.entitlements
    }

    /// The system is not in the history: whoever brings it in makes it.
    fn event_of_system(&mut self, work: &Work) {
        let event = work.event(Action::SystemChanged).about(self.about_system());
        self.events.push(event.detail(serde_json::json!({ "after": self.system })));
    }

    fn step(&mut self, work: &Work, line: &Line) -> Result<(), String> {
        match &line.what {
            What::Person { who } => {
                self.person(work, line, who, line.is_grant);
                Ok(())
            }
            What::Held { who, on, name, role } => {
                let person = self.person(work, line, who, true);
                let resource = self.resource(work, line, on, name);
                let (entitlement, about) = self.entitlement(work, line, resource, role);
                if line.is_grant {
                    self.give(work, line, person, entitlement, about);
                    Ok(())
                } else {
                    self.take(work, line, person, entitlement, about)
                }
            }
            What::Tied { on, name, tag } => {
                let resource = self.resource(work, line, on, name);
                self.tie(work, line, resource, tag);
                Ok(())
            }
        }
    }

    fn event(&self, actor: Actor, line: &Line, action: Action, is_proposal: bool) -> NewEvent {
        let mut event = NewEvent::new(actor, Source::of("imported"), action).detail(serde_json::json!({
            "change": line.change,
            "line": line.number,
            "proposed_by": line.proposed_by,
            "decided_by": "not recorded",
        }));
        event.occurred_at = Some(if is_proposal { line.proposed_at } else { line.at });
        event
    }

    /// Subjects and proposers are two series of ids, and so are two people even where the ids look the same.
    fn proposer(&mut self, work: &Work, line: &Line) -> PersonRef {
        let key = format!("proposer/{}", line.proposed_by);
        let name = format!("{} (proposer)", line.proposed_by);
        self.somebody(work, key, name).0
    }

    fn somebody(&mut self, work: &Work, key: String, name: String) -> (PersonRef, bool) {
        if let Some(known) = self.person_at.get(&key).and_then(|place| self.people.get(*place)) {
            return (PersonRef { id: known.id, name: known.name.clone() }, false);
        }
        let id = PersonId(work.tx.new_id());
        self.person_at.insert(key.clone(), self.people.len());
        self.people.push(PastPerson { id, key, name: name.clone(), status: PersonStatus::Active });
        (PersonRef { id, name }, true)
    }

    /// Finds or adds somebody; a line about the person itself changes whether they are there.
    fn person(&mut self, work: &Work, line: &Line, who: &str, is_there: bool) -> PersonRef {
        let key = format!("subject/{who}");
        let (person, is_new) = self.somebody(work, key.clone(), who.to_owned());
        let is_about_them = matches!(line.what, What::Person { .. });
        let place = self.person_at.get(&key).copied();
        let Some(record) = place.and_then(|place| self.people.get_mut(place)) else { return person };
        let status = if is_there { PersonStatus::Active } else { PersonStatus::Left };
        let action = match (is_new, is_about_them && record.status != status) {
            (true, _) => Some(Action::PersonImported),
            (false, true) if is_there => Some(Action::PersonReactivated),
            (false, true) => Some(Action::PersonLeft),
            (false, false) => None,
        };
        if is_about_them {
            record.status = status;
        }
        if let Some(action) = action {
            let event = self.event(Actor::Unknown, line, action, false).subject(person.clone());
            self.events.push(event);
        }
        person
    }

    fn about_system(&self) -> About {
        About { system_id: Some(self.system.id), system: Some(self.system.name.clone()), ..About::default() }
    }

    fn about_resource(&self, place: usize) -> About {
        let resource = self.resources.get(place);
        About {
            resource_id: resource.map(|resource| resource.id),
            resource: resource.map(|resource| resource.name.clone()),
            ..self.about_system()
        }
    }

    fn resource(&mut self, work: &Work, line: &Line, on: &'static str, name: &str) -> usize {
        let key = (on, name.to_owned());
        if let Some(place) = self.resource_at.get(&key) {
            return *place;
        }
        let prefix = if on == "repository" { "repo" } else { on };
        let plain = line::slug(&format!("{prefix}-{name}"));
        let numbered = (2..).map(|n: u32| format!("{plain}-{n}"));
        let mut slugs = std::iter::once(plain.clone()).chain(numbered);
        let slug = slugs.find(|slug| !self.slugs.contains(slug)).unwrap_or(plain);
        self.slugs.insert(slug.clone());
        let place = self.resources.len();
        let resource = Resource {
            id: ResourceId(work.tx.new_id()),
            system: self.system.id,
            slug,
            name: name.to_owned(),
            description: String::new(),
            environment: String::new(),
            sensitivity: SENSITIVITY,
            tags: BTreeSet::from([on.to_owned()]),
            access_max: None,
            owners: BTreeSet::new(),
        };
        let after = serde_json::json!({ "after": resource });
        self.resources.push(resource);
        self.resource_at.insert(key, place);
        let mut event = self.event(Actor::Unknown, line, Action::ResourceChanged, false);
        event = event.about(self.about_resource(place)).detail(after);
        self.events.push(event);
        place
    }

    fn entitlement(
        &mut self,
        work: &Work,
        line: &Line,
        resource: usize,
        role: &str,
    ) -> (EntitlementId, About) {
        let key = (resource, role.to_owned());
        let place = self.entitlement_at.get(&key).copied().unwrap_or(self.entitlements.len());
        let mut about = self.about_resource(resource);
        about.entitlement = Some(role.to_owned());
        if let Some(known) = self.entitlements.get(place) {
            about.entitlement_id = Some(known.id);
            return (known.id, about);
        }
        let id = EntitlementId(work.tx.new_id());
        let resource = about.resource_id.unwrap_or(ResourceId(id.0));
        let new = Entitlement {
            id,
            resource,
            name: role.to_owned(),
            purpose: String::new(),
            target: None,
            owners: BTreeSet::new(),
            rules: RULES,
        };
        about.entitlement_id = Some(id);
        let after = serde_json::json!({ "after": new, "policy": RULES });
        self.entitlements.push(new);
        self.entitlement_at.insert(key, place);
        let event = self.event(Actor::Unknown, line, Action::EntitlementChanged, false);
        self.events.push(event.about(about.clone()).detail(after));
        (id, about)
    }

    fn give(&mut self, work: &Work, line: &Line, who: PersonRef, what: EntitlementId, about: About) {
        let proposer = self.proposer(work, line);
        let live = self.live.get(&(who.id, what)).and_then(|place| self.grants.get(*place));
        let (id, is_held_already) = match live {
            Some(grant) => (grant.id, true),
            None => (GrantId(work.tx.new_id()), false),
        };
        let request = RequestId(work.tx.new_id());
        self.requests.push(PastRequest {
            id: request,
            submission: SubmissionId(work.tx.new_id()),
            requester: proposer.id,
            beneficiary: who.id,
            entitlement: what,
            filed_at: line.proposed_at,
            closed_at: line.at,
            ticket: line.change.clone(),
        });
        let asked = self.event(by(proposer), line, Action::RequestSubmitted, true);
        let mut given = self.event(Actor::Unknown, line, Action::GrantActivated, false);
        if is_held_already {
            // The file gives it twice without taking it away in between; it is one access.
            if let Some(detail) = given.detail.as_object_mut() {
                detail.insert("held_already".to_owned(), true.into());
            }
        } else {
            self.live.insert((who.id, what), self.grants.len());
            self.grants.push(PastGrant {
                id,
                request,
                person: who.id,
                entitlement: what,
                since: line.at,
                revoked_at: None,
            });
        }
        self.events.push(asked.subject(who.clone()).about(about.clone()).request(request).grant(id));
        self.events.push(given.subject(who).about(about).request(request).grant(id));
    }

    fn take(
        &mut self,
        work: &Work,
        line: &Line,
        who: PersonRef,
        what: EntitlementId,
        about: About,
    ) -> Result<(), String> {
        let place = self.live.remove(&(who.id, what));
        let Some(grant) = place.and_then(|place| self.grants.get_mut(place)) else {
            return Err(format!("{} loses here what the lines before do not give.", who.name));
        };
        grant.revoked_at = Some(line.at);
        let (id, request) = (grant.id, grant.request);
        let proposer = self.proposer(work, line);
        let asked = self.event(by(proposer), line, Action::GrantRevoking, true);
        let taken = self.event(Actor::Unknown, line, Action::GrantRevoked, false);
        self.events.push(asked.subject(who.clone()).about(about.clone()).request(request).grant(id));
        self.events.push(taken.subject(who).about(about).request(request).grant(id));
        Ok(())
    }

    fn tie(&mut self, work: &Work, line: &Line, place: usize, tag: &str) {
        let proposer = self.proposer(work, line);
        let Some(resource) = self.resources.get_mut(place) else { return };
        let before = resource.tags.clone();
        if line.is_grant {
            resource.tags.insert(tag.to_owned());
        } else {
            resource.tags.remove(tag);
        }
        let tags = serde_json::json!({ "before": before, "after": resource.tags });
        let mut event = self.event(by(proposer), line, Action::ResourceChanged, false);
        if let Some(detail) = event.detail.as_object_mut() {
            detail.insert("tags".to_owned(), tags);
        }
        self.events.push(event.about(self.about_resource(place)));
    }
}

fn by(person: PersonRef) -> Actor {
    Actor::Person { id: person.id, name: person.name }
}
