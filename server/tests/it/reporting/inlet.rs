//! A door with a source behind it.

use app::backend::{Sources, TypedSource, TypedToken};
use domain::caller::Caller;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use server::portal::Portal;
use sqlx::PgPool;

use super::PATH;
use crate::door::gate::{Answer, Gate};
use crate::house::{House, caller_of};

/// The door, an administrator, and a source with one token.
pub struct Inlet {
    pub gate: Gate,
    pub admin: Caller,
    pub portal: Portal,
    pub source: String,
    pub secret: String,
}

impl Inlet {
    pub async fn open(pool: PgPool) -> Self {
        let gate = Gate::open_onto_the_portal(pool.clone()).await;
        gate.signed_in_as("admin", |claims| claims["groups"] = json!(["admins"])).await;
        let mut admin = caller_of(&pool, "admin").await;
        admin.roles.administrator = true;
        admin.called_at = gate.now();
        let portal = Portal::new(gate.store.clone());
        let house = House::around(gate.store.clone(), admin.clone()).await;
        let system = house.system("manual", json!({})).await;
        let slug: String =
            sqlx::query_scalar("update system set name = 'Ledger' where id = $1 returning slug")
                .bind(system)
                .fetch_one(&pool)
                .await
                .unwrap();
        let typed = TypedSource { name: "Ledger log".into(), system: slug, ..TypedSource::default() };
        let (_, source) = Sources::save(&portal, &admin, &typed).await.unwrap();
        let mut inlet = Self { gate, admin, portal, source, secret: String::new() };
        inlet.secret = inlet.make_token("Host 1").await;
        inlet
    }

    pub async fn make_token(&self, name: &str) -> String {
        let secret = self.portal.offer(&self.admin, &self.source, "").await.unwrap().secret;
        let typed = TypedToken {
            slug: self.source.clone(),
            name: name.into(),
            secret: secret.clone(),
            ..TypedToken::default()
        };
        self.portal.keep(&self.admin, &typed).await.unwrap();
        secret
    }

    pub async fn token_id(&self) -> String {
        Sources::show(&self.portal, &self.admin, &self.source).await.unwrap().tokens[0].id.to_string()
    }

    pub async fn send_raw(
        &self,
        secret: &str,
        headers: &[(&str, &str)],
        query: &str,
        body: Vec<u8>,
    ) -> Answer {
        let bearer = format!("Bearer {secret}");
        let mut all = vec![("content-type", "application/json")];
        if !secret.is_empty() {
            all.push(("authorization", &bearer));
        }
        all.extend_from_slice(headers);
        self.gate.browser().send(Method::POST, &format!("{PATH}{query}"), &all, body).await
    }

    /// Sends a batch that must be taken; answers what became of it.
    pub async fn send(&self, events: &Value) -> Value {
        let answer = self.send_raw(&self.secret, &[], "", events.to_string().into_bytes()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    pub async fn stored(&self) -> i64 {
        self.gate.count("select count(*) from event where class = 'usage'").await
    }
}

pub fn event(id: &str) -> Value {
    json!({
        "id": id, "time": "2030-03-17T17:00:00+01:00", "action": "resource.accessed", "outcome": "success",
        "actor": { "kind": "person", "name": "ben", "email": "ben@example.com", "account": "ben_okafor" },
        "resource": "payouts", "entitlement": "select", "ip": "192.0.2.7", "operation": "SELECT",
    })
}
