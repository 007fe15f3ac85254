//! A program that reports events over HTTP.

use chrono::SecondsFormat;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::portal;

/// Where it reports to, and its token.
#[derive(Clone)]
pub struct Sender {
    port: u16,
    token: String,
}

impl Sender {
    /// To the portal over this database, which is served for it.
    pub async fn to(url: &str, pool: &PgPool) -> Self {
        Self { port: portal::serve_gatebook(url).await, token: token(pool).await }
    }

    /// Sends a batch of so many, all of which are new; answers the id of the last.
    pub async fn send(&self, client: &reqwest::Client, batch: String, events: usize) -> Uuid {
        let asked = client
            .post(format!("http://127.0.0.1:{}/api/v1/events", self.port))
            .bearer_auth(&self.token)
            .header("content-type", "application/x-ndjson")
            .body(batch);
        let answer = asked.send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{body}");
        let told: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(told["stored"], events, "{}", &body[..body.len().min(400)]);
        told["results"][events - 1]["id"].as_str().unwrap().parse().unwrap()
    }
}

/// Events as a program sends them, which nobody has sent before.
pub fn batch(from: usize, events: usize) -> String {
    let now = server::clock::machine().to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut lines = String::new();
    for n in from..from + events {
        // Spread without a pattern, the same in every run of the benchmark.
        let draw =
            |most: usize, by: usize| ((n.wrapping_mul(2_654_435_761) >> 7) ^ n.wrapping_mul(by)) % most;
        let (actor, res, act) =
            (draw(5_000, 97).min(draw(5_000, 31)), draw(8_000, 89).min(draw(8_000, 53)), draw(300, 71));
        let action = ["resource.accessed", "resource.changed", "session.opened"][n % 3];
        let event = json!({
            "id": format!("{now}-{n}"), "time": now,
            "action": action,
            "outcome": if n % 25 == 0 { "denied" } else { "success" },
            "actor": { "name": format!("u{actor}"), "email": format!("person{actor}@example.com") },
            "system": format!("System {:02}", 1 + res % 12), "resource": format!("ledger-{res:04}"),
            "ip": format!("10.{}.{}.{}", actor % 16, actor / 16 % 256, 1 + actor % 200),
            "user_agent": "aws-cli/2.15.30 Python/3.11.8", "operation": format!("Operation{act}"),
            "detail": {
                "eventVersion": "1.08", "userIdentity": { "type": "IAMUser", "userName": format!("u{actor}") },
                "eventSource": format!("service{}.example.com", res % 12), "eventName": format!("Operation{act}"),
                "awsRegion": "eu-central-1", "readOnly": act % 2 == 0,
                "requestParameters": { "bucket": format!("ledger-{res}"), "key": format!("path/{}/object", n % 5_000) },
            },
        });
        lines += &event.to_string();
        lines.push('\n');
    }
    lines
}

/// A source with a token.
async fn token(pool: &PgPool) -> String {
    let token = domain::token::secret(&server::secret::token());
    sqlx::query(
        "with source as (insert into event_source (id, slug, name, created_at)
           values (gen_random_uuid(), 'bench-' || left($2, 8), 'Bench', now()) returning id)
         insert into api_token (id, source_id, name, scope, hash, hint, created_at, created_by)
         select gen_random_uuid(), source.id, 'bench', 'events:write', $1, right($2, 4), now(),
           (select id from person order by name limit 1) from source",
    )
    .bind(server::secret::hash(token.as_bytes()).as_slice())
    .bind(blake(&token))
    .execute(pool)
    .await
    .unwrap();
    token
}

/// Sixteen small letters and digits that are another's for another token.
fn blake(token: &str) -> String {
    server::secret::hash(token.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
