//! Every form: who may send it, and that what changes something leaves an event.

use std::collections::BTreeSet;

use app::backend::{SavedQueries, TypedSavedQuery};
use http::Method;
use sqlx::PgPool;

use super::changing::{edit_everything, let_everything_in, make_everything};
use super::{ACTORS, Expected, FORM_NOT_FOUND, MISSING, Stage};
use crate::alerting::raised::Raised;
use crate::house::{caller_of, typed};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_form_refuses_everybody_it_should(pool: PgPool) {
    let mut stage = Stage::set(pool).await;
    let (request, grant, entitlement) = (stage.request, stage.grant, stage.entitlement.clone());
    let (other, slug) = (stage.person("other").await, stage.what.resource_slug.clone());
    let made = stage.made.clone();
    let long = "x".repeat(4_001);
    // Each is sent so that even who may do it is told of a fault, and nothing changes between two who try.
    let forms: Vec<(&str, String, Expected)> = vec![
        (
            "submit-request",
            format!(
                "typed[entitlements]={entitlement}&typed[ends]=duration&typed[duration]=soon&typed[rationale]=x"
            ),
            [401, 409, 422, 422, 422, 422],
        ),
        ("submit-request", format!("typed[entitlements]={MISSING}&typed[duration]=1+hour"), FORM_NOT_FOUND),
        ("cancel-request", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("decide", format!("typed[id]={request}&typed[verdict]=deny"), [401, 403, 404, 422, 403, 404]),
        (
            "decide",
            format!("typed[id]={request}&typed[verdict]=approve&typed[shorter]=soon"),
            [401, 403, 404, 422, 403, 404],
        ),
        ("decide", format!("typed[id]={MISSING}&typed[verdict]=deny"), FORM_NOT_FOUND),
        ("give-back", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("revoke", format!("typed[id]={grant}"), [401, 403, 404, 422, 403, 422]),
        ("revoke", format!("typed[id]={MISSING}&typed[reason]=x"), FORM_NOT_FOUND),
        ("attest", format!("typed[id]={grant}&typed[note]={long}"), [401, 404, 404, 422, 404, 422]),
        ("attest", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("retry", format!("typed[id]={grant}"), [401, 404, 404, 409, 404, 409]),
        ("retry", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("set-status", format!("typed[id]={other}&typed[status]=suspended"), [401, 403, 403, 403, 403, 422]),
        (
            "set-status",
            format!("typed[id]={MISSING}&typed[status]=left&typed[reason]=x"),
            [401, 403, 403, 403, 403, 404],
        ),
        ("save-settings", "typed[time_zone]=Mars/Olympus".into(), [401, 422, 422, 422, 422, 422]),
        ("end-device", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("set-theme", "theme=dark&back=/".into(), [401, 200, 200, 200, 200, 200]),
        // Without the version that the form was opened with, it stands otherwise by now.
        (
            "save-resource",
            format!("typed[slug]={slug}&typed[access_max]=soon"),
            [401, 403, 403, 409, 403, 409],
        ),
        ("save-resource", "typed[slug]=missing".into(), FORM_NOT_FOUND),
        (
            "save-entitlement",
            format!("typed[slug]={slug}&typed[id]={entitlement}&typed[access_max]=soon"),
            [401, 403, 403, 409, 403, 409],
        ),
        ("save-entitlement", format!("typed[slug]={slug}&typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("delete-from-catalogue", format!("typed[slug]={slug}"), [401, 403, 403, 422, 403, 422]),
        ("delete-from-catalogue", "typed[slug]=missing&typed[reason]=x".into(), FORM_NOT_FOUND),
        ("answer-loosening", format!("typed[id]={MISSING}&typed[verdict]=confirm"), FORM_NOT_FOUND),
        ("save-system", "typed[name]=".into(), [401, 403, 403, 403, 403, 422]),
        (
            "save-system",
            format!("typed[id]={}&typed[access_max]=soon", made.system),
            [401, 403, 403, 403, 403, 409],
        ),
        ("save-system", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("add-resource", format!("typed[system]={}", made.slug), [401, 403, 403, 422, 403, 422]),
        ("add-resource", "typed[system]=missing&typed[name]=x".into(), FORM_NOT_FOUND),
        ("save-group", "typed[kind]=bundle&typed[name]=".into(), [401, 403, 403, 403, 403, 422]),
        (
            "save-group",
            format!("typed[kind]=job-role&typed[id]={}", made.job_role),
            [401, 403, 403, 403, 403, 409],
        ),
        ("save-group", "typed[kind]=team&typed[name]=x".into(), FORM_NOT_FOUND),
        (
            "delete-made",
            format!("typed[kind]=bundle&typed[id]={}", made.bundle),
            [401, 403, 403, 403, 403, 422],
        ),
        (
            "delete-made",
            format!("typed[kind]=system&typed[id]={}", made.system),
            [401, 403, 403, 403, 403, 422],
        ),
        ("delete-made", format!("typed[kind]=system&typed[id]={MISSING}&typed[reason]=x"), FORM_NOT_FOUND),
        (
            "set-job-roles",
            format!("typed[person]={other}&typed[job_roles][]={MISSING}"),
            [401, 403, 403, 403, 403, 422],
        ),
        ("set-job-roles", format!("typed[person]={MISSING}"), FORM_NOT_FOUND),
        ("give-up-owners", format!("typed[system]={}", made.system), FORM_NOT_FOUND),
        (
            "add-window",
            "typed[name]=x&typed[start]=2030-03-18&typed[end]=2030-03-17".into(),
            [401, 403, 403, 403, 403, 422],
        ),
        ("import-windows", "typed[csv]=name,start&typed[step]=add".into(), [401, 403, 403, 403, 403, 422]),
        ("delete-window", format!("typed[id]={MISSING}"), [401, 403, 403, 403, 403, 404]),
        ("prepare-export", "typed[query]=actr:x&typed[format]=csv".into(), [401, 422, 422, 422, 422, 422]),
        ("prepare-export", "typed[query]=x&typed[format]=pdf".into(), [401, 422, 422, 422, 422, 422]),
        ("end-export", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("end-export", "typed[id]=nonsense".into(), FORM_NOT_FOUND),
        ("save-query", "typed[name]=&typed[query]=x".into(), [401, 422, 422, 422, 422, 422]),
        ("save-query", "typed[name]=&typed[query]=x&typed[shared]=on".into(), [401, 403, 403, 403, 422, 422]),
        ("save-query", format!("typed[id]={MISSING}&typed[name]=x"), FORM_NOT_FOUND),
        ("delete-query", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("save-source", "typed[name]=".into(), [401, 403, 403, 403, 403, 422]),
        ("save-source", "typed[slug]=missing&typed[name]=x".into(), [401, 403, 403, 403, 403, 404]),
        (
            "end-source",
            format!("typed[slug]={}&typed[reason]={long}", made.source),
            [401, 403, 403, 403, 403, 422],
        ),
        ("end-source", "typed[slug]=missing&typed[reason]=x".into(), [401, 403, 403, 403, 403, 404]),
        (
            "keep-token",
            format!("typed[slug]={}&typed[name]=x&typed[secret]=guess", made.source),
            [401, 403, 403, 403, 403, 422],
        ),
        ("keep-token", "typed[slug]=missing&typed[name]=x".into(), [401, 403, 403, 403, 403, 404]),
        (
            "end-token",
            format!("typed[slug]={}&typed[token]={MISSING}", made.source),
            [401, 403, 403, 403, 403, 404],
        ),
        (
            "answer-unmatched",
            format!(
                "typed[side]=actor&typed[source]={}&typed[key]=account:x&typed[choice]=nobody",
                made.source
            ),
            [401, 403, 403, 403, 403, 404],
        ),
        // Those who read it without taking care of it may not; to others there is none.
        ("acknowledge-alert", format!("typed[id]={}", made.taken_up), [401, 404, 404, 409, 403, 409]),
        ("acknowledge-alert", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        ("resolve-alert", format!("typed[id]={}", made.alert), [401, 404, 404, 422, 403, 422]),
        ("resolve-alert", format!("typed[id]={MISSING}&typed[verdict]=true&typed[reason]=x"), FORM_NOT_FOUND),
        ("hand-over-alert", format!("typed[id]={}", made.alert), [401, 404, 404, 422, 403, 422]),
        ("hand-over-alert", format!("typed[id]={MISSING}&typed[person]=x"), FORM_NOT_FOUND),
        ("comment-alert", format!("typed[id]={}", made.alert), [401, 404, 404, 422, 403, 422]),
        ("comment-alert", format!("typed[id]={MISSING}&typed[words]=x"), FORM_NOT_FOUND),
        (
            "revoke-from-alert",
            format!("typed[id]={}&typed[grant]={MISSING}", made.alert),
            [401, 404, 404, 409, 403, 409],
        ),
        ("suspend-from-alert", format!("typed[id]={}", made.alert), [401, 404, 404, 403, 403, 422]),
        ("ask-about-alert", format!("typed[id]={}", made.alert), [401, 404, 404, 409, 403, 409]),
        ("answer-question", format!("typed[id]={}", made.question), [401, 422, 404, 404, 404, 404]),
        ("answer-question", format!("typed[id]={MISSING}&typed[answer]=mine"), FORM_NOT_FOUND),
        ("end-suppression", format!("typed[id]={MISSING}"), FORM_NOT_FOUND),
        (
            "set-account",
            format!("typed[person]={other}&typed[system]={MISSING}&typed[account]=x"),
            [401, 403, 403, 403, 403, 403],
        ),
    ];
    let before = stage.house.count("select count(*) from access_request where state <> 'pending'").await;
    let mut wrong = Vec::new();
    for (name, body, expected) in &forms {
        let answers = stage.answers(Method::POST, &format!("/api/form/{name}"), body).await;
        if answers != *expected {
            wrong.push(format!("{name} {body:.60}: {answers:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{ACTORS:?}\n{}", wrong.join("\n"));
    assert_eq!(
        stage.house.count("select count(*) from access_request where state <> 'pending'").await,
        before
    );

    let tried: BTreeSet<String> = forms.iter().map(|(name, ..)| format!("/api/form/{name}")).collect();
    app::register_server_functions();
    let missing: Vec<_> = leptos::server_fn::axum::server_fn_paths()
        .map(|(path, _)| path)
        .filter(|path| !tried.contains(*path))
        .collect();
    assert!(missing.is_empty(), "forms without a row in the matrix: {missing:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_form_that_changes_something_leaves_an_event(pool: PgPool) {
    let mut stage = Stage::set(pool).await;
    let (request, grant) = (stage.request, stage.grant);
    let other = stage.person("other").await;
    let write = stage.house.entitlement("write").await;
    let failed = stage.house.entitlement("failed").await;
    let holder = caller_of(&stage.house.pool, "holder").await;
    let (_, broken) = stage.house.granted(&holder, failed).await;
    sqlx::query("update access_grant set state = 'activation_failed' where id = $1")
        .bind(broken.0)
        .execute(&stage.house.pool)
        .await
        .unwrap();
    let third = stage.house.entitlement("third").await;
    let taken_back = stage.house.ask(&holder, third).await;
    let device: uuid::Uuid = sqlx::query_scalar(
        "select s.id from session s join person p on p.id = s.person_id where p.subject = 'auditor'",
    )
    .fetch_one(&stage.house.pool)
    .await
    .unwrap();
    let query = TypedSavedQuery { name: "Old".into(), query: "old".into(), ..TypedSavedQuery::default() };
    SavedQueries::save(&stage.house.portal, &holder, &query).await.unwrap();
    let saved = stage.house.portal.list(&holder).await.unwrap().queries.remove(0).id;
    let alert = stage.made.alert.clone();
    let others = caller_of(&stage.house.pool, "other").await;
    let now = stage.house.store.now().await.unwrap();
    let about_other = Raised::new(9, now).about(&others).raise(&stage.house.pool).await;
    let tap = stage.house.entitlement("tap").await;
    let (_, behind) = stage.house.granted(&holder, tap).await;
    sqlx::query("update alert set grant_id = $1 where id = $2")
        .bind(behind.0)
        .bind(alert.parse::<uuid::Uuid>().unwrap())
        .execute(&stage.house.pool)
        .await
        .unwrap();
    let asked = typed(write);
    let submit = format!(
        "typed[entitlements]={}&typed[ends]=duration&typed[duration]=4+hours&typed[rationale]=Why+not",
        asked.entitlements
    );
    let steps: Vec<(&str, &str, String)> = vec![
        ("holder", "submit-request", submit),
        ("holder", "cancel-request", format!("typed[id]={taken_back}")),
        ("owner", "decide", format!("typed[id]={request}&typed[verdict]=deny&typed[summary]=No")),
        ("owner", "attest", format!("typed[id]={grant}")),
        ("owner", "retry", format!("typed[id]={broken}")),
        ("owner", "revoke", format!("typed[id]={grant}&typed[reason]=Over")),
        ("holder", "give-back", format!("typed[id]={broken}")),
        ("holder", "save-query", "typed[name]=Mine&typed[query]=person:holder".into()),
        ("holder", "delete-query", format!("typed[id]={saved}")),
        ("holder", "prepare-export", "typed[query]=request&typed[format]=csv".into()),
        ("admin", "end-export", format!("typed[id]={}", stage.made.export)),
        ("owner", "acknowledge-alert", format!("typed[id]={alert}")),
        ("owner", "revoke-from-alert", format!("typed[id]={alert}&typed[grant]={behind}&typed[reason]=Over")),
        ("holder", "answer-question", format!("typed[id]={}&typed[answer]=mine", stage.made.question)),
        ("owner", "ask-about-alert", format!("typed[id]={alert}&typed[words]=Sure")),
        ("owner", "end-suppression", format!("typed[id]={}", stage.made.suppression)),
        ("owner", "comment-alert", format!("typed[id]={alert}&typed[words]=Asked")),
        ("owner", "hand-over-alert", format!("typed[id]={alert}&typed[person]=admin@example.com")),
        ("admin", "resolve-alert", format!("typed[id]={alert}&typed[verdict]=true&typed[reason]=Seen")),
        ("holder", "save-settings", "typed[time_zone]=Europe/Oslo".into()),
        ("admin", "suspend-from-alert", format!("typed[id]={about_other}&typed[reason]=Leave")),
        ("admin", "set-status", format!("typed[id]={other}&typed[status]=left&typed[reason]=Leave")),
        ("auditor", "end-device", format!("typed[id]={device}")),
    ];
    for (actor, name, body) in &steps {
        stage.leaves_an_event(actor, name, body).await;
    }
    let making = make_everything(&mut stage, &holder).await;
    let editing = edit_everything(&mut stage, &holder).await;
    let sources = let_everything_in(&mut stage).await;
    // The theme is a cookie of this browser and changes nothing in the database.
    let tried: BTreeSet<String> = steps
        .iter()
        .map(|(_, name, _)| *name)
        .chain(["set-theme"])
        .chain(editing)
        .chain(making)
        .chain(sources)
        .map(|name| format!("/api/form/{name}"))
        .collect();
    let missing: Vec<_> = leptos::server_fn::axum::server_fn_paths()
        .map(|(path, _)| path)
        .filter(|path| !tried.contains(*path))
        .collect();
    assert!(missing.is_empty(), "forms that nobody has seen leave an event: {missing:?}");
}
