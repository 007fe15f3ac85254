//! The past of organisations and their teams, and who had what in it.

use chrono::{DateTime, Utc};
use server::import::File;
use sqlx::PgPool;
use store::holding::{Of, Search, held};
use store::{Clock, Store};

use super::{Holdings, at, bring_in, real};

const REAL: &str = "org/change-streams/kubernetes-org.to-2021.events.jsonl";

/// Who belonged to what, as `(what, role, who)`, from the file alone: what was given last before then and not taken
/// since. Nothing is shared with the import, the fold or the table.
fn belonged(content: &str, at: DateTime<Utc>) -> Holdings {
    let mut lines: Vec<serde_json::Value> =
        content.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    lines.sort_by_key(|line| line["merged_at"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok()));
    let mut held = Holdings::new();
    for line in &lines {
        let merged: DateTime<Utc> = line["merged_at"].as_str().expect("a time").parse().expect("a time");
        if merged > at {
            break;
        }
        let what = match line["team"].as_str() {
            Some(team) => format!("{}/{team}", line["org"].as_str().expect("a name")),
            None => line["org"].as_str().expect("a name").to_owned(),
        };
        let text = |field: &str| line[field].as_str().expect("text").to_owned();
        let key = (what, text("role"), text("subject"));
        match line["action"].as_str() {
            Some("grant") => drop(held.insert(key)),
            _ => drop(held.remove(&key)),
        }
    }
    held
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn real_organisations_replay_and_who_had_what_on_three_dates_is_what_their_file_says(pool: PgPool) {
    let Some(path) = real(REAL) else {
        println!("skipped: {REAL} is not on this machine");
        return;
    };
    let content = std::fs::read_to_string(&path).expect("reads");
    let started = std::time::Instant::now();
    let file = File { name: path.display().to_string(), content: content.clone() };
    let report = bring_in(&pool, &[file]).await.expect("imports");
    println!("{report}in {:?}", started.elapsed());
    let store = Store::new(pool.clone(), Clock::fixed(at("2026-11-23T10:00:00Z")));
    let started = std::time::Instant::now();
    server::jobs::sequencer::catch_up(&store).await.expect("numbers");
    server::jobs::holdings::catch_up(&store).await.expect("reads");
    println!("read in {:?}", started.elapsed());
    let dates =
        ["2018-09-01T00:00:00Z", "2019-11-25T12:00:00Z", "2021-03-15T00:00:00Z", "2026-11-23T10:00:00Z"];
    let sizes = [959, 4_830, 5_067, 5_622];
    for (date, size) in dates.into_iter().zip(sizes) {
        let search = Search { of: Of::All, at: at(date), seen_by: None };
        let records = held(&mut store.read().await.expect("a connection"), search, None, 100_000).await;
        let records = records.expect("reads");
        let in_the_book: Holdings = records
            .iter()
            .map(|record| {
                let about = &record.holding.about;
                let [what, role] =
                    [&about.resource, &about.entitlement].map(|name| name.clone().expect("a name"));
                (what, role, record.holding.person.name.clone())
            })
            .collect();
        assert_eq!(in_the_book.len(), records.len(), "{date}: nothing is held twice");
        assert_eq!(in_the_book, belonged(&content, at(date)), "{date}");
        assert_eq!(in_the_book.len(), size, "{date}");
        for record in records {
            assert!(record.holding.is_imported && record.holding.decided.is_none());
            assert!(record.holding.request.is_some(), "whoever proposed it stands in the file");
        }
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_line_of_an_organisation_that_makes_no_sense_is_refused_at_its_column(pool: PgPool) {
    let line = |rest: &str| File {
        name: "x.jsonl".into(),
        content: format!(
            r#"{{"merged_at":"2019-02-01T00:00:00Z","first_commit_at":"2019-01-01T00:00:00Z","change":"c1","action":"grant","subject":"u1","proposed_by":"u1",{rest}}}"#
        ),
    };
    for (rest, wanted) in [
        (r#""org":"a/b","team":"t","role":"member""#, "row 1, org: An organisation's name has no “/”."),
        (
            r#""org":"a","team":"t","role":"admin""#,
            "row 1, role: “admin” of “u1” in a team is not understood.",
        ),
        (
            r#""org":"a","team":null,"role":"x""#,
            "row 1, role: “x” of “u1” in an organisation is not understood.",
        ),
        (r#""org":" ","team":"t","role":"member""#, "row 1, org: This must not be empty."),
        (r#""role":"member""#, "row 1, kind: This must say what is changed"),
    ] {
        let error = bring_in(&pool, &[line(rest)]).await.expect_err("bad");
        assert!(error.to_string().contains(wanted), "{error}");
    }
    bring_in(&pool, &[line(r#""org":"a","team":null,"role":"admin""#)]).await.expect("an organisation's own");
}
