//! Every route, for everybody who might try it. A route that is not listed here fails the test.

mod changing;

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{Requests, What};
use domain::id::{GrantId, RequestId};
use http::{Method, StatusCode};
use sqlx::PgPool;

use self::changing::{Made, edit_everything, let_everything_in, make_everything};
use crate::door::gate::{Browser, Gate};
use crate::house::{House, caller_of, typed};

/// Who tries. `holder` has asked for the things that are “own” and “other's” in turn.
const ACTORS: [&str; 6] = ["nobody", "holder", "other", "owner", "auditor", "admin"];

/// The answers in the order of [`ACTORS`].
type Expected = [u16; 6];

const EVERYBODY: Expected = [303, 200, 200, 200, 200, 200];
const ADMINISTRATORS: Expected = [303, 403, 403, 403, 403, 200];
const NOT_FOUND: Expected = [303, 404, 404, 404, 404, 404];
/// A form that changes nothing, sent by nobody who is signed in, is refused before anything is looked up.
const FORM_NOT_FOUND: Expected = [401, 404, 404, 404, 404, 404];

struct Stage {
    browsers: BTreeMap<&'static str, Browser>,
    house: House,
    request: RequestId,
    grant: GrantId,
    what: What,
    entitlement: String,
    made: Made,
}

impl Stage {
    async fn set(pool: PgPool) -> Self {
        let gate = Gate::open_onto_the_portal(pool.clone()).await;
        let mut browsers = BTreeMap::from([("nobody", gate.browser())]);
        for actor in &ACTORS[1..] {
            let groups = match *actor {
                "auditor" => serde_json::json!(["auditors"]),
                "admin" => serde_json::json!(["admins"]),
                _ => serde_json::json!([]),
            };
            let browser = gate.signed_in_as(actor, |claims| claims["groups"] = groups).await;
            browsers.insert(*actor, browser);
        }
        let mut owner = caller_of(&pool, "owner").await;
        owner.called_at = gate.now();
        let house = House::around(gate.store.clone(), owner).await;
        let mut holder = caller_of(&pool, "holder").await;
        holder.called_at = gate.now();
        let (held, asked) = (house.entitlement("read").await, house.entitlement("admin").await);
        let (_, grant) = house.granted(&holder, held).await;
        let request = house.ask(&holder, asked).await;
        let what = house.portal.show(&holder, request).await.unwrap().row.what;
        let entitlement = asked.to_string();
        let made = Made::set(&house, &gate.now(), &entitlement).await;
        Self { browsers, house, request, grant, what, entitlement, made }
    }

    async fn person(&self, subject: &str) -> String {
        caller_of(&self.house.pool, subject).await.id().to_string()
    }

    async fn event_of(&self, action: &str) -> String {
        let id: uuid::Uuid = sqlx::query_scalar("select id from event where action = $1 and request_id = $2")
            .bind(action)
            .bind(self.request.0)
            .fetch_one(&self.house.pool)
            .await
            .unwrap();
        id.to_string()
    }

    /// Sends a form that must succeed, and looks that the book has grown.
    async fn leaves_an_event(&mut self, actor: &str, name: &str, body: &str) {
        let before = self.house.count("select count(*) from event where outcome = 'success'").await;
        let browser = self.browsers.get_mut(actor).unwrap();
        let answer = browser.post(&format!("/api/form/{name}"), &[("accept", "text/html")], body).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{name}: {}", answer.body);
        assert!(!answer.location().contains("draft="), "{name} came back: {}", answer.location());
        let after = self.house.count("select count(*) from event where outcome = 'success'").await;
        assert!(after > before, "{name} by {actor} left no event");
    }

    async fn answers(&mut self, method: Method, path: &str, body: &str) -> Expected {
        let mut answers = [0; 6];
        for (answer, actor) in answers.iter_mut().zip(ACTORS) {
            let browser = self.browsers.get_mut(actor).unwrap();
            let got = if method == Method::GET {
                browser.get(path).await
            } else {
                browser.post(path, &[("accept", "application/json")], body).await
            };
            *answer = got.status.as_u16();
        }
        answers
    }
}

