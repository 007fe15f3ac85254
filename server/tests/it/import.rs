//! Bringing in people, the catalogue and access.

use app::backend::Catalogue as _;
use chrono::{DateTime, Utc};
use domain::audit::Actor;
use domain::policy::Deciders;
use server::import::{self, File, ImportError, Kind, Report};
use sqlx::PgPool;
use store::{Clock, Store};

use crate::shelf::Shelf;

const PEOPLE: &str = "email,name,title,department,manager_email,time_zone,status,job_roles,accounts
ben@x.example,Ben Okafor,Engineer,Payments,ana@x.example,Europe/London,,payments-engineer,ledger=ben;wiki=ben.o
ana@x.example,Ana Ruiz,Head of Data,Data,,Europe/Madrid,,,
";
const SYSTEMS: &str = r#"slug,name,description,connector,connector_settings,access_max,owners
ledger,Ledger,The books,postgresql,"{""url"":""postgres://gate@db/app"",""password"":""env:LEDGER""}",2 days,ana@x.example
wiki,Wiki,,manual,,,
"#;
const RESOURCES: &str = "slug,system,name,description,environment,sensitivity,tags,access_max,owners
ledger-prod,ledger,Ledger,All postings,production,high,finance; pci,8 hours,ana@x.example
";
const ENTITLEMENTS: &str = "resource,name,purpose,target,owners,pending,access_max,rationale_required
ledger-prod,read,Look things up,ledger_read,,3 days,4 hours,yes
ledger-prod,write,Correct postings,ledger_write,ana@x.example,,,no
";
const JOB_ROLES: &str = "slug,name,entitlements\npayments-engineer,Payments engineer,ledger-prod/read\n";
const BUNDLES: &str =
    "slug,name,description,entitlements\non-call,On call,,ledger-prod/read;ledger-prod/write\n";
const GRANTS: &str = "email,resource,entitlement,since,until
ben@x.example,ledger-prod,read,2026-01-05,
ana@x.example,ledger-prod,write,,2026-12-31
";

fn now() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().expect("a time")
}

fn company() -> Vec<File> {
    [
        ("people.csv", PEOPLE),
        ("systems.csv", SYSTEMS),
        ("resources.csv", RESOURCES),
        ("entitlements.csv", ENTITLEMENTS),
        ("job_roles.csv", JOB_ROLES),
        ("bundles.csv", BUNDLES),
        ("grants.csv", GRANTS),
    ]
    .map(|(name, content)| file(name, content))
    .to_vec()
}

fn file(name: &str, content: &str) -> File {
    File { name: name.into(), content: content.into() }
}

async fn run(store: &Store, kind: Kind, files: &[File]) -> Result<Report, ImportError> {
    import::run(store, Actor::Command { name: "ops".into() }, kind, files, false).await
}

async fn events(pool: &PgPool) -> Vec<(String, String)> {
    sqlx::query_as("select action, coalesce(subject_name, '') from event order by recorded_at, id")
        .fetch_all(pool)
        .await
        .expect("reads")
}

async fn count(pool: &PgPool, table: &'static str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
        .fetch_one(pool)
        .await
        .expect("counts")
}

