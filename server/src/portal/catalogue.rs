//! Browsing what can be asked for.

use std::collections::{BTreeMap, HashMap};

use app::backend::{
    Answer, BundleRow, Catalogue, CatalogueList, CatalogueQuery, EntitlementView, Facet, Facets, HeldBrief,
    Holder, Holders, Mine, ResourceRow, ResourceView, SystemSection, Unconfirmed, UnownedBrief, UsedBy,
    UsualTime,
};
use app::error::PortalError;
use async_trait::async_trait;
use domain::caller::Caller;
use domain::catalogue::Sensitivity;
use domain::id::{EntitlementId, PersonId, RequestId};
use domain::policy::Deciders;
use domain::policy::loosening::Loosening;
use domain::span::Span;
use store::catalogue::{EntitlementRecord, ResourceRecord};
use store::grant::{GrantRecord, Which};
use store::unowned::{self, UnownedRecord};
use store::{PgConnection, Store, StoreError, catalogue, grant, loosening, owner, person, request};

use super::editing::unowned::label;
use super::{Fault, Portal, deciding, tell, usage};

/// So many resources are looked at; a catalogue beyond this needs words to look for.
const RESOURCES_MAX: i64 = 2_000;
/// Peers are only told in numbers from here on.
const TOLD_FROM: usize = 5;

#[async_trait]
impl Catalogue for Portal {
    async fn browse(&self, caller: &Caller, query: &CatalogueQuery) -> Answer<CatalogueList> {
        tell(browse(&self.store, caller, query).await)
    }

    async fn resource(&self, caller: &Caller, slug: &str) -> Answer<ResourceView> {
        tell(resource(&self.store, caller, slug).await)
    }
}

async fn browse(store: &Store, caller: &Caller, query: &CatalogueQuery) -> Result<CatalogueList, Fault> {
    let mut conn = store.read().await?;
    let found = catalogue::search(&mut conn, &query.text, RESOURCES_MAX).await?;
    let mut held: HashMap<_, Vec<HeldBrief>> = HashMap::new();
    for grant in grant::list(&mut conn, Which::LiveOf(caller.id()), 1_000).await? {
        let brief = HeldBrief { entitlement: grant.entitlement.clone(), until: grant.ends_at };
        held.entry(grant.resource_id()).or_default().push(brief);
    }
    let rows = found
        .into_iter()
        .map(|record| {
            let held = held.remove(&record.id()).unwrap_or_default();
            Ok((record.sensitivity()?, record, held))
        })
        .collect::<Result<Vec<Found>, StoreError>>()?;
    let facets = facets(&rows, query);
    let bundles = bundles(&mut conn, query).await?;
    let is_empty_catalogue =
        rows.is_empty() && query.text.is_empty() && catalogue::is_empty(&mut conn).await?;
    let mut list = CatalogueList { facets, bundles, is_empty_catalogue, ..CatalogueList::default() };
    for (sensitivity, record, held) in rows.into_iter().filter(|row| matches(row, query, None)) {
        list.total += 1;
        if list.systems.last().is_none_or(|last| last.slug != record.system_slug) {
            let (slug, name) = (record.system_slug.clone(), record.system.clone());
            list.systems.push(SystemSection { slug, name, resources: Vec::new() });
        }
        if let Some(section) = list.systems.last_mut() {
            section.resources.push(row(record, sensitivity, held));
        }
    }
    Ok(list)
}

type Found = (Sensitivity, ResourceRecord, Vec<HeldBrief>);

fn row(record: ResourceRecord, sensitivity: Sensitivity, held: Vec<HeldBrief>) -> ResourceRow {
    ResourceRow {
        slug: record.slug,
        name: record.name,
        description: record.description,
        environment: record.environment,
        sensitivity,
        tags: record.tags,
        entitlements: record.entitlements,
        held,
    }
}

/// The filters of the bar, each of which its own facet leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    System,
    Environment,
    Sensitivity,
    Tag,
    Held,
}

fn matches((sensitivity, record, held): &Found, query: &CatalogueQuery, without: Option<Part>) -> bool {
    let passes = |part: Part, wanted: &str, is: &dyn Fn(&str) -> bool| {
        without == Some(part) || wanted.is_empty() || is(wanted)
    };
    passes(Part::System, &query.system, &|wanted| record.system_slug == wanted)
        && passes(Part::Environment, &query.environment, &|wanted| record.environment == wanted)
        && passes(Part::Sensitivity, &query.sensitivity, &|wanted| sensitivity.as_str() == wanted)
        && passes(Part::Tag, &query.tag, &|wanted| record.tags.iter().any(|tag| tag == wanted))
        && (without == Some(Part::Held) || !query.held || !held.is_empty())
}

