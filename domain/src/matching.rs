//! Who and what the words of a report mean here, and which grant covered what was done.
//!
//! *Keys.* What an administrator is asked about has one key, a folded text (lower case, no blanks around it).
//! An actor's is the first of what its report has: `email:ben@example.com`, `subject:00u1`, `account:ben_okafor`,
//! `name:ben okafor`; for a machine `account:` goes first. One report has one key, so that what is said of the key
//! holds for all reports under it. A target's is `system/resource/entitlement`, empty where the report is silent; a
//! slash in a name is `%2f`, and `%` is `%25`.
//!
//! *Actors.* An alias goes before everything; then the mail address, the subject at the sign-in provider, the account at
//! the system. A machine is only known by alias or account: an address in its record is its owner's as often as not.
//! What fits two people fits nobody, and a name alone never makes anybody a person here.
//!
//! *Targets.* An alias goes first; then a resource of that slug or name on the system, as it stood at that moment:
//! what was deleted before, and what was made anew under its name, is another thing. Without a system only a
//! name that one resource has counts. The permission is an entitlement where it is called so, here or at the target.
//!
//! *Coverage.* A grant covers from `active_since` on and no more at `closed_at`. Asked for are a grant of
//! the entitlement where it is known, else any on the resource; where a report names no resource (sessions), any on the
//! system. Of several, the one that began last. What did not succeed was no use of anything: it is linked to people and
//! resources, but neither covered nor uncovered. The same goes for the end of a session, which often is the end of
//! the access itself.

pub mod known;

use chrono::{DateTime, Utc};

use crate::audit::Outcome;
use crate::audit::query::folded;
use crate::id::{EntitlementId, EventId, GrantId, PersonId, ResourceId, SystemId};
use crate::usage::{OutsideActor, OutsideKind, OutsideTarget, UsageAction};

/// What matching looks at of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Its event.
    pub id: EventId,
    /// When it came in.
    pub recorded_at: DateTime<Utc>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Whose report it is.
    pub source: String,
    /// The dotted action.
    pub action: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Who, in the words of the source.
    pub actor: OutsideActor,
    /// The system that the source stands for, where the report names none of its own.
    pub system: Option<SystemId>,
    /// On what, in the words of the source.
    pub target: OutsideTarget,
}

impl Report {
    /// Whether something was done that access is needed for.
    pub fn is_use(&self) -> bool {
        self.outcome == Outcome::Success && self.action != UsageAction::SESSION_CLOSED
    }
}

/// What a report has to do with people, resources and grants here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Who acted.
    pub person: Option<PersonId>,
    /// On which system.
    pub system: Option<SystemId>,
    /// On which resource.
    pub resource: Option<ResourceId>,
    /// With which entitlement.
    pub entitlement: Option<EntitlementId>,
    /// The grant that covered it.
    pub grant: Option<GrantId>,
    /// Whether one did; `None` where that cannot be told, or where nothing was used.
    pub covered: Option<bool>,
    /// What to ask about the actor; also where an alias has answered.
    pub actor_key: Option<String>,
    /// What to ask about the target; also where an alias has answered.
    pub target_key: Option<String>,
}

/// A grant as far as coverage goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownGrant {
    /// Which.
    pub id: GrantId,
    /// What is held.
    pub entitlement: EntitlementId,
    /// On what.
    pub resource: ResourceId,
    /// On which system.
    pub system: SystemId,
    /// From then on it covers.
    pub active_since: DateTime<Utc>,
    /// At that moment it covers no more.
    pub closed_at: Option<DateTime<Utc>>,
}

/// On what something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// With this entitlement.
    Entitlement(EntitlementId),
    /// On this resource, with whatever permission.
    Resource(ResourceId),
    /// On this system, no resource named.
    System(SystemId),
}

/// The grant of these, all of one person, that covers what was done at this place and moment.
pub fn covering(grants: &[KnownGrant], place: Place, at: DateTime<Utc>) -> Option<GrantId> {
    let fits = |grant: &&KnownGrant| match place {
        Place::Entitlement(id) => grant.entitlement == id,
        Place::Resource(id) => grant.resource == id,
        Place::System(id) => grant.system == id,
    };
    let is_active =
        |grant: &&KnownGrant| grant.active_since <= at && grant.closed_at.is_none_or(|closed| at < closed);
    grants
        .iter()
        .filter(fits)
        .filter(is_active)
        .max_by_key(|grant| (grant.active_since, grant.id))
        .map(|g| g.id)
}

/// A text as keys have it.
pub fn fold(text: &str) -> String {
    folded(text.trim())
}

/// The key of an actor; `None` where the report says nothing at all about who it was.
pub fn actor_key(actor: &OutsideActor) -> Option<String> {
    let email = ("email", actor.email.as_deref());
    let subject = ("subject", actor.subject.as_deref());
    let account = ("account", actor.account.as_deref());
    let name = ("name", Some(actor.name.as_str()));
    let order = match actor.kind {
        OutsideKind::Machine => [account, email, subject, name],
        OutsideKind::Person | OutsideKind::Unknown => [email, subject, account, name],
    };
    order.into_iter().find_map(|(form, text)| key(form, text?))
}

/// Every key under which somebody with this could wait to be known.
pub fn keys_of(email: Option<&str>, subject: Option<&str>, accounts: &[String]) -> Vec<String> {
    let own =
        [("email", email), ("subject", subject)].into_iter().filter_map(|(form, text)| key(form, text?));
    own.chain(accounts.iter().filter_map(|account| key("account", account))).collect()
}

