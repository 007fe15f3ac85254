//! Events from outside, over HTTP, with the tokens that let them in.

mod inlet;

use std::io::Write as _;

use app::backend::{Sources, TypedSource, TypedSourceEnd, TypedToken, TypedTokenEnd};
use chrono::TimeDelta;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use serde_json::{Value, json};
use server::import::{ImportArgs, Kind, events};
use sqlx::PgPool;
use uuid::Uuid;

pub use inlet::{Inlet, event};

const PATH: &str = "/api/v1/events";

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_source_sends_stands_in_the_book_with_its_own_time_and_names(pool: PgPool) {
    let inlet = Inlet::open(pool.clone()).await;
    let answer = inlet.send(&json!([event("1"), event("2")])).await;
    assert_eq!((&answer["stored"], &answer["refused"]), (&json!(2), &json!(0)));
    let id: Uuid = answer["results"][0]["id"].as_str().unwrap().parse().unwrap();
    type Row =
        (String, String, String, Option<String>, Option<String>, Option<String>, String, Option<String>);
    let row: Row = sqlx::query_as(
        "select class, actor_kind, actor_name, system_name, resource_name, entitlement_name, origin, ip
         from event where id = $1",
    )
    .bind(id)
    .fetch_one(&pool)
    .await
    .unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        row,
        (
            "usage".into(),
            "person".into(),
            "ben".into(),
            text("Ledger"),
            text("payouts"),
            text("select"),
            "ledger-log".into(),
            text("192.0.2.7")
        )
    );
    let (occurred, detail): (chrono::DateTime<chrono::Utc>, Value) =
        sqlx::query_as("select occurred_at, detail from event where id = $1")
            .bind(id)
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(occurred, "2030-03-17T16:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    assert_eq!(detail["actor"], json!({ "email": "ben@example.com", "account": "ben_okafor" }));
    assert_eq!((&detail["external_id"], &detail["operation"]), (&json!("1"), &json!("SELECT")));
    assert_eq!(detail["original"]["id"], "1");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_sent_again_is_not_stored_twice_and_another_source_may_use_the_same_ids(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    inlet.send(&json!([event("1"), event("2")])).await;
    let again = inlet.send(&json!([event("2"), event("3"), event("3")])).await;
    assert_eq!((&again["stored"], &again["duplicates"]), (&json!(1), &json!(2)));
    let told: Vec<&str> =
        again["results"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(told, ["duplicate", "stored", "duplicate"]);
    assert_eq!(inlet.stored().await, 3);
    let other = TypedSource { name: "Wiki log".into(), ..TypedSource::default() };
    let (_, source) = Sources::save(&inlet.portal, &inlet.admin, &other).await.unwrap();
    let mut other = Inlet { source, ..inlet };
    other.secret = other.make_token("Host 2").await;
    assert_eq!(other.send(&json!([event("1")])).await["stored"], 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_batches_with_the_same_events_in_opposite_order_at_once_store_each_once(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let there: Vec<Value> = (0..300).map(|n| event(&n.to_string())).collect();
    let back: Vec<Value> = there.iter().rev().cloned().collect();
    let (there, back) = (json!(there), json!(back));
    let (one, two) = tokio::join!(inlet.send(&there), inlet.send(&back));
    let stored = one["stored"].as_i64().unwrap() + two["stored"].as_i64().unwrap();
    assert_eq!((stored, inlet.stored().await), (300, 300));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_bad_event_is_named_with_its_field_and_the_rest_is_stored(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let with = |field: &str, value: Value| {
        let mut bad = event("bad");
        bad[field] = value;
        bad
    };
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    let cases = [
        (with("time", json!("0001-01-01T00:00:00Z")), "time", "before 1990"),
        (with("time", json!("9999-12-31T23:59:59Z")), "time", "24 hours ahead"),
        (with("time", json!("2030-03-17T17:00:00")), "time", "not a time with an offset"),
        (with("time", json!(1_900_000_000)), "time", "not a text"),
        (with("id", json!("")), "id", "missing"),
        (with("id", json!("a\u{0}b")), "original", "NUL"),
        (with("operation", json!("x".repeat(201))), "operation", "at most 200"),
        (with("ip", json!("somewhere")), "ip", "address"),
        (with("outcome", json!("perhaps")), "outcome", "success"),
        (with("detail", deep), "original", "nested"),
        (with("colour", json!("red")), "colour", "no such field"),
        (with("detail", json!({ "x": "y".repeat(70_000) })), "original", "65,536"),
        (json!("text"), "record", "not a JSON object"),
    ];
    let mut wrong = Vec::new();
    for (at, (bad, field, says)) in cases.into_iter().enumerate() {
        let good = event(&format!("good {at}"));
        let answer = inlet.send(&json!([good, bad])).await;
        assert_eq!((&answer["stored"], &answer["refused"]), (&json!(1), &json!(1)), "{field}: {answer}");
        let refused = &answer["results"][1];
        assert_eq!((&refused["status"], &refused["record"]), (&json!("refused"), &json!(1)));
        let (named, reason) = (refused["field"].as_str().unwrap(), refused["reason"].as_str().unwrap());
        if named != field || !reason.contains(says) {
            wrong.push(format!("wanted {field}: {says}, got {named}: {reason}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(inlet.stored().await, 13);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_token_that_sends_decisions_is_refused_and_that_stands_in_the_book(pool: PgPool) {
    let inlet = Inlet::open(pool.clone()).await;
    for action in ["request.approved", "grant.activated", "policy.changed"] {
        let mut forged = event(action);
        forged["action"] = json!(action);
        let answer = inlet.send(&json!([event(&format!("beside {action}")), forged])).await;
        assert_eq!(answer["results"][1]["field"], "action", "{answer}");
    }
    assert_eq!(inlet.stored().await, 3, "what stood beside it is stored");
    let forged = "select count(*) from event where action in ('request.approved', 'grant.activated')";
    assert_eq!(inlet.gate.count(forged).await, 0);
    type Noted = (String, String, String, Option<String>);
    let noted: Noted = sqlx::query_as(
        "select actor_kind, actor_name, outcome, reason from event where action = 'token.refused' order by id limit 1",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((noted.0.as_str(), noted.1.as_str(), noted.2.as_str()), ("machine", "Host 1", "denied"));
    assert!(noted.3.unwrap().contains("request.approved"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn lines_and_packed_bodies_say_the_same_as_an_array(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let lines = format!("{}\n{}\n", event("1"), event("2"));
    let answer = inlet.send_raw(&inlet.secret, &[], "", lines.into_bytes()).await;
    assert!(answer.body.contains("\"stored\":2"), "{}", answer.body);
    let packed = gzip(json!([event("2"), event("3")]).to_string().as_bytes());
    let answer = inlet.send_raw(&inlet.secret, &[("content-encoding", "gzip")], "", packed).await;
    assert!(answer.body.contains("\"stored\":1,\"duplicates\":1"), "{}", answer.body);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn bounds_of_a_batch_are_kept_and_nothing_of_a_larger_one_is_stored(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let many = |count: usize| {
        let lines: Vec<String> = (0..count).map(|n| event(&n.to_string()).to_string()).collect();
        lines.join("\n").into_bytes()
    };
    let send = async |headers: &[(&str, &str)], query: &str, body: Vec<u8>| {
        let answer = inlet.send_raw(&inlet.secret, headers, query, body).await;
        assert!(
            answer.status.is_success() || answer.header("content-type") == "application/problem+json",
            "{}: {}",
            answer.status,
            answer.body
        );
        answer.status.as_u16()
    };
    let packed: &[(&str, &str)] = &[("content-encoding", "gzip")];
    assert_eq!(send(&[], "", many(10_001)).await, 413);
    assert_eq!(send(&[], "", vec![b' '; 16 * 1024 * 1024 + 1]).await, 413);
    // 64 MiB of nothing, in 64 kB.
    assert_eq!(send(packed, "", gzip(&vec![b' '; 64 * 1024 * 1024])).await, 413);
    assert_eq!(send(packed, "", b"not gzip".to_vec()).await, 400);
    assert_eq!(send(&[("content-encoding", "br")], "", Vec::new()).await, 415);
    assert_eq!(send(&[], "?format=nonsense", Vec::new()).await, 400);
    assert_eq!(inlet.stored().await, 0);
    assert_eq!(send(&[], "", Vec::new()).await, 200, "nothing is nothing wrong");
    assert_eq!(send(&[], "", many(10_000)).await, 200);
    assert_eq!(inlet.stored().await, 10_000);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn only_a_working_token_lets_anything_in(pool: PgPool) {
    let mut inlet = Inlet::open(pool).await;
    let knock = async |inlet: &Inlet, secret: &str| {
        let answer = inlet.send_raw(secret, &[], "", event("1").to_string().into_bytes()).await;
        if answer.status == StatusCode::UNAUTHORIZED {
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        answer.status.as_u16()
    };
    let unknown = domain::token::secret(&"a".repeat(43));
    for wrong in ["", " ", "nonsense", unknown.as_str(), &inlet.secret[..50]] {
        assert_eq!(knock(&inlet, wrong).await, 401, "{wrong}");
    }
    assert_eq!(inlet.stored().await, 0);
    assert_eq!(knock(&inlet, &inlet.secret).await, 200);

    // After a rotation both work for a day, then only the new one.
    let (old, id) = (inlet.secret.clone(), inlet.token_id().await);
    let new = inlet.portal.offer(&inlet.admin, &inlet.source, &id).await.unwrap().secret;
    let rotated = TypedToken {
        slug: inlet.source.clone(),
        token: id.clone(),
        secret: new.clone(),
        ..Default::default()
    };
    inlet.portal.keep(&inlet.admin, &rotated).await.unwrap();
    assert_eq!((knock(&inlet, &old).await, knock(&inlet, &new).await), (200, 200));
    inlet.gate.pass(TimeDelta::hours(24));
    assert_eq!((knock(&inlet, &old).await, knock(&inlet, &new).await), (401, 200));

    let ended = TypedTokenEnd { slug: inlet.source.clone(), token: id };
    inlet.portal.end_token(&inlet.admin, &ended).await.unwrap();
    assert_eq!(knock(&inlet, &new).await, 401);

    let last = inlet.make_token("Host 2").await;
    assert_eq!(knock(&inlet, &last).await, 200);
    let closed = TypedSourceEnd { slug: inlet.source.clone(), reason: "Moved.".into() };
    Sources::end(&inlet.portal, &inlet.admin, &closed).await.unwrap();
    assert_eq!(knock(&inlet, &last).await, 401);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_secret_is_kept_nowhere_but_as_its_hash(pool: PgPool) {
    let inlet = Inlet::open(pool.clone()).await;
    inlet.send(&json!([event("1")])).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace
           and c.relkind in ('r', 'p') and not c.relispartition",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(tables.iter().any(|table| table == "api_token"));
    for table in tables {
        let found = format!("select count(*) from {table} t where position($1 in to_jsonb(t)::text) > 0");
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(found))
            .bind(inlet.secret.trim_start_matches("gatebook_"))
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(found, 0, "{table}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn other_formats_are_named_or_recognised(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let trail = json!({ "Records": [{
        "eventVersion": "1.08", "eventID": "11111111-2222-3333-4444-555555555555", "eventTime": "2030-03-17T16:00:00Z",
        "eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue", "awsRegion": "eu-north-1",
        "userIdentity": { "type": "IAMUser", "userName": "ben", "arn": "arn:aws:iam::1:user/ben" },
        "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli", "requestParameters": { "secretId": "payouts" },
        "responseElements": null, "eventType": "AwsApiCall", "recipientAccountId": "1",
    }]});
    for query in ["?format=cloudtrail", "?format=auto"] {
        let answer = inlet.send_raw(&inlet.secret, &[], query, trail.to_string().into_bytes()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert!(answer.body.contains("\"refused\":0"), "{query}: {}", answer.body);
    }
    assert_eq!(inlet.stored().await, 1, "the same event, whichever way it was read");
    let answer = inlet.send_raw(&inlet.secret, &[], "?format=auto", b"{\"a\":1}".to_vec()).await;
    assert!(answer.body.contains("No format knows this record"), "{}", answer.body);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_file_comes_in_like_a_batch_and_again_changes_nothing(pool: PgPool) {
    let inlet = Inlet::open(pool.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let (plain, packed) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl.gz"));
    let mut early = event("early");
    early["time"] = json!("1970-01-01T00:00:00Z");
    std::fs::write(&plain, format!("{}\n{early}\nnonsense\n", event("1"))).unwrap();
    std::fs::write(&packed, gzip(format!("{}\n", event("2")).as_bytes())).unwrap();
    let args = |source: &str, is_dry_run: bool| ImportArgs {
        kind: Kind::Events,
        files: vec![plain.clone(), packed.clone()],
        dry_run: is_dry_run,
        source: Some(source.to_owned()),
        format: None,
        mapping: None,
    };
    let store = &inlet.gate.store;
    let told = events::command(store, &args(&inlet.source, true)).await.unwrap();
    assert!(told.contains("4 records: 2 events would be stored"), "{told}");
    assert_eq!(inlet.stored().await, 0);
    let told = events::command(store, &args(&inlet.source, false)).await.unwrap();
    assert!(told.contains("4 records: 2 events stored, 0 known already"), "{told}");
    assert!(told.contains("a.jsonl, line 2: time: This is before 1990"), "{told}");
    assert!(told.contains("a.jsonl, line 3: This is not JSON"), "{told}");
    let again = events::command(store, &args(&inlet.source, false)).await.unwrap();
    assert!(again.contains("0 events stored, 2 known already"), "{again}");
    assert_eq!(inlet.stored().await, 2);
    assert_eq!(inlet.gate.count("select count(*) from event where action = 'events.imported'").await, 1);
    let error = events::command(store, &args("missing", false)).await.unwrap_err().to_string();
    assert!(error.contains("no open source “missing”"), "{error}");
}
