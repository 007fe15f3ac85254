//! What no decent program sends, through every door that reports come in by: each record gets an answer that names what
//! is wrong with it, and the others are stored.

use std::path::Path;

use domain::id::EventId;
use domain::json::Plain;
use http::StatusCode;
use serde_json::{Value, json};
use server::import::{ImportArgs, Kind, events};
use sqlx::PgPool;

use crate::reporting::{Inlet, event, gzip};

/// A record, as it stands in what is sent, and what is said of it: its field, and words of the reason.
struct Bad {
    name: &'static str,
    text: String,
    field: &'static str,
    says: &'static str,
}

fn with(field: &str, value: Value) -> String {
    let mut bad = event("bad");
    bad[field] = value;
    bad.to_string()
}

fn nested(depth: usize) -> String {
    let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    event("bad").to_string().replacen('{', &format!("{{\"detail\":{{\"x\":{deep}}},"), 1)
}

fn bad() -> Vec<Bad> {
    let bad = |name, text, field, says| Bad { name, text, field, says };
    vec![
        bad("malformed", "{\"id\": bad}".to_owned(), "record", "not JSON"),
        bad("no object", "\"text\"".to_owned(), "record", "not a JSON object"),
        bad("not text", "{\"id\":\"\\ud800\"}".to_owned(), "record", "not JSON"),
        bad("nested too deep", nested(40), "original", "nested"),
        bad("nested beyond any parser", nested(5_000), "record", "not JSON"),
        bad("oversized", with("detail", json!({ "x": "y".repeat(70_000) })), "original", "65,536"),
        bad("a huge field", with("resource", json!("x".repeat(60_000))), "resource", "at most 200"),
        bad("a huge id", with("id", json!("x".repeat(201))), "id", "at most 200"),
        bad("NUL", with("operation", json!("a\u{0}b")), "original", "NUL"),
        bad("NUL as it is", with("operation", json!("a?b")).replace('?', "\0"), "record", "not JSON"),
        bad("year 1", with("time", json!("0001-01-01T00:00:00Z")), "time", "before 1990"),
        bad("year 9999", with("time", json!("9999-12-31T23:59:59Z")), "time", "24 hours ahead"),
        bad("no zone", with("time", json!("2030-03-17T17:00:00")), "time", "not a time with an offset"),
        bad("no day", with("time", json!("2030-02-30T17:00:00Z")), "time", "not a time with an offset"),
        bad("no usage", with("action", json!("request.approved")), "action", "nothing else comes in"),
    ]
}

/// How a batch is put together.
#[derive(Debug, Clone, Copy)]
enum Form {
    Array,
    ArrayOverLines,
    Lines,
}

impl Form {
    fn of(self, records: &[String]) -> Vec<u8> {
        match self {
            Self::Array => format!("[{}]", records.join(",")),
            Self::ArrayOverLines => format!("[\n  {}\n]\n", records.join(",\n  ")),
            Self::Lines => records.join("\n"),
        }
        .into_bytes()
    }
}

/// Every bad record with a good one on either side, two that are the same, and the later ones earlier in time.
fn batch(prefix: &str) -> (Vec<String>, Vec<(usize, Bad)>) {
    let (mut records, mut wrong) = (Vec::new(), Vec::new());
    let good = |number: usize| {
        let mut good = event(&format!("{prefix} {number}"));
        good["time"] = json!(format!("2030-03-17T{:02}:00:00+01:00", 23 - number));
        good.to_string()
    };
    for (number, bad) in bad().into_iter().enumerate() {
        records.push(good(number));
        wrong.push((records.len(), bad));
        records.push(wrong[number].1.text.clone());
    }
    records.push(good(wrong.len()));
    records.push(good(0));
    (records, wrong)
}

