//! The pages of alerts, as browsers get them.

use domain::id::EntitlementId;
use http::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

use super::raised::{Raised, resource_of};
use crate::door::gate::Gate;
use crate::house::{House, caller_of};

/// An alert on what “ana” owns, and its address.
async fn raised(gate: &Gate) -> (House, String) {
    let mut owner = caller_of(&gate.pool, "ana").await;
    owner.called_at = gate.now();
    let house = House::around(gate.store.clone(), owner).await;
    let right: EntitlementId = house.entitlement("read").await;
    let resource: Uuid = resource_of(&gate.pool, right).await;
    let id = Raised::new(1, gate.now()).on(resource).raise(&gate.pool).await;
    (house, format!("/alerts/{id}"))
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_typed_comes_back_with_each_fault_at_its_field_and_an_answer_leads_on(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool).await;
    let mut browser = gate.signed_in("ana").await;
    let (_house, path) = raised(&gate).await;
    let id = path.trim_start_matches("/alerts/");
    let page = browser.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    for words in ["Alert number 1", "Take it up", "Say what it was", "Why this is an alert"] {
        assert!(page.body.contains(words), "{words}");
    }
    assert_eq!(page.body.matches("class=\"button\"").count(), 1, "one primary action");
    let html = [("accept", "text/html")];
    let typed =
        format!("typed[id]={id}&typed[verdict]=accepted&typed[until]=soon&typed[reason]=It+was+%3Cb%3E");
    let answer = browser.post("/api/form/resolve-alert", &html, &typed).await;
    assert!(answer.location().starts_with(&format!("{path}?draft=")), "{}", answer.location());
    let back = browser.get(answer.location()).await.body;
    assert!(back.contains("value=\"soon\""), "the date");
    assert!(back.contains("It was &lt;b"), "the reason");
    assert!(back.contains("“soon” is not a date"), "what is wrong");
    let checked = back.split("value=\"accepted\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(checked.contains("checked"), "the choice");
    let answer = browser.post("/api/form/acknowledge-alert", &html, &format!("typed[id]={id}")).await;
    assert_eq!(answer.location(), format!("{path}?done=alert-taken-up"));
    let page = browser.get(answer.location()).await.body;
    assert!(page.contains("You look at it now.") && !page.contains("Take it up"));
    assert_eq!(page.matches("class=\"button\"").count(), 1, "to resolve it is the next");
    let again = browser.post("/api/form/acknowledge-alert", &html, &format!("typed[id]={id}")).await;
    assert!(browser.get(again.location()).await.body.contains("Somebody has taken up this alert already."));
    let typed = format!("typed[id]={id}&typed[verdict]=false&typed[reason]=The+backup");
    let answer = browser.post("/api/form/resolve-alert", &html, &typed).await;
    let page = browser.get(answer.location()).await.body;
    assert!(page.contains("false alarm") && page.contains("The backup") && !page.contains("Say what it was"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_rail_and_home_say_that_something_waits_and_the_empty_list_says_what_is_watched(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool).await;
    let (mut ana, mut kim) = (gate.signed_in("ana").await, gate.signed_in("kim").await);
    assert!(!ana.get("/").await.body.contains("href=\"/alerts\""), "nobody is concerned yet");
    let empty = ana.get("/alerts").await.body;
    assert!(empty.contains("Nothing waits") && empty.contains("rules watch"));
    let (_house, path) = raised(&gate).await;
    let home = ana.get("/").await.body;
    assert!(home.contains("One alert waits for your answer") && home.contains("title=\"Alerts\""));
    assert!(ana.get("/alerts").await.body.contains(&path));
    let home = kim.get("/").await.body;
    assert!(!home.contains("/alerts"), "a stranger hears nothing of it");
    assert_eq!(kim.get(&path).await.status, StatusCode::NOT_FOUND);
}
