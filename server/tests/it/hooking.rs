//! Webhooks of an organisation at GitHub.

use app::backend::{Saved, Sources, TypedSource};
use app::error::PortalError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::PgPool;

use crate::door::gate::Answer;
use crate::house::fields;
use crate::reporting::Inlet;

const SECRET: &str = "It's a Secret to Everybody";

/// An inlet whose source takes webhooks signed with [`SECRET`].
struct Hook {
    inlet: Inlet,
    _file: tempfile::NamedTempFile,
}

fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

impl Hook {
    async fn open(pool: PgPool) -> Self {
        let inlet = Inlet::open(pool).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{SECRET}\n")).unwrap();
        let hook = Self { inlet, _file: file };
        let reference = format!("file:{}", hook._file.path().display());
        assert_eq!(hook.save(&reference).await.unwrap(), Saved::Done);
        hook
    }

    async fn save(&self, reference: &str) -> Result<Saved, PortalError> {
        let (portal, admin, slug) = (&self.inlet.portal, &self.inlet.admin, &self.inlet.source);
        let typed = Sources::show(portal, admin, slug).await.unwrap().typed;
        let typed = TypedSource { webhook_secret: reference.to_owned(), ..typed };
        Sources::save(portal, admin, &typed).await.map(|(saved, _)| saved)
    }

    async fn deliver_signed(&self, event: &str, id: &str, signature: &str, body: Vec<u8>) -> Answer {
        let headers = [
            ("content-type", "application/json"),
            ("x-github-event", event),
            ("x-github-delivery", id),
            ("x-hub-signature-256", signature),
        ];
        let path = app::routes::github_hook(&self.inlet.source);
        self.inlet.gate.browser().send(Method::POST, &path, &headers, body).await
    }

    async fn deliver(&self, event: &str, id: &str, body: &Value) -> Answer {
        let body = body.to_string().into_bytes();
        self.deliver_signed(event, id, &sign(SECRET, &body), body).await
    }
}

fn added() -> Value {
    json!({
        "action": "added", "member": { "login": "ben" }, "sender": { "login": "ada", "type": "User" },
        "repository": { "full_name": "acme/payouts" }, "organization": { "login": "acme" },
    })
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_delivered_and_signed_is_stored_once_however_often_it_comes(pool: PgPool) {
    let hook = Hook::open(pool).await;
    let answer = hook.deliver("ping", "0", &json!({ "zen": "Design for failure." })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(hook.inlet.stored().await, 0, "a greeting is answered, and is no event");
    for stored in [1, 0] {
        let answer = hook.deliver("member", "72d3162e", &added()).await;
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &told["stored"]), (StatusCode::OK, &json!(stored)), "{told}");
    }
    let row: (String, String, String, String, Option<String>) = sqlx::query_as(
        "select action, actor_name, resource_name, origin, system_name from event where class = 'usage'",
    )
    .fetch_one(&hook.inlet.gate.pool)
    .await
    .unwrap();
    let expected = ("resource.permissions_changed", "ada", "acme/payouts", "ledger-log");
    assert_eq!((row.0.as_str(), row.1.as_str(), row.2.as_str(), row.3.as_str()), expected);
    assert_eq!(row.4.as_deref(), Some("Ledger"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_not_signed_is_refused_told_in_the_book_and_not_more_often_than_it_helps(pool: PgPool) {
    let hook = Hook::open(pool).await;
    let body = added().to_string().into_bytes();
    let wrong = [String::new(), "sha256=00".into(), sign("another", &body), sign(SECRET, b"{}")];
    for signature in &wrong {
        let answer = hook.deliver_signed("member", "1", signature, body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{signature}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let told = "select count(*) from event where action = 'source.delivery_refused' and outcome = 'denied'
                and ip is not null and system_name = 'Ledger'";
    assert_eq!(hook.inlet.gate.count(told).await, 4);
    let mut last = StatusCode::OK;
    for _ in 0..40 {
        last = hook.deliver_signed("member", "1", &wrong[1], body.clone()).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(hook.inlet.gate.count(told).await, 30, "and no more of it in the book");
    assert_eq!(hook.deliver("member", "1", &added()).await.status, StatusCode::OK, "what is signed comes in");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_delivery_that_cannot_be_read_is_refused_with_what_is_wrong(pool: PgPool) {
    let hook = Hook::open(pool).await;
    let form = b"payload=%7B%7D".to_vec();
    let answer = hook.deliver_signed("member", "1", &sign(SECRET, &form), form).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let answer = hook.deliver("member", "", &added()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("x-github-delivery"), "{}", answer.body);
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    let answer = hook.deliver_signed("member", "1", &sign(SECRET, &large), large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(hook.inlet.stored().await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_source_takes_webhooks_only_with_a_secret_that_is_there_and_while_it_is_open(pool: PgPool) {
    let hook = Hook::open(pool).await;
    let refused = hook.save("hunter2").await.unwrap_err();
    assert_eq!(fields(&refused), ["webhook_secret"]);
    assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");

    hook.save("file:/nowhere/at/all").await.unwrap();
    assert_eq!(hook.deliver("member", "1", &added()).await.status, StatusCode::SERVICE_UNAVAILABLE);
    hook.save("").await.unwrap();
    assert_eq!(hook.deliver("member", "1", &added()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(hook.inlet.stored().await, 0);
    let (_, detail) = hook.inlet.gate.event_detail("source.changed").await;
    assert_eq!(detail["after"]["webhook_secret"], Value::Null);
    assert_eq!(detail["before"]["webhook_secret"], "file:/nowhere/at/all", "where it is, is no secret");
}
