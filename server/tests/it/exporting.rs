//! Exports: what they hold, in which formats, and that none looks complete that is not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use app::backend::{Audit, AuditPage, context_of};
use domain::audit::query::parse;
use domain::audit::{About, Action, Actor, NewEvent, Outcome};
use domain::caller::{Caller, Source};
use domain::id::{EntitlementId, ResourceId, SystemId};
use domain::usage::{OutsideActor, OutsideEvent, OutsideKind, OutsideTarget, UsageAction};
use flate2::read::GzDecoder;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use server::ingest::{Sender, take};
use server::portal::export::{Format, typed};
use sqlx::PgPool;
use uuid::Uuid;

use crate::house::{House, start};

async fn auditor(house: &House) -> Caller {
    let mut auditor = house.person("Ada Audit").await;
    auditor.roles.auditor = true;
    auditor
}

async fn export(house: &House, caller: &Caller, query: &str, format: Format) -> String {
    let query = parse(query, &context_of(caller)).unwrap();
    let stream = house.portal.export(caller, &query, format).await.unwrap();
    String::from_utf8(stream.try_collect::<Vec<_>>().await.unwrap().concat()).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of a CSV export by column, as they were before they were made inert.
fn rows(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| {
        columns.iter().zip(&row).map(|(name, cell)| (name.to_owned(), typed(cell).to_owned())).collect()
    };
    reader.records().map(|found| row(found.unwrap())).collect()
}

/// One event of everything that can be done or tried, by everybody who can act, with and without what it may be about.
async fn everything(house: &House) -> usize {
    let ben = house.person("Ben Okafor").await;
    let full = About {
        system_id: Some(SystemId(Uuid::from_u128(1))),
        system: Some("Databases".into()),
        resource_id: Some(ResourceId(Uuid::from_u128(2))),
        resource: Some("payments-prod".into()),
        entitlement_id: Some(EntitlementId(Uuid::from_u128(3))),
        entitlement: Some("read".into()),
    };
    let outside = |kind, name: &str| Actor::Outside { kind, name: name.into() };
    let actors = [
        Actor::Person { id: ben.id(), name: ben.person.name.clone() },
        Actor::System,
        Actor::Command { name: "root".into() },
        outside(OutsideKind::Machine, "collector"),
        outside(OutsideKind::Unknown, ""),
        Actor::Unknown,
    ];
    let mut tx = house.store.begin().await.unwrap();
    let mut events = Vec::new();
    for action in Action::ALL {
        for (index, actor) in actors.iter().enumerate() {
            let (source, outcome) = match index % 3 {
                0 => (ben.source.clone(), Outcome::Success),
                1 => (Source::of("job"), Outcome::Denied),
                _ => (Source::of("command"), Outcome::Failure),
            };
            let mut event = NewEvent::new(actor.clone(), source, *action).outcome(outcome);
            if index % 2 == 0 {
                event = event.subject(ben.person.clone()).about(full.clone());
                event = event.reason(Some("As agreed.".into())).detail(json!({ "name": "x", "tried": "y" }));
            }
            events.push(event);
        }
    }
    let count = events.len();
    let last = events.pop().unwrap();
    for event in events {
        tx.record(event).await.unwrap();
    }
    tx.commit(last).await.unwrap();
    count
}

async fn reported(house: &House, admin: &Caller) -> usize {
    let source = Uuid::from_u128(77);
    sqlx::query("insert into event_source (id, slug, name, created_at) values ($1, 'log', 'Log', $2)")
        .bind(source)
        .bind(start())
        .execute(&house.pool)
        .await
        .unwrap();
    let sender = Sender {
        of: domain::id::SourceId(source),
        origin: "log".into(),
        system: None,
        by: Actor::Person { id: admin.id(), name: admin.person.name.clone() },
        source: admin.source.clone(),
    };
    let words: Vec<&str> = UsageAction::known()
        .map(|(word, _)| word)
        .chain(["resource.put_on_hold", "session.renewed"])
        .collect();
    let report = |(number, word): (usize, &str)| {
        Ok(OutsideEvent {
            external_id: number.to_string(),
            occurred_at: start(),
            undated: false,
            action: UsageAction::parse(word).unwrap(),
            outcome: Outcome::Success,
            actor: OutsideActor { email: Some("ben@example.com".into()), ..OutsideActor::default() },
            target: OutsideTarget::default(),
            ip: Some("2001:db8::1".parse().unwrap()),
            user_agent: Some("psql".into()),
            operation: Some("SELECT".into()),
            reason: None,
            original: json!({ "deep": { "er": [1, null] } }),
        })
    };
    let reports = words.iter().copied().enumerate().map(report).collect();
    take(&house.store, &sender, reports).await.unwrap().len()
}

fn schemas() -> BTreeMap<i64, jsonschema::Validator> {
    let packed: [(i64, &[u8]); 5] = [
        (3001, include_bytes!("../ocsf/account_change.1.5.0.schema.json.gz")),
        (3002, include_bytes!("../ocsf/authentication.1.5.0.schema.json.gz")),
        (3004, include_bytes!("../ocsf/entity_management.1.5.0.schema.json.gz")),
        (3005, include_bytes!("../ocsf/user_access.1.5.0.schema.json.gz")),
        (6003, include_bytes!("../ocsf/api_activity.1.5.0.schema.json.gz")),
    ];
    let compiled = packed.map(|(class, bytes)| {
        let mut text = String::new();
        GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
        (class, jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap())
    });
    BTreeMap::from(compiled)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_kind_of_event_is_valid_ocsf_of_the_class_that_fits(pool: PgPool) {
    let house = House::new(pool).await;
    let auditor = auditor(&house).await;
    let count = everything(&house).await + reported(&house, &auditor).await;
    let schemas = schemas();
    let found = lines(&export(&house, &auditor, "", Format::Ocsf).await);
    assert_eq!(found.len(), count + 2, "its own begin and end");
    let mut wrong = BTreeSet::new();
    let mut classes: BTreeMap<&str, i64> = BTreeMap::new();
    for event in &found {
        let class = event["class_uid"].as_i64().unwrap();
        let action = event["metadata"]["event_code"].as_str().unwrap();
        classes.insert(action, class);
        assert_eq!(event["type_uid"], class * 100 + event["activity_id"].as_i64().unwrap());
        for error in schemas[&class].iter_errors(event) {
            wrong.insert(format!("{action}: {} {error}", error.instance_path()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (action, class) in [
        ("session.signed_in", 3002),
        ("session.opened", 3002),
        ("resource.accessed", 6003),
        ("grant.activated", 3005),
        ("request.submitted", 3005),
        ("person.created", 3001),
        ("catalogue.resource_changed", 3004),
        ("token.made", 3004),
        ("audit.searched", 6003),
    ] {
        assert_eq!(classes[action], class, "{action}");
    }
    let broken = json!({ "class_uid": 3002, "user": {} });
    assert!(!schemas[&3002].is_valid(&broken), "the schemas do refuse");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_export_equals_what_the_page_shows_row_for_row_in_every_format(pool: PgPool) {
    let house = House::new(pool).await;
    let auditor = auditor(&house).await;
    everything(&house).await;
    let mut page = AuditPage::Newest;
    let mut shown = Vec::new();
    let query = parse("action:grant.* -outcome:denied", &context_of(&auditor)).unwrap();
    loop {
        let list = house.portal.search(&auditor, &query, &page).await.unwrap();
        shown.extend(list.events.iter().map(|event| serde_json::to_value(event).unwrap()));
        if list.next.is_empty() {
            break;
        }
        page = AuditPage::OlderThan(list.next);
    }
    assert!(shown.len() > 50, "more than a page");
    let text = "action:grant.* -outcome:denied";
    let found = lines(&export(&house, &auditor, text, Format::Jsonl).await);
    assert_eq!(found[1..found.len() - 1], shown);

    let found = rows(&export(&house, &auditor, text, Format::Csv).await);
    for (row, event) in found.iter().filter(|row| row["record"] == "event").zip(&shown) {
        let cell = |name: &str| row[name].as_str();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(cell("id"), text(&event["id"]));
        assert_eq!(cell("action"), text(&event["action"]));
        assert_eq!(cell("outcome"), text(&event["outcome"]));
        assert_eq!(cell("subject_name"), text(&event["subject"]["name"]));
        assert_eq!(cell("resource"), text(&event["resource"]["resource"]));
        assert_eq!(cell("ip"), text(&event["source"]["ip"]));
        assert_eq!(cell("reason"), text(&event["reason"]));
        assert_eq!(serde_json::from_str::<Value>(cell("detail")).unwrap(), event["detail"]);
    }
    assert_eq!(found.len(), shown.len() + 2);

    let found = lines(&export(&house, &auditor, text, Format::Ocsf).await);
    let ids = |events: &[Value], path: &str| -> Vec<Value> {
        events.iter().map(|event| event.pointer(path).unwrap().clone()).collect()
    };
    assert_eq!(ids(&found[1..found.len() - 1], "/metadata/uid"), ids(&shown, "/id"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_export_says_who_made_it_when_of_which_query_and_how_much_it_holds(pool: PgPool) {
    let house = House::new(pool).await;
    let ben = house.person("=1+1").await;
    let read = house.entitlement("read").await;
    house.granted(&ben, read).await;
    let auditor = auditor(&house).await;
    let own: Uuid;
    {
        let found = lines(&export(&house, &auditor, "action:request", Format::Jsonl).await);
        let begin = &found[0]["export"];
        assert_eq!(begin["by"]["name"], "Ada Audit");
        assert_eq!(begin["at"], "2026-11-23T10:00:00Z");
        assert_eq!(begin["query"], "action:request.*");
        assert_eq!(found.last().unwrap(), &json!({ "end": { "id": begin["id"], "events": 2 } }));
        own = begin["id"].as_str().unwrap().parse().unwrap();
    }
    let action: String = sqlx::query_scalar("select action from event where id = $1")
        .bind(own)
        .fetch_one(&house.pool)
        .await
        .unwrap();
    assert_eq!(action, "audit.exported", "it stands in the book under the same id");

    let csv = export(&house, &auditor, "action:request", Format::Csv).await;
    assert!(csv.contains(",'=1+1,"), "formula-safe: {csv}");
    let found = rows(&csv);
    let records: Vec<&str> = found.iter().map(|row| row["record"].as_str()).collect();
    assert_eq!(records, ["export", "event", "event", "end"]);
    assert_eq!(found[0]["actor_name"], "Ada Audit");
    assert_eq!(found[0]["recorded_at"], "2026-11-23T10:00:00+00:00");
    assert_eq!(found[2]["actor_name"], "=1+1", "and back again");
    let detail: Value = serde_json::from_str(&found[3]["detail"]).unwrap();
    assert_eq!(detail, json!({ "query": "action:request.*", "format": "csv", "events": 2 }));

    let found = lines(&export(&house, &auditor, "action:request", Format::Ocsf).await);
    assert_eq!(found[0]["unmapped"]["detail"], json!({ "query": "action:request.*", "format": "ocsf" }));
    assert_eq!(found[0]["actor"]["user"]["name"], "Ada Audit");
    assert_eq!(found[3]["unmapped"]["detail"]["events"], 2);
    assert_eq!(found[3]["metadata"]["uid"], found[0]["metadata"]["uid"]);

    // Who sees nothing takes nothing along.
    let eve = house.person("Eve Stone").await;
    let found = lines(&export(&house, &eve, "action:request", Format::Jsonl).await);
    assert_eq!(found.last().unwrap()["end"]["events"], 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_export_that_breaks_off_has_no_end_and_says_so(pool: PgPool) {
    let house = House::new(pool).await;
    let auditor = auditor(&house).await;
    // More than is read ahead of what is written.
    for _ in 0..8 {
        everything(&house).await;
    }
    for format in [Format::Csv, Format::Jsonl, Format::Ocsf] {
        let whole = export(&house, &auditor, "-action:audit.exported", format).await;
        let query = parse("-action:audit.exported", &context_of(&auditor)).unwrap();
        let mut stream = house.portal.export(&auditor, &query, format).await.unwrap();
        let mut got = stream.next().await.unwrap().unwrap();
        sqlx::query("alter table event rename to event_away").execute(&house.pool).await.unwrap();
        let mut is_broken = false;
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(bytes) => got.extend(bytes),
                Err(_) => is_broken = true,
            }
        }
        sqlx::query("alter table event_away rename to event").execute(&house.pool).await.unwrap();
        assert!(is_broken, "whoever sends it on breaks the connection off");
        let got = String::from_utf8(got).unwrap();
        let last = |text: &str| text.trim_end().lines().last().unwrap().to_owned();
        assert!(got.len() < whole.len());
        assert!(last(&whole).contains("events"), "{}", last(&whole));
        assert!(!last(&got).contains("\"events\"") && !last(&got).starts_with("end,"), "{}", last(&got));
    }
}