fn assert_told(answer: &Value, records: &[String], wrong: &[(usize, Bad)], door: &str) {
    let good = records.len() - wrong.len() - 1;
    let counted = (&answer["stored"], &answer["duplicates"], &answer["refused"]);
    assert_eq!(counted, (&json!(good), &json!(1), &json!(wrong.len())), "{door}: {answer:#}");
    for (at, bad) in wrong {
        let result = answer["results"].as_array().unwrap().iter().find(|one| one["record"] == *at).unwrap();
        let (field, reason) = (result["field"].as_str().unwrap(), result["reason"].as_str().unwrap());
        assert_eq!((result["status"].as_str(), field), (Some("refused"), bad.field), "{door}, {}", bad.name);
        assert!(reason.contains(bad.says), "{door}, {}: {reason}", bad.name);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn over_http_each_bad_record_is_answered_and_the_rest_is_stored(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let mut stored = 0;
    for form in [Form::Array, Form::ArrayOverLines, Form::Lines] {
        for is_packed in [false, true] {
            let door = format!("{form:?}, packed: {is_packed}");
            let (records, wrong) = batch(&door);
            let body = form.of(&records);
            let (body, headers) =
                if is_packed { (gzip(&body), &[("content-encoding", "gzip")][..]) } else { (body, &[][..]) };
            let answer = inlet.send_raw(&inlet.secret, headers, "", body).await;
            assert_eq!(answer.status, StatusCode::OK, "{door}: {}", answer.body);
            assert_told(&serde_json::from_str(&answer.body).unwrap(), &records, &wrong, &door);
            stored += i64::try_from(records.len() - wrong.len() - 1).unwrap();
            assert_eq!(inlet.stored().await, stored, "{door}");
        }
    }
    let forged = "select count(*) from event where action = 'token.refused'";
    assert_eq!(inlet.gate.count(forged).await, 6, "each try to report an approval stands in the book");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn names_that_mean_something_to_a_library_are_stored_and_read_as_they_stand(pool: PgPool) {
    let inlet = Inlet::open(pool.clone()).await;
    let magic = "$serde_json::private::RawValue";
    for (nth, detail) in [
        format!(r#"{{"{magic}":"{{\"a\":1}}"}}"#),
        // The database puts shorter names first.
        format!(r#"{{"{}":1,"{magic}":"x"}}"#, "!".repeat(40)),
    ]
    .into_iter()
    .enumerate()
    {
        let record =
            event(&format!("magic {nth}")).to_string().replacen('{', &format!("{{\"detail\":{detail},"), 1);
        let answer = inlet.send_raw(&inlet.secret, &[], "", record.into_bytes()).await;
        assert_eq!(
            (answer.status, inlet.stored().await),
            (StatusCode::OK, nth as i64 + 1),
            "{}",
            answer.body
        );
        let id =
            sqlx::query_scalar("select id from event where class = 'usage' and detail->>'external_id' = $1")
                .bind(format!("magic {nth}"))
                .fetch_one(&pool)
                .await
                .unwrap();
        let mut conn = pool.acquire().await.unwrap();
        let read = store::audit::find(&mut conn, EventId(id)).await.unwrap().unwrap();
        let Plain(sent) = serde_json::from_str(&detail).unwrap();
        assert!(read.detail.to_string().contains(&sent.to_string()), "{}", read.detail);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_line_longer_than_a_record_may_be_is_passed_over_and_the_next_is_stored(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let long = with("detail", json!({ "x": "y".repeat(5 * 1024 * 1024) }));
    let lines = Form::Lines.of(&[event("1").to_string(), long.clone(), event("2").to_string()]);
    let answer = inlet.send_raw(&inlet.secret, &[], "", lines).await;
    assert!(answer.body.contains("longer than 4 MiB"), "{}", answer.body);
    let array = Form::Array.of(&[event("3").to_string(), long, event("4").to_string()]);
    let answer = inlet.send_raw(&inlet.secret, &[], "", array).await;
    assert!(answer.body.contains("at most 65,536"), "{}", answer.body);
    assert_eq!(inlet.stored().await, 4);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_array_that_breaks_off_is_stored_as_far_as_it_goes(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let mut body = Form::Array.of(&[event("1").to_string(), event("2").to_string(), event("3").to_string()]);
    body.truncate(body.len() - 10);
    let answer = inlet.send_raw(&inlet.secret, &[], "", body).await;
    assert!(answer.body.contains("\"stored\":2,\"duplicates\":0,\"refused\":1"), "{}", answer.body);
    // Packed, it cannot be told from one that is whole as far as it goes.
    let mut packed = gzip(&Form::Lines.of(&[event("4").to_string(), event("5").to_string()]));
    packed.truncate(packed.len() - 10);
    let answer = inlet.send_raw(&inlet.secret, &[("content-encoding", "gzip")], "", packed).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    assert_eq!(inlet.stored().await, 2);
}

async fn import(inlet: &Inlet, file: &Path) -> String {
    let args = ImportArgs {
        kind: Kind::Events,
        files: vec![file.to_owned()],
        dry_run: false,
        source: Some(inlet.source.clone()),
        format: Some("gatebook".to_owned()),
        mapping: None,
    };
    events::command(&inlet.gate.store, &args).await.unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn from_files_each_bad_record_is_named_with_its_place_and_the_rest_is_stored(pool: PgPool) {
    let inlet = Inlet::open(pool).await;
    let folder = tempfile::tempdir().unwrap();
    let mut stored = 0;
    for (form, name) in [(Form::Array, "a.json"), (Form::ArrayOverLines, "b.json"), (Form::Lines, "c.jsonl")]
    {
        for is_packed in [false, true] {
            let name = if is_packed { format!("{name}.gz") } else { name.to_owned() };
            let (records, wrong) = batch(&name);
            let bytes = form.of(&records);
            let file = folder.path().join(&name);
            std::fs::write(&file, if is_packed { gzip(&bytes) } else { bytes }).unwrap();
            let told = import(&inlet, &file).await;
            let good = records.len() - wrong.len() - 1;
            let counted = format!("{} records: {good} events stored, 1 known already", records.len());
            assert!(told.contains(&counted), "{name}: {told}");
            assert!(told.contains(&format!("{} refused", wrong.len())), "{name}: {told}");
            for (at, bad) in &wrong {
                let place = match form {
                    Form::Array => "line 1".to_owned(),
                    // What is no JSON has no number yet.
                    Form::ArrayOverLines if bad.says == "not JSON" => format!("line {}", at + 2),
                    Form::ArrayOverLines => format!("record {}", at + 1),
                    Form::Lines => format!("line {}", at + 1),
                };
                let line = told
                    .lines()
                    .find(|line| line.contains(&format!("{name}, {place}: ")) && line.contains(bad.says));
                assert!(line.is_some(), "{name}, {place}, {}: {told}", bad.name);
            }
            stored += i64::try_from(good).unwrap();
            assert_eq!(inlet.stored().await, stored, "{name}");
        }
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_packed_file_that_unpacks_without_end_takes_no_memory_and_what_stands_around_it_is_stored(
    pool: PgPool,
) {
    let inlet = Inlet::open(pool).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bomb.jsonl.gz");
    // 200 MiB without a line's end, in 200 kB; files of gzip may follow each other.
    let parts = [
        gzip(format!("{}\n", event("1")).as_bytes()),
        gzip(&vec![b'x'; 200 * 1024 * 1024]),
        gzip(format!("\n{}\n", event("2")).as_bytes()),
    ];
    std::fs::write(&file, parts.concat()).unwrap();
    let told = import(&inlet, &file).await;
    assert!(told.contains("3 records: 2 events stored"), "{told}");
    assert!(told.contains("line 2: This line is longer than 4 MiB"), "{told}");
    // Broken off, it is stored as far as it goes.
    let file = folder.path().join("broken.jsonl.gz");
    let mut packed = gzip(format!("{}\n{}\n", event("3"), event("4")).as_bytes());
    packed.truncate(packed.len() - 8);
    std::fs::write(&file, packed).unwrap();
    let told = import(&inlet, &file).await;
    assert!(told.contains("could not be read"), "{told}");
}
