//! Every page.

use std::collections::BTreeSet;

use http::Method;
use sqlx::PgPool;

use super::{ACTORS, ADMINISTRATORS, EVERYBODY, Expected, MISSING, NOT_FOUND, Stage};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_page_answers_everybody_as_it_should(pool: PgPool) {
    let mut stage = Stage::set(pool).await;
    let (request, event) = (stage.request, stage.event_of("request.submitted").await);
    let (slug, ben) = (stage.what.resource_slug.clone(), stage.person("holder").await);
    let (entitlement, made) = (stage.entitlement.clone(), stage.made.clone());
    let pages: Vec<(&str, String, Expected)> = vec![
        ("/", "/".into(), EVERYBODY),
        ("/catalogue", "/catalogue?q=payments".into(), EVERYBODY),
        ("/catalogue/{resource}", format!("/catalogue/{slug}"), EVERYBODY),
        ("/catalogue/{resource}", "/catalogue/missing".into(), NOT_FOUND),
        // Owners and administrators edit; everybody else sees that there is something, and may not.
        ("/catalogue/{resource}/edit", format!("/catalogue/{slug}/edit"), [303, 403, 403, 200, 403, 200]),
        ("/catalogue/{resource}/edit", "/catalogue/missing/edit".into(), NOT_FOUND),
        (
            "/catalogue/{resource}/entitlements/new",
            format!("/catalogue/{slug}/entitlements/new"),
            [303, 403, 403, 200, 403, 200],
        ),
        (
            "/catalogue/{resource}/entitlements/{id}/edit",
            format!("/catalogue/{slug}/entitlements/{entitlement}/edit"),
            [303, 403, 403, 200, 403, 200],
        ),
        (
            "/catalogue/{resource}/entitlements/{id}/edit",
            format!("/catalogue/{slug}/entitlements/{MISSING}/edit"),
            NOT_FOUND,
        ),
        ("/requests", "/requests".into(), EVERYBODY),
        ("/requests/new", format!("/requests/new?entitlement={}", stage.entitlement), EVERYBODY),
        ("/requests/new", format!("/requests/new?entitlement={MISSING}"), NOT_FOUND),
        // Rationale and history: who asked, who decides, auditors. An administrator who is neither sees nothing.
        ("/requests/{id}", format!("/requests/{request}"), [303, 200, 404, 200, 200, 404]),
        ("/requests/{id}", format!("/requests/{MISSING}"), NOT_FOUND),
        ("/requests/{id}", "/requests/nonsense".into(), NOT_FOUND),
        ("/approvals", "/approvals".into(), EVERYBODY),
        ("/tasks", "/tasks".into(), EVERYBODY),
        ("/alerts", "/alerts?state=all".into(), EVERYBODY),
        ("/alerts", "/alerts?state=nonsense".into(), NOT_FOUND),
        // Of what “owner” owns, and about “holder”.
        ("/alerts/{id}", format!("/alerts/{}", made.alert), [303, 404, 404, 200, 200, 200]),
        ("/alerts/{id}", format!("/alerts/{MISSING}"), NOT_FOUND),
        ("/alerts/{id}", "/alerts/nonsense".into(), NOT_FOUND),
        ("/alerts/trends", "/alerts/trends".into(), EVERYBODY),
        ("/alerts/suppressions", "/alerts/suppressions".into(), EVERYBODY),
        // Nobody but whom it asks.
        ("/questions/{id}", format!("/questions/{}", made.question), [303, 200, 404, 404, 404, 404]),
        ("/questions/{id}", format!("/questions/{MISSING}"), NOT_FOUND),
        ("/questions/{id}", "/questions/nonsense".into(), NOT_FOUND),
        ("/alerts/rules", "/alerts/rules".into(), EVERYBODY),
        ("/alerts/rules/{name}", "/alerts/rules/use-not-covered".into(), EVERYBODY),
        ("/alerts/rules/{name}", "/alerts/rules/missing".into(), NOT_FOUND),
        ("/audit", "/audit?q=payouts".into(), EVERYBODY),
        ("/audit/{event}", format!("/audit/{event}"), [303, 200, 404, 200, 200, 200]),
        ("/audit/{event}", format!("/audit/{MISSING}"), NOT_FOUND),
        ("/audit/as-of", "/audit/as-of?date=2026-11-20".into(), [303, 403, 403, 403, 200, 200]),
        ("/audit/as-of", "/audit/as-of?older=nonsense".into(), [303, 403, 403, 403, 404, 404]),
        ("/audit/as-of/export", "/audit/as-of/export?format=csv".into(), [303, 403, 403, 403, 200, 200]),
        (
            "/audit/as-of/export",
            "/audit/as-of/export?format=csv&date=x".into(),
            [303, 403, 403, 403, 422, 422],
        ),
        // Whoever sees nothing of it sees an empty page.
        ("/catalogue/{resource}/as-of", format!("/catalogue/{slug}/as-of"), EVERYBODY),
        ("/catalogue/{resource}/as-of", "/catalogue/missing/as-of".into(), NOT_FOUND),
        ("/people/{id}/as-of", format!("/people/{ben}/as-of"), EVERYBODY),
        ("/people/{id}/as-of", format!("/people/{MISSING}/as-of"), NOT_FOUND),
        // Everybody has their own, and hears nothing of others'.
        ("/audit/exports", "/audit/exports?q=x&format=csv".into(), EVERYBODY),
        ("/audit/exports/{id}/file", format!("/audit/exports/{MISSING}/file"), NOT_FOUND),
        (
            "/audit/exports/{id}/file",
            format!("/audit/exports/{}/file", made.export),
            [303, 404, 404, 404, 404, 200],
        ),
        ("/audit/windows", "/audit/windows".into(), [303, 403, 403, 403, 200, 200]),
        ("/audit/windows/import", "/audit/windows/import".into(), ADMINISTRATORS),
        ("/audit/windows/{id}", format!("/audit/windows/{}", made.window), [303, 403, 403, 403, 200, 200]),
        ("/audit/windows/{id}", format!("/audit/windows/{MISSING}"), [303, 403, 403, 403, 404, 404]),
        ("/reports/period", "/reports/period?system=missing".into(), [303, 403, 403, 200, 200, 200]),
        ("/reports/period", "/reports/period".into(), [303, 403, 403, 200, 200, 200]),
        ("/people", "/people".into(), EVERYBODY),
        ("/people/{id}", format!("/people/{ben}"), EVERYBODY),
        ("/people/{id}", format!("/people/{MISSING}"), NOT_FOUND),
        ("/catalogue/new", "/catalogue/new".into(), [303, 403, 403, 200, 403, 200]),
        ("/catalogue/new", "/catalogue/new?system=missing".into(), NOT_FOUND),
        ("/admin", "/admin".into(), ADMINISTRATORS),
        ("/admin/systems", "/admin/systems".into(), ADMINISTRATORS),
        ("/admin/systems/new", "/admin/systems/new".into(), ADMINISTRATORS),
        // Its owners see a system, and add resources to it.
        ("/admin/systems/{id}", format!("/admin/systems/{}", made.system), [303, 403, 403, 200, 403, 200]),
        ("/admin/systems/{id}", format!("/admin/systems/{MISSING}"), NOT_FOUND),
        ("/admin/bundles", "/admin/bundles".into(), ADMINISTRATORS),
        ("/admin/bundles/new", "/admin/bundles/new".into(), ADMINISTRATORS),
        ("/admin/bundles/{id}", format!("/admin/bundles/{}", made.bundle), ADMINISTRATORS),
        ("/admin/bundles/{id}", format!("/admin/bundles/{MISSING}"), NOT_FOUND),
        ("/admin/job-roles", "/admin/job-roles".into(), ADMINISTRATORS),
        ("/admin/job-roles/new", "/admin/job-roles/new".into(), ADMINISTRATORS),
        ("/admin/job-roles/{id}", format!("/admin/job-roles/{}", made.job_role), ADMINISTRATORS),
        ("/admin/job-roles/{id}", format!("/admin/job-roles/{}", made.bundle), NOT_FOUND),
        ("/admin/sources", "/admin/sources".into(), ADMINISTRATORS),
        ("/admin/sources/new", "/admin/sources/new".into(), ADMINISTRATORS),
        ("/admin/sources/{slug}", format!("/admin/sources/{}", made.source), ADMINISTRATORS),
        ("/admin/sources/{slug}", "/admin/sources/missing".into(), [303, 403, 403, 403, 403, 404]),
        ("/admin/sources/{slug}/token", format!("/admin/sources/{}/token", made.source), ADMINISTRATORS),
        (
            "/admin/sources/{slug}/token",
            format!("/admin/sources/{}/token?token={}", made.source, made.token),
            ADMINISTRATORS,
        ),
        (
            "/admin/sources/{slug}/token",
            format!("/admin/sources/{}/token?token={MISSING}", made.source),
            [303, 403, 403, 403, 403, 404],
        ),
        ("/admin/reading-tokens", "/admin/reading-tokens".into(), ADMINISTRATORS),
        ("/admin/reading-tokens/token", "/admin/reading-tokens/token".into(), ADMINISTRATORS),
        (
            "/admin/reading-tokens/token",
            format!("/admin/reading-tokens/token?token={}", made.token),
            [303, 403, 403, 403, 403, 404],
        ),
        ("/admin/unmatched", "/admin/unmatched".into(), ADMINISTRATORS),
        ("/settings", "/settings".into(), EVERYBODY),
        ("/signed-out", "/signed-out".into(), [200; 6]),
        ("/audit/complete", "/audit/complete?text=person:h&cursor=8".into(), EVERYBODY),
        ("/audit/live", "/audit/live?q=actr:x".into(), [303, 422, 422, 422, 422, 422]),
        ("/audit/export", "/audit/export?format=csv".into(), EVERYBODY),
        ("/audit/export", "/audit/export?format=ocsf".into(), EVERYBODY),
        ("/audit/export", "/audit/export?format=pdf".into(), [303, 422, 422, 422, 422, 422]),
    ];
    let mut wrong = Vec::new();
    for (_, path, expected) in &pages {
        let answers = stage.answers(Method::GET, path, "").await;
        if answers != *expected {
            wrong.push(format!("{path}: {answers:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{ACTORS:?}\n{}", wrong.join("\n"));

    let tried: BTreeSet<&str> = pages.iter().map(|(route, ..)| *route).collect();
    let all: BTreeSet<String> = leptos_axum::generate_route_list(app::App)
        .iter()
        .map(|route| {
            let part = |part: &str| match part.trim_matches(['{', '}']).strip_prefix(':') {
                Some(name) => format!("{{{name}}}"),
                None => part.to_owned(),
            };
            route.path().split('/').map(part).collect::<Vec<_>>().join("/")
        })
        .collect();
    let missing: Vec<_> = all.iter().filter(|route| !tried.contains(route.as_str())).collect();
    assert!(missing.is_empty(), "routes without a row in the matrix: {missing:?}");
}
