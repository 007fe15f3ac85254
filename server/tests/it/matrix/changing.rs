//! What the matrix makes, edits and deletes.

use app::backend::{
    Acting, Administration, Alerts, Caller, Editing, Exports, GroupKind, Sources, TypedExport, TypedGroup,
    TypedQuestion, TypedSource, TypedSystem, TypedToken, TypedVerdict, TypedWindow, Windows,
};

use server::jobs::{exporter, linker, sequencer};

use super::Stage;
use crate::alerting::raised::{Raised, resource_of};
use crate::house::{House, caller_of};

/// A system that “owner” owns, a bundle and a job role, by their ids; a source with a token.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) system: String,
    pub(super) slug: String,
    pub(super) bundle: String,
    pub(super) job_role: String,
    pub(super) source: String,
    pub(super) token: String,
    pub(super) window: String,
    /// Of “admin”, and ready.
    pub(super) export: String,
    /// About “holder”, on what “owner” owns; another one is taken up.
    pub(super) alert: String,
    pub(super) question: String,
    pub(super) suppression: String,
    pub(super) taken_up: String,
}

impl Made {
    pub(super) async fn set(house: &House, now: &chrono::DateTime<chrono::Utc>, entitlement: &str) -> Self {
        let mut admin = caller_of(&house.pool, "admin").await;
        (admin.roles.administrator, admin.authenticated_at) = (true, Some(*now));
        let system = TypedSystem {
            name: "Ledger".into(),
            connector: "manual".into(),
            owners: house.owner.person.name.clone(),
            ..TypedSystem::default()
        };
        let (_, system) = house.portal.save_system(&admin, &system).await.unwrap();
        let group = |kind: GroupKind| TypedGroup {
            kind: kind.as_str().into(),
            name: "On call".into(),
            entitlements: vec![entitlement.to_owned()],
            ..TypedGroup::default()
        };
        let (_, bundle) = house.portal.save_group(&admin, &group(GroupKind::Bundle)).await.unwrap();
        let (_, job_role) = house.portal.save_group(&admin, &group(GroupKind::JobRole)).await.unwrap();
        let source = TypedSource { name: "Ledger log".into(), ..TypedSource::default() };
        let (_, source) = Sources::save(&house.portal, &admin, &source).await.unwrap();
        let secret = house.portal.offer(&admin, &source, "").await.unwrap().secret;
        let token =
            TypedToken { slug: source.clone(), name: "Host 1".into(), secret, ..TypedToken::default() };
        house.portal.keep(&admin, &token).await.unwrap();
        let token = Sources::show(&house.portal, &admin, &source).await.unwrap().tokens[0].id.to_string();
        let window = TypedWindow {
            name: "CHG-1".into(),
            start: "2030-03-17".into(),
            end: "2030-03-18".into(),
            ..TypedWindow::default()
        };
        let window = Windows::add(&house.portal, &admin, &window).await.unwrap().to_string();
        let export = Self::export(house, &admin).await;
        let [alert, taken_up] = Self::alerts(house, *now, entitlement).await;
        let [question, suppression] = Self::about_alerts(house, *now, &admin, &alert, entitlement).await;
        let slug = "ledger".into();
        Self {
            system,
            slug,
            bundle,
            job_role,
            source,
            token,
            window,
            export,
            alert,
            question,
            suppression,
            taken_up,
        }
    }

    /// A question that the holder is asked, and something that is not told.
    async fn about_alerts(
        house: &House,
        now: chrono::DateTime<chrono::Utc>,
        admin: &Caller,
        alert: &str,
        entitlement: &str,
    ) -> [String; 2] {
        let resource = resource_of(&house.pool, entitlement.parse().unwrap()).await;
        let holder = caller_of(&house.pool, "holder").await;
        house.portal.ask(admin, &TypedQuestion { id: alert.to_owned(), words: String::new() }).await.unwrap();
        let (question, _) = house.portal.questions(&holder).await.unwrap().remove(0);
        let accepted = Raised::new(3, now).about(&holder).on(resource).raise(&house.pool).await;
        let typed = TypedVerdict {
            id: accepted.to_string(),
            verdict: "accepted".into(),
            until: (now + chrono::TimeDelta::days(9)).format("%Y-%m-%d").to_string(),
            reason: "Until then.".into(),
            reach: "both".into(),
        };
        house.portal.resolve(admin, &typed).await.unwrap();
        let suppression = house.portal.suppressions(admin).await.unwrap().remove(0).id;
        [question.to_string(), suppression.to_string()]
    }

