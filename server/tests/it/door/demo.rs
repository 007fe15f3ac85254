//! The portal with the demo's own provider, as a browser that knows both.

use std::sync::Arc;

use app::context::Risks;
use axum::Router;
use http::{Method, StatusCode};
use server::demo::provider::{DemoProvider, router as provider_router};
use server::demo::{company, settings};
use server::http::{door, router};
use sqlx::PgPool;
use store::{Clock, Store};
use tokio::net::TcpListener;
use url::Url;

struct Demo {
    portal: String,
    wire: reqwest::Client,
}

impl Demo {
    async fn start(pool: PgPool) -> Self {
        let (portal, provider) = (
            TcpListener::bind("127.0.0.1:0").await.unwrap(),
            TcpListener::bind("127.0.0.1:0").await.unwrap(),
        );
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let settings = settings(port(&portal), port(&provider)).unwrap();
        let origin = settings.public_url.origin();
        let demo = Arc::new(DemoProvider::new(&settings, company::people()).unwrap());
        let door = door(settings, Store::new(pool, Clock::Database), Risks::default()).unwrap();
        serve(portal, router(&door, super::gate::pages()).unwrap());
        serve(provider, provider_router(demo));
        let wire = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { portal: origin, wire }
    }

    fn at(&self, path: &str) -> Url {
        Url::parse(&format!("{}{path}", self.portal)).unwrap()
    }
}

fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// Keeps cookies by name for all ports of the host, as browsers do.
#[derive(Default)]
struct Jar(std::collections::BTreeMap<String, String>);

struct Got {
    status: StatusCode,
    to: Option<Url>,
    body: String,
}

impl Jar {
    async fn ask(&mut self, demo: &Demo, method: Method, url: &Url, form: Option<String>) -> Got {
        let cookies: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = demo
            .wire
            .request(method, url.clone())
            .header("cookie", cookies.join("; "))
            .header("accept", "text/html");
        if let Some(form) = form {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let answer = request.send().await.unwrap();
        for value in answer.headers().get_all("set-cookie") {
            let text = value.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            if text.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        let to = answer.headers().get("location").map(|to| url.join(to.to_str().unwrap()).unwrap());
        Got { status: answer.status(), to, body: answer.text().await.unwrap() }
    }

    async fn get(&mut self, demo: &Demo, url: &Url) -> Got {
        self.ask(demo, Method::GET, url, None).await
    }

    /// Chooses somebody on the page that a sign-in leads to.
    async fn sign_in(&mut self, demo: &Demo, sub: &str) {
        let asked = self.get(demo, &demo.at("/sign-in?return_to=/")).await.to.unwrap();
        let page = self.get(demo, &asked).await;
        assert!(page.body.contains("Who are you?"), "{}", page.body);
        let form = format!("{}&sub={sub}", asked.query().unwrap());
        let back = self.ask(demo, Method::POST, &asked, Some(form)).await.to.unwrap();
        let home = self.get(demo, &back).await;
        assert_eq!(home.status, StatusCode::SEE_OTHER, "{}", home.body);
    }
}

fn init() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn everybody_in_the_list_can_sign_in_and_roles_come_along(pool: PgPool) {
    init();
    let demo = Demo::start(pool).await;
    for person in company::people().iter().take(8) {
        let mut jar = Jar::default();
        jar.sign_in(&demo, person.sub).await;
        let home = jar.get(&demo, &demo.at("/")).await;
        assert!(home.body.contains(person.name) && home.body.contains(person.time_zone), "{}", home.body);
        assert_eq!(
            home.body.contains("<p>administrator"),
            person.groups.contains(&company::ADMIN_GROUP),
            "{}",
            person.name
        );
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_second_sign_in_needs_no_page_and_proof_does(pool: PgPool) {
    init();
    let demo = Demo::start(pool).await;
    let sub = company::people()[0].sub;
    let mut jar = Jar::default();
    jar.sign_in(&demo, sub).await;
    jar.0.remove("gatebook");
    let asked = jar.get(&demo, &demo.at("/sign-in")).await.to.unwrap();
    let back = jar.get(&demo, &asked).await;
    assert!(back.to.is_some_and(|to| to.path() == "/auth/callback"), "known there already");
    let asked = jar.get(&demo, &demo.at("/sign-in?again=1")).await.to.unwrap();
    assert!(jar.get(&demo, &asked).await.body.contains("Who are you?"));
    // Without a page, somebody who is not signed in there is not signed in here.
    let silent = Url::parse(&format!("{}&prompt=none", asked.as_str().replace("prompt=login", ""))).unwrap();
    let nobody = Jar::default().get(&demo, &silent).await;
    assert!(nobody.to.unwrap().query().unwrap().contains("error=login_required"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn signing_out_here_signs_out_there_and_the_other_way_round(pool: PgPool) {
    init();
    let demo = Demo::start(pool).await;
    let sub = company::people()[0].sub;
    let mut jar = Jar::default();
    jar.sign_in(&demo, sub).await;
    let there = jar.ask(&demo, Method::POST, &demo.at("/sign-out"), Some(String::new())).await.to.unwrap();
    let back = jar.get(&demo, &there).await.to.unwrap();
    assert_eq!(back.path(), "/signed-out");
    assert!(jar.0.is_empty(), "{:?}", jar.0);
    // Out at the provider: it tells the portal behind the browser's back.
    jar.sign_in(&demo, sub).await;
    let mut provider = there.clone();
    provider.set_query(None);
    provider.set_path("/sign-out");
    jar.ask(&demo, Method::POST, &provider, Some(String::new())).await;
    assert_eq!(jar.get(&demo, &demo.at("/")).await.status, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_provider_refuses_questions_that_are_not_the_portals(pool: PgPool) {
    init();
    let demo = Demo::start(pool).await;
    let mut jar = Jar::default();
    let asked = jar.get(&demo, &demo.at("/sign-in")).await.to.unwrap();
    for (from, to) in [("gatebook-demo", "another"), ("callback", "elsewhere")] {
        let bad = Url::parse(&asked.as_str().replace(from, to)).unwrap();
        let answer = jar.get(&demo, &bad).await;
        assert_eq!((answer.status, answer.to), (StatusCode::BAD_REQUEST, None));
    }
    let plain = Url::parse(&asked.as_str().replace("S256", "plain")).unwrap();
    assert!(jar.get(&demo, &plain).await.to.unwrap().query().unwrap().contains("error=invalid_request"));
    let found = Url::parse(&format!("{asked}&q=auditor")).unwrap();
    let page = jar.get(&demo, &found).await;
    assert!(
        page.body.matches("name=\"sub\"").count() >= 1 && !page.body.contains("ana.ruiz"),
        "{}",
        page.body
    );
}