fn facets(rows: &[Found], query: &CatalogueQuery) -> Facets {
    let passing = |part: Part| rows.iter().filter(move |row| matches(row, query, Some(part)));
    let mut environments = counted(passing(Part::Environment).map(|(_, record, _)| own(&record.environment)));
    environments.retain(|facet| !facet.value.is_empty());
    let mut sensitivities = counted(passing(Part::Sensitivity).map(|(level, ..)| own(level.as_str())));
    sensitivities.sort_by_key(|facet| Sensitivity::parse(&facet.value));
    let mut tags =
        counted(passing(Part::Tag).flat_map(|(_, record, _)| record.tags.iter().map(|tag| own(tag))));
    tags.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.label.cmp(&b.label)));
    tags.truncate(30);
    Facets {
        systems: counted(
            passing(Part::System).map(|(_, record, _)| (record.system.as_str(), record.system_slug.as_str())),
        ),
        environments,
        sensitivities,
        tags,
        held: passing(Part::Held).filter(|row| !row.2.is_empty()).count(),
    }
}

/// A value that is shown as it is.
fn own(value: &str) -> (&str, &str) {
    (value, value)
}

/// How often each label with its value is among these.
fn counted<'a>(values: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Facet> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let facet = |((label, value), count): ((&str, &str), usize)| Facet {
        value: value.to_owned(),
        label: label.to_owned(),
        count,
    };
    counts.into_iter().map(facet).collect()
}

/// Bundles match by words only; any other filter is about resources.
async fn bundles(conn: &mut PgConnection, query: &CatalogueQuery) -> Result<Vec<BundleRow>, Fault> {
    let only_words = CatalogueQuery { text: query.text.clone(), ..CatalogueQuery::default() };
    if *query != only_words {
        return Ok(Vec::new());
    }
    let words: Vec<String> = query.text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let bundles = catalogue::bundles(conn, None).await?;
    Ok(bundles
        .into_iter()
        .filter(|bundle| {
            let haystack =
                format!("{} {} {}", bundle.name, bundle.description, bundle.labels.join(" ")).to_lowercase();
            words.iter().all(|word| haystack.contains(word.as_str()))
        })
        .map(|bundle| BundleRow {
            slug: bundle.slug,
            name: bundle.name,
            description: bundle.description,
            entitlements: bundle.labels,
        })
        .collect())
}

async fn resource(store: &Store, caller: &Caller, slug: &str) -> Result<ResourceView, Fault> {
    let mut conn = store.read().await?;
    let record = catalogue::find_resource(&mut conn, slug).await?.ok_or(PortalError::NotFound)?;
    let entitlements = catalogue::entitlements_on(&mut conn, record.id()).await?;
    let ids: Vec<EntitlementId> = entitlements.iter().map(EntitlementRecord::id).collect();
    let owns = owner::owns_resource(&mut conn, caller.id(), record.id()).await?;
    let facts = Facts {
        deciders: deciding::deciders_for(&mut conn, &ids, caller.id(), caller.called_at).await?,
        usual: usual_times(&mut conn, &ids).await?,
        pending: request::pending_for(&mut conn, caller.id(), &ids).await?.into_iter().collect(),
        live: grant::list(&mut conn, Which::LiveOn(&ids), 5_000).await?,
        sees_holders: owns || caller.roles.sees_all(),
        has_account: person::accounts(&mut conn, caller.id())
            .await?
            .iter()
            .any(|(system, _)| *system == record.system_id()),
        me: caller.id(),
        owned: owner::owned_among(&mut conn, caller.id(), &ids).await?,
        is_administrator: caller.roles.administrator,
    };
    let (usage, used) = match facts.sees_holders {
        true => {
            let (usage, used) = usage::of_resource(&mut conn, caller, record.id(), &ids).await?;
            (Some(usage), used)
        }
        false => (None, HashMap::new()),
    };
    let unconfirmed = match facts.sees_holders {
        true => loosening::unconfirmed(&mut conn, record.id()).await?.into_iter().map(unconfirmed).collect(),
        false => Vec::new(),
    };
    let views =
        entitlements.iter().map(|e| entitlement_view(e, &facts, &used)).collect::<Result<_, StoreError>>()?;
    let id = record.id();
    Ok(ResourceView {
        owners: owner::of_resource(&mut conn, record.id()).await?,
        sensitivity: record.sensitivity()?,
        is_manual: record.connector == "manual",
        slug: record.slug,
        name: record.name,
        description: record.description,
        system_slug: record.system_slug,
        system: record.system,
        environment: record.environment,
        tags: record.tags,
        entitlements: views,
        may_revoke: owns || caller.roles.administrator,
        may_edit: owns || caller.roles.administrator,
        unconfirmed,
        usage,
        unowned: if caller.roles.administrator || owns {
            unowned::on_resource(&mut conn, id).await?.iter().map(unowned_brief).collect()
        } else {
            Vec::new()
        },
    })
}