    async fn alerts(house: &House, now: chrono::DateTime<chrono::Utc>, entitlement: &str) -> [String; 2] {
        let resource = resource_of(&house.pool, entitlement.parse().unwrap()).await;
        let holder = caller_of(&house.pool, "holder").await;
        let raise = |number| Raised::new(number, now).about(&holder).on(resource).raise(&house.pool);
        let (open, taken_up) = (raise(1).await, raise(2).await);
        sqlx::query("update alert set state = 'acknowledged' where id = $1")
            .bind(taken_up.0)
            .execute(&house.pool)
            .await
            .unwrap();
        [open.to_string(), taken_up.to_string()]
    }

    async fn export(house: &House, admin: &Caller) -> String {
        let typed = TypedExport { query: "request".into(), format: "csv".into() };
        house.portal.prepare(admin, &typed).await.unwrap();
        sequencer::catch_up(&house.store).await.unwrap();
        linker::catch_up(&house.store).await.unwrap();
        assert!(exporter::round(&house.store, exporter::Bounds::default()).await.unwrap());
        Exports::list(&house.portal, admin).await.unwrap().remove(0).id
    }
}

/// Makes, assigns and deletes; answers which forms that took.
pub(super) async fn make_everything(stage: &mut Stage, holder: &Caller) -> [&'static str; 6] {
    let (made, entitlement) = (stage.made.clone(), stage.entitlement.clone());
    stage.leaves_an_event("admin", "save-system", "typed[name]=Wiki&typed[connector]=manual").await;
    let resource = format!("typed[system]={}&typed[name]=Postings&typed[sensitivity]=low", made.slug);
    stage.leaves_an_event("owner", "add-resource", &resource).await;
    let group = format!("typed[kind]=bundle&typed[name]=First+day&typed[entitlements][]={entitlement}");
    stage.leaves_an_event("admin", "save-group", &group).await;
    let job_roles = format!("typed[person]={}&typed[job_roles][]={}", holder.id(), made.job_role);
    stage.leaves_an_event("admin", "set-job-roles", &job_roles).await;
    for (kind, id) in [("bundle", made.bundle), ("job-role", made.job_role)] {
        let removal = format!("typed[kind]={kind}&typed[id]={id}&typed[reason]=Over");
        stage.leaves_an_event("admin", "delete-made", &removal).await;
    }
    let left = stage.house.person("Eve Stone").await;
    stage.house.own(&left, "system_id", stage.house.system("manual", serde_json::json!({})).await).await;
    sqlx::query("update person set status = 'left' where id = $1")
        .bind(left.id().0)
        .execute(&stage.house.pool)
        .await
        .unwrap();
    let id: uuid::Uuid = sqlx::query_scalar("select system_id from owner where person_id = $1")
        .bind(left.id().0)
        .fetch_one(&stage.house.pool)
        .await
        .unwrap();
    stage.leaves_an_event("admin", "give-up-owners", &format!("typed[system]={id}")).await;
    ["save-system", "add-resource", "save-group", "set-job-roles", "delete-made", "give-up-owners"]
}

