//! What the database finds is what the language means.

use domain::audit::Event;
use domain::audit::query::{Matchable, Query};
use domain::catalogue::Sensitivity;
use domain::id::EventId;
use server::jobs::sequencer;
use sqlx::PgPool;
use store::audit::{self, At, Cursor, Reach, Search};
use store::{PgConnection, link};

use super::{auditor, query};
use crate::house::{House, hours, start};

/// What a query sees of an event that nothing was matched to.
fn matches(query: &Query, event: &Event, text: &str) -> bool {
    let about = &event.resource;
    let on = about.system_id.map(|id| format!("s-{id}"));
    query.matches(&Matchable {
        actor: event.actor.name(),
        subject: event.subject.as_ref().map(|subject| subject.name.as_str()),
        matched_people: &[],
        system: about.system.as_deref(),
        resource: about.resource.as_deref(),
        entitlement: about.entitlement.as_deref(),
        environment: about.resource_id.map(|_| ""),
        tags: if about.resource_id.is_some() { &["PCI-dss", "money"] } else { &[] },
        on: on.as_deref(),
        owners: if about.system_id.is_some() { &["Ana Ruiz"] } else { &[] },
        sensitivity: about.resource_id.map(|_| Sensitivity::Medium),
        action: &event.action,
        outcome: event.outcome,
        source: &event.source.origin,
        ip: event.source.ip.as_deref().and_then(|ip| ip.parse().ok()),
        request: event.request_id,
        grants: event.grant_id.as_slice(),
        covered: None,
        windows: &[],
        occurred_at: event.occurred_at,
        text,
    })
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_database_finds_what_the_language_means(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let ben = house.person("Ben Økafor").await;
    let odd = house.person("100%_\\ d'Arc").await;
    let (read, write) = (house.entitlement("read").await, house.entitlement("write").await);
    let (request, grant) = house.granted(&ben, read).await;
    house.set(start() + hours(30));
    let other = house.ask(&odd, write).await;
    house.decide(&house.owner, other, "deny").await.unwrap();
    sqlx::query("update event set ip = case action when 'request.denied' then 'nowhere' else '10.1.2.3' end")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("update resource set tags = '{PCI-dss,money}'").execute(&pool).await.unwrap();
    let auditor = auditor(&house).await;
    let mut all = Vec::new();
    let mut conn = house.store.read().await.unwrap();
    let everything = Search { query: &Query::default(), concerning: None };
    for event in audit::search(&mut conn, everything, At::Newest, 100).await.unwrap() {
        let text: String = sqlx::query_scalar(
            "select event_text(actor_name, action, outcome, subject_name, system_name, resource_name,
               entitlement_name, ip, detail, reason) from event where id = $1",
        )
        .bind(event.id.0)
        .fetch_one(&pool)
        .await
        .unwrap();
        all.push((event, text));
    }
    let ids = [format!("request:{request}"), format!("grant:{grant}")];
    let terms = [
        "økafor",
        "PAYOUTS",
        "\"payments-prod read\"",
        "100%_\\",
        "person:d'arc",
        "person:=\"ben økafor\"",
        "actor:ana",
        "resource:wri",
        "resource:=read",
        "system:=nothing",
        "environment:x",
        "tag:pci",
        "tag:=PCI",
        "on:nothing",
        "owner:ANA",
        "sensitivity:<=medium",
        "sensitivity:>=high",
        "action:request.*",
        "action:grant.activating",
        "outcome:success",
        "source:WEB",
        "ip:10.0.0.0/8",
        "ip:::/0",
        "covered:yes",
        "window:freeze",
        "before:2026-11-24",
        "after:2026-11-24",
        "during:2026-11-23",
    ];
    let terms: Vec<&str> = terms.into_iter().chain(ids.iter().map(String::as_str)).collect();
    let reaches = [Reach::default(), Reach { walk_min: 1, probe_min: 1, look_max: 4 }];
    let mut tried = 0;
    // Before events have positions, when some are indexed, and when all are.
    for indexed in [None, Some(2), Some(5)] {
        if let Some(indexed) = indexed {
            sequencer::catch_up(&house.store).await.unwrap();
            let before = house.count("select count(*) from event_search").await;
            link::step(&house.store, indexed - before).await.unwrap();
            assert_eq!(house.count("select count(*) from event_search").await, indexed);
        }
        for (one, other) in terms.iter().flat_map(|one| terms.iter().map(move |other| (one, other))) {
            let text = match tried % 3 {
                0 => format!("{one} -{other}"),
                1 => format!("-({one} OR {other})"),
                _ => format!("{one} OR -{other}"),
            };
            let query = query(&auditor, &text);
            let wanted: Vec<_> =
                all.iter().filter(|(event, text)| matches(&query, event, text)).map(|(e, _)| e.id).collect();
            let reach = reaches[tried % 2];
            let found = if tried % 7 == 0 {
                paged(&mut conn, &query, reach).await
            } else {
                whole(&mut conn, &query, reach).await
            };
            assert_eq!(found, wanted, "{text} {indexed:?} {reach:?}");
            tried += 1;
        }
    }
    assert_eq!((all.len(), tried), (5, 30 * 30 * 3));
}

/// What is found, looking on where it was not enough.
async fn whole(conn: &mut PgConnection, query: &Query, reach: Reach) -> Vec<EventId> {
    let (mut all, mut at) = (Vec::new(), At::Newest);
    loop {
        let search = Search { query, concerning: None };
        let found = audit::look(conn, search, at, 100, reach).await.unwrap();
        all.extend(found.events.iter().map(|event| event.id));
        match found.looked_to {
            Some(cursor) => at = At::OlderThan(cursor),
            None => return all,
        }
    }
}

/// What is found in pages of two, checked to come back the same way.
async fn paged(conn: &mut PgConnection, query: &Query, reach: Reach) -> Vec<EventId> {
    let search = Search { query, concerning: None };
    let (mut pages, mut at): (Vec<Vec<Event>>, _) = (Vec::new(), At::Newest);
    loop {
        let page = audit::look(conn, search, at, 2, reach).await.unwrap();
        if let (At::OlderThan(_), Some(first)) = (at, page.events.first()) {
            let mut back = audit::look(conn, search, At::NewerThan(place(first)), 2, reach).await.unwrap();
            while let Some(further) = back.looked_to {
                let missing = 2 - i64::try_from(back.events.len()).unwrap();
                let more = audit::look(conn, search, At::NewerThan(further), missing, reach).await.unwrap();
                back.events.splice(0..0, more.events);
                back.looked_to = more.looked_to;
            }
            let all: Vec<_> = pages.concat().iter().map(|event| event.id).collect();
            let back: Vec<_> = back.events.iter().map(|event| event.id).collect();
            assert!(all.ends_with(&back) && back.len() == all.len().min(2), "{all:?} {back:?}");
        }
        let last = page.events.last().map(place);
        if !page.events.is_empty() {
            pages.push(page.events);
        }
        match page.looked_to.or(last) {
            Some(cursor) => at = At::OlderThan(cursor),
            None => return pages.concat().iter().map(|event| event.id).collect(),
        }
    }
}

fn place(event: &Event) -> Cursor {
    Cursor { recorded_at: event.recorded_at, id: event.id }
}
