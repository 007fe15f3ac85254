//! What people do with their access, as the databases, GitHub and the clusters report it.

use app::backend::{Sources as _, TypedSource};
use app::error::PortalError;
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::{Actor, Outcome};
use domain::grant::GrantState;
use domain::usage::{OutsideActor, OutsideEvent, OutsideKind, OutsideTarget, UsageAction};
use serde_json::json;
use store::grant::{GrantRecord, Which};

use super::random::Random;
use super::town::Town;
use crate::import::events::sender;
use crate::ingest::{self, Sender};

/// Systems that report, by slug, with the slug and name of what they report through.
const REPORTING: [(&str, &str, &str); 3] = [
    ("payments-db", "payments-log", "Payments database log"),
    ("github", "github-audit", "GitHub audit log"),
    ("kubernetes", "kubernetes-audit", "Kubernetes audit log"),
];
/// Who makes the sources.
const ADMINISTRATOR: &str = "dev.raman";
/// Of a hundred rounds, in so many somebody does what nobody granted.
const UNCOVERED_PERCENT: i64 = 12;

/// What comes in, and up to when it has.
pub struct Reports {
    senders: Vec<Sender>,
    random: Random,
    count: u32,
    until: DateTime<Utc>,
}

impl Reports {
    /// Makes the sources.
    pub async fn begin(town: &Town, at: DateTime<Utc>) -> Result<Self, PortalError> {
        let administrator = town.as_sub(ADMINISTRATOR, at)?;
        let mut senders = Vec::new();
        for (system, slug, name) in REPORTING {
            let typed = TypedSource {
                address: slug.to_owned(),
                name: name.to_owned(),
                system: system.to_owned(),
                ..TypedSource::default()
            };
            town.portal().save(&administrator, &typed).await?;
            let by = Actor::Outside { kind: OutsideKind::Machine, name: "log collector".to_owned() };
            let sender = sender(town.store(), slug, by).await.map_err(|_| PortalError::Internal)?;
            senders.push(sender);
        }
        Ok(Self { senders, random: Random::new(20_261_124), count: 0, until: at })
    }

    /// Sends what was done since the last time.
    pub async fn send(&mut self, town: &Town, at: DateTime<Utc>) -> Result<(), PortalError> {
        let held = self.held(town).await?;
        for (index, sender) in self.senders.clone().into_iter().enumerate() {
            let mut events = Vec::new();
            for grant in held
                .iter()
                .filter(|grant| sender.system.as_ref().is_some_and(|(id, _)| *id == grant.system_id()))
            {
                self.use_of(grant, at, &mut events);
            }
            // The first is the payments database.
            if index == 0 && self.random.percent(UNCOVERED_PERCENT) {
                events.extend(self.stranger(town, &held, at));
            }
            events.sort_by_key(|event| event.occurred_at);
            let reports = events.into_iter().map(Ok).collect();
            ingest::take(town.store(), &sender, reports).await.map_err(|_| PortalError::Internal)?;
        }
        self.until = at;
        Ok(())
    }

    async fn held(&self, town: &Town) -> Result<Vec<GrantRecord>, PortalError> {
        let mut held = Vec::new();
        for person in town.people() {
            let live = town.live(Which::LiveOf(person)).await?;
            held.extend(
                live.into_iter().filter(|grant| matches!(grant.state(), Ok(GrantState::Active { .. }))),
            );
        }
        Ok(held)
    }

    /// Most access lies still on most days.
    fn use_of(&mut self, grant: &GrantRecord, at: DateTime<Utc>, events: &mut Vec<OutsideEvent>) {
        let since = grant.active_since.unwrap_or(self.until).max(self.until);
        let seconds = (at - since).num_seconds();
        // What is held for long is used on few days of it.
        let is_short = grant.ends_at.is_some_and(|until| until - since < TimeDelta::days(3));
        if seconds < 120 || !self.random.percent(if is_short { 35 } else { 4 }) {
            return;
        }
        let account = grant.account.clone().unwrap_or_else(|| grant.person().name);
        let mut moment = since + TimeDelta::seconds(self.random.between(30, seconds));
        for step in 0..self.random.between(1, 5) {
            if moment >= at {
                break;
            }
            let action = if step == 0 { UsageAction::SESSION_OPENED } else { UsageAction::ACCESSED };
            let resource = (step > 0).then(|| grant.resource.clone());
            let entitlement = (step > 0).then(|| grant.entitlement.clone());
            events.extend(self.event(moment, action, &account, (resource, entitlement), Outcome::Success));
            moment += TimeDelta::seconds(self.random.between(20, 900));
        }
    }

    /// Somebody with an account and without a grant.
    fn stranger(&mut self, town: &Town, held: &[GrantRecord], at: DateTime<Utc>) -> Option<OutsideEvent> {
        let accounts = town.engineers();
        let (person, account) = self.random.pick(&accounts).cloned()?;
        if held.iter().any(|grant| grant.person().id == person && grant.resource == "payments-prod") {
            return None;
        }
        let moment = at - TimeDelta::minutes(self.random.between(5, 60));
        let (action, outcome) = if self.random.percent(40) {
            (UsageAction::ACCESSED, Outcome::Success)
        } else {
            (UsageAction::SESSION_OPENED, Outcome::Denied)
        };
        let target = match outcome {
            Outcome::Success => (Some("payments-prod".to_owned()), Some("read".to_owned())),
            _ => (None, None),
        };
        self.event(moment, action, &account, target, outcome)
    }

    fn event(
        &mut self,
        moment: DateTime<Utc>,
        action: &str,
        account: &str,
        (resource, entitlement): (Option<String>, Option<String>),
        outcome: Outcome,
    ) -> Option<OutsideEvent> {
        self.count += 1;
        Some(OutsideEvent {
            external_id: format!("r-{}", self.count),
            occurred_at: moment,
            undated: false,
            action: UsageAction::parse(action).ok()?,
            outcome,
            actor: OutsideActor {
                kind: OutsideKind::Person,
                name: account.to_owned(),
                account: Some(account.to_owned()),
                ..OutsideActor::default()
            },
            target: OutsideTarget { system: None, resource, entitlement },
            ip: None,
            user_agent: None,
            operation: None,
            reason: None,
            original: json!({ "line": self.count, "user": account }),
        })
    }
}