fn key(form: &str, text: &str) -> Option<String> {
    let folded = fold(text);
    (!folded.is_empty()).then(|| format!("{form}:{folded}"))
}

/// The key of a target; `None` where the report names none.
pub fn target_key(target: &OutsideTarget) -> Option<String> {
    let parts = [&target.system, &target.resource, &target.entitlement];
    let part = |text: &Option<String>| {
        fold(text.as_deref().unwrap_or_default()).replace('%', "%25").replace('/', "%2f")
    };
    parts[..2].iter().any(|part| part.is_some()).then(|| parts.map(part).join("/"))
}

/// The folded names of system, resource and entitlement in a target's key.
pub fn target_of(key: &str) -> OutsideTarget {
    let mut parts = key
        .split('/')
        .map(|part| part.replace("%2f", "/").replace("%25", "%"))
        .map(|part| Some(part).filter(|part| !part.is_empty()));
    let mut next = || parts.next().flatten();
    OutsideTarget { system: next(), resource: next(), entitlement: next() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(kind: OutsideKind) -> OutsideActor {
        OutsideActor {
            kind,
            name: "Ben Okafor".into(),
            email: Some(" Ben@Example.com ".into()),
            account: Some("Ben_Okafor".into()),
            subject: Some("00U1".into()),
        }
    }

    #[test]
    fn an_actor_has_one_key_the_most_telling_of_what_the_report_has() {
        let mut ben = actor(OutsideKind::Person);
        assert_eq!(actor_key(&ben).as_deref(), Some("email:ben@example.com"));
        ben.email = Some("  ".into());
        assert_eq!(actor_key(&ben).as_deref(), Some("subject:00u1"));
        ben.subject = None;
        assert_eq!(actor_key(&ben).as_deref(), Some("account:ben_okafor"));
        ben.account = None;
        assert_eq!(actor_key(&ben).as_deref(), Some("name:ben okafor"));
        assert_eq!(actor_key(&OutsideActor::default()), None);
    }

    #[test]
    fn a_machine_is_called_by_its_account_first() {
        assert_eq!(actor_key(&actor(OutsideKind::Machine)).as_deref(), Some("account:ben_okafor"));
    }

    #[test]
    fn a_targets_key_says_what_the_report_says_and_can_be_read_back() {
        let target = |system: &str, resource: &str, entitlement: &str| OutsideTarget {
            system: Some(system.to_owned()).filter(|s| !s.is_empty()),
            resource: Some(resource.to_owned()).filter(|s| !s.is_empty()),
            entitlement: Some(entitlement.to_owned()).filter(|s| !s.is_empty()),
        };
        for (named, key) in [
            (target("GitHub", "Org/Repo", "push"), "github/org%2frepo/push"),
            (target("", "payouts", ""), "/payouts/"),
            (target("a%2fb", "", ""), "a%252fb//"),
        ] {
            assert_eq!(target_key(&named).as_deref(), Some(key));
            assert_eq!(target_key(&target_of(key)).as_deref(), Some(key), "{key}");
        }
        assert_eq!(target_of("github/org%2frepo/push").resource.as_deref(), Some("org/repo"));
        assert_eq!(target_key(&target("", "", "select")), None, "a permission alone is no target");
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn grant(n: u128, since: &str, closed: Option<&str>) -> KnownGrant {
        KnownGrant {
            id: GrantId(uuid::Uuid::from_u128(n)),
            entitlement: EntitlementId(uuid::Uuid::from_u128(1)),
            resource: ResourceId(uuid::Uuid::from_u128(2)),
            system: SystemId(uuid::Uuid::from_u128(3)),
            active_since: at(since),
            closed_at: closed.map(at),
        }
    }

    #[test]
    fn a_grant_covers_from_its_opening_on_and_no_more_at_its_closing() {
        let one = [grant(9, "2026-11-23T10:00:00Z", Some("2026-11-23T12:00:00Z"))];
        let place = Place::Resource(one[0].resource);
        let covers = |time: &str| covering(&one, place, at(time)).is_some();
        assert!(!covers("2026-11-23T09:59:59Z"));
        assert!(covers("2026-11-23T10:00:00Z") && covers("2026-11-23T11:59:59Z"));
        assert!(!covers("2026-11-23T12:00:00Z"));
        let open = [grant(9, "2026-11-23T10:00:00Z", None)];
        assert!(covering(&open, place, at("2036-11-23T10:00:00Z")).is_some(), "still live");
    }

    #[test]
    fn of_two_grants_at_once_the_one_that_began_last_counts() {
        let both = [grant(9, "2026-11-23T11:00:00Z", None), grant(8, "2026-11-23T10:00:00Z", None)];
        let place = Place::System(both[0].system);
        assert_eq!(covering(&both, place, at("2026-11-23T10:30:00Z")), Some(both[1].id));
        assert_eq!(covering(&both, place, at("2026-11-23T11:00:00Z")), Some(both[0].id));
    }

    #[test]
    fn a_known_entitlement_is_covered_by_its_own_grants_alone() {
        let one = [grant(9, "2026-11-23T10:00:00Z", None)];
        let now = at("2026-11-23T10:30:00Z");
        assert!(covering(&one, Place::Entitlement(one[0].entitlement), now).is_some());
        let other = EntitlementId(uuid::Uuid::from_u128(77));
        assert_eq!(covering(&one, Place::Entitlement(other), now), None);
    }
}
