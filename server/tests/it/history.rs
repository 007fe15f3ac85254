//! Replaying the past of an organisation.

mod organisations;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use app::backend::Requests as _;
use chrono::{DateTime, Utc};
use domain::audit::Actor;
use domain::id::RequestId;
use server::import::{self, File, Kind, Report};
use sqlx::PgPool;
use store::{Clock, Store};
use uuid::Uuid;

use crate::house::House;

const REAL: &str = "org/change-streams/rust-lang-team.events.jsonl";

/// Real data that is not part of the product: in the folder that `GATEBOOK_DATA_DIR` names, else in `shared/data`
/// beside or above the checkout.
fn real(path: &str) -> Option<PathBuf> {
    let named = std::env::var_os("GATEBOOK_DATA_DIR").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    named.into_iter().chain(above).map(|folder| folder.join(path)).find(|file| file.exists())
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

async fn bring_in(pool: &PgPool, files: &[File]) -> Result<Report, import::ImportError> {
    let store = Store::new(pool.clone(), Clock::fixed(at("2026-11-23T10:00:00Z")));
    import::run(&store, Actor::Command { name: "ops".into() }, Kind::History, files, false).await
}

fn small() -> File {
    let line = |at: &str, action: &str, kind: &str, object: &str, role: &str, subject: &str| {
        let object = if object.is_empty() { "null".to_owned() } else { format!("\"{object}\"") };
        format!(
            r#"{{"merged_at":"{at}","first_commit_at":"2019-01-01T00:00:00+01:00","change":"c1","action":"{action}","kind":"{kind}","object":{object},"role":"{role}","subject":"{subject}","proposed_by":"u1"}}"#
        )
    };
    let lines = [
        line("2019-02-01T00:00:00+01:00", "grant", "person", "", "exists", "u1"),
        line("2019-02-01T00:00:00+01:00", "grant", "team", "compiler", "member", "u1"),
        line("2019-02-02T00:00:00Z", "grant", "team", "compiler", "member", "u1"),
        line("2019-02-03T00:00:00Z", "grant", "team", "compiler", "subteam-of", "team/all"),
        line("2019-02-03T00:00:00Z", "grant", "repo", "a_b", "write", "team/compiler"),
        line("2019-03-01T00:00:00Z", "revoke", "team", "compiler", "member", "u1"),
        line("2019-03-02T00:00:00Z", "grant", "repo", "a-b", "triage", "u2"),
        line("2019-04-01T00:00:00Z", "revoke", "person", "", "exists", "u1"),
    ];
    File { name: "x/acme.events.jsonl".into(), content: lines.join("\n") }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_past_keeps_its_own_times_and_invents_no_approval(pool: PgPool) {
    bring_in(&pool, &[small()]).await.expect("imports");
    type Held = (String, String, DateTime<Utc>, Option<DateTime<Utc>>, Option<String>);
    let grants: Vec<Held> = sqlx::query_as(
        "select p.name, g.state, g.active_since, g.closed_at, g.cause from access_grant g
         join person p on p.id = g.person_id order by g.active_since",
    )
    .fetch_all(&pool)
    .await
    .expect("reads");
    assert_eq!(
        grants,
        [
            (
                "u1".into(),
                "revoked".into(),
                at("2019-01-31T23:00:00Z"),
                Some(at("2019-03-01T00:00:00Z")),
                Some("not_recorded".into())
            ),
            ("u2".into(), "active".into(), at("2019-03-02T00:00:00Z"), None, None),
        ]
    );
    let decisions: i64 =
        sqlx::query_scalar("select count(*) from decision").fetch_one(&pool).await.expect("counts");
    assert_eq!(decisions, 0);
    type Asked = (String, String, String, DateTime<Utc>, Option<DateTime<Utc>>, Option<String>, String, bool);
    let requests: Vec<Asked> = sqlx::query_as(
        "select q.name, b.name, r.state, r.filed_at, r.closed_at, u.ticket, r.approval_method,
           exists (select from access_grant g where g.request_id = r.id)
         from access_request r join person q on q.id = r.requester_id join person b on b.id = r.beneficiary_id
         join submission u on u.id = r.submission_id order by r.closed_at",
    )
    .fetch_all(&pool)
    .await
    .expect("reads");
    let request = |who: &str, closed_at: &str, has_grant: bool| -> Asked {
        let [by, who, state, ticket, how] =
            ["u1 (proposer)", who, "approved", "c1", "not_recorded"].map(str::to_owned);
        (by, who, state, at("2018-12-31T23:00:00Z"), Some(at(closed_at)), Some(ticket), how, has_grant)
    };
    assert_eq!(
        requests,
        [
            request("u1", "2019-01-31T23:00:00Z", true),
            // Given a second time without being taken away in between: asked for twice, held once.
            request("u1", "2019-02-02T00:00:00Z", false),
            request("u2", "2019-03-02T00:00:00Z", true),
        ]
    );
    let unlinked: i64 = sqlx::query_scalar(
        "select count(*) from event e where grant_id is not null
         and not exists (select from access_request r where r.id = e.request_id and r.beneficiary_id = e.subject_id)",
    )
    .fetch_one(&pool)
    .await
    .expect("counts");
    assert_eq!(unlinked, 0, "every step leads to its request");
    let steps: Vec<(String, String, String, DateTime<Utc>, String)> = sqlx::query_as(
        "select action, actor_name, actor_kind, occurred_at, origin from event
         where subject_name = 'u1' and grant_id is not null order by recorded_at, id limit 2",
    )
    .fetch_all(&pool)
    .await
    .expect("reads");
    let asked = ("request.submitted", "u1 (proposer)", "person", "2018-12-31T23:00:00Z");
    let given = ("grant.activated", "not recorded", "unknown", "2019-01-31T23:00:00Z");
    for (step, (action, actor, kind, when)) in steps.iter().zip([asked, given]) {
        let wanted = (action.to_owned(), actor.to_owned(), kind.to_owned(), at(when), "imported".to_owned());
        assert_eq!(*step, wanted);
    }
    let resources: Vec<(String, String, Vec<String>)> =
        sqlx::query_as("select slug, name, tags from resource order by slug")
            .fetch_all(&pool)
            .await
            .expect("reads");
    let resource = |slug: &str, name: &str, tags: &[&str]| {
        (slug.to_owned(), name.to_owned(), tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(
        resources,
        [
            resource("repo-a-b", "a_b", &["repository", "write for team compiler"]),
            resource("repo-a-b-2", "a-b", &["repository"]),
            resource("team-compiler", "compiler", &["part of all", "team"]),
        ]
    );
    let status: String = sqlx::query_scalar("select status from person where subject = 'subject/u1'")
        .fetch_one(&pool)
        .await
        .expect("reads");
    assert_eq!(status, "left");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_request_of_the_past_has_a_page_that_says_what_is_recorded_and_what_is_not(pool: PgPool) {
    let house = House::new(pool.clone()).await;
    let mut auditor = house.person("Aud").await;
    auditor.roles.auditor = true;
    bring_in(&pool, &[small()]).await.expect("imports");
    let first: Uuid = sqlx::query_scalar("select id from access_request order by closed_at, id limit 1")
        .fetch_one(&pool)
        .await
        .expect("reads");
    let view = house.portal.show(&auditor, RequestId(first)).await.expect("a page");
    assert!(view.row.is_imported);
    assert_eq!((view.asked, view.given, view.row.decide_by, view.rationale), (None, None, None, None));
    assert_eq!(view.ticket.as_deref(), Some("c1"));
    assert!(!view.may_decide && !view.may_cancel && view.next.is_empty());
    let told: Vec<_> =
        view.thread.iter().map(|step| (step.sentence.as_str(), step.origin.as_str())).collect();
    let (asked, given) = ("u1 (proposer) asked", "Somebody unknown opened the access");
    let taken = "u1 (proposer) took the access away";
    // Given a second time while it was held, and what closed it carries out what was asked for before.
    let steps = told.iter().map(|(sentence, _)| *sentence).collect::<Vec<_>>();
    assert_eq!(steps.first().copied(), Some(asked));
    assert!(steps.contains(&given) && steps.contains(&taken), "{steps:?}");
    assert!(told.iter().all(|(_, origin)| *origin == "imported"), "{told:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn names_that_do_not_fit_are_refused_with_their_place_and_nothing_is_stored(pool: PgPool) {
    let long = "x".repeat(181);
    let cases = [
        ("\"u2\"", format!("\"{long}\""), "row 7, subject: This is 181 characters long; at most 180 fit."),
        ("\"a-b\"", "\"a\\u0000b\"".to_owned(), "row 7, object: This contains a control character"),
        ("\"triage\"", "\" \"".to_owned(), "row 7, role: This must not be empty."),
    ];
    for (of, put, wanted) in cases {
        let File { name, content } = small();
        let error =
            bring_in(&pool, &[File { name, content: content.replace(of, &put) }]).await.expect_err("bad");
        assert!(error.to_string().contains(wanted), "{error}");
    }
    let rows: i64 = sqlx::query_scalar("select count(*) from event").fetch_one(&pool).await.expect("counts");
    assert_eq!(rows, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_same_past_comes_in_once_and_a_contradicting_one_not_at_all(pool: PgPool) {
    bring_in(&pool, &[small()]).await.expect("imports");
    let events = || async {
        let count: i64 =
            sqlx::query_scalar("select count(*) from event").fetch_one(&pool).await.expect("counts");
        count
    };
    let before = events().await;
    assert!(bring_in(&pool, &[small()]).await.expect("is known").is_unchanged());
    assert_eq!(events().await, before);
    let mut other = small();
    other.content.push('\n');
    assert!(bring_in(&pool, &[other]).await.is_err());
    let lost = small().content.lines().nth(5).expect("a line").to_owned();
    let error =
        bring_in(&pool, &[File { name: "lost.jsonl".into(), content: lost }]).await.expect_err("contradicts");
    assert!(error.to_string().contains("row 1: u1 loses here what the lines before do not give"), "{error}");
    assert_eq!(events().await, before);
}

/// Who holds what, as `(resource, role, who)`.
type Holdings = BTreeSet<(String, String, String)>;

/// The file read a second way: no types, no times beyond their order.
fn holdings_by_hand(content: &str, until: Option<DateTime<Utc>>) -> Holdings {
    let mut lines: Vec<serde_json::Value> =
        content.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let merged = |line: &serde_json::Value| at(line["merged_at"].as_str().expect("a time"));
    lines.sort_by_key(merged);
    let mut held = Holdings::new();
    for line in lines.iter().filter(|line| until.is_none_or(|until| merged(line) <= until)) {
        let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
        if text("subject").contains('/') || text("role") == "exists" {
            continue;
        }
        let kind = match text("kind").as_str() {
            "repo" => "repository",
            "person" => "permission",
            _ => "team",
        };
        let key = (format!("{kind} {}", text("object")), text("role"), text("subject"));
        if text("action") == "grant" {
            held.insert(key);
        } else {
            held.remove(&key);
        }
    }
    held
}

async fn holdings(pool: &PgPool, at: DateTime<Utc>) -> Holdings {
    let rows: Vec<(Vec<String>, String, String, String)> = sqlx::query_as(
        "select o.tags, o.name, e.name, p.name from access_grant g
         join entitlement e on e.id = g.entitlement_id join resource o on o.id = e.resource_id
         join person p on p.id = g.person_id
         where g.active_since <= $1 and (g.closed_at is null or g.closed_at > $1)",
    )
    .bind(at)
    .fetch_all(pool)
    .await
    .expect("reads");
    rows.into_iter()
        .map(|(tags, resource, role, who)| {
            let kinds = ["repository", "permission", "team"];
            let kind = kinds.iter().find(|kind| tags.iter().any(|tag| tag == *kind)).expect("a kind");
            (format!("{kind} {resource}"), role, who)
        })
        .collect()
}

/// What the book alone says, from its own times.
async fn holdings_in_the_book(pool: &PgPool) -> Holdings {
    let rows: Vec<(String, uuid::Uuid, String, String, String)> = sqlx::query_as(
        "select action, resource_id, resource_name, entitlement_name, subject_name from event
         where action in ('grant.activated', 'grant.revoked') order by recorded_at, id",
    )
    .fetch_all(pool)
    .await
    .expect("reads");
    let kinds: Vec<(uuid::Uuid, Vec<String>)> =
        sqlx::query_as("select id, tags from resource").fetch_all(pool).await.expect("reads");
    let kinds: BTreeMap<_, _> = kinds.into_iter().collect();
    let mut held = Holdings::new();
    for (action, id, resource, role, who) in rows {
        let kind = ["repository", "permission", "team"]
            .into_iter()
            .find(|kind| kinds[&id].iter().any(|tag| tag == kind))
            .expect("a kind");
        let key = (format!("{kind} {resource}"), role, who);
        if action == "grant.activated" {
            held.insert(key);
        } else {
            held.remove(&key);
        }
    }
    held
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn eight_real_years_of_teams_agree_with_their_file_at_the_end_and_at_three_dates(pool: PgPool) {
    let Some(path) = real(REAL) else {
        println!("skipped: {REAL} is not on this machine");
        return;
    };
    let content = std::fs::read_to_string(&path).expect("reads");
    let started = std::time::Instant::now();
    let file = File { name: path.display().to_string(), content: content.clone() };
    let report = bring_in(&pool, &[file]).await.expect("imports");
    println!("{report}in {:?}", started.elapsed());
    let end = at("2026-11-23T10:00:00Z");
    // Every grant in the file was somebody's request; none was decided by anybody whom it names.
    let grants = content
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter(|line| line["action"] == "grant" && line["role"] != "exists")
        .filter(|line| !line["subject"].as_str().unwrap_or_default().contains('/'))
        .count();
    let requests: (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where origin = 'imported' and filed_at <= closed_at) from access_request",
    )
    .fetch_one(&pool)
    .await
    .expect("counts");
    assert_eq!(requests.0, i64::try_from(grants).expect("a count"));
    assert_eq!(requests.0, requests.1);
    let by_hand = holdings_by_hand(&content, None);
    assert_eq!(by_hand.len(), 2_398);
    assert_eq!(holdings(&pool, end).await, by_hand);
    assert_eq!(holdings_in_the_book(&pool).await, by_hand);
    for date in ["2019-06-01T00:00:00Z", "2021-11-25T12:00:00Z", "2024-03-15T00:00:00Z"] {
        let of_team = |all: Holdings| -> Holdings {
            all.into_iter().filter(|(resource, ..)| resource == "team compiler").collect()
        };
        let wanted = of_team(holdings_by_hand(&content, Some(at(date))));
        assert!(!wanted.is_empty(), "{date}");
        assert_eq!(of_team(holdings(&pool, at(date)).await), wanted, "{date}");
    }
    let strays: i64 = sqlx::query_scalar(
        "select count(*) from event where detail ? 'line' and (origin <> 'imported' or occurred_at >= recorded_at)",
    )
    .fetch_one(&pool)
    .await
    .expect("counts");
    assert_eq!(strays, 0);
}
