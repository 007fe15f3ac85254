//! Looser rules: what counts as such, who confirms them, and who must wait before they profit from them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::connection::Switch;
use crate::editable::{EntitlementFacts, ResourceFacts, SystemFacts};
use crate::id::PersonId;
use crate::person::PersonRef;
use crate::span::Span;

use super::{Candidate, Deciders, Interested, decide};

/// So long, whoever loosened rules neither decides under them nor benefits from them.
pub const WAIT: TimeDelta = TimeDelta::days(7);

/// A way in which an edit makes it easier to get access, or harder to notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loosening {
    /// Somebody more may decide.
    OwnerAdded,
    /// Fewer than two owners are left: nobody looks over the last one's shoulder, or another level decides.
    OwnersThinned,
    /// Access may last longer.
    LimitRaised,
    /// Decisions need less.
    SensitivityLowered,
    /// Nobody has to say why any more.
    RationaleDropped,
    /// It opens something else at the target than what was agreed on.
    TargetChanged,
}

impl Loosening {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::OwnerAdded,
        Self::OwnersThinned,
        Self::LimitRaised,
        Self::SensitivityLowered,
        Self::RationaleDropped,
        Self::TargetChanged,
    ];

    /// The word that the database and events use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OwnerAdded => "owner_added",
            Self::OwnersThinned => "owners_thinned",
            Self::LimitRaised => "limit_raised",
            Self::SensitivityLowered => "sensitivity_lowered",
            Self::RationaleDropped => "rationale_dropped",
            Self::TargetChanged => "target_changed",
        }
    }

    /// For people: “a longer limit”.
    pub fn words(self) -> &'static str {
        match self {
            Self::OwnerAdded => "another owner",
            Self::OwnersThinned => "fewer owners",
            Self::LimitRaised => "a longer limit",
            Self::SensitivityLowered => "a lower sensitivity",
            Self::RationaleDropped => "no reason needed",
            Self::TargetChanged => "another name at the target",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// How other owners and another limit loosen something.
pub fn of_owners_and_limit(
    before: (&[PersonRef], Option<Span>),
    after: (&[PersonRef], Option<Span>),
) -> Vec<Loosening> {
    let mut found = of_owners(before.0, after.0);
    if is_raised(before.1, after.1) {
        found.push(Loosening::LimitRaised);
    }
    found
}

/// How an edit of a system loosens everything on it. Leading it elsewhere opens something else than before.
pub fn of_system(before: &SystemFacts, after: &SystemFacts, switch: Switch) -> Vec<Loosening> {
    let mut found = of_owners(&before.owners, &after.owners);
    if is_raised(before.access_max, after.access_max) {
        found.push(Loosening::LimitRaised);
    }
    if matches!(switch, Switch::Place | Switch::Connector) {
        found.push(Loosening::TargetChanged);
    }
    found
}

/// How an edit of a resource loosens it.
pub fn of_resource(before: &ResourceFacts, after: &ResourceFacts) -> Vec<Loosening> {
    let was = (before.owners.as_slice(), before.access_max);
    let mut found = of_owners_and_limit(was, (&after.owners, after.access_max));
    if after.sensitivity < before.sensitivity {
        found.push(Loosening::SensitivityLowered);
    }
    found
}

/// How an edit of an entitlement loosens it. More time to decide opens nothing to anybody.
pub fn of_entitlement(before: &EntitlementFacts, after: &EntitlementFacts) -> Vec<Loosening> {
    let was = (before.owners.as_slice(), before.access_max);
    let mut found = of_owners_and_limit(was, (&after.owners, after.access_max));
    if before.rationale_required && !after.rationale_required {
        found.push(Loosening::RationaleDropped);
    }
    if before.target != after.target {
        found.push(Loosening::TargetChanged);
    }
    found
}

fn of_owners(before: &[PersonRef], after: &[PersonRef]) -> Vec<Loosening> {
    let has = |all: &[PersonRef], one: &PersonRef| all.iter().any(|other| other.id == one.id);
    let is_added = after.iter().any(|owner| !has(before, owner));
    let kept = before.iter().filter(|owner| has(after, owner)).count();
    let is_thinned = kept < before.len() && after.len() < 2;
    [(is_added, Loosening::OwnerAdded), (is_thinned, Loosening::OwnersThinned)]
        .into_iter()
        .filter_map(|(holds, loosening)| holds.then_some(loosening))
        .collect()
}

fn is_raised(before: Option<Span>, after: Option<Span>) -> bool {
    match (before, after) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => after > before,
    }
}

/// Whether somebody besides `proposer` could confirm looser rules: then they must.
pub fn takes_a_second(eligible: &[PersonId], proposer: PersonId) -> bool {
    eligible.iter().any(|person| *person != proposer)
}

