//! The company at a moment: who is there, what can be asked for, and doing things as somebody.

use std::collections::HashMap;

use app::backend::{Access, Approvals, People, Requests, TypedDecision, TypedRequest};
use app::error::PortalError;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::caller::{Caller, Roles, Source};
use domain::catalogue::Sensitivity;
use domain::grant::GrantState;
use domain::id::{EntitlementId, GrantId, PersonId, RequestId, SessionId};
use domain::person::PersonRef;
use domain::policy::Deciders;
use store::grant::{GrantRecord, Which};
use store::{Clock, Store, directory, grant, request, stock};
use uuid::Uuid;

use super::people::{ADMIN_GROUP, AUDITOR_GROUP, people};
use super::{CompanyError, random::Random};
use crate::connectors::{self, Connector};
use crate::jobs;
use crate::portal::Portal;

/// Somebody, ready to act.
#[derive(Debug, Clone)]
pub struct Resident {
    person: PersonRef,
    /// Their department.
    pub department: String,
    /// The first part of their address.
    pub sub: String,
    zone: Tz,
    roles: Roles,
}

/// Something that can be asked for.
#[derive(Debug, Clone, Copy)]
struct Thing {
    id: EntitlementId,
    is_manual: bool,
}

/// A request that was filed, with who could decide it then.
#[derive(Debug, Clone)]
pub struct Filed {
    /// Which.
    pub id: RequestId,
    /// Of what sensitivity.
    pub sensitivity: Sensitivity,
    /// Who could decide it.
    pub deciders: Vec<PersonId>,
}

/// The company.
pub struct Town {
    store: Store,
    clock: Clock,
    portal: Portal,
    connectors: Vec<Box<dyn Connector>>,
    residents: Vec<Resident>,
    things: HashMap<String, Thing>,
    /// Whether the two databases are there.
    pub has_target: bool,
    /// Today.
    pub today: DateTime<Utc>,
    /// The same dice every time.
    pub random: Random,
}

impl Town {
    /// Over what was imported.
    pub async fn new(
        store: Store,
        clock: Clock,
        today: DateTime<Utc>,
        has_target: bool,
    ) -> Result<Self, CompanyError> {
        let mut conn = store.read().await?;
        let everybody = directory::all(&mut conn).await?;
        let stock = stock::read(&mut conn).await?;
        drop(conn);
        let residents = people().iter().filter_map(|person| {
            let entry = everybody.iter().find(|entry| entry.email.as_deref() == Some(person.email))?;
            Some(Resident {
                person: entry.person(),
                department: entry.department.clone(),
                sub: person.sub.to_owned(),
                zone: person.time_zone.parse().unwrap_or(Tz::UTC),
                roles: Roles {
                    administrator: person.groups.contains(&ADMIN_GROUP),
                    auditor: person.groups.contains(&AUDITOR_GROUP),
                },
            })
        });
        let residents = residents.collect();
        let things = stock.entitlements.iter().filter_map(|entitlement| {
            let resource = stock.resources.iter().find(|resource| resource.id == entitlement.resource)?;
            let system = stock.systems.iter().find(|system| system.id == resource.system)?;
            let thing = Thing { id: entitlement.id, is_manual: system.connector == "manual" };
            Some((format!("{}/{}", resource.slug, entitlement.name), thing))
        });
        let things = things.collect();
        let (portal, connectors) = (Portal::new(store.clone()), connectors::all());
        let random = Random::new(20_261_123);
        Ok(Self { store, clock, portal, connectors, residents, things, has_target, today, random })
    }

