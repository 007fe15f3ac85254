//! Reading the book over HTTP, with a token or a session; and what the interface says of itself.

use std::collections::BTreeSet;

use app::backend::{Sources, TypedToken, TypedTokenEnd};
use app::error::PortalError;
use chrono::TimeDelta;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::door::gate::{Answer, Browser, Gate};
use crate::reporting::{Inlet, event};

const EVENTS: &str = "/api/v1/events";
const EXPORT: &str = "/api/v1/events/export";

async fn make(inlet: &Inlet, name: &str) -> String {
    let secret = inlet.portal.offer(&inlet.admin, "", "").await.unwrap().secret;
    let typed = TypedToken { name: name.into(), secret: secret.clone(), ..TypedToken::default() };
    inlet.portal.keep(&inlet.admin, &typed).await.unwrap();
    secret
}

async fn get(gate: &Gate, secret: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {secret}");
    let mut headers = Vec::new();
    if !secret.is_empty() {
        headers.push(("authorization", bearer.as_str()));
    }
    gate.browser().send(Method::GET, path, &headers, Vec::new()).await
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
}

async fn by_session(browser: &mut Browser, path: &str) -> Answer {
    browser.ask(Method::GET, path, &[], "").await
}

fn batch(count: usize) -> Value {
    (0..count).map(|number| event(&number.to_string())).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_token_reads_every_event_once_page_after_page_and_as_the_export_has_it(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let secret = make(&inlet, "Evaluation").await;
    inlet.send(&batch(25)).await;
    let mut path = format!("{EVENTS}?q=action:resource.*&limit=10");
    let mut read = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let answer = get(&inlet.gate, &secret, &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let page = json_of(&answer);
        let events = page["events"].as_array().unwrap().clone();
        sizes.push(events.len());
        read.extend(events);
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(sizes, [10, 10, 5]);
    let ids: BTreeSet<&str> = read.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 25);
    let path = format!("{EXPORT}?q=action:resource.*&format=jsonl");
    let exported = get(&inlet.gate, &secret, &path).await;
    assert!(exported.header("content-disposition").contains("gatebook-audit-"));
    let lines: Vec<Value> = exported.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1..26], read, "the same events in the same shape");
    assert_eq!(
        lines[0]["export"]["by"],
        json!({ "kind": "outside", "who": "machine", "name": "Evaluation" })
    );
    assert_eq!(lines[26]["end"]["events"], 25);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn reading_with_a_token_is_told_once_an_hour_for_each_search_and_each_export(pool: PgPool) {
    let mut inlet = Inlet::open(pool).await;
    let secret = make(&inlet, "Evaluation").await;
    let searched = "select count(*) from event where action = 'audit.searched'";
    for path in ["?q=ben", "?q=ben", "?q=ada", ""] {
        assert_eq!(get(&inlet.gate, &secret, &format!("{EVENTS}{path}")).await.status, StatusCode::OK);
    }
    assert_eq!(inlet.gate.count(searched).await, 3, "even where it asks for everything");
    let (_, detail) = inlet.gate.event_detail("audit.searched").await;
    assert!(detail["token"].as_str().is_some(), "{detail}");
    let name: String =
        sqlx::query_scalar("select distinct actor_name from event where action = 'audit.searched'")
            .fetch_one(&inlet.gate.pool)
            .await
            .unwrap();
    assert_eq!(name, "Evaluation");
    inlet.gate.pass(TimeDelta::minutes(61));
    get(&inlet.gate, &secret, &format!("{EVENTS}?q=ben")).await;
    assert_eq!(inlet.gate.count(searched).await, 4);
    for _ in 0..2 {
        get(&inlet.gate, &secret, &format!("{EXPORT}?format=csv")).await;
    }
    assert_eq!(inlet.gate.count("select count(*) from event where action = 'audit.exported'").await, 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_session_reads_what_its_page_shows_and_nobody_reads_without_either(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    inlet.send(&batch(3)).await;
    let mut auditor = inlet.gate.signed_in_as("ada", |claims| claims["groups"] = json!(["auditors"])).await;
    let mut ben = inlet.gate.signed_in("ben").await;
    let count = |answer: &Answer| json_of(answer)["events"].as_array().unwrap().len();
    let usage = format!("{EVENTS}?q=action:resource.*");
    assert_eq!(count(&by_session(&mut auditor, &usage).await), 3);
    assert_eq!(count(&by_session(&mut ben, &usage).await), 0);
    assert_eq!(count(&by_session(&mut ben, EVENTS).await), 2, "his own sign-in, and that he was added");
    let exported = by_session(&mut ben, &format!("{EXPORT}?format=csv&q=action:resource.*")).await;
    assert_eq!((exported.status, exported.body.lines().count()), (StatusCode::OK, 3), "{}", exported.body);
    for path in [EVENTS, EXPORT] {
        let answer = get(&inlet.gate, "", path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    // A session does not write.
    let answer = ben.send(Method::POST, EVENTS, &[], batch(1).to_string().into_bytes()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_token_that_reads_does_not_write_and_one_that_writes_does_not_read(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let secret = make(&inlet, "Evaluation").await;
    let body = batch(1).to_string().into_bytes();
    let answer = inlet.send_raw(&secret, &[], "", body).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    let answer = get(&inlet.gate, &inlet.secret, EVENTS).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    assert_eq!(inlet.stored().await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_reading_token_is_rotated_and_ended_like_any_other(pool: PgPool) {
    let mut inlet = Inlet::open(pool).await;
    let first = make(&inlet, "Evaluation").await;
    let status = async |inlet: &Inlet, secret: &str| get(&inlet.gate, secret, EVENTS).await.status;
    let shown = inlet.portal.reading_tokens(&inlet.admin).await.unwrap();
    let id = shown[0].id.to_string();
    let second = inlet.portal.offer(&inlet.admin, "", &id).await.unwrap().secret;
    let typed = TypedToken { token: id.clone(), secret: second.clone(), ..TypedToken::default() };
    inlet.portal.keep(&inlet.admin, &typed).await.unwrap();
    assert_eq!(status(&inlet, &first).await, StatusCode::OK, "for a day");
    assert_eq!(status(&inlet, &second).await, StatusCode::OK);
    inlet.gate.pass(TimeDelta::hours(25));
    assert_eq!(status(&inlet, &first).await, StatusCode::UNAUTHORIZED);
    let end = TypedTokenEnd { token: id, ..TypedTokenEnd::default() };
    let mut nobody = inlet.admin.clone();
    nobody.roles.administrator = false;
    assert!(matches!(inlet.portal.end_token(&nobody, &end).await, Err(PortalError::Forbidden(_))));
    inlet.portal.end_token(&inlet.admin, &end).await.unwrap();
    assert_eq!(status(&inlet, &second).await, StatusCode::UNAUTHORIZED);
    let told = "select count(*) from event where action in ('token.made', 'token.rotated', 'token.ended')
                and detail ->> 'token' = 'Evaluation'";
    assert_eq!(inlet.gate.count(told).await, 3);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_wrong_with_a_parameter_is_said_and_which_it_is(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let secret = make(&inlet, "Evaluation").await;
    let long = "A".repeat(5_000);
    for (path, field) in [
        (format!("{EVENTS}?limit=0"), "limit"),
        (format!("{EVENTS}?limit=1001"), "limit"),
        (format!("{EVENTS}?limit=many"), "limit"),
        (format!("{EVENTS}?cursor=nonsense"), "cursor"),
        (format!("{EVENTS}?cursor={long}"), "cursor"),
        (format!("{EVENTS}?q=("), "q"),
        (format!("{EXPORT}?q=("), "format"),
        (format!("{EXPORT}?format=csv&q=nosuch:1"), "q"),
        (format!("{EXPORT}?format=pdf"), "format"),
    ] {
        let answer = get(&inlet.gate, &secret, &path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(json_of(&answer)["field"], field, "{path:.60}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_cannot_be_read_in_whole_yet_is_refused_for_a_while(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let secret = make(&inlet, "Evaluation").await;
    sqlx::query("update event_sequence set last_position = last_position + 30000")
        .execute(&inlet.gate.pool)
        .await
        .unwrap();
    for path in [format!("{EVENTS}?q=ben"), format!("{EXPORT}?format=csv&q=ben")] {
        let answer = get(&inlet.gate, &secret, &path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
        let says = json_of(&answer)["detail"].to_string();
        assert!(says.contains("events have come in and cannot be searched yet"), "{says}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn without_its_database_reading_is_not_available_now_and_nothing_is_said_of_storing(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let secret = make(&inlet, "Evaluation").await;
    let check = |answer: &Answer, status: StatusCode, says: &str| {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(json_of(answer)["detail"], says);
    };
    let paths = [format!("{EVENTS}?q=ben"), format!("{EXPORT}?format=csv&q=ben")];
    // Nobody's to wait for.
    sqlx::query("alter table event_search rename to gone").execute(&inlet.gate.pool).await.unwrap();
    for path in &paths {
        let says = "This is ours to mend. Try again later.";
        check(&get(&inlet.gate, &secret, path).await, StatusCode::INTERNAL_SERVER_ERROR, says);
    }
    inlet.gate.pool.close().await;
    for path in &paths {
        check(&get(&inlet.gate, &secret, path).await, StatusCode::SERVICE_UNAVAILABLE, "Try again later.");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_shows_too_much_that_does_not_work_hears_so_and_what_works_is_let_in(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let secret = make(&inlet, "Evaluation").await;
    let wrong = domain::token::secret(&"x".repeat(43));
    let mut answers = Vec::new();
    for _ in 0..31 {
        answers.push(get(&inlet.gate, &wrong, EVENTS).await);
    }
    let last = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| answer.status == StatusCode::UNAUTHORIZED));
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(get(&inlet.gate, &secret, EVENTS).await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_the_interface_says_of_itself_is_valid_openapi_and_true(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let reads = make(&inlet, "Evaluation").await;
    inlet.send(&batch(2)).await;
    let answer = get(&inlet.gate, "", "/api/openapi.json").await;
    let document = json_of(&answer);
    let spec = oas3::from_json(&answer.body).unwrap();
    assert_eq!(spec.openapi, "3.1.0");
    let paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(paths, [EVENTS, EXPORT, "/api/v1/hooks/github/{source}"], "everything that programs call");
    // Every reference leads somewhere, and every schema is one.
    for reference in references(&document) {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    let unknown = domain::token::secret(&"x".repeat(43));
    let send = async |secret: &str, query: &str, body: Value| {
        inlet.send_raw(secret, &[], query, body.to_string().into_bytes()).await
    };
    let answers = [
        (EVENTS, "get", get(&inlet.gate, &reads, &format!("{EVENTS}?limit=1")).await),
        (EVENTS, "get", get(&inlet.gate, &reads, &format!("{EVENTS}?limit=x")).await),
        (EVENTS, "get", get(&inlet.gate, "", EVENTS).await),
        (EVENTS, "get", get(&inlet.gate, &inlet.secret, EVENTS).await),
        (EVENTS, "post", send(&inlet.secret, "", json!([event("9"), {}])).await),
        (EVENTS, "post", send(&inlet.secret, "?format=morse", json!([])).await),
        (EVENTS, "post", send(&unknown, "", json!([])).await),
        (EVENTS, "post", send(&reads, "", json!([])).await),
        (EXPORT, "get", get(&inlet.gate, &reads, &format!("{EXPORT}?format=ocsf")).await),
        (EXPORT, "get", get(&inlet.gate, &reads, &format!("{EXPORT}?format=csv")).await),
        (EXPORT, "get", get(&inlet.gate, &reads, EXPORT).await),
        (EXPORT, "get", get(&inlet.gate, &unknown, EXPORT).await),
        (
            "/api/v1/hooks/github/{source}",
            "post",
            inlet.gate.browser().send(Method::POST, "/api/v1/hooks/github/nobody", &[], vec![]).await,
        ),
    ];
    let mut statuses = BTreeSet::new();
    for (path, method, answer) in &answers {
        statuses.insert(answer.status.as_u16());
        let told = &document["paths"][*path][*method]["responses"][answer.status.as_str()];
        let kind = answer.header("content-type").split(';').next().unwrap();
        let content = &told["content"][kind];
        assert!(content.is_object(), "{method} {path} {} {kind} is not told of", answer.status);
        if kind.ends_with("json") && !kind.ends_with("ndjson") {
            let mut schema = content["schema"].clone();
            schema["components"] = document["components"].clone();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let wrong: Vec<String> = validator
                .iter_errors(&json_of(answer))
                .map(|error| format!("{} {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{method} {path} {}: {wrong:?} {}", answer.status, answer.body);
        }
    }
    assert_eq!(statuses, BTreeSet::from([200, 400, 401, 403, 404]));
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if name == "$ref" => vec![text.clone()],
                value => references(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