const MISSING: &str = "01930000-0000-7000-8000-000000000000";

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_page_answers_everybody_as_it_should(pool: PgPool) {
    let mut stage = Stage::set(pool).await;
    let (request, event) = (stage.request, stage.event_of("request.submitted").await);
    let (slug, ben) = (stage.what.resource_slug.clone(), stage.person("holder").await);
    let (entitlement, made) = (stage.entitlement.clone(), stage.made.clone());
    let pages: Vec<(&str, String, Expected)> = vec![
        ("/", "/".into(), EVERYBODY),
        ("/catalogue", "/catalogue?q=payments".into(), EVERYBODY),
        ("/catalogue/{resource}", format!("/catalogue/{slug}"), EVERYBODY),
        ("/catalogue/{resource}", "/catalogue/missing".into(), NOT_FOUND),
        // Owners and administrators edit; everybody else sees that there is something, and may not.
        ("/catalogue/{resource}/edit", format!("/catalogue/{slug}/edit"), [303, 403, 403, 200, 403, 200]),
        ("/catalogue/{resource}/edit", "/catalogue/missing/edit".into(), NOT_FOUND),
        (
            "/catalogue/{resource}/entitlements/new",
            format!("/catalogue/{slug}/entitlements/new"),
            [303, 403, 403, 200, 403, 200],
        ),
        (
            "/catalogue/{resource}/entitlements/{id}/edit",
            format!("/catalogue/{slug}/entitlements/{entitlement}/edit"),
            [303, 403, 403, 200, 403, 200],
        ),
        (
            "/catalogue/{resource}/entitlements/{id}/edit",
            format!("/catalogue/{slug}/entitlements/{MISSING}/edit"),
            NOT_FOUND,
        ),
        ("/requests", "/requests".into(), EVERYBODY),
        ("/requests/new", format!("/requests/new?entitlement={}", stage.entitlement), EVERYBODY),
        ("/requests/new", format!("/requests/new?entitlement={MISSING}"), NOT_FOUND),
        // Rationale and history: who asked, who decides, auditors. An administrator who is neither sees nothing.
        ("/requests/{id}", format!("/requests/{request}"), [303, 200, 404, 200, 200, 404]),
        ("/requests/{id}", format!("/requests/{MISSING}"), NOT_FOUND),
        ("/requests/{id}", "/requests/nonsense".into(), NOT_FOUND),
        ("/approvals", "/approvals".into(), EVERYBODY),
        ("/tasks", "/tasks".into(), EVERYBODY),
        ("/audit", "/audit?q=payouts".into(), EVERYBODY),
        ("/audit/{event}", format!("/audit/{event}"), [303, 200, 404, 404, 200, 200]),
        ("/audit/{event}", format!("/audit/{MISSING}"), NOT_FOUND),
        ("/people", "/people".into(), EVERYBODY),
        ("/people/{id}", format!("/people/{ben}"), EVERYBODY),
        ("/people/{id}", format!("/people/{MISSING}"), NOT_FOUND),
        ("/catalogue/new", "/catalogue/new".into(), [303, 403, 403, 200, 403, 200]),
        ("/catalogue/new", "/catalogue/new?system=missing".into(), NOT_FOUND),
        ("/admin", "/admin".into(), ADMINISTRATORS),
        ("/admin/systems", "/admin/systems".into(), ADMINISTRATORS),
        ("/admin/systems/new", "/admin/systems/new".into(), ADMINISTRATORS),
        // Its owners see a system, and add resources to it.
        ("/admin/systems/{id}", format!("/admin/systems/{}", made.system), [303, 403, 403, 200, 403, 200]),
        ("/admin/systems/{id}", format!("/admin/systems/{MISSING}"), NOT_FOUND),
        ("/admin/bundles", "/admin/bundles".into(), ADMINISTRATORS),
        ("/admin/bundles/new", "/admin/bundles/new".into(), ADMINISTRATORS),
        ("/admin/bundles/{id}", format!("/admin/bundles/{}", made.bundle), ADMINISTRATORS),
        ("/admin/bundles/{id}", format!("/admin/bundles/{MISSING}"), NOT_FOUND),
        ("/admin/job-roles", "/admin/job-roles".into(), ADMINISTRATORS),
        ("/admin/job-roles/new", "/admin/job-roles/new".into(), ADMINISTRATORS),
        ("/admin/job-roles/{id}", format!("/admin/job-roles/{}", made.job_role), ADMINISTRATORS),
        ("/admin/job-roles/{id}", format!("/admin/job-roles/{}", made.bundle), NOT_FOUND),
        ("/admin/sources", "/admin/sources".into(), ADMINISTRATORS),
        ("/admin/sources/new", "/admin/sources/new".into(), ADMINISTRATORS),
        ("/admin/sources/{slug}", format!("/admin/sources/{}", made.source), ADMINISTRATORS),
        ("/admin/sources/{slug}", "/admin/sources/missing".into(), [303, 403, 403, 403, 403, 404]),
        ("/admin/sources/{slug}/token", format!("/admin/sources/{}/token", made.source), ADMINISTRATORS),
        (
            "/admin/sources/{slug}/token",
            format!("/admin/sources/{}/token?token={}", made.source, made.token),
            ADMINISTRATORS,
        ),
        (
            "/admin/sources/{slug}/token",
            format!("/admin/sources/{}/token?token={MISSING}", made.source),
            [303, 403, 403, 403, 403, 404],
        ),
        ("/settings", "/settings".into(), EVERYBODY),
        ("/signed-out", "/signed-out".into(), [200; 6]),
        ("/audit/export", "/audit/export?format=csv".into(), EVERYBODY),
        ("/audit/export", "/audit/export?format=pdf".into(), [303, 422, 422, 422, 422, 422]),
    ];
    let mut wrong = Vec::new();
    for (_, path, expected) in &pages {
        let answers = stage.answers(Method::GET, path, "").await;
        if answers != *expected {
            wrong.push(format!("{path}: {answers:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{ACTORS:?}\n{}", wrong.join("\n"));

    let tried: BTreeSet<&str> = pages.iter().map(|(route, ..)| *route).collect();
    let all: BTreeSet<String> = leptos_axum::generate_route_list(app::App)
        .iter()
        .map(|route| {
            let part = |part: &str| match part.trim_matches(['{', '}']).strip_prefix(':') {
                Some(name) => format!("{{{name}}}"),
                None => part.to_owned(),
            };
            route.path().split('/').map(part).collect::<Vec<_>>().join("/")
        })
        .collect();
    let missing: Vec<_> = all.iter().filter(|route| !tried.contains(route.as_str())).collect();
    assert!(missing.is_empty(), "routes without a row in the matrix: {missing:?}");
}

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
        ("holder", "save-settings", "typed[time_zone]=Europe/Oslo".into()),
        ("admin", "set-status", format!("typed[id]={other}&typed[status]=suspended&typed[reason]=Leave")),
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
