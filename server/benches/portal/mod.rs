//! The portal as it is served, and somebody who is signed in.

use std::net::SocketAddr;

use axum::Router;
use server::config::{Settings, Source};
use sqlx::PgPool;
use store::Store;
use tokio::net::TcpListener;
use tower_sessions::session::Id;

const CONNECTIONS: u32 = 20;

/// Signs somebody in who owns nothing, as an auditor or not, and answers their browser's cookie.
pub async fn sign_in(pool: &PgPool, auditor: bool) -> String {
    let secret = Id(server::secret::session_id());
    sqlx::query(
        "insert into session (id, id_hash, person_id, auditor, roles_read_at, authenticated_at, created_at, seen_at, expires_at)
         select gen_random_uuid(), $1, id, $2, now() + interval '1 day', now(), now(), now(), now() + interval '12 hours'
         from person order by name desc limit 1",
    )
    .bind(id_hash(secret).as_slice())
    .bind(auditor)
    .execute(pool)
    .await
    .unwrap();
    format!("gatebook={secret}")
}

/// As the session table keeps it.
pub fn id_hash(secret: Id) -> [u8; 32] {
    server::secret::hash(&secret.0.to_le_bytes())
}

/// The portal as `gatebook serve` runs it; its sign-in provider is away, which nobody here notices.
pub async fn serve_gatebook(url: &str) -> u16 {
    let settings = Source::of(
        [
            ("GATEBOOK_PUBLIC_URL", "http://127.0.0.1:3000"),
            ("GATEBOOK_OIDC_ISSUER", "http://127.0.0.1:1"),
            ("GATEBOOK_OIDC_CLIENT_ID", "bench"),
            ("GATEBOOK_OIDC_CLIENT_SECRET", "bench"),
            ("GATEBOOK_ADMIN_GROUPS", "admins"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let store = Store::connect(url, CONNECTIONS).unwrap();
    let risks = app::context::Risks::default();
    let door = server::http::door(Settings::read(&settings).unwrap(), store, risks).unwrap();
    serve(server::http::router(&door, server::http::pages::pages(&door)).unwrap()).await
}

/// Serves it on a port of its own.
pub async fn serve(router: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    port
}
