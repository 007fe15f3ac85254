//! A sign-in provider that says whatever a test wants it to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use http::StatusCode;
use openidconnect::core::{
    CoreEdDsaPrivateSigningKey, CoreHmacKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
    CoreRsaPrivateSigningKey,
};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

pub const CLIENT_ID: &str = "gatebook-test";
pub const CLIENT_SECRET: &str = "test-secret";

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// With the provider's Ed25519 key.
    EdDsa,
    /// With the provider's RSA key.
    Rs256,
    /// With an Ed25519 key of somebody else's, under the provider's key id.
    OtherKey,
    /// `alg: none`, and no signature.
    None,
    /// HMAC with the client's secret.
    Hs256,
    /// A good signature over other claims.
    Tampered,
}

#[derive(Debug, Clone)]
struct Planned {
    claims: Value,
    signature: Signature,
    challenge: String,
    is_used: bool,
}

#[derive(Default)]
struct Known {
    codes: HashMap<String, Planned>,
    userinfo: Option<Value>,
    is_down: bool,
    key_number: u8,
    discoveries: usize,
}

#[derive(Clone)]
pub struct FakeProvider {
    pub issuer: String,
    known: Arc<Mutex<Known>>,
}

impl FakeProvider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self { issuer, known: Arc::default() };
        let router = Router::new()
            .route("/.well-known/openid-configuration", routing::get(discovery))
            .route("/jwks", routing::get(jwks))
            .route("/token", routing::post(token))
            .route("/userinfo", routing::get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub fn set_down(&self, is_down: bool) {
        self.known.lock().unwrap().is_down = is_down;
    }

    /// From now on signs with a new key, and knows the old one no more.
    pub fn rotate_key(&self) {
        self.known.lock().unwrap().key_number += 1;
    }

    pub fn set_userinfo(&self, claims: Value) {
        self.known.lock().unwrap().userinfo = Some(claims);
    }

    pub fn discoveries(&self) -> usize {
        self.known.lock().unwrap().discoveries
    }

    /// What a good provider says to this question.
    pub fn claims(&self, asked: &Url, sub: &str, now: DateTime<Utc>) -> Value {
        json!({
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": sub,
            "name": format!("Person {sub}"),
            "email": format!("{sub}@example.com"),
            "email_verified": true,
            "groups": [],
            "sid": format!("sid-{sub}"),
            "iat": now.timestamp(),
            "exp": now.timestamp() + 300,
            "auth_time": now.timestamp(),
            "nonce": query(asked, "nonce"),
        })
    }

    /// Plans an answer; returns the path of the portal that the browser is sent back to.
    pub fn answer(&self, asked: &Url, claims: Value, signature: Signature) -> String {
        let code = URL_SAFE_NO_PAD.encode(server::secret::bytes::<9>());
        let challenge = query(asked, "code_challenge");
        let planned = Planned { claims, signature, challenge, is_used: false };
        self.known.lock().unwrap().codes.insert(code.clone(), planned);
        let mut back = Url::parse("http://x/auth/callback").unwrap();
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &query(asked, "state"))
            .append_pair("iss", &self.issuer);
        format!("{}?{}", back.path(), back.query().unwrap())
    }

    /// A signed token of these claims.
    pub fn sign(&self, header: Value, claims: &Value, signature: Signature) -> String {
        let number = self.known.lock().unwrap().key_number;
        let (alg, kid) = match signature {
            Signature::Rs256 => ("RS256", Some("rsa".to_owned())),
            Signature::Hs256 => ("HS256", None),
            Signature::None => ("none", None),
            _ => ("EdDSA", Some(format!("ed-{number}"))),
        };
        let mut full = json!({ "alg": alg });
        if let Some(kid) = kid {
            full["kid"] = kid.into();
        }
        full.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&full), encode(claims));
        let bytes = signed.as_bytes();
        let made = match signature {
            Signature::None => Vec::new(),
            Signature::EdDsa => ed25519(number).sign(&CoreJwsSigningAlgorithm::EdDsa, bytes).unwrap(),
            Signature::OtherKey => ed25519(200).sign(&CoreJwsSigningAlgorithm::EdDsa, bytes).unwrap(),
            Signature::Tampered => ed25519(number).sign(&CoreJwsSigningAlgorithm::EdDsa, b"other").unwrap(),
            Signature::Hs256 => {
                CoreHmacKey::new(CLIENT_SECRET).sign(&CoreJwsSigningAlgorithm::HmacSha256, bytes).unwrap()
            }
            Signature::Rs256 => rsa().sign(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, bytes).unwrap(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(made))
    }
}

pub fn query(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn ed25519(number: u8) -> CoreEdDsaPrivateSigningKey {
    let pem = SigningKey::from_bytes(&[number; 32]).to_pkcs8_pem(LineEnding::LF).unwrap();
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(format!("ed-{number}"))))
        .unwrap()
}

fn rsa() -> CoreRsaPrivateSigningKey {
    // A key of the tests alone; it opens nothing.
    let pem = include_str!("rs256_test_key.pem");
    CoreRsaPrivateSigningKey::from_pem(pem, Some(JsonWebKeyId::new("rsa".to_owned()))).unwrap()
}

async fn discovery(State(provider): State<FakeProvider>) -> Response {
    let mut known = provider.known.lock().unwrap();
    known.discoveries += 1;
    if known.is_down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let at = |path: &str| format!("{}{path}", provider.issuer);
    let mut document = json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "end_session_endpoint": at("/end-session"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // Real ones list `none` first, and algorithms nobody has heard of.
        "id_token_signing_alg_values_supported": ["none", "XS999", "EdDSA", "RS256", "HS256"],
        "authorization_response_iss_parameter_supported": true,
        "claims_supported": ["sub", "groups"],
    });
    if known.userinfo.is_some() {
        document["userinfo_endpoint"] = at("/userinfo").into();
    }
    Json(document).into_response()
}

async fn jwks(State(provider): State<FakeProvider>) -> Response {
    let known = provider.known.lock().unwrap();
    if known.is_down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let keys = vec![ed25519(known.key_number).as_verification_key(), rsa().as_verification_key()];
    Json(CoreJsonWebKeySet::new(keys)).into_response()
}

async fn token(State(provider): State<FakeProvider>, Form(form): Form<HashMap<String, String>>) -> Response {
    let refused = (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
    let planned = {
        let mut known = provider.known.lock().unwrap();
        if known.is_down {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        let Some(planned) = known.codes.get_mut(&form["code"]) else { return refused.into_response() };
        if planned.is_used {
            return refused.into_response();
        }
        planned.is_used = true;
        planned.clone()
    };
    let challenge = URL_SAFE_NO_PAD.encode(server::secret::hash(form["code_verifier"].as_bytes()));
    if challenge != planned.challenge {
        return refused.into_response();
    }
    Json(json!({
        "access_token": "access",
        "token_type": "Bearer",
        "expires_in": 300,
        "id_token": provider.sign(json!({ "typ": "JWT" }), &planned.claims, planned.signature),
    }))
    .into_response()
}

async fn userinfo(State(provider): State<FakeProvider>) -> Json<Value> {
    Json(provider.known.lock().unwrap().userinfo.clone().unwrap_or_default())
}