fn told(error: ImportError) -> Vec<String> {
    let ImportError::Faulty(faults) = error else { panic!("{error}") };
    faults.told.iter().map(ToString::to_string).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_whole_company_comes_in_at_once_with_an_event_for_each_thing(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    let report = run(&store, Kind::All, &company()).await.expect("imports");
    for (noun, created) in [
        ("people", 2),
        ("systems", 2),
        ("resources", 1),
        ("entitlements", 2),
        ("bundles", 1),
        ("job roles", 1),
        ("grants", 2),
    ] {
        assert_eq!(report.counts(noun), (created, 0, 0), "{noun}");
    }
    let events = events(&pool).await;
    let of = |action: &str| events.iter().filter(|(word, _)| word == action).count();
    assert_eq!(of("person.imported"), 2);
    assert_eq!(of("person.account_set"), 2);
    assert_eq!(of("policy.changed"), 2);
    assert_eq!(of("catalogue.owners_changed"), 3);
    assert_eq!(of("grant.imported"), 2);
    assert_eq!(events.last().map(|(action, _)| action.as_str()), Some("catalogue.imported"));
    let mut conn = store.read().await.expect("connects");
    let ledger =
        store::catalogue::find_resource(&mut conn, "ledger-prod").await.expect("reads").expect("is there");
    let known = store::catalogue::entitlements_on(&mut conn, ledger.id()).await.expect("reads");
    assert_eq!(known[0].limit().expect("sound").expect("a limit").max.to_string(), "4 hours");
    assert_eq!(known[1].limit().expect("sound").expect("a limit").max.to_string(), "8 hours");
    let people = store::directory::all(&mut conn).await.expect("reads");
    let ben = people.iter().find(|entry| entry.name == "Ben Okafor").expect("is there");
    let facts = store::deciding::facts(&mut conn, &[known[0].id()], now()).await.expect("reads");
    let interested = domain::policy::Interested { requester: ben.id, beneficiary: ben.id };
    let Deciders::OneOf { people, .. } =
        domain::policy::decide(&facts[&known[0].id()].candidates, interested)
    else {
        panic!("held");
    };
    assert_eq!(people[0].name, "Ana Ruiz");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn importing_the_same_again_changes_nothing_and_writes_no_event(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    run(&store, Kind::All, &company()).await.expect("imports");
    let before = events(&pool).await.len();
    let report = run(&store, Kind::All, &company()).await.expect("imports");
    assert!(report.is_unchanged(), "{report}");
    assert_eq!(report.counts("people"), (0, 0, 2));
    assert_eq!(events(&pool).await.len(), before);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_dry_run_tells_the_same_and_leaves_nothing_behind(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    let actor = Actor::Command { name: "ops".into() };
    let dry = import::run(&store, actor, Kind::All, &company(), true).await.expect("checks");
    assert!(dry.to_string().starts_with("Dry run"), "{dry}");
    assert_eq!(dry.counts("people"), (2, 0, 0));
    assert_eq!((count(&pool, "person").await, count(&pool, "event").await), (0, 0));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn everything_that_is_wrong_is_told_at_once_and_nothing_is_written(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    let people = "email,name,manager_email,time_zone,status
nobody,,x@y.example,Mars/Olympus,gone
a@x.example,A,b@x.example,,
b@x.example,B,a@x.example,,
A@x.example,A again,,,
";
    let systems = "slug,name,connector,connector_settings,owners
Bad Slug,,teleport,,
ok,Ok,manual,\"{\"\"password\"\":\"\"hunter2\"\"}\",who@x.example
";
    let files = [file("people.csv", people), file("systems.csv", systems)];
    let error = run(&store, Kind::All, &files).await.expect_err("is wrong");
    assert!(!error.to_string().contains("hunter2"));
    let told = told(error);
    for part in [
        "people.csv, row 2, email: “nobody” is not an e-mail address.",
        "people.csv, row 2, name: This must not be empty.",
        "people.csv, row 2, time_zone: “Mars/Olympus”",
        "people.csv, row 5, email: A@x.example stands in the files twice.",
        "people.csv, row 3, manager_email: The managers above this person lead back to them.",
        "systems.csv, row 2, slug: “Bad Slug” does not fit",
        "systems.csv, row 3, connector_settings: “password” must be a reference",
        "systems.csv, row 3, owners: Nobody has the address who@x.example.",
    ] {
        assert!(told.iter().any(|line| line.contains(part)), "{part} in {told:#?}");
    }
    assert_eq!((count(&pool, "person").await, count(&pool, "event").await), (0, 0));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_changed_rule_makes_a_new_version_and_columns_left_out_stay(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    run(&store, Kind::All, &company()).await.expect("imports");
    // Events of the same moment have no order.
    let store = store.with_clock(Clock::fixed(now() + chrono::TimeDelta::minutes(1)));
    let files = [file("entitlements.csv", "resource,name,access_max\nledger-prod,read,2 hours\n")];
    let report = run(&store, Kind::Catalogue, &files).await.expect("imports");
    assert_eq!(report.counts("entitlements"), (0, 1, 0));
    let versions: Vec<(i32, i64, Option<i64>)> = sqlx::query_as(
        "select version, pending_seconds, v.access_max_seconds from policy_version v
         join entitlement e on e.id = v.entitlement_id where e.name = 'read' order by version",
    )
    .fetch_all(&pool)
    .await
    .expect("reads");
    assert_eq!(versions, [(1, 3 * 86_400, Some(4 * 3_600)), (2, 3 * 86_400, Some(2 * 3_600))]);
    let detail: serde_json::Value = sqlx::query_scalar(
        "select detail from event where action = 'policy.changed' order by recorded_at desc, id desc limit 1",
    )
    .fetch_one(&pool)
    .await
    .expect("reads");
    assert_eq!(detail["before"]["access_max"], 4 * 3_600);
    assert_eq!(detail["after"]["access_max"], 2 * 3_600);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn somebody_imported_as_having_left_loses_what_they_hold(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    run(&store, Kind::All, &company()).await.expect("imports");
    let files = [file("leavers.csv", "email,status\nben@x.example,left\n")];
    let report = run(&store, Kind::People, &files).await.expect("imports");
    assert_eq!(report.counts("people"), (0, 1, 0));
    let states: Vec<(String, Option<String>)> = sqlx::query_as(
        "select state, cause from access_grant g join person p on p.id = g.person_id where p.email = 'ben@x.example'",
    )
    .fetch_all(&pool)
    .await
    .expect("reads");
    assert_eq!(states, [("revoking".to_owned(), Some("leaver".to_owned()))]);
    let actions: Vec<String> = events(&pool).await.into_iter().map(|(action, _)| action).collect();
    assert!(actions.contains(&"person.left".to_owned()) && actions.contains(&"grant.revoking".to_owned()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn access_found_beforehand_has_no_decision_and_keeps_its_end(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    run(&store, Kind::All, &company()).await.expect("imports");
    assert_eq!((count(&pool, "decision").await, count(&pool, "access_request").await), (0, 0));
    type Held = (String, String, DateTime<Utc>, Option<DateTime<Utc>>);
    let grants: Vec<Held> = sqlx::query_as(
        "select origin, state, active_since, ends_at from access_grant order by ends_at nulls first",
    )
    .fetch_all(&pool)
    .await
    .expect("reads");
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
    assert_eq!(grants[0], ("imported".into(), "active".into(), at("2026-01-05T00:00:00Z"), None));
    // A bare date is its end, in the holder's zone.
    assert_eq!(grants[1].3, Some(at("2026-12-31T22:59:59Z")));
    let origins: Vec<String> = sqlx::query_scalar("select origin from event where action = 'grant.imported'")
        .fetch_all(&pool)
        .await
        .expect("reads");
    assert_eq!(origins, ["imported", "imported"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_accounts_may_change_hands_but_not_have_two_holders(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    run(&store, Kind::All, &company()).await.expect("imports");
    let swap = "email,accounts\nana@x.example,ledger=ben\nben@x.example,ledger=ana\n";
    run(&store, Kind::People, &[file("swap.csv", swap)]).await.expect("swaps");
    let clash = "email,accounts\nana@x.example,ledger=ana\n";
    let error = run(&store, Kind::People, &[file("clash.csv", clash)]).await.expect_err("clashes");
    assert_eq!(
        told(error),
        ["clash.csv, row 2, accounts: The account “ana” is that of ben@x.example already."]
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn json_lines_say_the_same_as_spreadsheets(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    run(&store, Kind::All, &company()).await.expect("imports");
    let lines = r#"{"kind":"resource","slug":"ledger-prod","tags":["pci","finance"],"access_max":"8 hours"}
{"kind":"bundle","slug":"on-call","entitlements":["ledger-prod/read","ledger-prod/write"]}
"#;
    let report = run(&store, Kind::Catalogue, &[file("catalogue.jsonl", lines)]).await.expect("imports");
    assert!(report.is_unchanged(), "{report}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_command_reads_files_and_answers_with_a_report(pool: PgPool) {
    let store = Store::new(pool.clone(), Clock::fixed(now()));
    let path = std::env::temp_dir().join(format!("gatebook-import-{}.csv", std::process::id()));
    std::fs::write(&path, "email,name\nana@x.example,Ana Ruiz\n").expect("writes");
    let report = import::command(&store, Kind::People, &[&path], false).await.expect("imports");
    assert_eq!(report, "people: 1 created, 0 changed, 0 unchanged\n  + ana@x.example\n");
    let again = import::command(&store, Kind::People, &[&path], true).await.expect("checks");
    assert!(again.ends_with("Everything was there already.\n"), "{again}");
    std::fs::remove_file(&path).expect("removes");
    let error = import::command(&store, Kind::People, &[&path], false).await.expect_err("is gone");
    assert!(error.to_string().contains("cannot be read"), "{error}");
    let actors: Vec<String> =
        sqlx::query_scalar("select distinct actor_kind from event").fetch_all(&pool).await.expect("reads");
    assert_eq!(actors, ["command"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn stricter_limits_shorten_what_is_held_and_looser_ones_are_flagged(pool: PgPool) {
    let shelf = Shelf::new(pool.clone()).await;
    let (ben, grant) = shelf.held_by("Ben Okafor").await;
    let (house, slug) = (&shelf.house, &shelf.slug);
    let limit = async |max: &str, is_dry_run| {
        let content = format!("resource,name,access_max\n{slug},read,{max}\n");
        let files = [file("entitlements.csv", &content)];
        let actor = Actor::Command { name: "ops".into() };
        import::run(&house.store, actor, Kind::Catalogue, &files, is_dry_run).await.expect("imports")
    };
    let before = shelf.ends_at(grant).await;
    assert!(limit("1 hour", true).await.to_string().contains("access that ends earlier: 1"));
    assert_eq!(shelf.ends_at(grant).await, before, "a dry run shortens nothing");
    limit("1 hour", false).await;
    assert_eq!(shelf.ends_at(grant).await, crate::house::start() + crate::house::hours(1));
    assert!(
        events(&pool).await.iter().any(|(action, who)| action == "grant.shortened" && who == "Ben Okafor")
    );

    limit("2 hours", false).await;
    let detail: serde_json::Value = sqlx::query_scalar(
        "select detail from event where action = 'policy.changed' order by recorded_at desc, id desc limit 1",
    )
    .fetch_one(&pool)
    .await
    .expect("an event");
    assert_eq!((&detail["loosened"], &detail["alone"]), (&serde_json::json!(["limit_raised"]), &true.into()));
    let page = house.portal.resource(&house.owner, slug).await.expect("a page");
    let told: Vec<_> = page.unconfirmed.iter().map(|one| (one.what.as_str(), one.by.as_str())).collect();
    assert_eq!(told, [("a longer limit", "ops")]);
    assert!(
        house.portal.resource(&ben, slug).await.expect("a page").unconfirmed.is_empty(),
        "others are not told"
    );
    let flagged: bool =
        sqlx::query_scalar("select loosened_alone from policy_version order by version desc limit 1")
            .fetch_one(&pool)
            .await
            .expect("a version");
    assert!(flagged);
}
