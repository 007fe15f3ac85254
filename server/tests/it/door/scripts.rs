use http::StatusCode;
use sqlx::PgPool;

use super::gate::Gate;

/// What makes a browser fetch a script or WebAssembly.
const LOADS: [&str; 5] = [" src=", "modulepreload", ".wasm", ".js", "import("];

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_without_an_island_loads_no_script(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool).await;
    let mut browser = gate.signed_in("ana").await;
    for path in ["/", "/requests", "/tasks", "/audit", "/people", "/settings", "/approvals", "/people/nobody"]
    {
        let answer = browser.get(path).await;
        for load in LOADS {
            assert!(!answer.body.contains(load), "{path} loads {load}");
        }
    }
    let catalogue = browser.get("/catalogue").await;
    assert_eq!(catalogue.status, StatusCode::OK);
    for load in [".js", "import("] {
        assert!(catalogue.body.contains(load), "the island has what it runs on: {load}");
    }
}