fn unconfirmed(found: loosening::Unconfirmed) -> Unconfirmed {
    let kinds: Vec<&str> =
        found.kinds.iter().filter_map(|word| Some(Loosening::parse(word)?.words())).collect();
    Unconfirmed { of: found.of, what: kinds.join(", "), by: found.by, since: found.since }
}

fn unowned_brief(record: &UnownedRecord) -> UnownedBrief {
    UnownedBrief { label: label(&record.about), owned_by: record.owned_by.clone() }
}

struct Facts {
    deciders: HashMap<EntitlementId, Deciders>,
    usual: HashMap<EntitlementId, UsualTime>,
    pending: HashMap<EntitlementId, RequestId>,
    live: Vec<GrantRecord>,
    sees_holders: bool,
    has_account: bool,
    me: PersonId,
    owned: Vec<EntitlementId>,
    is_administrator: bool,
}

fn entitlement_view(
    record: &EntitlementRecord,
    facts: &Facts,
    used: &HashMap<EntitlementId, UsedBy>,
) -> Result<EntitlementView, StoreError> {
    let id = record.id();
    let live: Vec<&GrantRecord> = facts.live.iter().filter(|g| g.entitlement_id() == id).collect();
    let holders = if facts.sees_holders {
        Holders::Named(live.iter().map(|grant| holder(grant)).collect())
    } else {
        let mut people: Vec<PersonId> = live.iter().map(|g| g.person().id).collect();
        people.sort_unstable();
        people.dedup();
        if people.len() >= TOLD_FROM { Holders::Count(people.len()) } else { Holders::FewerThanFive }
    };
    let mine = live.iter().find(|grant| grant.person().id == facts.me).map(|grant| Mine {
        grant: grant.id(),
        state: grant.state_word().to_owned(),
        until: grant.ends_at,
    });
    let held = Deciders::Held { reason: "Nobody is known to decide this.".to_owned() };
    Ok(EntitlementView {
        id,
        name: record.name.clone(),
        purpose: record.purpose.clone(),
        limit: record.limit()?,
        rationale_required: record.policy()?.rationale_required,
        deciders: facts.deciders.get(&id).cloned().unwrap_or(held),
        usual: facts.usual.get(&id).copied(),
        holders,
        used: used.get(&id).copied(),
        mine,
        pending: facts.pending.get(&id).copied(),
        account_missing: !record.is_manual() && !facts.has_account,
        may_edit: facts.is_administrator || facts.owned.contains(&id),
    })
}

fn holder(grant: &GrantRecord) -> Holder {
    Holder {
        grant: grant.id(),
        person: grant.person(),
        state: grant.state_word().to_owned(),
        until: grant.ends_at,
    }
}

/// How long decisions usually take, where there were any.
pub(super) async fn usual_times(
    conn: &mut PgConnection,
    ids: &[EntitlementId],
) -> Result<HashMap<EntitlementId, UsualTime>, StoreError> {
    let times = request::usual_times(conn, ids).await?;
    Ok(times
        .into_iter()
        .filter_map(|(id, median_seconds, decisions)| {
            #[expect(clippy::cast_possible_truncation, reason = "medians of seconds are far below 2^53")]
            let median = Span::from_seconds((median_seconds.round() as i64).max(1))?.rounded();
            Some((id, UsualTime { median, decisions: usize::try_from(decisions).ok()? }))
        })
        .collect())
}
