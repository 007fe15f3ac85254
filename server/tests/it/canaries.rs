//! Secrets are planted in everything that comes in, and looked for in everything that is kept, shown or logged.

use std::collections::BTreeMap;

use app::backend::{Sources, TypedSource, TypedToken};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use server::jobs::{linker, sequencer};
use sha2::Sha256;
use sqlx::{AssertSqlSafe, PgPool};
use store::{Clock, Store};
use uuid::Uuid;

use crate::door::fake_provider::CLIENT_SECRET;
use crate::house::House;
use crate::servers::{Process, Servers, Visitor, drop_role, until};

/// Ours as loudly as they can, the others as loudly as anybody runs them.
const FILTER: &str = "debug,server=trace,store=trace,app=trace,tower_http=trace";

/// What was planted, by where; and everything that came out, by where.
#[derive(Default)]
struct Aviary {
    planted: BTreeMap<&'static str, String>,
    outputs: BTreeMap<String, String>,
}

impl Aviary {
    fn plant(&mut self, place: &'static str) -> String {
        let number = format!("{:x}", Uuid::now_v7_for_tests());
        let canary = format!("cnry{number}");
        self.plant_this(place, &canary);
        canary
    }

    fn plant_this(&mut self, place: &'static str, secret: &str) {
        assert!(secret.len() > 8, "{place} is too short to be told from other words");
        assert!(self.planted.insert(place, secret.to_owned()).is_none(), "{place} stands twice");
    }

    fn keep(&mut self, place: &str, output: String) {
        self.outputs.entry(place.to_owned()).or_default().push_str(&output);
    }

    /// Every place where something planted came out.
    fn sung(&self) -> Vec<String> {
        let mut sung = Vec::new();
        for (what, secret) in &self.planted {
            for (place, output) in &self.outputs {
                if output.contains(secret.as_str()) {
                    sung.push(format!("{what} in {place}"));
                }
            }
        }
        sung
    }

    fn has(&self, place: &str, text: &str) -> bool {
        self.outputs[place].contains(text)
    }
}

trait ForTests {
    fn now_v7_for_tests() -> u128;
}

impl ForTests for Uuid {
    fn now_v7_for_tests() -> u128 {
        #[expect(clippy::disallowed_methods, reason = "a name that is like no other needs no clock")]
        Self::new_v4().as_u128()
    }
}