    /// Sets the clock and lets happen what is due by then.
    pub async fn move_to(&self, at: DateTime<Utc>) -> Result<(), CompanyError> {
        self.clock.set(at);
        // What one round starts, the next one opens.
        for _ in 0..3 {
            if jobs::tick(&self.store, &self.connectors).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Everybody in a department.
    pub fn of_department(&self, department: &str) -> Vec<String> {
        let there = self.residents.iter().filter(|resident| resident.department == department);
        there.map(|resident| resident.sub.clone()).collect()
    }

    /// Whether everything of this can be asked for on this machine.
    pub fn can_ask_for(&self, what: &[&str]) -> bool {
        what.iter().all(|path| self.things.get(*path).is_some_and(|thing| thing.is_manual || self.has_target))
    }

    fn caller(&self, resident: &Resident, at: DateTime<Utc>) -> Caller {
        let number = resident.person.id.0.as_u128();
        let host = number % 200 + 10;
        Caller {
            person: resident.person.clone(),
            roles: resident.roles,
            authenticated_at: Some(at - TimeDelta::minutes(4)),
            session: SessionId(Uuid::from_u128(number.rotate_left(64))),
            source: Source {
                origin: "web".to_owned(),
                ip: Some(format!("10.20.{}.{host}", number / 200 % 8)),
                user_agent: Some(
                    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".to_owned(),
                ),
            },
            time_zone: resident.zone,
            called_at: at,
        }
    }

    /// The database.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The use cases.
    pub(super) fn portal(&self) -> &Portal {
        &self.portal
    }

    /// Everybody.
    pub(super) fn people(&self) -> Vec<PersonId> {
        self.residents.iter().map(|resident| resident.person.id).collect()
    }

    /// Those of Payments, with their accounts on its database.
    pub(super) fn engineers(&self) -> Vec<(PersonId, String)> {
        let there = self.residents.iter().filter(|resident| resident.department == "Payments");
        there.map(|resident| (resident.person.id, resident.sub.replace('.', "_"))).collect()
    }

    /// Somebody, ready to act.
    pub(super) fn as_sub(&self, sub: &str, at: DateTime<Utc>) -> Result<Caller, PortalError> {
        Ok(self.caller(self.by_sub(sub)?, at))
    }

    fn by_sub(&self, sub: &str) -> Result<&Resident, PortalError> {
        self.residents.iter().find(|resident| resident.sub == sub).ok_or(PortalError::NotFound)
    }

    fn by_id(&self, id: PersonId) -> Result<&Resident, PortalError> {
        self.residents.iter().find(|resident| resident.person.id == id).ok_or(PortalError::NotFound)
    }

    /// Files a request for all of `what`, and answers with one for each.
    pub async fn ask(&self, at: DateTime<Utc>, ask: &Ask) -> Result<Vec<Filed>, PortalError> {
        let who = self.by_sub(&ask.who)?;
        let caller = self.caller(who, at);
        let mut ids = Vec::new();
        for path in &ask.what {
            ids.push(self.things.get(path).ok_or(PortalError::NotFound)?.id.to_string());
        }
        let renew = match ask.renews {
            true => {
                self.renewable(who.person.id, &ask.what).await?.map(|id| id.to_string()).unwrap_or_default()
            }
            false => String::new(),
        };
        let start = ask
            .starts_in
            .map(|after| (at + after).with_timezone(&who.zone).format("%Y-%m-%dT%H:%M").to_string());
        let typed = TypedRequest {
            entitlements: ids.join(","),
            renew,
            start: start.unwrap_or_default(),
            ends: "duration".to_owned(),
            duration: ask.lasting.clone(),
            rationale: ask.why.clone(),
            ticket: ask.ticket.clone(),
            ..TypedRequest::default()
        };
        let submission = self.portal.submit(&caller, &typed).await?;
        let rows = self.portal.submission(&caller, submission).await?;
        Ok(rows
            .into_iter()
            .map(|row| Filed {
                id: row.id,
                sensitivity: row.what.sensitivity,
                deciders: match row.deciders {
                    Some(Deciders::OneOf { people, .. }) => people.into_iter().map(|p| p.id).collect(),
                    _ => Vec::new(),
                },
            })
            .collect())
    }

    async fn renewable(&self, who: PersonId, what: &[String]) -> Result<Option<GrantId>, PortalError> {
        let Some(thing) = what.first().and_then(|path| self.things.get(path)) else { return Ok(None) };
        let held = self.live(Which::LiveFor(who, thing.id)).await?;
        Ok(held.first().map(GrantRecord::id))
    }

    pub(super) async fn live(&self, which: Which<'_>) -> Result<Vec<GrantRecord>, PortalError> {
        let read = async { grant::list(&mut *self.store.read().await?, which, 500).await };
        read.await.map_err(|_| PortalError::Internal)
    }

    /// Decides as this person. An empty `shorter` is as asked.
    pub async fn decide(
        &self,
        at: DateTime<Utc>,
        who: PersonId,
        request: RequestId,
        (verdict, summary, shorter): (&str, &str, &str),
    ) -> Result<(), PortalError> {
        let typed = TypedDecision {
            id: request.to_string(),
            verdict: verdict.to_owned(),
            summary: summary.to_owned(),
            shorter: shorter.to_owned(),
        };
        self.portal.decide(&self.caller(self.by_id(who)?, at), &typed).await?;
        Ok(())
    }

    /// Takes a request back as whoever filed it.
    pub async fn cancel(&self, at: DateTime<Utc>, who: &str, request: RequestId) -> Result<(), PortalError> {
        self.portal.cancel(&self.caller(self.by_sub(who)?, at), request).await
    }

    /// The grant of an approved request.
    pub async fn grant_of(&self, request: RequestId) -> Result<Option<GrantRecord>, PortalError> {
        let read = async {
            let mut conn = self.store.read().await?;
            match request::find(&mut conn, request).await?.and_then(|request| request.grant()) {
                Some(id) => grant::find(&mut conn, id).await,
                None => Ok(None),
            }
        };
        read.await.map_err(|_| PortalError::Internal)
    }

    /// Says that a manual step of a grant is done.
    pub async fn attest(
        &self,
        at: DateTime<Utc>,
        who: PersonId,
        grant: GrantId,
        note: &str,
    ) -> Result<(), PortalError> {
        self.portal.attest(&self.caller(self.by_id(who)?, at), grant, note).await
    }

    /// Closes by hand what waits for it, but for what `leave` names.
    pub async fn close_by_hand(&self, at: DateTime<Utc>, leave: &[RequestId]) -> Result<(), PortalError> {
        let nobody = PersonId(Uuid::nil());
        for task in self.live(Which::TasksFor(nobody, true)).await? {
            let is_closing = task.is_manual()
                && task.state().is_ok_and(|state| matches!(state, GrantState::Removing { .. }));
            if !is_closing || task.request().is_some_and(|id| leave.contains(&id)) {
                continue;
            }
            let facts = async {
                store::deciding::facts(&mut *self.store.read().await?, &[task.entitlement_id()], at).await
            };
            let facts = facts.await.map_err(|_| PortalError::Internal)?;
            let owner = facts
                .get(&task.entitlement_id())
                .and_then(|facts| facts.candidates.iter().find(|one| one.person.id != task.person().id));
            if let Some(owner) = owner {
                self.attest(at, owner.person.id, task.id(), "").await?;
            }
        }
        Ok(())
    }

    /// Gives access back as its holder.
    pub async fn give_back(&self, at: DateTime<Utc>, who: &str, grant: GrantId) -> Result<(), PortalError> {
        self.portal.give_back(&self.caller(self.by_sub(who)?, at), grant).await
    }

    /// Takes access away as one of its owners.
    pub async fn revoke(
        &self,
        at: DateTime<Utc>,
        who: PersonId,
        grant: GrantId,
        why: &str,
    ) -> Result<(), PortalError> {
        self.portal.revoke(&self.caller(self.by_id(who)?, at), grant, why).await
    }

    /// Marks somebody as having left, as an administrator.
    pub async fn leave(&self, at: DateTime<Utc>, who: &str, why: &str) -> Result<(), PortalError> {
        let administrator = self
            .residents
            .iter()
            .find(|resident| resident.roles.administrator)
            .ok_or(PortalError::NotFound)?;
        let id = self.by_sub(who)?.person.id;
        self.portal.set_status(&self.caller(administrator, at), id, "left", why).await
    }
}

/// What somebody asks for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The first part of their address.
    pub who: String,
    /// `payments-prod/read`, …
    pub what: Vec<String>,
    /// “4 hours”.
    pub lasting: String,
    /// The rationale.
    pub why: String,
    /// A ticket elsewhere.
    pub ticket: String,
    /// Whether it continues what they hold.
    pub renews: bool,
    /// A start in the future.
    pub starts_in: Option<TimeDelta>,
}
