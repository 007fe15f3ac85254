//! Who sees what of the book: exactly theirs, wherever it is counted, listed, told as it happens or taken along.

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{Audit as _, AuditPage, context_of};
use app::error::PortalError;
use domain::audit::query::{Field, Query, parse};
use domain::audit::{Action, Event, NewEvent};
use domain::caller::Caller;
use domain::id::{EventId, SourceId, SystemId};
use futures::TryStreamExt as _;
use server::jobs::{linker, sequencer};
use server::portal::export::Format;
use sqlx::PgPool;
use store::audit::{self, At, Cursor, Reach, Search, Sight};
use uuid::Uuid;

use crate::house::{House, start};
use crate::linking::yard::{Yard, by_email, named};

/// Everybody and what they may see, by the names of reports, and by action and subject.
struct Cast {
    house: House,
    auditor: Caller,
    people: Vec<(Caller, BTreeSet<&'static str>)>,
}

const ON_THE_RESOURCE: [&str; 8] = [
    "before",
    "with",
    "eves",
    "nobodys",
    "request.submitted Ben Okafor",
    "request.approved Ben Okafor",
    "grant.activating Ben Okafor",
    "grant.activated Ben Okafor",
];

impl Cast {
    async fn met(pool: PgPool) -> Self {
        let mut yard = Yard::open(pool).await;
        let (ben, eve) = (yard.ben().await, yard.with_email("Eve Stone", "eve@example.com").await);
        let house = &yard.house;
        let (boss, stranger) = (house.person("Bo Berg").await, house.person("Kim Vale").await);
        let (sol, oda) = (house.person("Sol Reyes").await, house.person("Oda Lind").await);
        let mut auditor = house.person("Ada Audit").await;
        auditor.roles.auditor = true;
        sqlx::query("update person set manager_id = $2 where id = $1")
            .bind(ben.id().0)
            .bind(boss.id().0)
            .execute(&house.pool)
            .await
            .unwrap();
        house.own(&sol, "system_id", yard.system).await;
        // A resource of the same name, of another system and owner.
        let elsewhere = house.system("manual", serde_json::json!({})).await;
        let other = house.entitlement_on(elsewhere, "read", "medium").await;
        let resource: Uuid = sqlx::query_scalar("select resource_id from entitlement where id = $1")
            .bind(other.0)
            .fetch_one(&house.pool)
            .await
            .unwrap();
        sqlx::query("delete from owner where resource_id = $1")
            .bind(resource)
            .execute(&house.pool)
            .await
            .unwrap();
        house.own(&oda, "resource_id", resource).await;

        yard.report("before", |_| {}).await;
        house.set(start() + chrono::TimeDelta::minutes(10));
        yard.opened(&ben, yard.read).await;
        yard.held(&eve, other, start(), None).await;
        house.set(start() + chrono::TimeDelta::minutes(20));
        yard.report("with", |event| event.ip = "10.9.8.7".parse().ok()).await;
        yard.report("eves", |event| event.actor = by_email("eve@example.com")).await;
        yard.report("nobodys", |event| event.actor = named("root")).await;
        let source: Uuid = sqlx::query_scalar(
            "insert into event_source (id, slug, name, system_id, created_at)
             values (gen_random_uuid(), 'others', 'Others', $1, $2) returning id",
        )
        .bind(elsewhere)
        .bind(start())
        .fetch_one(&yard.house.pool)
        .await
        .unwrap();
        yard.sender.of = SourceId(source);
        yard.sender.origin = "others".into();
        yard.sender.system = Some((SystemId(elsewhere), "Databases".into()));
        yard.report("elsewhere", |event| event.actor = by_email("eve@example.com")).await;

        // Of which nobody is told by being whom it is about.
        let mut alert = NewEvent::by_system(Action::AlertRaised).subject(ben.person.clone());
        alert.about.resource_id = Some(yard.resource.into());
        yard.house.store.begin().await.unwrap().commit(alert).await.unwrap();

        let house = yard.house;
        let bens = ["with"].into_iter().chain(ON_THE_RESOURCE.into_iter().skip(4));
        let people = vec![
            (ben, bens.collect()),
            (boss, BTreeSet::from(["with"])),
            (house.owner.clone(), BTreeSet::from(ON_THE_RESOURCE)),
            (sol, BTreeSet::from(ON_THE_RESOURCE)),
            (oda, BTreeSet::from(["elsewhere"])),
            (eve, BTreeSet::from(["elsewhere"])),
            (stranger, BTreeSet::new()),
        ];
        Self { house, auditor, people }
    }