/// Asks, with whatever headers; keeps everything that comes back but the cookie that a browser is to keep.
async fn ask(
    aviary: &mut Aviary,
    at: &Process,
    method: reqwest::Method,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> u16 {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut request = client.request(method, format!("http://127.0.0.1:{}{path}", at.port));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    let headers: String = answer
        .headers()
        .iter()
        .filter(|(name, _)| *name != "set-cookie")
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let route = path.split('?').next().unwrap().to_owned();
    aviary.keep(&format!("answer {route}"), format!("{headers}\n{}", answer.text().await.unwrap()));
    status
}

fn sign(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Everything that is kept, table by table.
async fn keep_tables(aviary: &mut Aviary, pool: &PgPool) {
    let tables: Vec<String> =
        sqlx::query_scalar("select quote_ident(tablename) from pg_tables where schemaname = 'public'")
            .fetch_all(pool)
            .await
            .unwrap();
    for table in tables {
        let statement = format!("select coalesce(string_agg(t::text, E'\\n'), '') from {table} t");
        let rows: String = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(pool).await.unwrap();
        let place = if table.starts_with("event_usage") || table.starts_with("event_governance") {
            "table event".to_owned()
        } else {
            format!("table {table}")
        };
        aviary.keep(&place, rows);
    }
}

/// What comes in by a token, in records whose originals carry secrets where such records do.
async fn report(aviary: &mut Aviary, at: &Process, secret: &str) {
    let bearer = format!("Bearer {secret}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let post = reqwest::Method::POST;
    let github = json!([{
        "@timestamp": 1_795_000_000_000_i64, "action": "repo.access", "actor": "ben", "repo": "acme/cnryvisible",
        "headers": {
            "Authorization": format!("Bearer {}", aviary.plant("authorization in an original")),
            "Cookie": format!("sid={}", aviary.plant("cookie in an original")),
        },
        "password": aviary.plant("password in an original"),
        "url": format!("https://ben:{}@db.example/x", aviary.plant("address in an original")),
        "request": { "query": { "access_token": aviary.plant("query in an original") } },
        "query_string": format!("a=b&access_token={}", aviary.plant("query string in an original")),
        "text": format!("{{\"client_secret\": \"{}\"}}", aviary.plant("JSON in an original's text")),
        "env": [{ "name": "DB_PASSWORD", "value": aviary.plant("variable in an original") }],
    }]);
    let path = "/api/v1/events?format=github";
    assert_eq!(ask(aviary, at, post.clone(), path, &headers, github.to_string()).await, 200);
    let sql = format!("statement: ALTER ROLE ben PASSWORD '{}'", aviary.plant("password in a statement"));
    let postgresql = json!({
        "timestamp": "2026-11-23 10:02:53.618 UTC", "user": "ben", "dbname": "orders", "pid": 1, "line_num": 3,
        "session_id": aviary.plant("session of a database"), "error_severity": "LOG", "message": sql,
    });
    let path = "/api/v1/events?format=postgresql";
    assert_eq!(ask(aviary, at, post, path, &headers, postgresql.to_string()).await, 200);
}

/// Everything wrong that can be shown at a door.
async fn knock(aviary: &mut Aviary, at: &Process) {
    let get = reqwest::Method::GET;
    let wrong = domain::token::secret(&format!("{:0<43}", aviary.plant("unknown token")));
    let broken = aviary.plant("something like a token");
    let cookie = aviary.plant("unknown cookie");
    let code = aviary.plant("unknown code");
    let state = aviary.plant("unknown state");
    let query = aviary.plant("query of an address");
    for (path, headers, expected) in [
        ("/api/v1/events".to_owned(), vec![("authorization", format!("Bearer {wrong}"))], 401),
        ("/api/v1/events".to_owned(), vec![("authorization", format!("Basic {broken}"))], 401),
        ("/api/v1/events/export".to_owned(), vec![("authorization", format!("Bearer {broken}"))], 401),
        (format!("/api/v1/events?access_token={query}"), vec![], 401),
        (format!("/api/v1/nothing?token={query}"), vec![], 404),
        (format!("/nowhere/cnrypath?token={query}"), vec![("accept", "text/html".to_owned())], 404),
        (
            "/".to_owned(),
            vec![("accept", "text/html".to_owned()), ("cookie", format!("gatebook={cookie}"))],
            303,
        ),
        (format!("/auth/callback?code={code}&state={state}"), vec![("accept", "text/html".to_owned())], 400),
    ] {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let status = ask(aviary, at, get.clone(), &path, &headers, String::new()).await;
        assert!(status == expected || (400..500).contains(&status), "{path}: {status}");
    }
}

/// Webhooks signed rightly and wrongly, with a secret in them.
async fn deliver(aviary: &mut Aviary, at: &Process, slug: &str, secret: &str) {
    let body = json!({
        "action": "edited", "sender": { "login": "ada", "type": "User" }, "organization": { "login": "acme" },
        "hook": { "config": { "secret": aviary.plant("secret in a delivery") } },
    })
    .to_string();
    let right = sign(secret, &body);
    let wrong = sign("another", &body);
    aviary.plant_this("right signature", &right);
    aviary.plant_this("wrong signature", &wrong);
    for (signature, expected) in [(&wrong, 401), (&right, 200)] {
        let signature = format!("sha256={signature}");
        let headers =
            [("x-github-event", "meta"), ("x-github-delivery", "1"), ("x-hub-signature-256", &signature)];
        let path = app::routes::github_hook(slug);
        let status = ask(aviary, at, reqwest::Method::POST, &path, &headers, body.clone()).await;
        assert_eq!(status, expected);
    }
}

/// Secrets typed where a reference belongs: the form comes back without them.
async fn mistype(aviary: &mut Aviary, at: &Process, admin: &mut Visitor, slug: &str) {
    let typed = aviary.plant("webhook secret as typed");
    let fields = [("slug", slug), ("name", "Ledger log"), ("webhook_secret", typed.as_str())];
    let (password, address) =
        (aviary.plant("password as typed"), aviary.plant("password in an address as typed"));
    let url = format!("postgres://me:{address}@db/app");
    let system = [
        ("name", "Orders"),
        ("address", "orders"),
        ("connector", "postgresql"),
        ("url", url.as_str()),
        ("password", password.as_str()),
    ];
    for (form, typed) in [("save-source", &fields[..]), ("save-system", &system[..])] {
        let answer = admin.send(at.port, form, typed).await.unwrap();
        assert_eq!(answer.status, 303, "{form}: {}", answer.body);
        assert!(!answer.is_done(), "{form}: {}", answer.location);
        aviary.keep("redirects of forms", answer.location.clone());
        let shown = admin.get(at.port, &answer.location).await.unwrap();
        assert_eq!(shown.status, 200);
        aviary.keep("forms that came back", shown.body);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn no_secret_that_comes_in_is_kept_shown_or_logged(pool: PgPool) {
    let mut aviary = Aviary::default();
    aviary.plant_this("client secret", CLIENT_SECRET);
    let servers = Servers::over(&pool).await;
    let (serving, working) = servers.talkative(FILTER).await;
    let store = Store::new(pool.clone(), Clock::Database);
    let mut visitor = servers.sign_in(&serving, "admin", "admin@example.com", &["admins"]).await;
    for (number, cookie) in visitor.cookies.values().enumerate() {
        aviary.plant_this(["session cookie", "another cookie"][number], cookie);
    }
    let back = url::Url::parse(&format!("http://x{}", visitor.came_by)).unwrap();
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    aviary.plant_this("code of a sign-in", &code);

    let mut admin = crate::house::caller_of(&pool, "admin").await;
    admin.roles.administrator = true;
    admin.called_at = store.now().await.unwrap();
    admin.authenticated_at = Some(admin.called_at);
    let house = House::around(store.clone(), admin.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let secret_file = |name: &str, secret: &str| {
        std::fs::write(folder.path().join(name), secret).unwrap();
        format!("file:{}", folder.path().join(name).display())
    };
    // A source that takes webhooks, and tokens that write and read.
    let hook_secret = aviary.plant("webhook secret");
    let typed = TypedSource { name: "Ledger log".into(), ..TypedSource::default() };
    let (_, slug) = Sources::save(&house.portal, &admin, &typed).await.unwrap();
    let typed =
        TypedSource { slug: slug.clone(), webhook_secret: secret_file("hook", &hook_secret), ..typed };
    Sources::save(&house.portal, &admin, &typed).await.unwrap();
    let mut tokens = Vec::new();
    for (place, slug) in [("token that writes", slug.as_str()), ("token that reads", "")] {
        let secret = house.portal.offer(&admin, slug, "").await.unwrap().secret;
        aviary.plant_this(place, &secret);
        let typed = TypedToken {
            slug: slug.into(),
            name: place.into(),
            secret: secret.clone(),
            ..Default::default()
        };
        house.portal.keep(&admin, &typed).await.unwrap();
        tokens.push(secret);
    }
    // Access at a target that cannot be reached, with a password.
    let connector_secret = aviary.plant("connector's password");
    let system = house
        .system(
            "postgresql",
            json!({
                "url": "postgres://connector@127.0.0.1:9/orders",
                "password": secret_file("connector", &connector_secret),
            }),
        )
        .await;
    let entitlement = house.entitlement_on(system, "read", "medium").await;
    let ben = house.person("Ben Okafor").await;
    house.account(&ben, system, "ben").await;
    house.granted(&ben, entitlement).await;

    report(&mut aviary, &serving, &tokens[0]).await;
    deliver(&mut aviary, &serving, &slug, &hook_secret).await;
    mistype(&mut aviary, &serving, &mut visitor, &slug).await;
    knock(&mut aviary, &serving).await;
    until("a try at the target", async || {
        house.count("select count(*) from event where action = 'grant.activation_failed'").await > 0
    })
    .await;

    sequencer::catch_up(&store).await.unwrap();
    linker::catch_up(&store).await.unwrap();
    let bearer = format!("Bearer {}", tokens[1]);
    let reads = [("authorization", bearer.as_str())];
    for path in ["/api/v1/events?limit=1000", "/api/openapi.json"]
        .map(str::to_owned)
        .into_iter()
        .chain(["csv", "jsonl", "ocsf"].map(|format| format!("/api/v1/events/export?format={format}")))
    {
        assert_eq!(ask(&mut aviary, &serving, reqwest::Method::GET, &path, &reads, String::new()).await, 200);
    }
    let source_page = app::routes::source(&slug);
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from event").fetch_all(&pool).await.unwrap();
    let events = ids.iter().map(|id| format!("/audit/{id}"));
    let pages =
        ["/", "/audit", "/admin/sources", "/admin/reading-tokens", "/admin/systems", "/settings", "/tasks"];
    for path in pages.map(str::to_owned).into_iter().chain([source_page]).chain(events) {
        let shown = visitor.get(serving.port, &path).await.unwrap();
        assert_eq!(shown.status, 200, "{path}");
        aviary.keep("pages", shown.body);
    }
    assert_eq!(house.count("select count(*) from event where class = 'usage'").await, 3, "all of it came in");
    keep_tables(&mut aviary, &pool).await;
    aviary.keep("log of serve", serving.said());
    aviary.keep("log of work", working.said());

    // The net has no holes: what is no secret is found in all of it.
    for place in ["table event", "pages", "answer /api/v1/events", "answer /api/v1/events/export"] {
        assert!(aviary.has(place, "cnryvisible"), "{place}");
    }
    assert!(aviary.has("log of serve", "/nowhere/cnrypath"), "the log says what was asked for");
    assert!(!aviary.outputs["log of work"].is_empty());
    assert!(aviary.planted.len() > 25, "{}", aviary.planted.len());
    let sung = aviary.sung();
    assert!(sung.is_empty(), "{sung:#?}");

    working.stop().await;
    serving.stop().await;
    drop_role(&pool).await;
}