/// Adds and deletes a change window; adds a source, makes, rotates and ends a token, and closes a
/// source; says that somebody is nobody here. Answers which forms that took.
pub(super) async fn let_everything_in(stage: &mut Stage) -> [&'static str; 8] {
    let Made { source, token, window, .. } = stage.made.clone();
    let another =
        "typed[name]=CHG-2&typed[start]=2030-03-17T10:00&typed[end]=2030-03-17T12:00&typed[systems][]=ledger";
    stage.leaves_an_event("admin", "add-window", another).await;
    let file = "typed[csv]=name,start,end%0ACHG-3,2030-03-17,2030-03-18";
    let admin = stage.browsers.get_mut("admin").unwrap();
    let answer = admin.post("/api/form/import-windows", &[("accept", "text/html")], file).await;
    let checked = admin.get(answer.location()).await.body;
    let (_, mark) = checked.split_once("name=\"typed[checked]\" value=\"").unwrap();
    let mark = mark.split('"').next().unwrap();
    stage
        .leaves_an_event("admin", "import-windows", &format!("{file}&typed[step]=add&typed[checked]={mark}"))
        .await;
    stage.leaves_an_event("admin", "delete-window", &format!("typed[id]={window}")).await;
    stage.leaves_an_event("admin", "save-source", "typed[name]=Wiki+log").await;
    let secret = domain::token::secret(&"a".repeat(43));
    stage
        .leaves_an_event(
            "admin",
            "keep-token",
            &format!("typed[slug]={source}&typed[name]=Two&typed[secret]={secret}"),
        )
        .await;
    sqlx::query(
        "insert into event_link (event_id, recorded_at, occurred_at, source, actor_key)
         values (gen_random_uuid(), 'epoch', 'epoch', $1, 'account:x')",
    )
    .bind(&source)
    .execute(&stage.house.pool)
    .await
    .unwrap();
    let nobody =
        format!("typed[side]=actor&typed[source]={source}&typed[key]=account:x&typed[choice]=nobody");
    stage.leaves_an_event("admin", "answer-unmatched", &nobody).await;
    stage.leaves_an_event("admin", "end-token", &format!("typed[slug]={source}&typed[token]={token}")).await;
    stage.leaves_an_event("admin", "end-source", &format!("typed[slug]={source}&typed[reason]=Moved")).await;
    [
        "add-window",
        "import-windows",
        "delete-window",
        "save-source",
        "keep-token",
        "answer-unmatched",
        "end-token",
        "end-source",
    ]
}

/// Edits, loosens, confirms and deletes; answers which forms that took.
pub(super) async fn edit_everything(stage: &mut Stage, holder: &Caller) -> [&'static str; 5] {
    let (slug, owner) = (stage.what.resource_slug.clone(), stage.house.owner.clone());
    let mut resource = Editing::resource(&stage.house.portal, &owner, &slug).await.unwrap().typed;
    resource.description = "What it is for.".into();
    stage.leaves_an_event("owner", "save-resource", &body_of(&resource)).await;
    let entitlement = stage.entitlement.clone();
    let mut entitlement = stage.house.portal.entitlement(&owner, &slug, &entitlement).await.unwrap().typed;
    entitlement.purpose = "Reading.".into();
    stage.leaves_an_event("owner", "save-entitlement", &body_of(&entitlement)).await;
    let mut looser = Editing::resource(&stage.house.portal, &owner, &slug).await.unwrap().typed;
    looser.sensitivity = "low".into();
    stage.leaves_an_event("owner", "save-resource", &body_of(&looser)).await;
    let proposal = stage.house.portal.proposals(&owner).await.unwrap().remove(0).id;
    stage
        .leaves_an_event("admin", "answer-loosening", &format!("typed[id]={proposal}&typed[verdict]=confirm"))
        .await;
    let system = stage.house.system("manual", serde_json::json!({})).await;
    let account = format!("typed[person]={}&typed[system]={system}&typed[account]=holder", holder.id());
    stage.leaves_an_event("admin", "set-account", &account).await;
    stage
        .leaves_an_event("owner", "delete-from-catalogue", &format!("typed[slug]={slug}&typed[reason]=Gone"))
        .await;
    ["save-resource", "save-entitlement", "answer-loosening", "set-account", "delete-from-catalogue"]
}

/// A typed form as a browser sends it.
fn body_of(typed: &impl serde::Serialize) -> String {
    let typed = serde_json::to_value(typed).unwrap();
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in typed.as_object().unwrap() {
        body.append_pair(&format!("typed[{name}]"), value.as_str().unwrap());
    }
    body.finish()
}
