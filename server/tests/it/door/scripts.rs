use http::StatusCode;
use sqlx::PgPool;

use super::gate::Gate;
use crate::house::House;

/// What makes a browser fetch a script or WebAssembly.
const LOADS: [&str; 5] = [" src=", "modulepreload", ".wasm", ".js", "import("];

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_without_an_island_loads_no_script(pool: PgPool) {
    let gate = Gate::open_onto_the_portal(pool.clone()).await;
    let mut browser = gate.signed_in("ana").await;
    for path in
        ["/", "/requests", "/tasks", "/audit/windows", "/people", "/settings", "/approvals", "/people/nobody"]
    {
        let answer = browser.get(path).await;
        for load in LOADS {
            assert!(!answer.body.contains(load), "{path} loads {load}");
        }
    }
    // An empty catalogue has nothing to search in, and so no island.
    House::new(pool).await.entitlement("read").await;
    let catalogue = browser.get("/catalogue").await;
    assert_eq!(catalogue.status, StatusCode::OK);
    for load in [".wasm", ".js", "import("] {
        assert!(catalogue.body.contains(load), "the island has what it runs on: {load}");
    }
}
