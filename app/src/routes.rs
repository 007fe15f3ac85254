//! Every path of the portal, once.

/// Home: what waits, what is held, what is open.
pub const HOME: &str = "/";
/// The catalogue; `/catalogue/{resource}` is one resource.
pub const CATALOGUE: &str = "/catalogue";
/// Own requests; `/requests/{id}` is one, `/requests/new` the form.
pub const REQUESTS: &str = "/requests";
/// The request form: `?entitlement=ID&entitlement=ID`, `?bundle=SLUG`, `?renew=GRANT`, `?draft=ID`.
pub const REQUEST_FORM: &str = "/requests/new";
/// The queue: `?open=ID` shows one beside it.
pub const APPROVALS: &str = "/approvals";
/// What owners do by hand.
pub const TASKS: &str = "/tasks";
/// What is out of the ordinary; `/alerts/{id}` is one. `?state=open|acknowledged|resolved|all`, `?severity=`, `?rule=`,
/// `?resource=SLUG`, `?person=ID`.
pub const ALERTS: &str = "/alerts";
/// What is not told for a time.
pub const SUPPRESSIONS: &str = "/alerts/suppressions";
/// How alerts went over the last weeks.
pub const ALERT_TRENDS: &str = "/alerts/trends";
/// `/questions/{id}` is what somebody is asked about an alert.
pub const QUESTIONS: &str = "/questions";
/// What is watched; `/alerts/rules/{name}` is one rule.
pub const ALERT_RULES: &str = "/alerts/rules";
/// The book; `/audit/{event}` is one event.
pub const AUDIT: &str = "/audit";
/// Who had what: `?date=` a day or a moment.
pub const AS_OF: &str = "/audit/as-of";
/// The same as a file: `?format=csv|jsonl` and the date.
pub const AS_OF_EXPORT: &str = "/audit/as-of/export";
/// Change windows; `/audit/windows/{id}` is one.
pub const WINDOWS: &str = "/audit/windows";
/// The form that adds change windows from CSV.
pub const WINDOWS_FILE: &str = "/audit/windows/import";
/// Export of what the filter shows: `?format=csv|jsonl|ocsf` and the filter.
pub const AUDIT_EXPORT: &str = "/audit/export";
/// Own exports that are prepared in the background, with the form for another: `?q=`, `?format=`.
pub const EXPORTS: &str = "/audit/exports";
/// What could come next in a query: `?text=…&cursor=N`.
pub const AUDIT_COMPLETE: &str = "/audit/complete";
/// What is new, as it happens: `?q=…&from=POSITION`, as server-sent events.
pub const AUDIT_LIVE: &str = "/audit/live";
/// What auditors ask for first: `?from=`, `?to=`, `?system=SLUG`, `?environment=`, `?tag=`, `?sensitivity=`.
pub const REPORT: &str = "/reports/period";
/// People; `/people/{id}` is one.
pub const PEOPLE: &str = "/people";
/// For administrators: what there is, and what has lost its owners.
pub const ADMIN: &str = "/admin";
/// Systems; `/admin/systems/{id}` is one, `/admin/systems/new` the form for another.
pub const SYSTEMS: &str = "/admin/systems";
/// Bundles, likewise.
pub const BUNDLES: &str = "/admin/bundles";
/// Job roles, likewise.
pub const JOB_ROLES: &str = "/admin/job-roles";
/// Sources of events from outside; `/admin/sources/{slug}` is one, `…/token` makes a token or rotates `?token=ID`.
pub const SOURCES: &str = "/admin/sources";
/// Tokens that read the book; `…/token` makes one or rotates `?token=ID`.
pub const READING_TOKENS: &str = "/admin/reading-tokens";
/// What reports say that means nobody and nothing here yet.
pub const UNMATCHED: &str = "/admin/unmatched";
/// The form for a new resource: `?system=SLUG`.
pub const RESOURCE_NEW: &str = "/catalogue/new";
/// Own settings and signed-in devices.
pub const SETTINGS: &str = "/settings";
/// Begins a sign-in: `?return_to=/path`, `?again=1` asks the provider to check anew.
pub const SIGN_IN: &str = "/sign-in";
/// Where the provider sends people back to.
pub const AUTH_CALLBACK: &str = "/auth/callback";
/// Where the provider says that somebody signed out there.
pub const BACK_CHANNEL_LOGOUT: &str = "/auth/back-channel-logout";
/// Ends this browser's session; a POST.
pub const SIGN_OUT: &str = "/sign-out";
/// After signing out.
pub const SIGNED_OUT: &str = "/signed-out";
/// Alive.
pub const HEALTHZ: &str = "/healthz";
/// Ready to serve.
pub const READYZ: &str = "/readyz";

/// The page of what somebody is asked.
pub fn question(id: &str) -> String {
    format!("{QUESTIONS}/{id}")
}

/// The page of the alert with this id.
pub fn alert(id: &str) -> String {
    format!("{ALERTS}/{id}")
}

/// The page of the rule with this name.
pub fn alert_rule(name: &str) -> String {
    format!("{ALERT_RULES}/{name}")
}

/// The page of the resource with this slug.
pub fn resource(slug: &str) -> String {
    format!("{CATALOGUE}/{slug}")
}

/// The page of the system with this id; an empty one is the form for another.
pub fn system(id: &str) -> String {
    format!("{SYSTEMS}/{}", if id.is_empty() { "new" } else { id })
}

/// The page of the source with this slug; an empty one is the form for another.
pub fn source(slug: &str) -> String {
    format!("{SOURCES}/{}", if slug.is_empty() { "new" } else { slug })
}

/// Where GitHub delivers what happens, for the source with this slug.
pub fn github_hook(slug: &str) -> String {
    format!("/api/v1/hooks/github/{slug}")
}

/// The file of the prepared export with this id.
pub fn export_file(id: &str) -> String {
    format!("{EXPORTS}/{id}/file")
}

/// The page of the change window with this id.
pub fn window(id: &str) -> String {
    format!("{WINDOWS}/{id}")
}

/// What the person with this id had: `?date=` a day or a moment.
pub fn person_as_of(id: &str) -> String {
    format!("{PEOPLE}/{id}/as-of")
}

/// Who had something on the resource with this slug: `?date=` a day or a moment.
pub fn resource_as_of(slug: &str) -> String {
    format!("{CATALOGUE}/{slug}/as-of")
}

/// Where the tokens of this source stand; of an empty slug, those that read.
pub fn tokens(slug: &str) -> String {
    if slug.is_empty() { READING_TOKENS.to_owned() } else { source(slug) }
}

/// The form that makes a token of this source, or gives the one with this id another secret. An empty slug is no
/// source: the token reads.
pub fn token(slug: &str, id: &str) -> String {
    let which = if id.is_empty() { String::new() } else { format!("?token={id}") };
    format!("{}/token{which}", tokens(slug))
}

/// The form that edits the resource with this slug.
pub fn resource_edit(slug: &str) -> String {
    format!("{CATALOGUE}/{slug}/edit")
}

/// The form that edits an entitlement of this resource; an empty `id` is the one that adds one.
pub fn entitlement_edit(slug: &str, id: &str) -> String {
    if id.is_empty() {
        format!("{CATALOGUE}/{slug}/entitlements/new")
    } else {
        format!("{CATALOGUE}/{slug}/entitlements/{id}/edit")
    }
}