    /// Both are written together: that events are linked and found by looking alone is made by hand.
    async fn link(&self) {
        sequencer::catch_up(&self.house.store).await.unwrap();
        linker::catch_up(&self.house.store).await.unwrap();
        sqlx::raw_sql("delete from event_search; delete from book_reader")
            .execute(&self.house.pool)
            .await
            .unwrap();
    }

    async fn found(&self, caller: &Caller, text: &str) -> app::backend::AuditList {
        let query = parse(text, &context_of(caller)).unwrap();
        self.house.portal.search(caller, &query, &AuditPage::Newest).await.unwrap()
    }

    /// Every event but those of this test's own searches, by what it is called here.
    async fn all(&self) -> BTreeMap<EventId, String> {
        let list = self.found(&self.auditor, "").await;
        let name = |event: &Event| match event.detail["external_id"].as_str() {
            Some(name) => name.to_owned(),
            None => format!("{} {}", event.action, event.subject.as_ref().map_or("", |who| &who.name)),
        };
        let own = |event: &&Event| !event.action.starts_with("audit.");
        list.events.iter().filter(own).map(|event| (event.id, name(event))).collect()
    }
}

fn ids(events: &[Event]) -> BTreeSet<EventId> {
    events.iter().map(|event| event.id).collect()
}

/// Everything that this sight finds, in pages of two.
async fn paged(house: &House, sight: Sight, reach: Reach) -> BTreeSet<EventId> {
    let mut conn = house.store.read().await.unwrap();
    let search = Search { query: &Query::default(), concerning: Some(sight) };
    let (mut found, mut at) = (BTreeSet::new(), At::Newest);
    loop {
        let page = audit::look(&mut conn, search, at, 2, reach).await.unwrap();
        let last = page.events.last().map(|last| Cursor { recorded_at: last.recorded_at, id: last.id });
        let Some(further) = page.looked_to.or(last) else { return found };
        at = At::OlderThan(further);
        found.extend(ids(&page.events));
    }
}

async fn live(house: &House, sight: Sight) -> BTreeSet<EventId> {
    let mut conn = house.store.read().await.unwrap();
    let search = Search { query: &Query::default(), concerning: Some(sight) };
    let new = audit::since(&mut conn, search, (0, i64::MAX), 1_000).await.unwrap();
    new.into_iter().map(|(_, event)| event.id).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn holders_managers_and_owners_see_what_is_theirs_and_nothing_more(pool: PgPool) {
    let cast = Cast::met(pool).await;
    cast.link().await;
    let house = &cast.house;
    let all = cast.all().await;
    assert_eq!(all.len(), 10, "{all:?}");
    // Before anything is indexed, and when all of it is.
    for is_indexed in [false, true] {
        if is_indexed {
            linker::catch_up(&house.store).await.unwrap();
        }
        for (caller, wanted) in &cast.people {
            let name = &caller.person.name;
            let wanted: BTreeSet<EventId> = all
                .iter()
                .filter(|(_, called)| wanted.contains(called.as_str()))
                .map(|(id, _)| *id)
                .collect();
            let list = cast.found(caller, "-action:audit.*").await;
            let seen: Vec<&String> = ids(&list.events).iter().filter_map(|id| all.get(id)).collect();
            assert_eq!(ids(&list.events), wanted, "{name}: {seen:?}");
            assert_eq!(list.total, wanted.len(), "{name}");
            let tally = list.tally.unwrap();
            for counted in [
                tally.outcomes.iter().map(|(_, count)| count).sum::<usize>(),
                tally.groups.iter().map(|(_, count)| count).sum(),
                tally.actors.iter().map(|(_, count)| count).sum(),
                tally.days.iter().map(|day| day.count).sum(),
            ] {
                assert_eq!(counted, wanted.len(), "{name}");
            }
            for event in list.events.iter().filter(|event| event.actor.id() != Some(caller.id())) {
                assert!(event.source.ip.is_none() && event.detail.get("original").is_none(), "{name}");
            }
            let sight = Sight::By(caller.id());
            for reach in [Reach::default(), Reach { walk_min: 1, probe_min: 1, look_max: 4 }] {
                let mut paged = paged(house, sight, reach).await;
                paged.retain(|id| all.contains_key(id));
                assert_eq!(paged, wanted, "{name} {reach:?}");
            }
            let mut live = live(house, sight).await;
            live.retain(|id| all.contains_key(id));
            assert_eq!(live, wanted, "{name}");
            for id in all.keys() {
                match house.portal.event(caller, *id).await {
                    Ok(view) => {
                        assert!(wanted.contains(id) && ids(&view.thread).is_subset(&wanted), "{name}");
                        assert!(!view.json.contains("10.9.8.7") && !view.json.contains("\"original\""));
                    }
                    Err(error) => {
                        assert_eq!((error, wanted.contains(id)), (PortalError::NotFound, false), "{name}")
                    }
                }
            }
        }
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_taken_along_or_looked_for_tells_nothing_else(pool: PgPool) {
    let cast = Cast::met(pool).await;
    cast.link().await;
    let house = &cast.house;
    linker::catch_up(&house.store).await.unwrap();
    let all = cast.all().await;
    for (caller, wanted) in &cast.people {
        let query = parse("-action:audit.*", &context_of(caller)).unwrap();
        let stream = house.portal.export(caller, &query, Format::Jsonl).await.unwrap();
        let bytes: Vec<Vec<u8>> = stream.try_collect().await.unwrap();
        let text = String::from_utf8(bytes.concat()).unwrap();
        let exported: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                let id: Uuid = line["id"].as_str()?.parse().unwrap();
                all.get(&EventId(id)).map(String::as_str)
            })
            .collect();
        assert_eq!(&exported, wanted, "{}", caller.person.name);
        assert!(!text.contains("10.9.8.7"), "{text}");
        assert!(house.portal.values(caller, Field::Source, "logs").await.unwrap().is_empty());
    }
    let person = |name: &str| &cast.people.iter().find(|(who, _)| who.person.name == name).unwrap().0;
    for (name, text, found) in [
        ("Bo Berg", "actor:ben", 1),
        ("Bo Berg", "resource:payments", 1),
        ("Bo Berg", "ip:10.9.8.7", 0),
        ("Bo Berg", "covered:no", 0),
        ("Bo Berg", "actor:eve OR actor:root", 0),
        ("Bo Berg", "-actor:root", 1),
        ("Sol Reyes", "covered:no", 2),
        ("Sol Reyes", "covered:yes", 1),
        ("Sol Reyes", "ip:10.9.8.7", 0),
        ("Sol Reyes", "10.9.8.7", 0),
        ("Ben Okafor", "covered:no", 0),
        ("Eve Stone", "source:logs", 0),
        ("Kim Vale", "payments", 0),
    ] {
        let text = format!("({text}) -action:audit.*");
        assert_eq!(cast.found(person(name), &text).await.total, found, "{name}: {text}");
    }
    // Nobody owns or leads for ever.
    sqlx::query("delete from owner").execute(&house.pool).await.unwrap();
    sqlx::query("update person set manager_id = null").execute(&house.pool).await.unwrap();
    for (name, left) in [("Bo Berg", 0), ("Sol Reyes", 0), ("Oda Lind", 0), ("Ben Okafor", 5)] {
        assert_eq!(cast.found(person(name), "-action:audit.*").await.total, left, "{name}");
    }
}
