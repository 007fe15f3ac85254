use app::backend::{Account as _, Draft};
use app::error::PortalError;
use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::caller::{Caller, Roles, Source};
use domain::id::{PersonId, SessionId};
use domain::person::PersonRef;
use server::portal::account::OwnAccount;
use sqlx::PgPool;
use uuid::Uuid;

use super::gate::Gate;

/// The caller of the newest session of this person.
async fn caller(gate: &Gate, sub: &str) -> Caller {
    let (session, person, name): (Uuid, Uuid, String) = sqlx::query_as(
        "select s.id, p.id, p.name from session s join person p on p.id = s.person_id
         where p.subject = $1 and s.ended_at is null order by s.seen_at desc, s.id limit 1",
    )
    .bind(sub)
    .fetch_one(&gate.pool)
    .await
    .unwrap();
    Caller {
        person: PersonRef { id: PersonId(person), name },
        roles: Roles::default(),
        authenticated_at: None,
        session: SessionId(session),
        source: Source::of("web"),
        time_zone: Tz::UTC,
        called_at: gate.now(),
    }
}

fn account(gate: &Gate) -> OwnAccount {
    OwnAccount::new(gate.store.clone(), TimeDelta::minutes(60), Tz::Europe__Berlin)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn own_devices_are_listed_and_ended_and_others_are_not_found(pool: PgPool) {
    let mut gate = Gate::open(pool).await;
    let mut old = gate.signed_in("ana").await;
    gate.pass(TimeDelta::minutes(1));
    gate.signed_in("ben").await;
    gate.signed_in("ana").await;
    let (ana, ben, account) = (caller(&gate, "ana").await, caller(&gate, "ben").await, account(&gate));
    let devices = account.devices(&ana).await.unwrap();
    assert_eq!(devices.iter().map(|device| device.is_this).collect::<Vec<_>>(), [true, false]);
    assert_eq!(devices[0].ip.as_deref(), Some("192.0.2.10"));
    assert_eq!(account.end_device(&ben, devices[1].id).await, Err(PortalError::NotFound));
    assert!(old.is_taken_for().await.is_some());
    account.end_device(&ana, devices[1].id).await.unwrap();
    assert_eq!(old.is_taken_for().await, None);
    assert_eq!(account.end_device(&ana, devices[1].id).await, Err(PortalError::NotFound));
    assert_eq!(gate.events().await.last().unwrap(), "session.ended success");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn settings_are_kept_and_a_given_zone_stays(pool: PgPool) {
    let gate = Gate::open(pool).await;
    gate.signed_in("ana").await;
    gate.signed_in_as("ben", |claims| claims["zoneinfo"] = "Asia/Tokyo".into()).await;
    let (ana, ben, account) = (caller(&gate, "ana").await, caller(&gate, "ben").await, account(&gate));
    assert_eq!(
        account.settings(&ana).await.unwrap().time_zone,
        "Europe/Berlin",
        "the settings' zone at first"
    );
    account.save_settings(&ana, " America/Lima ", false).await.unwrap();
    let settings = account.settings(&ana).await.unwrap();
    assert_eq!((settings.time_zone.as_str(), settings.queue_keys), ("America/Lima", false));
    let (_, detail) = gate.event_detail("person.updated").await;
    assert_eq!(detail["after"]["time_zone"], "America/Lima");
    assert!(matches!(account.save_settings(&ana, "Moon/Base", true).await, Err(PortalError::Invalid(_))));
    account.save_settings(&ben, "America/Lima", true).await.unwrap();
    let settings = account.settings(&ben).await.unwrap();
    assert_eq!((settings.time_zone.as_str(), settings.time_zone_is_given), ("Asia/Tokyo", true));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_last_five_drafts_are_kept_for_their_own_browser(pool: PgPool) {
    let gate = Gate::open(pool).await;
    gate.signed_in("ana").await;
    gate.signed_in("ben").await;
    let (ana, ben, account) = (caller(&gate, "ana").await, caller(&gate, "ben").await, account(&gate));
    let mut ids = Vec::new();
    for n in 0..6 {
        let draft = Draft { form: "request".to_owned(), typed: format!("{{\"n\":{n}}}"), ..Draft::default() };
        ids.push(account.keep_draft(&ana, draft).await.unwrap());
    }
    assert_eq!(account.draft(&ana, &ids[0]).await.unwrap(), None);
    for (n, id) in ids.iter().enumerate().skip(1) {
        assert_eq!(account.draft(&ana, id).await.unwrap().unwrap().typed, format!("{{\"n\":{n}}}"));
    }
    assert_eq!(account.draft(&ben, &ids[5]).await.unwrap(), None);
    assert_eq!(account.draft(&ana, "'; drop table session; --").await.unwrap(), None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn drafts_survive_proving_anew_who_one_is(pool: PgPool) {
    let gate = Gate::open(pool).await;
    let mut browser = gate.signed_in("ana").await;
    let before = caller(&gate, "ana").await;
    let account = account(&gate);
    let id =
        account.keep_draft(&before, Draft { typed: "kept".to_owned(), ..Draft::default() }).await.unwrap();
    let asked = browser.begin("/sign-in?again=1").await;
    let claims = gate.provider.claims(&asked, "ana", gate.now());
    browser.get(&gate.provider.answer(&asked, claims, super::fake_provider::Signature::EdDsa)).await;
    let after = caller(&gate, "ana").await;
    assert_ne!(before.session, after.session);
    assert_eq!(account.draft(&after, &id).await.unwrap().unwrap().typed, "kept");
    // Somebody else who takes over the same browser does not see them.
    browser.post("/sign-out", &[], "").await;
    gate.sign_in(&mut browser, "ben", |_| {}).await;
    assert_eq!(account.draft(&caller(&gate, "ben").await, &id).await.unwrap(), None);
}