/// Rules that were loosened a while ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loosened {
    /// Who proposed it.
    pub proposed_by: PersonRef,
    /// Who confirmed it; the same person where there was nobody else.
    pub confirmed_by: PersonRef,
    /// Since when it is in force.
    pub since: DateTime<Utc>,
}

impl Loosened {
    /// From when on nobody has to wait any more.
    pub fn over_at(&self) -> DateTime<Utc> {
        self.since + WAIT
    }
}

/// Whether `person` may not decide as of `now`, because they proposed the looser rules.
pub fn keeps_from_deciding(all: &[Loosened], person: PersonId, now: DateTime<Utc>) -> bool {
    all.iter().any(|one| now < one.over_at() && one.proposed_by.id == person)
}

/// What keeps a request of `person` from being approved as of `now`: looser rules that they proposed or
/// confirmed. The one that lasts longest.
pub fn keeps_from_benefit(all: &[Loosened], person: PersonId, now: DateTime<Utc>) -> Option<&Loosened> {
    all.iter()
        .filter(|one| now < one.over_at())
        .filter(|one| one.proposed_by.id == person || one.confirmed_by.id == person)
        .max_by_key(|one| one.since)
}

/// Who decides under rules that may have been loosened lately: [`decide`], without those who proposed it, and
/// nobody at all while it would benefit one of those who made it so.
pub fn decide_under(
    candidates: &[Candidate],
    interested: Interested,
    loosened: &[Loosened],
    now: DateTime<Utc>,
) -> Deciders {
    for person in [interested.requester, interested.beneficiary] {
        if let Some(one) = keeps_from_benefit(loosened, person, now) {
            let who = if one.proposed_by.id == person { &one.proposed_by } else { &one.confirmed_by };
            let reason = format!(
                "{} loosened the rules here, and benefits from it from {} on.",
                who.name,
                day(one.over_at())
            );
            return Deciders::Held { reason };
        }
    }
    let (waiting, may): (Vec<Candidate>, Vec<Candidate>) = candidates
        .iter()
        .cloned()
        .partition(|candidate| keeps_from_deciding(loosened, candidate.person.id, now));
    match decide(&may, interested) {
        Deciders::Held { .. } if !waiting.is_empty() => Deciders::Held {
            reason: "Those who could decide loosened the rules here less than 7 days ago, and there is nobody else."
                .to_owned(),
        },
        deciders => deciders,
    }
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Sensitivity;
    use rstest::rstest;
    use uuid::Uuid;

    fn people(numbers: &[u128]) -> Vec<PersonRef> {
        numbers
            .iter()
            .map(|n| PersonRef { id: PersonId(Uuid::from_u128(*n)), name: format!("Person {n}") })
            .collect()
    }

    fn resource() -> ResourceFacts {
        ResourceFacts {
            name: "payments-prod".into(),
            description: String::new(),
            environment: String::new(),
            sensitivity: Sensitivity::High,
            tags: Vec::new(),
            access_max: Some(Span::hours(8)),
            owners: people(&[1, 2, 3]),
        }
    }

    fn entitlement() -> EntitlementFacts {
        EntitlementFacts {
            name: "read".into(),
            purpose: String::new(),
            target: Some("payments_read".into()),
            access_max: Some(Span::hours(8)),
            pending_for: Span::days(7),
            rationale_required: true,
            owners: Vec::new(),
        }
    }

    #[rstest]
    #[case::nobody_goes(&[1, 2], &[1, 2], &[])]
    #[case::one_of_three_goes(&[1, 2, 3], &[1, 2], &[])]
    #[case::one_of_two_goes(&[1, 2], &[1], &[Loosening::OwnersThinned])]
    #[case::the_last_goes(&[1], &[], &[Loosening::OwnersThinned])]
    #[case::one_comes(&[1], &[1, 2], &[Loosening::OwnerAdded])]
    #[case::the_first_comes(&[], &[1], &[Loosening::OwnerAdded])]
    #[case::one_is_exchanged(&[1, 2], &[1, 3], &[Loosening::OwnerAdded])]
    #[case::the_only_one_is_exchanged(&[1], &[2], &[Loosening::OwnerAdded, Loosening::OwnersThinned])]
    fn owners_loosen_when_they_become_more_or_too_few(
        #[case] before: &[u128],
        #[case] after: &[u128],
        #[case] expected: &[Loosening],
    ) {
        assert_eq!(of_owners(&people(before), &people(after)), expected);
    }

    #[test]
    fn leading_a_system_elsewhere_loosens_it_and_other_credentials_do_not() {
        let before = SystemFacts {
            name: "Ledger".into(),
            description: String::new(),
            connector: "postgresql".into(),
            settings: serde_json::json!({}),
            access_max: Some(Span::hours(8)),
            owners: people(&[1, 2, 3]),
        };
        let longer = SystemFacts { access_max: None, ..before.clone() };
        assert_eq!(of_system(&before, &longer, Switch::Credentials), [Loosening::LimitRaised]);
        assert_eq!(of_system(&before, &before, Switch::Place), [Loosening::TargetChanged]);
        assert_eq!(of_system(&before, &before, Switch::Connector), [Loosening::TargetChanged]);
    }

    #[test]
    fn a_raised_limit_and_a_lowered_sensitivity_loosen_and_the_reverse_does_not() {
        let looser = ResourceFacts { access_max: None, sensitivity: Sensitivity::Medium, ..resource() };
        assert_eq!(
            of_resource(&resource(), &looser),
            [Loosening::LimitRaised, Loosening::SensitivityLowered]
        );
        assert_eq!(of_resource(&looser, &resource()), []);
        let longer = EntitlementFacts { access_max: Some(Span::hours(9)), ..entitlement() };
        assert_eq!(of_entitlement(&entitlement(), &longer), [Loosening::LimitRaised]);
        assert_eq!(of_entitlement(&longer, &entitlement()), []);
    }

    #[test]
    fn words_and_deadlines_alone_loosen_nothing() {
        let other = EntitlementFacts {
            name: "look".into(),
            purpose: "To look.".into(),
            pending_for: Span::days(30),
            ..entitlement()
        };
        assert_eq!(of_entitlement(&entitlement(), &other), []);
    }

    #[test]
    fn opening_something_else_and_asking_for_no_reason_loosen() {
        let other =
            EntitlementFacts { target: Some("admin".into()), rationale_required: false, ..entitlement() };
        assert_eq!(
            of_entitlement(&entitlement(), &other),
            [Loosening::RationaleDropped, Loosening::TargetChanged]
        );
    }

    #[test]
    fn a_second_person_is_needed_as_soon_as_there_is_one() {
        let ids: Vec<PersonId> = people(&[1, 2]).iter().map(|p| p.id).collect();
        assert!(takes_a_second(&ids, ids[0]));
        assert!(!takes_a_second(&ids[..1], ids[0]));
        assert!(!takes_a_second(&[], ids[0]));
    }

    #[test]
    fn for_seven_days_the_proposer_does_not_decide_and_neither_of_the_two_benefits() {
        let since: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().expect("a date");
        let [proposer, second, other] = <[PersonRef; 3]>::try_from(people(&[1, 2, 3])).expect("three");
        let all = [Loosened { proposed_by: proposer.clone(), confirmed_by: second.clone(), since }];
        let last = since + WAIT - TimeDelta::seconds(1);
        assert!(keeps_from_deciding(&all, proposer.id, last));
        assert!(!keeps_from_deciding(&all, second.id, last));
        assert!(keeps_from_benefit(&all, proposer.id, last).is_some());
        assert!(keeps_from_benefit(&all, second.id, last).is_some());
        assert!(keeps_from_benefit(&all, other.id, last).is_none());
        assert!(!keeps_from_deciding(&all, proposer.id, since + WAIT));
        assert!(keeps_from_benefit(&all, second.id, since + WAIT).is_none());
    }

    #[test]
    fn others_decide_meanwhile_and_nobody_decides_for_those_who_loosened() {
        use crate::policy::OwnerLevel;
        let since: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().expect("a date");
        let [proposer, second, other] = <[PersonRef; 3]>::try_from(people(&[1, 2, 3])).expect("three");
        let all = [Loosened { proposed_by: proposer.clone(), confirmed_by: second.clone(), since }];
        let owner = |person: &PersonRef| Candidate { person: person.clone(), level: OwnerLevel::Resource };
        let asks = |person: &PersonRef| Interested { requester: person.id, beneficiary: person.id };
        let both = [owner(&proposer), owner(&second)];
        let decides = decide_under(&both, asks(&other), &all, since);
        assert!(decides.includes(second.id) && !decides.includes(proposer.id), "{decides:?}");
        let held = decide_under(&both[..1], asks(&other), &all, since);
        assert!(matches!(&held, Deciders::Held { reason } if reason.contains("7 days")), "{held:?}");
        let own = decide_under(&[owner(&other)], asks(&second), &all, since);
        let expected =
            "Person 2 loosened the rules here, and benefits from it from 30 November 2026, 10:00 UTC on.";
        assert_eq!(own, Deciders::Held { reason: expected.to_owned() });
        assert!(decide_under(&both, asks(&other), &all, since + WAIT).includes(proposer.id));
    }
}
