//! Saved queries: whose they are, who sees them, and what they are bounded by.

use app::backend::{SavedQueries as _, TypedSavedQuery, TypedSavedQueryEnd};
use app::error::PortalError;
use domain::caller::Caller;
use http::StatusCode;
use sqlx::PgPool;

use crate::door::gate::{Browser, Gate};
use crate::house::{House, fields};

fn typed(name: &str, query: &str) -> TypedSavedQuery {
    TypedSavedQuery { name: name.into(), query: query.into(), ..TypedSavedQuery::default() }
}

fn shared(name: &str, query: &str) -> TypedSavedQuery {
    TypedSavedQuery { shared: "on".into(), ..typed(name, query) }
}

async fn names(house: &House, caller: &Caller) -> Vec<String> {
    let list = house.portal.list(caller).await.unwrap();
    list.queries.into_iter().map(|row| row.name).collect()
}

async fn id_of(house: &House, caller: &Caller, name: &str) -> String {
    let list = house.portal.list(caller).await.unwrap();
    list.queries.into_iter().find(|row| row.name == name).unwrap().id
}

async fn auditor(house: &House, name: &str) -> Caller {
    let mut auditor = house.person(name).await;
    auditor.roles.auditor = true;
    auditor
}

async fn events(house: &House) -> Vec<String> {
    sqlx::query_scalar(
        "select action || ' ' || outcome from event where action like 'query.%' or action = 'access.denied' order by recorded_at, id",
    )
    .fetch_all(&house.pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_saved_query_is_private_until_it_is_shared_and_each_step_is_an_event(pool: PgPool) {
    let house = House::new(pool).await;
    let (ada, bo) = (auditor(&house, "Ada Audit").await, auditor(&house, "Bo Audit").await);
    let ben = house.person("Ben Okafor").await;
    house.portal.save(&ada, &typed("Uncovered", "covered:no  after:7d")).await.unwrap();
    assert_eq!(names(&house, &ada).await, ["Uncovered"]);
    assert_eq!(house.portal.list(&ada).await.unwrap().queries[0].query, "covered:no after:7d");
    assert!(names(&house, &bo).await.is_empty());
    let id = id_of(&house, &ada, "Uncovered").await;
    let rename = TypedSavedQuery { id: id.clone(), ..shared("Nobody granted", "") };
    house.portal.save(&ada, &rename).await.unwrap();
    house.portal.save(&ada, &rename).await.unwrap();
    assert_eq!(names(&house, &bo).await, ["Nobody granted"]);
    let seen = &house.portal.list(&bo).await.unwrap().queries[0];
    assert_eq!((seen.owner.as_deref(), seen.may_change, seen.may_delete), (Some("Ada Audit"), false, false));
    assert!(names(&house, &ben).await.is_empty(), "shared is for those who read the whole book");
    house.portal.delete(&ada, &TypedSavedQueryEnd { id, ..Default::default() }).await.unwrap();
    assert!(names(&house, &ada).await.is_empty());
    assert_eq!(
        events(&house).await,
        ["query.saved success", "query.changed success", "query.deleted success"],
        "what changes nothing is no event"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn others_neither_see_what_is_private_nor_change_what_is_shared(pool: PgPool) {
    let house = House::new(pool).await;
    let (ada, bo) = (auditor(&house, "Ada Audit").await, auditor(&house, "Bo Audit").await);
    let (ben, tom) = (house.person("Ben Okafor").await, house.administrator("Tom Berg").await);
    house.portal.save(&ada, &typed("Mine", "a")).await.unwrap();
    house.portal.save(&ada, &shared("Ours", "b")).await.unwrap();
    let (mine, ours) = (id_of(&house, &ada, "Mine").await, id_of(&house, &ada, "Ours").await);
    let end = |id: &str| TypedSavedQueryEnd { id: id.into(), ..Default::default() };
    let edit = |id: &str| TypedSavedQuery { id: id.into(), ..typed("Theirs", "") };
    for caller in [&bo, &ben, &tom] {
        assert_eq!(house.portal.save(caller, &edit(&mine)).await.unwrap_err(), PortalError::NotFound);
        assert_eq!(house.portal.delete(caller, &end(&mine)).await.unwrap_err(), PortalError::NotFound);
    }
    assert_eq!(house.portal.delete(&ben, &end(&ours)).await.unwrap_err(), PortalError::NotFound);
    for refused in [house.portal.save(&bo, &edit(&ours)).await, house.portal.delete(&bo, &end(&ours)).await] {
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
    }
    assert!(matches!(house.portal.save(&ben, &shared("Ben's", "c")).await, Err(PortalError::Forbidden(_))));
    house.portal.delete(&tom, &end(&ours)).await.unwrap();
    // What was shared while she read the book, she may not share anew.
    let mut former = ada.clone();
    former.roles.auditor = false;
    let share = TypedSavedQuery { id: mine, ..shared("Mine", "a") };
    assert!(matches!(house.portal.save(&former, &share).await, Err(PortalError::Forbidden(_))));
    let tried: Vec<String> = sqlx::query_scalar(
        "select detail ->> 'tried' from event where action = 'access.denied' order by recorded_at, id",
    )
    .fetch_all(&house.pool)
    .await
    .unwrap();
    assert_eq!(tried, ["query.changed", "query.deleted", "query.saved", "query.changed"]);
    assert_eq!(
        events(&house).await,
        [
            "query.saved success",
            "query.saved success",
            "access.denied denied",
            "access.denied denied",
            "access.denied denied",
            "query.deleted success",
            "access.denied denied"
        ]
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_summary_of_errors_leads_to_the_form_that_failed(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser = gate.signed_in("ben").await;
    let send = async |browser: &mut Browser, id: &str, name: &str| {
        let form = format!("typed[id]={id}&typed[name]={name}&typed[query]=a&typed[columns]=&typed[shared]=");
        let answer = browser.post("/api/form/save-query", &[("accept", "text/html")], &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser.get(answer.header("location")).await.body
    };
    send(&mut browser, "", "One").await;
    send(&mut browser, "", "Two").await;
    let id: uuid::Uuid =
        sqlx::query_scalar("select id from saved_query where name = 'Two'").fetch_one(&pool).await.unwrap();
    let faulty = |page: &str| {
        let inputs: Vec<String> =
            page.split("<input").filter(|part| part.contains(" id=\"f-name\"")).map(str::to_owned).collect();
        assert_eq!(inputs.len(), 1, "one field of that id");
        assert!(page.contains("href=\"#f-name\""));
        inputs[0].split_once('>').unwrap().0.to_owned()
    };
    let renamed = faulty(&send(&mut browser, &id.to_string(), "One").await);
    assert!(renamed.contains("aria-invalid") && renamed.contains("value=\"One\""), "{renamed}");
    let added = faulty(&send(&mut browser, "", "Two").await);
    assert!(added.contains("aria-invalid") && added.contains("value=\"Two\""), "{added}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn names_are_ones_own_once_and_everything_is_bounded(pool: PgPool) {
    let house = House::new(pool).await;
    let (ben, eve) = (house.person("Ben Okafor").await, house.person("Eve Stone").await);
    house.portal.save(&ben, &typed("Mine", "a")).await.unwrap();
    house.portal.save(&eve, &typed("Mine", "a")).await.unwrap();
    for (typed, field) in [
        (typed("mine", "b"), "name"),
        (typed(" ", "b"), "name"),
        (typed(&"n".repeat(81), "b"), "name"),
        (typed("two\nlines", "b"), "name"),
        (typed("Wrong", "actr:ana"), "query"),
        (typed("Long", &"x".repeat(1_001)), "query"),
        (typed("Nothing", " "), "query"),
    ] {
        assert_eq!(fields(&house.portal.save(&ben, &typed).await.unwrap_err()), [field], "{typed:?}");
    }
    let table = TypedSavedQuery { columns: "time,actor,nonsense,".repeat(50), ..typed("Table", "") };
    house.portal.save(&ben, &table).await.unwrap();
    assert_eq!(house.portal.list(&ben).await.unwrap().queries[1].columns, "time,actor");
    for n in 2..100 {
        house.portal.save(&ben, &typed(&format!("Query {n}"), "a")).await.unwrap();
    }
    assert_eq!(names(&house, &ben).await.len(), 100);
    assert_eq!(fields(&house.portal.save(&ben, &typed("One more", "a")).await.unwrap_err()), ["name"]);
}
