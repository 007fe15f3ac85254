//! The real router over a database of its own, and browsers that go through it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use app::context::Risks;
use axum::body::{Body, BodyDataStream, to_bytes};
use axum::extract::ConnectInfo;
use axum::response::Html;
use axum::{Extension, Router, routing};
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value;
use server::config::{Settings, Source};
use server::http::guard::Visiting;
use server::http::{Door, door, router};
use sqlx::PgPool;
use store::{Clock, Store};
use tower::ServiceExt as _;
use url::Url;

use super::fake_provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider, Signature};

pub struct Gate {
    pub pool: PgPool,
    pub store: Store,
    pub provider: FakeProvider,
    pub door: Door,
    clock: Clock,
    now: DateTime<Utc>,
    router: Router,
}

impl Gate {
    pub async fn open(pool: PgPool) -> Self {
        Self::open_with(pool, &[]).await
    }

    /// With settings changed.
    pub async fn open_with(pool: PgPool, change: &[(&str, &str)]) -> Self {
        Self::open_onto(pool, change, Risks::default(), |_| pages()).await
    }

    /// With the portal's own pages behind the door.
    pub async fn open_onto_the_portal(pool: PgPool) -> Self {
        Self::open_at_risk(pool, Risks::default()).await
    }

    /// The same, on a server that runs otherwise than it should.
    pub async fn open_at_risk(pool: PgPool, risks: Risks) -> Self {
        Self::open_onto(pool, &[], risks, server::http::pages::pages).await
    }

    async fn open_onto(
        pool: PgPool,
        change: &[(&str, &str)],
        risks: Risks,
        pages: impl Fn(&Door) -> Router,
    ) -> Self {
        let provider = FakeProvider::start().await;
        let base = [
            ("GATEBOOK_PUBLIC_URL", "https://gatebook.test"),
            ("GATEBOOK_OIDC_ISSUER", provider.issuer.as_str()),
            ("GATEBOOK_OIDC_CLIENT_ID", CLIENT_ID),
            ("GATEBOOK_OIDC_CLIENT_SECRET", CLIENT_SECRET),
            ("GATEBOOK_ADMIN_GROUPS", "admins"),
            ("GATEBOOK_AUDITOR_GROUPS", "auditors"),
            ("GATEBOOK_TRUSTED_PROXIES", "192.0.2.10"),
        ];
        let all = base.iter().chain(change).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = Settings::read(&Source::of(all)).unwrap();
        // Whole seconds, so that what went through a token compares equal.
        let now = DateTime::from_timestamp(1_900_000_000, 0).unwrap();
        let clock = Clock::fixed(now);
        let store = Store::new(pool.clone(), clock.clone());
        let door = door(settings, store.clone(), risks).unwrap();
        let router = router(&door, pages(&door)).unwrap();
        Self { pool, store, provider, door, clock, now, router }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Lets time pass.
    pub fn pass(&mut self, delta: TimeDelta) {
        self.now += delta;
        self.clock.set(self.now);
    }

    pub fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), cookies: BTreeMap::new() }
    }

    /// A browser in which this person has signed in.
    pub async fn signed_in(&self, sub: &str) -> Browser {
        self.signed_in_as(sub, |_| {}).await
    }

    /// The same, with claims changed.
    pub async fn signed_in_as(&self, sub: &str, change: impl FnOnce(&mut Value)) -> Browser {
        let mut browser = self.browser();
        let answer = self.sign_in(&mut browser, sub, change).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser
    }

    /// One sign-in with claims changed; answers what the portal says in the end.
    pub async fn sign_in(&self, browser: &mut Browser, sub: &str, change: impl FnOnce(&mut Value)) -> Answer {
        let asked = browser.begin("/sign-in?return_to=/").await;
        let mut claims = self.provider.claims(&asked, sub, self.now);
        change(&mut claims);
        let back = self.provider.answer(&asked, claims, Signature::EdDsa);
        browser.get(&back).await
    }

    /// The book so far, as `action outcome`, oldest first.
    pub async fn events(&self) -> Vec<String> {
        sqlx::query_scalar("select action || ' ' || outcome from event order by recorded_at, tableoid, ctid")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    pub async fn event_detail(&self, action: &str) -> (Option<String>, Value) {
        sqlx::query_as(
            "select reason, detail from event where action = $1 order by recorded_at desc, ctid desc limit 1",
        )
        .bind(action)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    pub async fn set_status(&self, sub: &str, status: &'static str) {
        sqlx::query("update person set status = $2 where subject = $1")
            .bind(sub)
            .bind(status)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }
}

/// Pages that say no more than who asks, so that these tests stand when the real ones change.
pub fn pages() -> Router {
    async fn home(Extension(Visiting(caller)): Extension<Visiting>) -> Html<String> {
        let role = match (caller.roles.administrator, caller.roles.auditor) {
            (true, _) => "administrator",
            (false, true) => "auditor",
            (false, false) => "employee",
        };
        Html(format!("<h1>Hello, {}</h1><p>{role}, {}</p>", caller.person.name, caller.time_zone))
    }
    Router::new()
        .route("/", routing::get(home))
        .route(
            "/boom",
            routing::get(|| async {
                if true {
                    panic!("boom")
                }
            }),
        )
        .route("/catalogue", routing::get(|| async { "catalogue" }))
        .route("/api/form/anything", routing::post(|| async { "done" }))
}

#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub cookies: BTreeMap<String, String>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// An answer that goes on.
pub struct Stream {
    pub headers: HeaderMap,
    pub body: BodyDataStream,
}

impl Stream {
    /// What comes next, waited for within bounds.
    pub async fn next(&mut self) -> String {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), self.body.next()).await;
        String::from_utf8(next.unwrap().unwrap().unwrap().to_vec()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }
}

impl Browser {
    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[("accept", "text/html")], "").await
    }

    /// Begins a sign-in; answers the address at the provider.
    pub async fn begin(&mut self, path: &str) -> Url {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        Url::parse(answer.location()).unwrap()
    }

    pub async fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.ask(Method::POST, path, &all, body).await
    }

    pub async fn ask(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(method, path, headers, body.as_bytes().to_vec()).await
    }

    /// The same with a body of any bytes.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let response = self.response(method, path, headers, body).await;
        let (parts, body) = response.into_parts();
        self.keep_cookies(&parts.headers);
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// An answer that is read as it comes.
    pub async fn stream(&mut self, path: &str) -> Stream {
        let response = self.response(Method::GET, path, &[("accept", "text/event-stream")], Vec::new()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        Stream { headers: parts.headers, body: body.into_data_stream() }
    }

    async fn response(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> http::Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "gatebook.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 10], 1234))));
        self.router.clone().oneshot(request).await.unwrap()
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for value in headers.get_all(header::SET_COOKIE) {
            let text = value.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            if text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Who the portal takes this browser for: the greeting of the start page, or nobody.
    pub async fn is_taken_for(&mut self) -> Option<String> {
        let answer = self.get("/").await;
        match answer.status {
            StatusCode::OK => {
                let name = answer.body.split("Hello, ").nth(1).unwrap().split('<').next().unwrap();
                Some(name.to_owned())
            }
            StatusCode::SEE_OTHER => None,
            other => panic!("{other}: {}", answer.body),
        }
    }
}
