//! The portal as it is served.

use std::net::SocketAddr;

use axum::Router;
use server::config::{Settings, Source};
use store::Store;
use tokio::net::TcpListener;

const CONNECTIONS: u32 = 20;

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
