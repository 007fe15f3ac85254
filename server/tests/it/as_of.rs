//! Who had what, read from the book alone.

pub mod town;

use app::backend::{Access, AsOf, Held, HeldView, Holdings};
use app::error::PortalError;
use domain::caller::{Caller, Roles};
use domain::person::PersonRef;
use futures::TryStreamExt;
use http::StatusCode;
use server::jobs::{holdings, sequencer};
use server::portal::export::Format;
use sqlx::{Connection, PgPool};
use store::holding::{self, Of, Search, Step};
use uuid::Uuid;

use self::town::{Row, Town, by_tables, caught_up, in_the_book};
use crate::door::gate::Gate;
use crate::house::{House, caller_of, fields, hours, start};

fn date(text: &str) -> AsOf {
    AsOf { date: text.to_owned(), older: String::new() }
}

async fn all(house: &House, caller: &Caller, asked: &AsOf) -> Held {
    house.portal.of_all(caller, asked).await.unwrap().held.unwrap()
}

async fn auditor(house: &House) -> Caller {
    let mut caller = house.person("Chiara Lindt").await;
    caller.roles = Roles { administrator: false, auditor: true };
    caller
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_the_book_says_is_what_the_tables_say_now_and_at_every_moment_of_a_rich_journey(pool: PgPool) {
    let town = Town::lived_in(pool).await;
    let house = &town.shelf.house;
    caught_up(house).await;
    let kinds: Vec<(String, bool)> = sqlx::query_as(
        "select distinct state, origin = 'imported' from access_grant where active_since is not null order by 1, 2",
    )
    .fetch_all(&house.pool)
    .await
    .unwrap();
    let kinds: Vec<_> = kinds.iter().map(|(state, imported)| (state.as_str(), *imported)).collect();
    let wanted = [
        ("active", false),
        ("active", true),
        ("ended", false),
        ("ending", false),
        ("revoked", false),
        ("revoked", true),
        ("revoking", false),
    ];
    assert_eq!(kinds, wanted, "a journey with all of it");
    for never in ["failed", "scheduled"] {
        let count: i64 = sqlx::query_scalar("select count(*) from access_grant where state = $1")
            .bind(never)
            .fetch_one(&house.pool)
            .await
            .unwrap();
        assert!(count > 0, "{never}");
    }
    let mut seen = 0;
    for moment in &town.moments {
        for at in [*moment - chrono::TimeDelta::microseconds(1), *moment] {
            let (book, tables) = (in_the_book(house, at).await, by_tables(house, at).await);
            assert_eq!(book, tables, "at {at}");
            seen = seen.max(book.len());
        }
    }
    assert!(seen >= 5, "{seen} at once");
    let end = *town.moments.last().unwrap();
    let mut reader = auditor(house).await;
    reader.called_at = end;
    let shown = all(house, &reader, &AsOf::default()).await;
    let tables = by_tables(house, end).await;
    assert_eq!((shown.total, shown.rows.len()), (tables.len(), tables.len()));
    let shown: std::collections::BTreeSet<Row> =
        shown.rows.iter().map(|row| town::row(&row.holding)).collect();
    assert_eq!(shown, tables);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn read_one_event_at_a_time_or_anew_it_comes_to_the_same(pool: PgPool) {
    let town = Town::lived_in(pool).await;
    let house = &town.shelf.house;
    caught_up(house).await;
    let whole = async || -> Vec<serde_json::Value> {
        sqlx::query_scalar("select to_jsonb(h) from holding h order by grant_id")
            .fetch_all(&house.pool)
            .await
            .unwrap()
    };
    let before = whole().await;
    assert!(before.len() >= 8);
    for batch in [1, 3] {
        holding::forget(&house.store).await.unwrap();
        assert!(whole().await.is_empty());
        holdings::catch_up_by(&house.store, batch).await.unwrap();
        assert_eq!(whole().await, before, "{batch} at a time");
    }
    assert_eq!(holding::step(&house.store, 10).await.unwrap(), Step::Nothing);
    let mut other = house.pool.acquire().await.unwrap();
    let mut tx = other.begin().await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(7016996765293437287)").execute(&mut *tx).await.unwrap();
    assert_eq!(holding::step(&house.store, 10).await.unwrap(), Step::Elsewhere);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn reading_who_held_what_never_looks_at_usage(pool: PgPool) {
    let town = Town::lived_in(pool).await;
    let house = &town.shelf.house;
    sequencer::catch_up(&house.store).await.unwrap();
    let mut other = house.pool.acquire().await.unwrap();
    let mut tx = other.begin().await.unwrap();
    // Whoever so much as opens one of these waits for ever.
    sqlx::query("lock table event_usage in access exclusive mode").execute(&mut *tx).await.unwrap();
    let reading = async {
        holdings::catch_up(&house.store).await.unwrap();
        in_the_book(house, *town.moments.last().unwrap()).await
    };
    let read = tokio::time::timeout(std::time::Duration::from_secs(20), reading).await;
    assert!(!read.expect("waits for nobody").is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_of_a_moment_is_found_in_an_index_whatever_it_is_of(pool: PgPool) {
    let house = House::new(pool).await;
    let (person, resource) = (Uuid::from_u128(7), Uuid::from_u128(9));
    // One of fifty is held still; everybody and every resource has some.
    sqlx::query(
        "insert into holding (grant_id, person_id, person_name, resource_id, opened_at, closed_at, is_imported)
         select gen_random_uuid(), lpad(to_hex(n % 100), 32, '0')::uuid, 'p', lpad(to_hex(n % 50), 32, '0')::uuid,
           $1::timestamptz - n * interval '1 minute',
           case when n % 49 = 0 then 'infinity' else $1::timestamptz - (n - 30) * interval '1 minute' end, false
         from generate_series(1, 40000) n",
    )
    .bind(start())
    .execute(&house.pool)
    .await
    .unwrap();
    sqlx::query("vacuum analyze holding").execute(&house.pool).await.unwrap();
    let mut conn = house.pool.acquire().await.unwrap();
    for at in [start(), start() - hours(400)] {
        for of in [Of::All, Of::Person(person.into()), Of::Resource(resource.into())] {
            let mut tx = conn.begin().await.unwrap();
            let search = Search { of, at, seen_by: None };
            let rows = holding::held(&mut tx, search, None, 101).await.unwrap();
            let behind = rows
                .last()
                .map(|last| holding::Cursor { opened_at: last.holding.opened_at, grant: last.holding.grant });
            holding::held(&mut tx, search, behind, 101).await.unwrap();
            let (tables, indexes): (i64, i64) = sqlx::query_as(
                "select seq_scan, idx_scan from pg_stat_xact_user_tables where relname = 'holding'",
            )
            .fetch_one(&mut *tx)
            .await
            .unwrap();
            assert_eq!((rows.is_empty(), tables), (false, 0), "{of:?} at {at}");
            assert!(indexes >= 2, "{of:?} at {at}: {indexes}");
        }
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn people_see_their_own_their_reports_and_what_is_on_their_resources(pool: PgPool) {
    let town = Town::lived_in(pool).await;
    let house = &town.shelf.house;
    caught_up(house).await;
    let now = *town.moments.last().unwrap();
    let at_end = |caller: &Caller| Caller { called_at: now, ..caller.clone() };
    let (boss, stranger) = (at_end(&house.person("Bo Berg").await), at_end(&house.person("Eva Lind").await));
    let admin = at_end(&town.admin);
    let reader = at_end(&auditor(house).await);
    let (ben, owner) = (at_end(&town.ben), at_end(&house.owner));
    sqlx::query("update person set manager_id = $2 where id = $1")
        .bind(ben.id().0)
        .bind(boss.id().0)
        .execute(&house.pool)
        .await
        .unwrap();
    let of_ben = async |caller: &Caller| -> (usize, bool, Vec<bool>) {
        let view = house.portal.of_person(caller, ben.id(), &AsOf::default()).await.unwrap();
        let held = view.held.unwrap();
        (held.total, view.is_narrowed, held.rows.iter().map(|row| row.sees_request).collect())
    };
    let everything = by_tables(house, now).await.iter().filter(|row| row.person == ben.id().0).count();
    assert!(everything > 0);
    for (caller, sees_requests) in [(&ben, true), (&boss, false), (&reader, true), (&admin, false)] {
        let (total, is_narrowed, requests) = of_ben(caller).await;
        assert_eq!((total, is_narrowed), (everything, false), "{}", caller.person.name);
        assert!(requests.iter().all(|sees| *sees == sees_requests), "{}: {requests:?}", caller.person.name);
    }
    assert_eq!(of_ben(&owner).await.0, everything, "all of it is on what she owns");
    assert!(of_ben(&owner).await.1);
    assert_eq!(of_ben(&stranger).await.0, 0);

    let on_it = async |caller: &Caller| -> HeldView {
        house.portal.of_resource(caller, &town.shelf.slug, &AsOf::default()).await.unwrap()
    };
    let all_of_it = on_it(&owner).await;
    assert!(!all_of_it.is_narrowed);
    let people = |view: HeldView| -> Vec<PersonRef> {
        view.held.unwrap().rows.into_iter().map(|row| row.holding.person).collect()
    };
    let all_of_it = people(all_of_it);
    assert!(all_of_it.iter().any(|who| who.id != ben.id()));
    assert_eq!(people(on_it(&reader).await), all_of_it);
    for caller in [&ben, &boss] {
        let view = on_it(caller).await;
        assert!(view.is_narrowed);
        let seen = people(view);
        assert!(!seen.is_empty() && seen.iter().all(|who| who.id == ben.id()), "{seen:?}");
    }
    assert!(people(on_it(&stranger).await).is_empty());
    for caller in [&ben, &boss, &owner, &stranger] {
        let refused = house.portal.of_all(caller, &AsOf::default()).await;
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
        let refused = house.portal.export_held(caller, "", Format::Csv).await.err();
        assert!(matches!(refused, Some(PortalError::Forbidden(_))), "{refused:?}");
    }
    assert!(all(house, &admin, &AsOf::default()).await.total > 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_date_that_is_none_comes_back_with_what_is_wrong_with_it(pool: PgPool) {
    let house = House::new(pool).await;
    let reader = auditor(&house).await;
    for (typed, says) in [
        ("soon", "“soon” is not a date. Write it like 2026-11-27, or 2026-11-27 18:00."),
        ("0001-01-01", "“0001-01-01” is not a date. Write it like 2026-11-27, or 2026-11-27 18:00."),
        ("2026-11-24", "2026-11-24 has not come yet. Choose today or a day before."),
        ("9999-12-31", "9999-12-31 has not come yet. Choose today or a day before."),
    ] {
        let fault = house.portal.of_all(&reader, &date(typed)).await.unwrap().held.unwrap_err();
        assert_eq!((fault.field.as_str(), fault.message.as_str()), ("date", says));
        let refused = house.portal.export_held(&reader, typed, Format::Csv).await.err().unwrap();
        assert_eq!(fields(&refused), ["date"]);
    }
    for older in ["x", "AAAA", "===="] {
        let asked = AsOf { older: older.into(), ..AsOf::default() };
        let nothing = house.portal.of_all(&reader, &asked).await;
        assert_eq!(nothing.err(), Some(PortalError::NotFound), "{older}");
    }
    assert_eq!(house.count("select count(*) from event").await, 0, "nothing was read");
    assert_eq!(all(&house, &reader, &date("1970-01-01")).await.total, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn pages_follow_each_other_and_the_export_holds_the_same_row_for_row(pool: PgPool) {
    let house = House::new(pool).await;
    let reader = auditor(&house).await;
    sqlx::query(
        "insert into holding (grant_id, person_id, person_name, entitlement_name, resource_name, opened_at, is_imported)
         select gen_random_uuid(), gen_random_uuid(), '=Person ' || n, 'read', 'payments-prod',
           $1::timestamptz - (n / 3) * interval '1 minute', false
         from generate_series(1, 2250) n",
    )
    .bind(start())
    .execute(&house.pool)
    .await
    .unwrap();
    let (mut names, mut asked) = (Vec::new(), date("2026-11-23"));
    loop {
        let held = all(&house, &reader, &asked).await;
        assert_eq!((held.total, held.is_more), (2250, false));
        assert!(held.rows.len() == 100 || held.next.is_empty());
        names.extend(held.rows.into_iter().map(|row| row.holding.person.name));
        asked.older = held.next;
        if asked.older.is_empty() {
            break;
        }
    }
    assert_eq!(names.len(), 2250);
    let bytes = async |format| -> Vec<u8> {
        let stream = house.portal.export_held(&reader, "2026-11-23", format).await.unwrap();
        let chunks: Vec<Vec<u8>> = stream.try_collect().await.unwrap();
        assert!(chunks.len() > 2 && chunks.iter().all(|chunk| chunk.len() < 1_000_000), "streamed");
        chunks.concat()
    };
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let is_whole = |begin: &serde_json::Value, end: &serde_json::Value| {
        assert_eq!(begin["by"]["name"], "Chiara Lindt");
        assert_eq!(
            (&begin["as_of"], &begin["at"]),
            (&serde_json::json!(start()), &serde_json::json!(start()))
        );
        assert_eq!((&begin["id"], end["held"].as_u64()), (&end["id"], Some(2250)));
    };
    let csv = bytes(Format::Csv).await;
    let mut csv = csv::Reader::from_reader(csv.as_slice());
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let [begin, held @ .., end] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((&begin[0], &end[0]), ("export", "end"));
    is_whole(&json(&begin[21]), &json(&end[21]));
    assert!(held.iter().all(|row| &row[0] == "held"));
    let in_csv: Vec<String> = held.iter().map(|row| row[3].to_owned()).collect();
    let inert: Vec<String> = names.iter().map(|name| format!("'{name}")).collect();
    assert_eq!(in_csv, inert);
    let lines = String::from_utf8(bytes(Format::Jsonl).await).unwrap();
    let lines: Vec<serde_json::Value> = lines.lines().map(json).collect();
    let [begin, held @ .., end] = lines.as_slice() else { panic!("{lines:?}") };
    is_whole(&begin["export"], &end["end"]);
    let in_lines: Vec<String> = held
        .iter()
        .inspect(|row| assert!(row["until"].is_null() && row["imported"] == false))
        .map(|row| row["person"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(in_lines, names);
    let told: Vec<(String, serde_json::Value)> =
        sqlx::query_as("select action, detail from event order by recorded_at, id")
            .fetch_all(&house.pool)
            .await
            .unwrap();
    let actions: Vec<&str> = told.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        actions,
        ["audit.searched", "audit.exported", "audit.exported"],
        "one search, whatever the pages"
    );
    assert_eq!(told[0].1, serde_json::json!({ "as_of": "2026-11-23" }));
    assert_eq!(told[1].1, serde_json::json!({ "as_of": start(), "format": "csv" }));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nothing_is_exported_while_something_about_holding_is_not_read(pool: PgPool) {
    let house = House::new(pool).await;
    let reader = auditor(&house).await;
    let (ben, read) = (house.person("Ben Okafor").await, house.entitlement("read").await);
    let (_, grant) = house.granted(&ben, read).await;
    house.portal.attest(&house.owner, grant, "").await.unwrap();
    sequencer::catch_up(&house.store).await.unwrap();
    let refused = house.portal.export_held(&reader, "", Format::Csv).await.err().unwrap();
    assert!(
        matches!(&refused, PortalError::Conflict(says) if says.contains("still being read")),
        "{refused:?}"
    );
    assert_eq!(house.count("select count(*) from event where action = 'audit.exported'").await, 0);
    caught_up(&house).await;
    for _ in 0..2 {
        let stream = house.portal.export_held(&reader, "", Format::Jsonl).await.unwrap();
        let chunks: Vec<Vec<u8>> = stream.try_collect().await.unwrap();
        let text = String::from_utf8(chunks.concat()).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        // Of what is new since then, nothing is about holding.
        sequencer::catch_up(&house.store).await.unwrap();
    }
    let ocsf = house.portal.export_held(&reader, "", Format::Ocsf).await.err().unwrap();
    assert_eq!(fields(&ocsf), ["format"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_pages_keep_what_was_typed_and_lead_to_each_other(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut owner = caller_of_signed_in(&gate, &pool, "owner").await;
    owner.called_at = gate.now();
    let house = House::around(gate.store.clone(), owner).await;
    let mut holder = gate.signed_in("holder").await;
    let ben = Caller { called_at: gate.now(), ..caller_of(&pool, "holder").await };
    let read = house.entitlement("read").await;
    let (_, grant) = house.granted(&ben, read).await;
    house.portal.attest(&house.owner, grant, "").await.unwrap();
    caught_up(&house).await;
    let mut browser =
        gate.signed_in_as("auditor", |claims| claims["groups"] = serde_json::json!(["auditors"])).await;
    let person = format!("/people/{}", ben.id());
    let page = browser.get(&person).await.body;
    assert!(page.contains(&format!("href=\"{person}/as-of\"")));
    for path in [format!("{person}/as-of"), "/audit/as-of".to_owned()] {
        let page = browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("One held"), "{}", page.body);
        assert!(page.body.contains("the request"));
    }
    let mistaken = browser.get("/audit/as-of?date=%3Cb%3Esoon").await;
    assert!(mistaken.body.contains("value=\"&lt;b&gt;soon\""), "{}", mistaken.body);
    assert!(mistaken.body.contains("is not a date"));
    assert!(browser.get("/audit").await.body.contains("href=\"/audit/as-of\""));
    let file = browser.get("/audit/as-of/export?format=csv").await;
    assert!(file.header("content-disposition").contains("gatebook-as-of-"));
    assert_eq!(holder.get("/audit/as-of/export?format=csv").await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get("/audit/as-of/export?format=pdf").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn caller_of_signed_in(gate: &Gate, pool: &PgPool, subject: &str) -> Caller {
    gate.signed_in(subject).await;
    caller_of(pool, subject).await
}
