//! Where use is shown, and to whom.

use app::backend::{Administration, Caller, Catalogue, People, Requests};
use domain::caller::Roles;
use http::StatusCode;
use serde_json::json;
use sqlx::PgPool;

use super::yard::{Yard, account};
use crate::door::gate::Gate;
use crate::house::{House, caller_of, hours, start};

async fn slug(yard: &Yard) -> String {
    sqlx::query_scalar("select slug from resource where id = $1")
        .bind(yard.resource)
        .fetch_one(&yard.house.pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_grant_shows_when_it_was_used_last_and_how_often_to_those_who_may_know(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let (ben, eva, boss) =
        (yard.ben().await, yard.house.person("Eva Lind").await, yard.house.person("Bo Berg").await);
    let mut auditor = yard.house.person("Chiara Lindt").await;
    auditor.roles = Roles { administrator: false, auditor: true };
    sqlx::query("update person set manager_id = $2 where id = $1")
        .bind(ben.id().0)
        .bind(boss.id().0)
        .execute(&yard.house.pool)
        .await
        .unwrap();
    let (request, grant) = yard.house.granted(&ben, yard.read).await;
    let unopened = Requests::show(&yard.house.portal, &ben, request).await.unwrap();
    assert_eq!(unopened.usage, None, "what never began was never used");
    app::backend::Access::attest(&yard.house.portal, &yard.house.owner, grant, "").await.unwrap();
    for minute in [3, 1, 2] {
        yard.report_at(&minute.to_string(), start() + chrono::TimeDelta::minutes(minute)).await;
    }
    let unlinked = Requests::show(&yard.house.portal, &ben, request).await.unwrap().usage.unwrap();
    assert_eq!((unlinked.grant, unlinked.used), (grant, None));
    yard.work().await;
    for caller in [&ben, &yard.house.owner, &auditor] {
        let used =
            Requests::show(&yard.house.portal, caller, request).await.unwrap().usage.unwrap().used.unwrap();
        assert_eq!((used.times, used.is_more), (3, false));
        assert_eq!(used.last_at, start() + chrono::TimeDelta::minutes(3));
    }
    let held = |caller: Caller| {
        let (portal, ben) = (yard.house.portal.clone(), ben.id());
        async move { People::show(&portal, &caller, ben).await.unwrap().holds }
    };
    for caller in [boss, auditor] {
        assert_eq!(held(caller).await.unwrap()[0].used.unwrap().times, 3);
    }
    assert!(held(eva).await.is_none());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_resource_shows_its_owners_what_is_used_and_what_nothing_covers(pool: PgPool) {
    let yard = Yard::open(pool).await;
    let (ben, eva) = (yard.ben().await, yard.with_email("Eva Lind", "eva@example.com").await);
    let slug = slug(&yard).await;
    yard.held(&ben, yard.read, start() - hours(24 * 200), None).await;
    yard.held(&eva, yard.read, start() - hours(24 * 200), None).await;
    yard.report_at("old", start() - hours(24 * 91)).await;
    yard.work().await;
    let seen = |caller: Caller| {
        let (portal, slug) = (yard.house.portal.clone(), slug.clone());
        async move {
            let view = Catalogue::resource(&portal, &caller, &slug).await.unwrap();
            (view.usage, view.entitlements[0].used)
        }
    };
    let (usage, used) = seen(yard.house.owner.clone()).await;
    assert!(usage.unwrap().is_reported);
    let used = used.unwrap();
    assert_eq!((used.users, used.holders), (0, 2), "91 days ago is not lately");
    yard.report("new", |_| ()).await;
    yard.report("uncovered", |event| {
        event.actor = account("tom");
        event.target.entitlement = Some("read".into());
    })
    .await;
    let tom = yard.house.person("Tom Berg").await;
    yard.house.account(&tom, yard.system, "tom").await;
    yard.work().await;
    let (usage, used) = seen(yard.house.owner.clone()).await;
    let (usage, used) = (usage.unwrap(), used.unwrap());
    assert_eq!((used.users, used.holders, usage.uncovered, usage.is_more), (1, 2, 1, false));
    let (usage, used) = seen(ben).await;
    assert!(usage.is_none() && used.is_none(), "peers are told nothing of it");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn pages_say_it_in_words_and_lead_to_what_was_done(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser = gate.signed_in("ana").await;
    let mut owner = caller_of(&pool, "ana").await;
    owner.called_at = gate.now();
    let yard = Yard::around(House::around(gate.store.clone(), owner).await).await;
    let mut ben = yard.ben().await;
    ben.called_at = gate.now();
    let (request, grant) = yard.house.granted(&ben, yard.read).await;
    app::backend::Access::attest(&yard.house.portal, &yard.house.owner, grant, "").await.unwrap();
    yard.report("1", |_| ()).await;
    yard.report("2", |event| event.occurred_at -= hours(1)).await;
    yard.work().await;
    let mut auditor = gate.signed_in_as("ada", |claims| claims["groups"] = json!(["auditors"])).await;
    let of_request = format!("/requests/{request}");
    let page = auditor.get(&of_request).await.body;
    assert!(page.contains("What was done under this request"), "{page}");
    assert!(page.contains(&format!("/audit?q=grant%3A{grant}")) && page.contains(">once<"), "{page}");
    let of_resource = format!("/catalogue/{}", slug(&yard).await);
    let page = auditor.get(&of_resource).await.body;
    assert!(page.contains("by 1 of 1 holder in the last 90 days"), "{page}");
    assert!(page.contains("/audit?q=resource%3Apayments-prod%20covered%3Ano"), "{page}");
    // To its owner the same is said; the book shows them only what concerns themselves, so nothing leads there.
    let page = browser.get(&of_request).await.body;
    assert!(
        page.contains("last used") && page.contains("once") && !page.contains("/audit?q=grant"),
        "{page}"
    );
    let page = browser.get(&of_resource).await.body;
    assert!(
        page.contains("something was done here that no grant covers") && !page.contains("/audit?q="),
        "{page}"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_typed_about_a_key_comes_back_with_what_is_wrong(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser = gate.signed_in_as("admin", |claims| claims["groups"] = json!(["admins"])).await;
    let mut admin = caller_of(&pool, "admin").await;
    admin.roles.administrator = true;
    admin.called_at = gate.now();
    let yard = Yard::around(House::around(gate.store.clone(), admin.clone()).await).await;
    yard.ben().await;
    yard.report("1", |event| event.actor = account("<b>bo</b>")).await;
    yard.work().await;
    assert_eq!(yard.house.portal.overview(&admin).await.unwrap().unmatched, 1);
    let page = browser.get("/admin/unmatched").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("account:&lt;b&gt;bo") && !page.body.contains("<b>bo"), "{}", page.body);
    assert!(page.body.contains("<option value=\"ben@example.com\""), "suggested: {}", page.body);
    let typed = |meaning: &str| {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("side", "actor"),
            ("source", "logs"),
            ("key", "account:<b>bo</b>"),
            ("choice", "is"),
            ("meaning", meaning),
        ] {
            body.append_pair(&format!("typed[{name}]"), value);
        }
        body.finish()
    };
    let form = "/api/form/answer-unmatched";
    let answer = browser.post(form, &[("accept", "text/html")], &typed("ben@exampel.com")).await;
    assert!(answer.location().starts_with("/admin/unmatched?draft="), "{}", answer.location());
    let page = browser.get(answer.location()).await.body;
    assert!(page.contains("value=\"ben@exampel.com\"") && page.contains("Nobody here goes by"), "{page}");
    let answer = browser.post(form, &[("accept", "text/html")], &typed("ben@example.com")).await;
    assert_eq!(answer.location(), "/admin/unmatched?done=alias-set");
    let page = browser.get(answer.location()).await.body;
    assert!(page.contains("old ones too") && page.contains("Ben Okafor"), "{page}");
}
